package server_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

// A pod's whole life through our own client, over a real connection.
func TestOurClientUnderstandsTheServer(t *testing.T) {
	f := newFake()
	srv := httptest.NewServer(newServer(f))
	defer srv.Close()
	c, err := client.New(srv.URL, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, pod, two := t.Context(), testPod(t), 2
	if _, err := c.GetPod(ctx, "default", "web"); !client.NotFound(err) {
		t.Errorf("before: %v", err)
	}
	if err := c.CreatePod(ctx, pod); err != nil {
		t.Fatal(err)
	}
	if got, err := c.GetPod(ctx, "default", "web"); err != nil || got.Name != "web" {
		t.Errorf("get: %v, %v", got, err)
	}
	if got, err := c.GetPodStatus(ctx, "default", "web"); err != nil || got.Phase != "Running" {
		t.Errorf("status: %v, %v", got, err)
	}
	if got, err := c.GetContainerLogs(ctx, api.LogRequest{Pod: "web", Container: "nginx", Tail: &two}); err != nil || string(got) != "a line\na line\n" {
		t.Errorf("logs: %q, %v", got, err)
	}
	capacity, err1 := c.Capacity(ctx)
	conditions, err2 := c.NodeConditions(ctx)
	addresses, err3 := c.NodeAddresses(ctx)
	if err1 != nil || err2 != nil || err3 != nil || capacity.Cpu().Value() != 20 || len(conditions) != 1 || len(addresses) != 1 {
		t.Errorf("node: %v %v %v, %v %v %v", capacity, conditions, addresses, err1, err2, err3)
	}
	pod.Status.Phase = "Failed"
	if err := c.UpdatePod(ctx, pod); err != nil {
		t.Errorf("update: %v", err)
	}
	f.strikes(fault.Fault{Code: 503, Message: "not now"}, api.DeletePod)
	if err := c.DeletePod(ctx, pod); err == nil || !strings.HasSuffix(err.Error(), "/deletePod: 503 not now") {
		t.Errorf("delete with a fault: %v", err)
	}
	f.strikes(fault.Fault{})
	if err := c.DeletePod(ctx, pod); err != nil {
		t.Errorf("delete: %v", err)
	}
	if pods, err := c.GetPods(ctx); err != nil || len(pods) != 0 {
		t.Errorf("after: %v, %v", pods, err)
	}
}
