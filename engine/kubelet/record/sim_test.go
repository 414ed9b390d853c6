package record_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// stage is a simulated cluster with a recorder that looks at it, as a watch would.
type stage struct {
	*sim.Sim
	*record.Recorder
	tb testing.TB
}

func newStage(tb testing.TB, seed uint64, scripts ...script.Source) *stage {
	tb.Helper()
	s, err := sim.New(tb.Context(), sim.Options{
		Seed: seed, Scripts: scripts, Kubernetes: true, Nodes: []string{"moon-0"},
		Node: func(n *provider.Node) { n.Minor = 33 },
	})
	var load *sim.LoadError
	if errors.As(err, &load) {
		tb.Fatalf("%v\n%s", load.Problems, scripts[0].Text)
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	st := &stage{Sim: s, Recorder: record.New(s.Clock.Now()), tb: tb}
	s.OnStatus(func(p *state.Pod) { st.Recorder.Pod(seen(p.Object, p.Status), s.Clock.Now()) })
	return st
}

// seen is a pod as a watch shows it.
func seen(object *v1.Pod, status *v1.PodStatus) *v1.Pod {
	p := object.DeepCopy()
	p.Status = *status.DeepCopy()
	return p
}

func (s *stage) create(p *v1.Pod) {
	s.tb.Helper()
	p = p.DeepCopy()
	p.UID = types.UID(fmt.Sprintf("%s-%d", p.Name, s.Clock.Now().UnixMilli()))
	p.CreationTimestamp = metav1.NewTime(s.Clock.Now())
	if err := s.BindPod(s.tb.Context(), p); err != nil {
		s.tb.Fatal(err)
	}
}

// delete ends a pod as Kubernetes does.
func (s *stage) delete(namespace, name string, grace int64) {
	s.tb.Helper()
	one := s.Store.Get(state.Key{Namespace: namespace, Name: name})
	if one == nil {
		s.tb.Fatalf("there is no pod %s/%s", namespace, name)
	}
	p := one.Object.DeepCopy()
	now := metav1.NewTime(s.Clock.Now().Add(time.Duration(grace) * time.Second))
	p.DeletionTimestamp, p.DeletionGracePeriodSeconds = &now, &grace
	if err := s.EndPod(s.tb.Context(), p); err != nil {
		s.tb.Fatal(err)
	}
}

// story is what was seen, to the millisecond, as a script.
func (s *stage) story() script.Source {
	text := s.Story(s.Clock.Now(), time.Millisecond).Lua("story.lua")
	return script.Source{Name: "story.lua", Text: text}
}

// TestReplayEqualsRecording records pods that live by draws, and lets them live again by what was recorded.
func TestReplayEqualsRecording(t *testing.T) {
	seeds := 200
	if testing.Short() {
		seeds = 20
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			pods := somePods(rand.New(rand.NewPCG(seed, 1)))
			first := newStage(t, seed, wild)
			play(first, pods)
			story := first.story()
			again := newStage(t, seed+1, story)
			play(again, pods)
			if diff := cmp.Diff(first.Rows(), again.Rows()); diff != "" {
				t.Errorf("the replay differs (- recorded, + replayed):\n%s\n%s", diff, story.Text)
			}
		})
	}
}

func play(s *stage, pods []*v1.Pod) {
	for _, p := range pods {
		s.create(p)
		s.Pass(s.tb.Context(), 700*time.Millisecond)
	}
	s.Pass(s.tb.Context(), 10*time.Minute)
}

// wild is a script in which everything happens that a pod's own life can tell.
var wild = script.Source{Name: "wild.lua", Text: []byte(`
match = true

function on_create(pod)
  if chance(0.1) then return "OutOfcpu", "Node didn't have enough resource: cpu" end
  if chance(0.5) then return delay(uniform("0s", "20s")) end
end

function on_pull(pod, container)
  if chance(0.3) then return { after = uniform("0s", "3s"), reason = "ErrImagePull", error = 'dial tcp: "i/o timeout"' } end
  return uniform("0s", "5s")
end

function on_start(pod, container, run)
  if run.init and not run.sidecar then
    if chance(0.3) then return { exit = 2, after = uniform("0s", "8s"), message = "no\nluck" } end
    return { exit = 0, after = uniform("0s", "8s") }
  end
  if chance(0.15) then return { start_error = { reason = "RunContainerError", message = "exec: not found" } } end
  local ready = pick{ "0s", "3s", false, uniform("1s", "9s") }
  if chance(0.6) then
    local codes = pick{ { 137, "OOMKilled" }, { 1 }, { 0 }, { 255, "Unknown" } }
    return { ready = ready, exit = codes[1], reason = codes[2], after = exponential("40s") }
  end
  return { ready = ready, started = pick{ "0s", "2s" } }
end
`)}

// somePods are up to four pods of all kinds.
func somePods(r *rand.Rand) []*v1.Pod {
	pods := make([]*v1.Pod, 1+r.IntN(4))
	for i := range pods {
		p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("web-%d", i)}}
		p.Spec.NodeName = "moon-0"
		p.Spec.RestartPolicy = []v1.RestartPolicy{v1.RestartPolicyAlways, v1.RestartPolicyAlways, v1.RestartPolicyOnFailure, v1.RestartPolicyNever}[r.IntN(4)]
		p.Spec.Containers = containers(r, "app", "proxy")[:1+r.IntN(2)]
		if r.IntN(4) == 0 {
			p.Spec.InitContainers = containers(r, "first", "second")[:1+r.IntN(2)]
		}
		if r.IntN(6) == 0 {
			always := v1.ContainerRestartPolicyAlways
			side := containers(r, "side")
			side[0].RestartPolicy = &always
			p.Spec.InitContainers = append(p.Spec.InitContainers, side...)
		}
		pods[i] = p
	}
	return pods
}

func containers(r *rand.Rand, names ...string) []v1.Container {
	var all []v1.Container
	for _, name := range names {
		image := []string{"app:1", "app:latest"}[r.IntN(2)] // the latter is pulled for each run
		all = append(all, v1.Container{Name: name, Image: image})
	}
	return all
}
