package provider_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/provider"
)

// throng is a provider on a held clock with some pods on two nodes.
func throng(tb testing.TB, o enginetest.Options, pods int) *enginetest.Engine {
	tb.Helper()
	o.Nodes = []string{"a", "b"}
	e := enginetest.New(tb, o)
	for i := range pods {
		p := &v1.Pod{}
		p.Namespace, p.Name, p.Labels = "default", fmt.Sprintf("web-%d", i), map[string]string{"app": "web"}
		p.Spec.NodeName = o.Nodes[i%2]
		p.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx:1.27"}}
		if err := e.CreatePod(context.Background(), p); err != nil {
			tb.Fatal(err)
		}
	}
	return e
}

func act(tb testing.TB, e *enginetest.Engine, o fault.Order) fault.Result {
	tb.Helper()
	r, err := e.Act(context.Background(), o)
	if err != nil {
		tb.Fatalf("%s %s: %v", o.On, o.Verb, err)
	}
	return r
}

func TestBlastRadius(t *testing.T) {
	crash := fault.Order{On: fault.Pod, Verb: "crash"}
	three := crash
	three.Select.Count = 3
	for name, c := range map[string]struct {
		radius provider.Radius
		before *fault.Order // stands already
		order  fault.Order
		says   string // "": it is let through
	}{
		"none":                 {provider.Radius{}, nil, crash, ""},
		"a number, within":     {provider.Radius{Pods: 3}, nil, three, ""},
		"a number, beyond":     {provider.Radius{Pods: 2}, nil, three, "it concerns 3 pods, and limits.blast_radius is 2"},
		"a share, within":      {provider.Radius{Share: 0.3}, nil, three, ""},
		"a share, beyond":      {provider.Radius{Share: 0.2}, nil, three, "it concerns 3 of 10 pods, and limits.blast_radius is 20%"},
		"pods of nodes":        {provider.Radius{Pods: 4}, nil, fault.Order{On: fault.Node, Verb: "silence", Select: fault.Selector{Name: "a"}}, "it concerns 5 pods"},
		"calls of pods":        {provider.Radius{Pods: 4}, nil, fault.Order{On: fault.Call, Verb: "drop"}, "it concerns 10 pods"},
		"with what holds":      {provider.Radius{Pods: 5}, &fault.Order{On: fault.Node, Verb: "not_ready", Select: fault.Selector{Name: "a"}}, fault.Order{On: fault.Pod, Verb: "unready", Select: fault.Selector{Name: "web-1"}}, "it concerns 6 pods"},
		"of those hit already": {provider.Radius{Pods: 5}, &fault.Order{On: fault.Node, Verb: "not_ready", Select: fault.Selector{Name: "a"}}, fault.Order{On: fault.Pod, Verb: "unready", Select: fault.Selector{Name: "web-2"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := throng(t, enginetest.Options{Radius: func() provider.Radius { return c.radius }}, 10)
			if c.before != nil {
				act(t, e, *c.before)
			}
			for _, dry := range []bool{true, false} {
				c.order.DryRun = dry
				_, err := e.Act(t.Context(), c.order)
				switch {
				case c.says == "" && err != nil:
					t.Errorf("dry %v: %v", dry, err)
				case c.says != "" && (!errors.Is(err, fault.ErrBlastRadius) || !strings.Contains(err.Error(), c.says)):
					t.Errorf("dry %v: %v, want %q", dry, err, c.says)
				}
			}
		})
	}
}

func TestEvictReasonsAreThoseOfThePodMachine(t *testing.T) {
	verb, err := fault.Find(fault.Pod, "evict")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, reason := range verb.Args[0].Choices {
		known[reason] = true
	}
	for _, reason := range pod.Evictions() {
		if !known[reason] {
			t.Errorf("evict does not take reason %q", reason)
		}
		delete(known, reason)
	}
	if len(known) > 0 {
		t.Errorf("nobody knows %v", known)
	}
}

func TestEventsTellOfFaults(t *testing.T) {
	e := throng(t, enginetest.Options{}, 2)
	feed, err := e.Subscribe(0)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	act(t, e, fault.Order{On: fault.Node, Verb: "silence", Lasts: time.Minute, Select: fault.Selector{Name: "a"}, Why: "a drill"})
	e.Pass(time.Minute)
	var told []string
	for len(told) < 2 {
		one := <-feed.Events
		if one.Fault != nil {
			told = append(told, strings.Join([]string{one.Type, one.Fault.ID, one.Fault.Verb, strings.Join(one.Fault.Hits, ","), one.Fault.Why, one.Why}, "|"))
		}
	}
	want := []string{api.EventFaultSet + "|f1|silence|a|a drill|", api.EventFaultEnded + "|f1|silence|a|a drill|over"}
	if d := cmp.Diff(want, told); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

func TestMetricsCountFaults(t *testing.T) {
	e := throng(t, enginetest.Options{}, 2)
	registry := prometheus.NewRegistry()
	e.Watch(registry)
	act(t, e, fault.Order{On: fault.Node, Verb: "silence"})
	act(t, e, fault.Order{On: fault.Pod, Verb: "unready", Lasts: time.Minute})
	want := func(pods, nodes float64) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range families {
			if f.GetName() == "moonlet_faults" {
				for _, m := range f.GetMetric() {
					got[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
				}
			}
		}
		if d := cmp.Diff(map[string]float64{"pod": pods, "node": nodes, "call": 0, "write": 0}, got); d != "" {
			t.Errorf("moonlet_faults (-want +got):\n%s", d)
		}
	}
	want(1, 1)
	e.Pass(time.Minute)
	want(0, 1)
}

func TestShareOfCalls(t *testing.T) {
	e := throng(t, enginetest.Options{}, 1)
	act(t, e, fault.Order{On: fault.Call, Verb: "error", Select: fault.Selector{Share: 0.3, Calls: []string{api.GetPod}}})
	hit := 0
	for range 1000 {
		if !e.Fault(t.Context(), api.Call{Name: api.GetPod, Namespace: "default", Pod: "web-0"}).None() {
			hit++
		}
	}
	if hit < 250 || hit > 350 {
		t.Errorf("share 0.3 hit %d of 1000 calls", hit)
	}
	if e.Watched(api.GetPods) || !e.Watched(api.GetPod) {
		t.Error("other calls are watched, or that one is not")
	}
}

// lasting are verbs whose end must leave no trace.
var lasting = []fault.Order{
	{On: fault.Pod, Verb: "unready"},
	{On: fault.Pod, Verb: "freeze"},
	{On: fault.Pod, Verb: "hang_delete"},
	{On: fault.Pod, Verb: "log_burst"},
	{On: fault.Node, Verb: "silence"},
	{On: fault.Node, Verb: "not_ready"},
	{On: fault.Node, Verb: "pressure"},
	{On: fault.Node, Verb: "pressure", Args: map[string]any{"kind": "disk"}},
	{On: fault.Node, Verb: "capacity", Args: map[string]any{"resources": "cpu=1"}},
	{On: fault.Call, Verb: "drop"},
	{On: fault.Write, Verb: "lost"},
}

const lively = `
match = true
function on_start(pod, container, run)
  if chance(0.5) then return { exit = 1, after = exponential("20s") } end
  return { ready = flap(uniform("5s", "20s"), "3s") }
end
function conditions(node) return { { type = "Custom", status = "True" } } end
`

// TestResetLeavesNoTrace sets faults at random, lets some end by themselves, resets the rest, and compares with a twin
// that was left alone.
func TestResetLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := enginetest.Options{Seed: rapid.Uint64().Draw(t, "seed"), Scripts: map[string]string{"lively.lua": lively}}
		tb := &rapidTB{t: t}
		defer tb.cleanup()
		e, twin := throng(tb, o, 4), throng(tb, o, 4)
		for range rapid.IntRange(1, 8).Draw(t, "orders") {
			order := rapid.SampledFrom(lasting).Draw(t, "order")
			order.Lasts = time.Duration(rapid.IntRange(0, 60).Draw(t, "lasts")) * time.Second
			if order.On == fault.Pod || order.On == fault.Node {
				order.Select.Count = rapid.IntRange(0, 3).Draw(t, "count")
				order.Select.Draw = rapid.Uint64().Draw(t, "draw")
			}
			if _, err := e.Act(context.Background(), order); err != nil && !errors.Is(err, fault.ErrNoMatch) {
				t.Fatal(err)
			}
			d := time.Duration(rapid.IntRange(0, 40).Draw(t, "pass")) * time.Second
			e.Pass(d)
			twin.Pass(d)
		}
		if _, err := e.ResetFaults(context.Background(), "", ""); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(portrait(t, twin), portrait(t, e)); d != "" {
			t.Fatalf("left behind (-twin +hit):\n%s", d)
		}
	})
}

// portrait is all that can be seen of pods and nodes, but for when conditions last flipped.
func portrait(t *rapid.T, e *enginetest.Engine) map[string]any {
	all := map[string]any{}
	for _, one := range e.Store.List() {
		s := one.Status.DeepCopy()
		for i := range s.Conditions {
			s.Conditions[i].LastTransitionTime = metav1.Time{}
		}
		all[one.String()] = s
	}
	for _, name := range []string{"a", "b"} {
		n, err := e.NodeState(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = n
		all["beats "+name] = e.Beats(context.Background(), name)
		all["createPod watched"] = e.Watched(api.CreatePod)
		all["write "+name] = e.WriteFault("default", "web-0")
	}
	return all
}

// rapidTB lets what is meant for tests serve one round of a property.
type rapidTB struct {
	testing.TB // nil: only what enginetest uses is there
	t          *rapid.T
	ends       []func()
}

func (r *rapidTB) Helper()                   {}
func (r *rapidTB) Context() context.Context  { return context.Background() }
func (r *rapidTB) Cleanup(f func())          { r.ends = append(r.ends, f) }
func (r *rapidTB) Fatal(args ...any)         { r.t.Fatal(args...) }
func (r *rapidTB) Fatalf(f string, a ...any) { r.t.Fatalf(f, a...) }
func (r *rapidTB) Error(args ...any)         { r.t.Error(args...) }

func (r *rapidTB) cleanup() {
	for _, end := range slices.Backward(r.ends) {
		end()
	}
}
