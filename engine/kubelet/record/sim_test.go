package record_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// stage is a simulated cluster with a recorder that looks at it, as a watch would.
type stage struct {
	*sim.Sim
	*record.Recorder

	tb   testing.TB
	over bool // nobody looks any more
}

func newStage(tb testing.TB, seed uint64, scripts ...script.Source) *stage {
	tb.Helper()
	s, err := sim.New(tb.Context(), sim.Options{
		Seed: seed, Scripts: scripts, Kubernetes: true, Nodes: []string{"moon-0"},
		Node: func(n *provider.Node) { n.Minor = 33 },
	})
	if load, ok := errors.AsType[*sim.LoadError](err); ok {
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
	look := func(string) {
		if st.over {
			return
		}
		state, err := s.NodeState(tb.Context(), "moon-0")
		if err != nil {
			tb.Error(err)
		}
		n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "moon-0"}}
		n.Status.Capacity, n.Status.Conditions = state.Capacity, state.Conditions
		st.Node(n, s.Clock.Now())
	}
	look("")
	s.OnNode(look)
	s.OnStatus(func(p *state.Pod) {
		if !st.over {
			st.Pod(seen(p.Object, p.Status), s.Clock.Now())
		}
	})
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

// story is exactly what was seen, as a script.
func (s *stage) story() script.Source {
	text := s.Story(s.Clock.Now(), record.Telling{Round: time.Nanosecond}).Lua("story.lua")
	return script.Source{Name: "story.lua", Text: text}
}

// TestReplayEqualsRecording records pods that live by draws, and have bad luck on top; then it lets them live again by
// what was recorded, and wants them and their node to go through the same.
func TestReplayEqualsRecording(t *testing.T) {
	seeds := 100
	if testing.Short() {
		seeds = 20
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			pods, luck := somePods(r), badLuck(r)
			first := newStage(t, seed, wild)
			first.play(pods, luck)
			story := first.story()
			again := newStage(t, seed+1, story)
			again.play(pods, story)
			if diff := cmp.Diff(first.Rows(), again.Rows()); diff != "" {
				t.Errorf("the replay differs (- recorded, + replayed):\n%s\nthe luck was\n%s\nthe story is\n%s", diff, luck.Text, story.Text)
			}
		})
	}
}

// TestHowPodsEndIsReplayed deletes pods that end in their own ways, and lets them do so again.
func TestHowPodsEndIsReplayed(t *testing.T) {
	live := func(s *stage) {
		for _, name := range []string{"quick", "slow", "deaf"} {
			p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
			p.Spec.NodeName, p.Spec.Containers = "moon-0", []v1.Container{{Name: "app", Image: "app:1"}}
			s.create(p)
			s.Pass(t.Context(), 10*time.Second)
			s.delete("shop", name, 30)
			s.Pass(t.Context(), time.Minute)
		}
	}
	first := newStage(t, 1, script.Source{Name: "ends.lua", Text: []byte(`
match = true
function on_start(pod)
  local ends = { slow = "8s", deaf = false }
  return { ready = "1s", terminate = ends[pod.metadata.name] }
end`)})
	live(first)
	story := first.story()
	again := newStage(t, 1, story)
	live(again)
	if diff := cmp.Diff(first.Rows(), again.Rows()); diff != "" {
		t.Errorf("the replay differs (- recorded, + replayed):\n%s\n%s", diff, story.Text)
	}
	for _, want := range []string{`terminate = "8s"`, "terminate = false", "shop/slow was deleted"} {
		if !strings.Contains(string(story.Text), want) {
			t.Errorf("the story has no %q:\n%s", want, story.Text)
		}
	}
}

// play creates the pods and tells a story of them.
func (s *stage) play(pods []*v1.Pod, story script.Source) {
	s.tb.Helper()
	for _, p := range pods {
		s.create(p)
	}
	runtime := sim.NewRuntime(nil)
	defer runtime.Close()
	file, err := scenario.Load(story, scenario.Options{Runtime: runtime})
	if err != nil {
		s.tb.Fatalf("%v\n%s", err, story.Text)
	}
	verdict, err := file.Run(s.tb.Context(), file.Scenarios()[0].Name, scenario.Telling{Stage: s, Run: "replay"})
	if err != nil || !verdict.Passed {
		s.tb.Fatalf("the story broke: %v, %s, %+v\n%s", err, verdict.Ended, verdict.Problem, story.Text)
	}
}

// Now implements [scenario.Stage].
func (s *stage) Now() time.Time { return s.Clock.Now() }

// ResetFaults implements [scenario.Stage]. What comes of it is not part of the story.
func (s *stage) ResetFaults(ctx context.Context, run, by string) ([]fault.Active, error) {
	s.over = true
	return s.Sim.ResetFaults(ctx, run, by)
}

// Cluster implements [scenario.Stage].
func (s *stage) Cluster() script.Cluster { return nil }

// Wait implements [scenario.Stage].
func (s *stage) Wait(ctx context.Context, until time.Time) error {
	s.Advance(ctx, until)
	return nil
}

// badLuck is ten minutes in which things happen to pods and their node.
func badLuck(r *rand.Rand) script.Source {
	var b strings.Builder
	b.WriteString("scenario(\"bad luck\", function()\n")
	at := time.Duration(0)
	for range r.IntN(6) {
		at += time.Duration(1+r.IntN(120_000)) * time.Millisecond
		verb := []string{
			"crash(1)", "crash(137)", "oom()", "exit(3)", "finish()", `evict("memory")`, `evict("ephemeral-limit")`, `unready("17s")`, `unready("90s")`,
		}[r.IntN(9)]
		whom := fmt.Sprintf("pods{ name = \"web-%d\" }", r.IntN(4))
		if r.IntN(4) == 0 {
			whom, verb = "nodes{}", []string{`not_ready("container runtime is down", "40s")`, `pressure("disk", "1m")`, `pressure("memory", "20s")`}[r.IntN(3)]
		}
		allow := strings.TrimSuffix(verb, ")")
		if !strings.HasSuffix(allow, "(") {
			allow += ", "
		}
		fmt.Fprintf(&b, "  at(%q)\n  %s:%s{ allow_empty = true })\n", at, whom, allow)
	}
	b.WriteString("  at(\"13m\")\nend)\n")
	return script.Source{Name: "luck.lua", Text: []byte(b.String())}
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
  local alone = #pod.spec.containers + #pod.spec.initContainers == 1 -- what one of several loses, is told of all
  if alone and chance(0.3) then ready = flap(uniform("2s", "9s"), uniform("2s", "9s")) end
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
