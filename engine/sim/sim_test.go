package sim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/state"
)

func play(t *testing.T, o sim.Options) *sim.Sim {
	t.Helper()
	s, err := sim.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func scripts(nameAndText ...string) (out []script.Source) {
	for i := 0; i < len(nameAndText); i += 2 {
		out = append(out, script.Source{Name: nameAndText[i], Text: []byte(nameAndText[i+1])})
	}
	return out
}

func webPod(name string) *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name = "default", name
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	return p
}

func TestTimeBringsWhatFallsDue(t *testing.T) {
	s := play(t, sim.Options{Scripts: scripts("crash.lua", `
match = true
function on_start(pod, container, run) return { exit = 1, after = "10s" } end`)})
	if err := s.CreatePod(t.Context(), webPod("web")); err != nil {
		t.Fatal(err)
	}
	s.Pass(t.Context(), time.Hour)
	if got := s.Clock.Now(); !got.Equal(sim.Start.Add(time.Hour)) {
		t.Errorf("the clock shows %v", got)
	}
	one := s.Store.Get(state.Key{Namespace: "default", Name: "web"})
	if restarts := one.Status.ContainerStatuses[0].RestartCount; restarts < 10 {
		t.Errorf("%d restarts in an hour of crashes", restarts)
	}
}

func TestScriptsThatDoNotLoadAreTheError(t *testing.T) {
	_, err := sim.New(t.Context(), sim.Options{Scripts: scripts("a.lua", "x = = 1", "b.lua", "y = = 2")})
	var load *sim.LoadError
	if !errors.As(err, &load) || len(load.Problems) != 2 {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "a.lua:1") || !strings.Contains(text, "1 more") {
		t.Errorf("the error says %q", text)
	}
}

func TestStartAndNodesAreAsAsked(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	s := play(t, sim.Options{Start: start, Nodes: []string{"a", "b"}})
	if !s.Clock.Now().Equal(start) {
		t.Errorf("the clock shows %v", s.Clock.Now())
	}
	for _, name := range []string{"a", "b"} {
		if n, err := s.NodeNamed(name); err != nil || n.Name != name {
			t.Errorf("node %s: %v, %v", name, n.Name, err)
		}
	}
}
