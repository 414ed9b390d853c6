package events_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/events"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pod(node, name string) *v1.Pod {
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: "uid-of-a"},
		Spec:       v1.PodSpec{NodeName: node},
	}
}

// bubbled is a test on a time of its own.
type bubbled struct{ *testing.T }

// running makes a recorder that runs until the test ends, in a bubble of its own time.
func running(t *testing.T, test func(t bubbled, c *fake.Clientset, r *events.Recorder), more ...func(*events.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := fake.NewClientset()
		o := events.Options{Client: c, PerNode: 10, PerProcess: 40}
		for _, m := range more {
			m(&o)
		}
		r := events.New(o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		test(bubbled{t}, c, r)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// collect takes the place of the API server for events that are created, which is much quicker.
func collect(c *fake.Clientset) func() []*v1.Event {
	var mu sync.Mutex
	var all []*v1.Event
	c.PrependReactor("create", "events", func(a k8stesting.Action) (bool, runtime.Object, error) {
		mu.Lock()
		defer mu.Unlock()
		e := a.(k8stesting.CreateAction).GetObject().(*v1.Event)
		all = append(all, e)
		return true, e, nil
	})
	return func() []*v1.Event {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func written(tb testing.TB, c *fake.Clientset) []v1.Event {
	tb.Helper()
	list, err := c.CoreV1().Events("").List(tb.Context(), metav1.ListOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b v1.Event) int { return cmp.Compare(a.Message, b.Message) })
	return list.Items
}

func TestEventsAreThoseOfAKubelet(t *testing.T) {
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		now := metav1.NewTime(time.Now().UTC())
		r.Pod(pod("moon-1", "web"), kubelet.Event{Type: "Normal", Reason: "Killing", Message: "1 of the pod"})
		r.Pod(pod("moon-1", "web"), kubelet.Event{Type: "Normal", Reason: "Pulled", Message: "2 of a container", Container: "app"})
		r.Pod(pod("moon-1", "web"), kubelet.Event{Type: "Warning", Reason: "BackOff", Message: "3 of an init container", Container: "init", Init: true})
		r.Node("moon-1", "", kubelet.Event{Type: "Normal", Reason: "NodeReady", Message: "4 of a node"})
		synctest.Wait()
		event := func(kind, reason, text, path, about string) v1.Event {
			e := v1.Event{
				Type: kind, Reason: reason, Message: text, Count: 1, FirstTimestamp: now, LastTimestamp: now,
				Source:              v1.EventSource{Component: "kubelet", Host: "moon-1"},
				ReportingController: "kubelet", ReportingInstance: "moon-1",
				InvolvedObject: v1.ObjectReference{Kind: about, APIVersion: "v1", Name: "web", Namespace: "default", UID: "uid-of-a", FieldPath: path},
			}
			e.Namespace = "default"
			if about == "Node" {
				e.InvolvedObject.Name, e.InvolvedObject.Namespace, e.InvolvedObject.UID = "moon-1", "", "moon-1"
			}
			return e
		}
		want := []v1.Event{
			event("Normal", "Killing", "1 of the pod", "", "Pod"),
			event("Normal", "Pulled", "2 of a container", "spec.containers{app}", "Pod"),
			event("Warning", "BackOff", "3 of an init container", "spec.initContainers{init}", "Pod"),
			event("Normal", "NodeReady", "4 of a node", "", "Node"),
		}
		got := written(t, c)
		for _, e := range got {
			if !strings.HasPrefix(e.Name, e.InvolvedObject.Name+".") {
				t.Errorf("named %s", e.Name)
			}
		}
		if d := gocmp.Diff(want, got, cmpopts.IgnoreFields(metav1.ObjectMeta{}, "Name", "ManagedFields", "ResourceVersion"), cmpopts.IgnoreTypes(metav1.TypeMeta{})); d != "" {
			t.Error(d)
		}
	})
}

func TestSameEventCounts(t *testing.T) {
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		for range 3 {
			r.Pod(pod("moon-1", "web"), kubelet.Event{Type: "Warning", Reason: "BackOff", Message: "back-off"})
			synctest.Wait()
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		got := written(t, c)
		if len(got) != 1 || got[0].Count != 3 || got[0].LastTimestamp.Sub(got[0].FirstTimestamp.Time) != 2*time.Minute {
			t.Errorf("%d events: %+v", len(got), got)
		}
	})
}

func TestEventThatHasGoneIsWrittenAnew(t *testing.T) {
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		e := kubelet.Event{Type: "Warning", Reason: "BackOff", Message: "back-off"}
		r.Pod(pod("moon-1", "web"), e)
		synctest.Wait()
		if err := c.CoreV1().Events("default").Delete(t.Context(), written(t, c)[0].Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		r.Pod(pod("moon-1", "web"), e)
		synctest.Wait()
		if got := written(t, c); len(got) != 1 || got[0].Count != 2 {
			t.Errorf("events %+v", got)
		}
	})
}

// tell tells n different events of n pods of a node.
func tell(r *events.Recorder, node string, n int) {
	for i := range n {
		p := pod(node, fmt.Sprintf("web-%d", i))
		p.UID = types.UID(node + p.Name)
		r.Pod(p, kubelet.Event{Type: "Normal", Reason: "Started", Message: fmt.Sprintf("%05d", i)})
	}
}

func TestBudgets(t *testing.T) {
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		written := collect(c)
		for n := range 10 {
			tell(r, fmt.Sprintf("moon-%d", n), 40)
		}
		synctest.Wait()
		if got := len(written()); got != 40 {
			t.Errorf("%d at once", got)
		}
		for second := 1; second <= 3; second++ {
			time.Sleep(time.Second)
			synctest.Wait()
			if got, want := len(written()), 40+40*second; got < want-1 || got > want {
				t.Errorf("%d after %d s", got, second)
			}
		}
	})
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		written := collect(c)
		tell(r, "moon-1", 100)
		tell(r, "moon-2", 10)
		synctest.Wait()
		of := map[string]int{}
		for _, e := range written() {
			of[e.Source.Host]++
		}
		if of["moon-1"] != 10 || of["moon-2"] != 10 {
			t.Errorf("at once, by node: %v", of)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := len(written()); got < 29 || got > 30 {
			t.Errorf("%d after a second", got)
		}
	})
}

func TestOldestFallOut(t *testing.T) {
	registry := prometheus.NewRegistry()
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		written := collect(c)
		tell(r, "moon-1", 1200)
		synctest.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		got := written()
		if len(got) >= 1200 || !slices.ContainsFunc(got, func(e *v1.Event) bool { return e.Message == "01199" }) {
			t.Errorf("%d events, the newest perhaps lost", len(got))
		}
		want := map[string]float64{"ok": float64(len(got)), "overflow": float64(1200 - len(got))}
		if d := gocmp.Diff(want, results(t, registry)); d != "" {
			t.Error(d)
		}
	}, func(o *events.Options) { o.Registerer = registry })
}

// results reads what became of events out of the metrics.
func results(tb testing.TB, registry *prometheus.Registry) map[string]float64 {
	tb.Helper()
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	results := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "moonlet_kubelet_events_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			results[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return results
}

func TestEventsGiveWay(t *testing.T) {
	var idle atomic.Bool
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		tell(r, "moon-1", 1)
		time.Sleep(9 * time.Second)
		synctest.Wait()
		if got := written(t, c); len(got) != 0 {
			t.Error("it did not give way")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := written(t, c); len(got) != 1 {
			t.Error("it gave way for ever")
		}
		tell(r, "moon-2", 1)
		time.Sleep(time.Second)
		idle.Store(true)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := written(t, c); len(got) != 2 {
			t.Error("it gave way to nobody")
		}
	}, func(o *events.Options) { o.Idle = idle.Load })
}

func TestWritesThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		once bool
		want int
	}{
		"once":         {errors.New("connection refused"), true, 1},
		"throttled":    {apierrors.NewTooManyRequests("later", 5), true, 1},
		"always":       {errors.New("connection refused"), false, 0},
		"for a reason": {apierrors.NewForbidden(v1.Resource("events"), "a", nil), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			running(t, func(t bubbled, client *fake.Clientset, r *events.Recorder) {
				var tries atomic.Int32
				client.PrependReactor("create", "events", func(k8stesting.Action) (bool, runtime.Object, error) {
					return tries.Add(1) == 1 || !c.once, nil, c.err
				})
				tell(r, "moon-1", 1)
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := written(t, client); len(got) != c.want || tries.Load() > 3 {
					t.Errorf("%d events after %d tries", len(got), tries.Load())
				}
			})
		})
	}
}

func TestWhatIsLeftIsWrittenAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fake.NewClientset()
		r := events.New(events.Options{Client: c, PerNode: 1, PerProcess: 1, Idle: func() bool { return false }})
		ctx, cancel := context.WithCancel(t.Context())
		tell(r, "moon-1", 20)
		cancel()
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if got := written(t, c); len(got) != 20 {
			t.Errorf("%d events", len(got))
		}
	})
}

func TestEndDoesNotWaitForAServerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fake.NewClientset()
		c.PrependReactor("create", "events", func(k8stesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewGenericServerResponse(http.StatusServiceUnavailable, "create", v1.Resource("events"), "", "", 60, true)
		})
		r := events.New(events.Options{Client: c, PerNode: 1, PerProcess: 1})
		ctx, cancel := context.WithCancel(t.Context())
		tell(r, "moon-1", 20)
		cancel()
		begin := time.Now()
		if err := r.Run(ctx); err != nil || time.Since(begin) > 3*time.Second {
			t.Errorf("%v after %s", err, time.Since(begin))
		}
	})
}

func TestOffWritesNothing(t *testing.T) {
	for _, o := range []events.Options{{PerNode: 0, PerProcess: 5}, {PerNode: 5, PerProcess: 0}} {
		running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
			tell(r, "moon-1", 5)
			r.Node("moon-1", "", kubelet.Event{})
			synctest.Wait()
			if got := c.Actions(); len(got) != 0 {
				t.Errorf("actions %v", got)
			}
		}, func(all *events.Options) { all.PerNode, all.PerProcess = o.PerNode, o.PerProcess })
	}
	r := events.New(events.Options{})
	p := pod("moon-1", "web")
	if n := testing.AllocsPerRun(100, func() { r.Pod(p, kubelet.Event{Type: "Normal", Message: "x"}) }); n != 0 {
		t.Errorf("%v allocations for nothing", n)
	}
}

func TestLongMessagesAreCut(t *testing.T) {
	running(t, func(t bubbled, c *fake.Clientset, r *events.Recorder) {
		r.Pod(pod("moon-1", "web"), kubelet.Event{Type: "Normal", Reason: "R", Message: strings.Repeat("é", 2000)})
		r.Pod(pod("moon-1", "web"), kubelet.Event{Type: "Normal", Reason: "R", Message: "bad \xff"})
		synctest.Wait()
		for _, e := range written(t, c) {
			if len(e.Message) > 1024 || strings.ToValidUTF8(e.Message, "") != e.Message {
				t.Errorf("message of %d bytes: %q", len(e.Message), e.Message)
			}
		}
	})
}
