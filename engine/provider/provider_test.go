package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/provider"
)

func newPod(name string) *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name = "default", name
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx:1.27"}}
	return p
}

func create(t *testing.T, e *enginetest.Engine, p *v1.Pod) {
	t.Helper()
	if err := e.CreatePod(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func ipOf(t *testing.T, e *enginetest.Engine, name string) string {
	t.Helper()
	b, err := e.PodStatusJSON(t.Context(), "default", name)
	if err != nil {
		t.Fatal(err)
	}
	var s v1.PodStatus
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return s.PodIP
}

func TestPodAddressesAreUniqueInTheirRangeAndRecycled(t *testing.T) {
	cidr := netip.MustParsePrefix("192.0.2.0/28")
	e := enginetest.New(t, enginetest.Options{Node: func(n *provider.Node) { n.PodCIDR = cidr }})
	seen := map[string]bool{}
	for n := range 14 {
		name := fmt.Sprint("web-", n)
		create(t, e, newPod(name))
		ip := ipOf(t, e, name)
		if addr, err := netip.ParseAddr(ip); err != nil || !cidr.Contains(addr) || seen[ip] {
			t.Fatalf("%s has address %q (seen %v)", name, ip, seen)
		}
		seen[ip] = true
	}
	create(t, e, newPod("one-too-many"))
	if ip := ipOf(t, e, "one-too-many"); ip != "" {
		t.Errorf("the range is used up, yet a pod has %s", ip)
	}
	freed := ipOf(t, e, "web-3")
	if err := e.DeletePod(t.Context(), newPod("web-3")); err != nil {
		t.Fatal(err)
	}
	e.Pass(time.Minute)
	if ip := ipOf(t, e, "one-too-many"); ip != freed {
		t.Errorf("the pod that waited has %q, want the address %s that is free again", ip, freed)
	}
}

func TestHostNetworkPodsHaveTheNodesAddress(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{})
	p := newPod("web")
	p.Spec.HostNetwork = true
	create(t, e, p)
	if ip := ipOf(t, e, "web"); ip != "192.0.2.1" {
		t.Errorf("podIP %q, want the node's", ip)
	}
}

// listed decodes getPods.
func listed(t *testing.T, e *enginetest.Engine) (size int, pods []v1.Pod) {
	t.Helper()
	b, err := e.PodsJSON(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &pods); err != nil {
		t.Fatal(err)
	}
	return len(b), pods
}

func TestListStaysUnderAMillionBytesByLeavingAnnotationsOut(t *testing.T) {
	const applied = "kubectl.kubernetes.io/last-applied-configuration"
	e := enginetest.New(t, enginetest.Options{})
	for n := range 300 {
		p := newPod(fmt.Sprintf("web-%03d", n))
		p.Annotations = map[string]string{applied: strings.Repeat("x", 2500), "short": "s", "moonlet.dev/note": "n"}
		create(t, e, p)
	}
	size, pods := listed(t, e)
	if size > 1_000_000 || len(pods) != 300 {
		t.Fatalf("%d pods in %d bytes", len(pods), size)
	}
	if a := pods[0].Annotations; a[applied] != "" || a["short"] != "s" {
		t.Errorf("annotations are %v: want the long one out and the others in", a)
	}
	for n := range 2 {
		p := newPod(fmt.Sprint("wide-", n))
		p.Annotations = map[string]string{"long": strings.Repeat("y", 300_000)}
		create(t, e, p)
	}
	if size, pods = listed(t, e); size > 1_000_000 || len(pods) != 302 {
		t.Errorf("%d pods in %d bytes", len(pods), size)
	}
	one, err := e.PodJSON(t.Context(), "default", "wide-0")
	if err != nil || !strings.Contains(string(one), `"long":"yyy`) {
		t.Errorf("a single pod lacks its annotation (%v)", err)
	}
}

func TestSmallListsAreWhole(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{})
	p := newPod("web")
	p.Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}"}
	create(t, e, p)
	if _, pods := listed(t, e); len(pods[0].Annotations) != 1 {
		t.Errorf("annotations are %v", pods[0].Annotations)
	}
}

func TestSubscribersSeePodsScriptsAndParams(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"a.lua": `match = true param("x", 1, "")`}})
	feed, err := e.Subscribe(0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	expect := func(kind string) api.Event {
		t.Helper()
		for {
			select {
			case event := <-feed.Events:
				if event.Type == kind {
					return event
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("no event %s", kind)
			}
		}
	}
	create(t, e, newPod("web"))
	if got := expect(api.EventPodAdded); got.Pod.Name != "web" || got.Sequence == 0 {
		t.Errorf("added: %+v", got)
	}
	if _, err := e.SetParam(t.Context(), "a", "x", 2.0); err != nil {
		t.Fatal(err)
	}
	if got := expect(api.EventParamSet); got.Param.Value != 2.0 {
		t.Errorf("param: %+v", got.Param)
	}
	e.Swap("a.lua", "match = ")
	if got := expect(api.EventScriptsRefused); len(got.Problems) == 0 || got.Generation != 1 {
		t.Errorf("refused: %+v", got)
	}
	e.Swap("a.lua", "match = true")
	if got := expect(api.EventScriptsLoaded); got.Generation != 2 {
		t.Errorf("loaded: %+v", got)
	}
	if err := e.DeletePod(t.Context(), newPod("web")); err != nil {
		t.Fatal(err)
	}
	removed := expect(api.EventPodRemoved)
	again, err := e.Subscribe(removed.Sequence - 1)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := <-again.Events; got.Sequence != removed.Sequence {
		t.Errorf("resumed at %d, want %d", got.Sequence, removed.Sequence)
	}
}

// TestRunningClockDoesWhatIsDue is the one test here without a held clock: the goroutines of Run do the work.
func TestRunningClockDoesWhatIsDue(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{
		Clock:   clock.Real(),
		Scripts: map[string]string{"a.lua": `match = true function on_create(pod) return delay("20ms") end`},
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	feed, err := e.Subscribe(0)
	if err != nil {
		t.Fatal(err)
	}
	create(t, e, newPod("web"))
	for event := range feed.Events {
		if event.Pod != nil && event.Pod.Phase == "Running" {
			break
		}
	}
	feed.Close()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
