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

func TestParamsThatNobodyDeclaresAreTheError(t *testing.T) {
	first := play(t, sim.Options{Scripts: scripts("a.lua", `param("rate", 1)`)})
	for param, want := range map[string]string{"a.raet": "did you mean a.rate?", "a.rate": "param a.rate"} {
		_, err := sim.New(t.Context(), sim.Options{Like: first, Params: map[string]string{param: "much"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", param, err, want)
		}
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

func TestASimLikeAnotherHasItsScriptsAndASeedOfItsOwn(t *testing.T) {
	first := play(t, sim.Options{Seed: 1, Scripts: scripts("late.lua", `
match = true
param("limit", 100, "until it ends, at most")
function on_start(pod, container, run) return { exit = 0, after = uniform(1, params.limit) } end`)})
	ends := func(s *sim.Sim) time.Time {
		p := webPod("web")
		p.Spec.RestartPolicy = v1.RestartPolicyNever
		if err := s.CreatePod(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		s.Pass(t.Context(), time.Hour)
		return s.Store.Get(state.Key{Namespace: "default", Name: "web"}).Status.ContainerStatuses[0].State.Terminated.FinishedAt.Time
	}
	same, other := ends(play(t, sim.Options{Seed: 1, Like: first})), ends(play(t, sim.Options{Seed: 2, Like: first}))
	soon := ends(play(t, sim.Options{Seed: 1, Like: first, Params: map[string]string{"late.limit": "1"}}))
	if want := ends(first); !same.Equal(want) || other.Equal(want) {
		t.Errorf("seed 1 ends at %v and %v, seed 2 at %v", want, same, other)
	}
	if got := soon.Sub(sim.Start); got > 3*time.Second {
		t.Errorf("the param is not its own: it ended after %v", got)
	}
}

// Whether statuses are encoded as they come or when somebody reads them, they read the same.
func TestStatusesReadTheSameEncodedLate(t *testing.T) {
	told := func(encode bool) (out []string) {
		s := play(t, sim.Options{Encode: encode, Scripts: scripts("crash.lua", `
match = true
function on_start(pod, container, run) return { exit = 1, after = "20s" } end
function status(pod, status)
  if pod.metadata.name == "asked" then return { message = "asked at " .. now() }, 0 end
  return { message = "restarts are fine" }, "30s"
end`)})
		for _, name := range []string{"asked", "plain"} {
			if err := s.CreatePod(t.Context(), webPod(name)); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			s.Pass(t.Context(), 13*time.Second)
			for _, name := range []string{"asked", "plain"} {
				status, err := s.PodStatusJSON(t.Context(), "default", name)
				whole, err2 := s.PodJSON(t.Context(), "default", name)
				if err := errors.Join(err, err2); err != nil {
					t.Fatal(err)
				}
				out = append(out, string(status), string(whole))
			}
			list, err := s.PodsJSON(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(list))
		}
		return out
	}
	now, late := told(true), told(false)
	for i := range now {
		if now[i] != late[i] {
			t.Fatalf("encoded at once %s\nencoded late %s", now[i], late[i])
		}
	}
}
