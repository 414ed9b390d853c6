package kubeletapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/tools/remotecommand"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

func TestASilentNodeGivesNoAnswer(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) {
		o.Pods, o.Nodes = podSet{webPod("a", "n1"), webPod("b", "n2")}, []string{"n1", "n2"}
		o.Silent = func(node string) bool { return node == "n1" }
		o.Provider = &provider{logs: func(context.Context, kubelet.ContainerRef, kubelet.LogOptions) (io.ReadCloser, error) {
			return lines("x"), nil
		}}
	})
	client := d.client(d.config("good"))
	for path, silent := range map[string]bool{
		"/containerLogs/default/a/c": true,
		"/containerLogs/default/b/c": false,
		"/nodes/n1/pods":             true,
		"/nodes/n2/pods":             false,
		"/nodes/n1/healthz":          true,
		"/healthz":                   false,
	} {
		answer, err := client.Get("https://" + d.addr + path)
		if err == nil {
			_ = answer.Body.Close()
		}
		if (err != nil) != silent {
			t.Errorf("%s: %v", path, err)
		}
	}
	if code, _ := d.askAs(d.config("other"), http.MethodGet, "/nodes/n1/pods"); code != 403 {
		t.Errorf("who may not look hears that the node is silent: %d", code)
	}
}

func TestSessionsBreakOffWhenTheirNodeFallsSilent(t *testing.T) {
	t.Parallel() // it waits for real time
	var silent atomic.Bool
	set := func(o *kubeletapi.Options) { o.Silent = func(string) bool { return silent.Load() } }

	t.Run("a log", func(t *testing.T) {
		silent.Store(false)
		d, _, contexts := followed(t, set)
		body, _ := d.follow(t.Context())
		silent.Store(true)
		<-(<-contexts).Done()
		if _, err := io.ReadAll(body); err == nil {
			t.Error("the reader takes the log for complete")
		}
	})
	for _, dialect := range modern {
		t.Run("a command, "+dialect, func(t *testing.T) {
			silent.Store(false)
			began, ended := make(chan struct{}), make(chan struct{})
			d := open(t, func(o *kubeletapi.Options) {
				set(o)
				o.Provider = &provider{exec: func(ctx context.Context, _ kubelet.ContainerRef, _ []string, _ kubelet.Streams) (int, error) {
					close(began)
					<-ctx.Done()
					close(ended)
					return 0, nil
				}}
			})
			left := make(chan error, 1)
			go func() {
				left <- d.run(t.Context(), dialect, []string{"sleep"}, remotecommand.StreamOptions{Stdout: io.Discard})
			}()
			<-began
			silent.Store(true)
			if err := <-left; err == nil {
				t.Error("the client takes the command for ended")
			}
			<-ended
		})
	}
}

func TestAProviderThatDoesNotEndIsTold(t *testing.T) {
	t.Parallel() // it waits for real time
	release := make(chan struct{})
	began := make(chan struct{})
	s, err := kubeletapi.New(kubeletapi.Options{
		Pods: podSet{webPod("web", "n1")}, Nodes: []string{"n1"}, Client: newCluster(),
		Provider: &provider{logs: func(context.Context, kubelet.ContainerRef, kubelet.LogOptions) (io.ReadCloser, error) {
			close(began)
			<-release
			return nil, errors.New("late")
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, ended := serveUntil(t, s)
	go func() { <-began; d.cancel() }()
	answer, err := d.client(d.config("good")).Get(fmt.Sprintf("https://%s/containerLogs/default/web/c", d.addr))
	if err == nil {
		_ = answer.Body.Close()
		t.Error("there was an answer")
	}
	if err := <-ended; err == nil {
		t.Error("nothing is said of the call that goes on")
	}
	close(release)
}
