package stage_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// given is six nodes in three zones, with a Deployment of six.
func given() *script.Given {
	return &script.Given{
		Nodes: []script.GivenNodes{{Name: "moon", Count: 6, Zones: []string{"a", "b", "c"}, Labels: map[string]string{"x": "y"}, Capacity: v1.ResourceList{}}},
		Pods:  []script.GivenPods{{Name: "web", Count: 6, Labels: map[string]string{"app": "web"}}},
	}
}

func newStage(tb testing.TB, o stage.Options) *stage.Stage {
	tb.Helper()
	s, err := stage.New(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// where lists the pods that are not over, with their nodes.
func where(s *stage.Stage) string {
	var rows []string
	for _, p := range s.World().Pods() {
		if p.Status.Phase != v1.PodFailed {
			rows = append(rows, p.Object.Name[strings.LastIndexByte(p.Object.Name, '-')+1:]+"@"+p.Object.Spec.NodeName)
		}
	}
	return strings.Join(rows, " ")
}

func TestPodsAreReadyAndSpreadWhenTheStoryBegins(t *testing.T) {
	slow := []script.Source{{Name: "default.lua", Text: []byte(`function on_start() return { ready = "20s" } end`)}}
	s := newStage(t, stage.Options{Sim: sim.Options{Scripts: slow}, Given: given()})
	if got := where(s); got != "0@moon-0 1@moon-1 2@moon-2 3@moon-3 4@moon-4 5@moon-5" {
		t.Error(got)
	}
	if took := s.Now().Sub(sim.Start); took != 20*time.Second {
		t.Errorf("the story begins after %v", took)
	}
	n := s.World().Nodes()[4].Object
	if n.Labels[v1.LabelTopologyZone] != "b" || n.Labels["x"] != "y" || n.Labels[v1.LabelHostname] != "moon-4" {
		t.Errorf("labels %v", n.Labels)
	}
	p := s.World().Pods()[0].Object
	if o := p.OwnerReferences[0]; o.Kind != "ReplicaSet" || o.Name != "web-"+p.Labels["pod-template-hash"] {
		t.Errorf("owner %+v of %v", o, p.Labels)
	}
	if s.Cluster() != nil {
		t.Error("there is a cluster")
	}
}

func TestADeploymentReplacesWhatEnded(t *testing.T) {
	s := newStage(t, stage.Options{Given: given()})
	ctx := t.Context()
	act := func(on fault.Target, verb string, names ...string) {
		if _, err := s.Act(ctx, fault.Order{On: on, Verb: verb, Select: fault.Selector{Names: names}}); err != nil {
			t.Fatal(err)
		}
	}
	act(fault.Node, "silence", "moon-0")
	act(fault.Node, "not_ready", "moon-1")
	act(fault.Node, "pressure", "moon-2")
	act(fault.Pod, "evict", "default/web-5d9c7b8f6-3", "default/web-5d9c7b8f6-5")
	if err := s.Wait(ctx, s.Now().Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := where(s); got != "0@moon-0 1@moon-1 2@moon-2 4@moon-4 6@moon-3 7@moon-5" {
		t.Errorf("replaced on nodes that are open: %s", got)
	}
	if ready := ready(s); ready != 5 {
		t.Errorf("%d are ready; the one on the silent node is not", ready)
	}
	if ended, err := s.ResetFaults(ctx, "", "me"); len(ended) != 3 || err != nil || ready(s) != 6 {
		t.Errorf("reset %d, %v, then %d are ready", len(ended), err, ready(s))
	}
}

func ready(s *stage.Stage) int {
	n := 0
	for _, p := range s.World().Pods() {
		if p.Ready {
			n++
		}
	}
	return n
}

func TestPodsWaitForANode(t *testing.T) {
	g := given()
	g.Pods = []script.GivenPods{{Name: "one", Node: "moon-2"}, {Name: "two", Count: 2, Node: "sun-*"}}
	s := newStage(t, stage.Options{Given: g})
	if got := where(s); got != "one@moon-2" {
		t.Error(got)
	}
}

func TestNodesOfOneNameAreRefused(t *testing.T) {
	_, err := stage.New(t.Context(), stage.Options{Given: &script.Given{Nodes: []script.GivenNodes{{Name: "a"}, {Name: "a"}}}})
	if err == nil || !strings.Contains(err.Error(), "two nodes named a") {
		t.Error(err)
	}
}

func TestWhatCannotBeGivenIsRefused(t *testing.T) {
	for want, g := range map[string]*script.Given{
		"pod default/web: no node is called moon-*": {Pods: []script.GivenPods{{Name: "web", Node: "moon-*"}}},
		"pods default/web: their count is -1":       {Pods: []script.GivenPods{{Name: "web", Count: -1}}},
		"given.nodes: the count of moon is -2":      {Nodes: []script.GivenNodes{{Name: "moon", Count: -2}}},
	} {
		if _, err := stage.New(t.Context(), stage.Options{Given: g}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAPaceIsAskedForEachSecond(t *testing.T) {
	var steps []time.Duration
	enough := errors.New("enough")
	s := newStage(t, stage.Options{Pace: func(_ context.Context, d time.Duration) error {
		if steps = append(steps, d); len(steps) == 4 {
			return enough
		}
		return nil
	}})
	if err := s.Wait(t.Context(), s.Now().Add(2500*time.Millisecond)); err != nil || fmt.Sprint(steps) != "[1s 1s 500ms]" {
		t.Errorf("%v, %v", steps, err)
	}
	before := s.Now()
	if err := s.Wait(t.Context(), s.Now().Add(time.Hour)); !errors.Is(err, enough) || !s.Now().Equal(before) {
		t.Errorf("%v at %v", err, s.Now())
	}
}

// Of two scenarios that want one pod the last one wins, and its journal names both.
func TestTheLastScenarioWins(t *testing.T) {
	s := newStage(t, stage.Options{Given: given()})
	const name = "web-5d9c7b8f6-0"
	for _, run := range []string{"one", "two"} {
		o := fault.Order{On: fault.Pod, Verb: "unready", Run: run, By: "scenario " + run, Select: fault.Selector{Names: []string{"default/" + name}}}
		if _, err := s.Act(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if ended, err := s.ResetFaults(t.Context(), "one", "scenario one"); len(ended) != 0 || err != nil || ready(s) != 5 {
		t.Errorf("the first still held %d, %v; %d are ready", len(ended), err, ready(s))
	}
	if ended, err := s.ResetFaults(t.Context(), "two", "scenario two"); len(ended) != 1 || err != nil || ready(s) != 6 {
		t.Errorf("the last held %d, %v; %d are ready", len(ended), err, ready(s))
	}
	journal := s.JournalText("default", name)
	for _, want := range []string{"scenario one", "scenario two"} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal does not name %s:\n%s", want, journal)
		}
	}
}
