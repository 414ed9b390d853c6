package pod_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// fate answers questions as drawn, and always the same question alike.
type fate struct {
	t     *rapid.T
	known map[string]any
	drawn *rapid.Generator[int64]
}

func newFate(t *rapid.T) *fate {
	return &fate{t: t, known: map[string]any{}, drawn: rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 2000), rapid.SampledFrom([]int64{
		600, 601, 10, 11, math.MaxInt64,
	}))}
}

func (f *fate) seconds(label string) time.Duration {
	n := f.drawn.Draw(f.t, label)
	if n == math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(n) * time.Second / 2
}

func remember[T any](f *fate, hook string, q pod.Question, draw func() T) T {
	key := hook + string(q.Kind) + q.Container.Name + q.At.String() + string(rune(q.Number))
	if got, ok := f.known[key].(T); ok {
		return got
	}
	got := draw()
	f.known[key] = got
	return got
}

func (f *fate) Pull(q pod.Question) pod.Pull {
	return remember(f, "pull", q, func() pod.Pull {
		return pod.Pull{
			After:  f.seconds("pull"),
			Reason: rapid.SampledFrom([]string{"", "", "", "ErrImagePull", "ErrImageNeverPull"}).Draw(f.t, "reason"),
		}
	})
}

func (f *fate) Start(q pod.Question) pod.Outcome {
	return remember(f, "start", q, func() pod.Outcome { return f.outcome() })
}

func (f *fate) outcome() pod.Outcome {
	var o pod.Outcome
	maybe := func(label string) bool { return rapid.Bool().Draw(f.t, label) }
	if maybe("startup") {
		o.Started = new(f.seconds("started"))
	}
	o.Unstarted = rapid.IntRange(0, 9).Draw(f.t, "never starts") == 0
	if rapid.IntRange(0, 3).Draw(f.t, "liveness") == 0 {
		o.LivenessFails = new(f.seconds("liveness fails"))
	}
	if maybe("readiness") {
		o.Ready = &pod.Readiness{After: f.seconds("ready"), Never: maybe("never"), Up: f.seconds("up"), Down: f.seconds("down")}
	}
	if maybe("exits") {
		o.Exit = exit(rapid.Int32Range(0, 1).Draw(f.t, "code"), f.seconds("exit"))
	} else if rapid.IntRange(0, 5).Draw(f.t, "start error") == 0 {
		o.StartError = &pod.StartError{
			Reason: rapid.SampledFrom([]string{"", "CreateContainerError", "PostStartHookError"}).Draw(f.t, "why"), After: f.seconds("after"),
		}
	}
	if maybe("terminates") {
		o.Terminate = f.termination()
	}
	return o
}

func (f *fate) termination() *pod.Termination {
	return &pod.Termination{After: f.seconds("terminate"), Never: rapid.Bool().Draw(f.t, "ignores SIGTERM")}
}

// anyPod is a pod with up to three init containers or sidecars and one or two others.
func anyPod(t *rapid.T) *v1.Pod {
	p := web(policy(rapid.SampledFrom([]v1.RestartPolicy{"", v1.RestartPolicyAlways, v1.RestartPolicyOnFailure, v1.RestartPolicyNever}).Draw(t, "policy")))
	for i := range rapid.IntRange(0, 3).Draw(t, "inits") {
		name := "init-" + string(rune('a'+i))
		if rapid.Bool().Draw(t, "sidecar") {
			withSidecar(name)(p)
			continue
		}
		withInit(name)(p)
	}
	if rapid.Bool().Draw(t, "two") {
		withApp("b")(p)
	}
	if rapid.Bool().Draw(t, "gate") {
		gated(p)
	}
	if rapid.IntRange(0, 3).Draw(t, "deadline") == 0 {
		withDeadline(rapid.Int64Range(0, 900).Draw(t, "seconds"))(p)
	}
	withGrace(rapid.Int64Range(0, 40).Draw(t, "grace"))(p)
	if rapid.Bool().Draw(t, "probes") {
		c := &p.Spec.Containers[0]
		c.StartupProbe, c.ReadinessProbe, c.LivenessProbe = anyProbe(t), anyProbe(t), anyProbe(t)
	}
	return p
}

func anyProbe(t *rapid.T) *v1.Probe {
	return &v1.Probe{
		InitialDelaySeconds: rapid.Int32Range(0, 5).Draw(t, "delay"), PeriodSeconds: rapid.Int32Range(0, 20).Draw(t, "period"),
		FailureThreshold: rapid.Int32Range(0, 4).Draw(t, "threshold"),
	}
}

// reporter is what both *testing.T and *rapid.T can do.
type reporter interface {
	Helper()
	Fatalf(format string, args ...any)
}

// legal checks what holds of every life at every time.
func legal(t reporter, p *v1.Pod, l *pod.Life) {
	t.Helper()
	s := l.Status(p, node)
	terminal := s.Phase == v1.PodSucceeded || s.Phase == v1.PodFailed
	if terminal != l.Terminal() || l.Gone() && !terminal {
		t.Fatalf("phase %s, terminal %v, gone %v", s.Phase, l.Terminal(), l.Gone())
	}
	if terminal && !l.Due().IsZero() {
		t.Fatalf("a pod at its end is due at %s", l.Due())
	}
	for _, c := range s.InitContainerStatuses {
		legalContainer(t, c, terminal, true)
	}
	for _, c := range s.ContainerStatuses {
		legalContainer(t, c, terminal, false)
	}
	legalConditions(t, s, terminal)
}

func legalContainer(t reporter, c v1.ContainerStatus, terminal, init bool) {
	t.Helper()
	states := 0
	for _, there := range []bool{c.State.Running != nil, c.State.Waiting != nil, c.State.Terminated != nil} {
		if there {
			states++
		}
	}
	running := c.State.Running != nil
	passed := init && c.State.Terminated != nil && c.State.Terminated.ExitCode == 0
	switch {
	case states != 1:
		t.Fatalf("container %s has %d states", c.Name, states)
	case c.Ready && !running && !passed:
		t.Fatalf("container %s is ready but does not run", c.Name)
	case c.Started == nil || *c.Started && !running:
		t.Fatalf("container %s: started %v", c.Name, c.Started)
	case running && terminal:
		t.Fatalf("container %s runs in a pod at its end", c.Name)
	case running && c.ContainerID == "":
		t.Fatalf("container %s runs without an ID", c.Name)
	}
	for _, e := range []*v1.ContainerStateTerminated{c.State.Terminated, c.LastTerminationState.Terminated} {
		if e != nil && e.FinishedAt.Before(&e.StartedAt) {
			t.Fatalf("container %s ended %s before it began %s", c.Name, e.FinishedAt, e.StartedAt)
		}
	}
}

var order = []v1.PodConditionType{v1.PodReadyToStartContainers, v1.PodInitialized, v1.PodReady, v1.ContainersReady, v1.PodScheduled}

func legalConditions(t reporter, s *v1.PodStatus, terminal bool) {
	t.Helper()
	var types []v1.PodConditionType
	status := map[v1.PodConditionType]v1.ConditionStatus{}
	for _, c := range s.Conditions {
		status[c.Type] = c.Status
		if slices.Contains(order, c.Type) {
			types = append(types, c.Type)
		}
		if c.Status == v1.ConditionFalse && c.Type != v1.PodReadyToStartContainers && c.Reason == "" {
			t.Fatalf("condition %s is false without a reason", c.Type)
		}
		if c.Type != "example.com/gate" && c.LastTransitionTime.Before(s.StartTime) {
			t.Fatalf("condition %s flipped before the pod began", c.Type)
		}
	}
	switch {
	case !slices.Equal(types, order):
		t.Fatalf("conditions %v", types)
	case status[v1.PodReady] == v1.ConditionTrue && status[v1.ContainersReady] != v1.ConditionTrue:
		t.Fatalf("ready without its containers")
	case terminal && (status[v1.ContainersReady] == v1.ConditionTrue || status[v1.PodReadyToStartContainers] == v1.ConditionTrue):
		t.Fatalf("a pod at its end is ready")
	}
}

// later checks what holds between a life and a later one.
func later(t reporter, a, b *v1.PodStatus) {
	t.Helper()
	if (a.Phase == v1.PodSucceeded || a.Phase == v1.PodFailed) && b.Phase != a.Phase {
		t.Fatalf("phase went from %s to %s", a.Phase, b.Phase)
	}
	if !a.StartTime.Equal(b.StartTime) {
		t.Fatalf("startTime moved from %s to %s", a.StartTime, b.StartTime)
	}
	counts := map[string]int32{}
	for _, c := range slices.Concat(a.InitContainerStatuses, a.ContainerStatuses) {
		counts[c.Name] = c.RestartCount
	}
	for _, c := range slices.Concat(b.InitContainerStatuses, b.ContainerStatuses) {
		if c.RestartCount < counts[c.Name] {
			t.Fatalf("restarts of %s fell from %d to %d", c.Name, counts[c.Name], c.RestartCount)
		}
	}
	for i := range a.Conditions {
		for j := range b.Conditions {
			x, y := a.Conditions[i], b.Conditions[j]
			if x.Type != y.Type {
				continue
			}
			if y.LastTransitionTime.Before(&x.LastTransitionTime) && x.Type != "example.com/gate" {
				t.Fatalf("the time of %s went back", x.Type)
			}
			if x.Status != y.Status && x.Type != "example.com/gate" && y.LastTransitionTime.Before(&x.LastTransitionTime) {
				t.Fatalf("%s flipped without its time", x.Type)
			}
		}
	}
}

// story is a random life.
type story struct {
	t    *rapid.T
	f    *fate
	p    *v1.Pod
	life *pod.Life
	now  time.Time
	last time.Time // of the events
}

func (s *story) took(l *pod.Life, events []pod.Event) {
	s.t.Helper()
	for _, e := range events {
		if e.At.Before(s.last) || e.At.After(s.now) {
			s.t.Fatalf("event %s at %s, after one at %s, now %s", e.Reason, e.At, s.last, s.now)
		}
		s.last = e.At
	}
	before := s.life.Status(s.p, node)
	s.life = l
	legal(s.t, s.p, l)
	later(s.t, before, l.Status(s.p, node))
	s.roundTrip()
}

func (s *story) roundTrip() {
	s.t.Helper()
	first, err := json.Marshal(s.life)
	if err != nil {
		s.t.Fatalf("encode: %v", err)
	}
	var back pod.Life
	if err := json.Unmarshal(first, &back); err != nil {
		s.t.Fatalf("decode: %v", err)
	}
	second, err := json.Marshal(&back)
	if err != nil || string(first) != string(second) {
		s.t.Fatalf("round trip (%v):\n%s\n%s", err, first, second)
	}
	a, b := statusText(s.t, s.life, s.p), statusText(s.t, &back, s.p)
	if a != b || !back.Due().Equal(s.life.Due()) {
		s.t.Fatalf("after the round trip:\n%s\n%s", a, b)
	}
	s.life = &back
}

func statusText(t reporter, l *pod.Life, p *v1.Pod) string {
	t.Helper()
	b, err := json.Marshal(l.Status(p, node))
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return string(b)
}

func (s *story) advance(*rapid.T) {
	step := rapid.Int64Range(0, 900).Draw(s.t, "step")
	s.now = s.now.Add(time.Duration(step) * time.Second / 3)
	s.took(s.life.Advance(s.p, s.now, s.f))
	if due := s.life.Due(); !due.IsZero() && !due.After(s.now) {
		s.t.Fatalf("due %s, now %s", due, s.now)
	}
	if again, events := s.life.Advance(s.p, s.now, s.f); again != s.life || events != nil {
		s.t.Fatalf("advancing twice does something twice")
	}
}

func (s *story) replanSame(*rapid.T) {
	s.took(s.life.Advance(s.p, s.now, s.f))
	before := statusText(s.t, s.life, s.p)
	s.took(s.life.Replan(s.p, s.now, s.f))
	if after := statusText(s.t, s.life, s.p); after != before {
		s.t.Fatalf("the same answers changed\n%s to\n%s", before, after)
	}
}

func (s *story) replan(*rapid.T) {
	s.f.known = map[string]any{}
	s.took(s.life.Replan(s.p, s.now, s.f))
}

func (s *story) resume(*rapid.T) {
	s.now = s.now.Add(time.Duration(rapid.Int64Range(0, 3600).Draw(s.t, "down")) * time.Second)
	s.took(s.life.Resume(s.now), nil)
}

func (s *story) delete(*rapid.T) {
	if rapid.IntRange(0, 2).Draw(s.t, "really") > 0 {
		return
	}
	var t *pod.Termination
	if rapid.Bool().Draw(s.t, "override") {
		t = s.f.termination()
	}
	s.took(s.life.Delete(s.p, s.now, s.f.seconds("grace"), t))
}

func (s *story) retermination(*rapid.T) {
	s.took(s.life.Retermination(s.f.termination(), s.now), nil)
}

func (s *story) end(*rapid.T) {
	if rapid.IntRange(0, 3).Draw(s.t, "really") > 0 {
		return
	}
	s.took(s.life.End(s.p, pod.End{
		Reason: "Evicted", Grace: s.f.seconds("grace"), Lost: rapid.Bool().Draw(s.t, "lost"),
		Disruption: &pod.Disruption{Reason: "TerminationByKubelet"},
	}, s.now))
}

func (s *story) stop(*rapid.T) {
	if rapid.IntRange(0, 3).Draw(s.t, "really") > 0 {
		return
	}
	status := s.life.Status(s.p, node)
	status.Phase = rapid.SampledFrom([]v1.PodPhase{v1.PodSucceeded, v1.PodFailed, v1.PodRunning, ""}).Draw(s.t, "phase")
	s.took(s.life.Stop(s.p, status, s.now))
}

func (s *story) kill(*rapid.T) {
	container := rapid.SampledFrom([]string{"", "app", "init-a", "b"}).Draw(s.t, "container")
	code := rapid.Int32Range(0, 1).Draw(s.t, "code")
	s.took(s.life.Kill(s.p, pod.Killing{Container: container, Exit: pod.Exit{Code: code}}, s.now))
}

func (s *story) evict(*rapid.T) {
	if rapid.IntRange(0, 3).Draw(s.t, "really") > 0 {
		return
	}
	end, ok := pod.Evicted(s.p, rapid.SampledFrom(pod.Evictions()).Draw(s.t, "why"))
	if !ok {
		s.t.Fatalf("an eviction is listed and not known")
	}
	s.took(s.life.End(s.p, end, s.now))
}

func (s *story) hold(*rapid.T) {
	h := pod.Held{Unready: rapid.Bool().Draw(s.t, "unready"), NoEnd: rapid.Bool().Draw(s.t, "no end")}
	s.took(s.life.Hold(s.p, h, s.now, "test"))
	if h.Unready && s.life.Status(s.p, node).Phase == v1.PodRunning {
		for _, c := range s.life.Status(s.p, node).ContainerStatuses {
			if c.Ready {
				s.t.Fatalf("container %s is ready while it is held unready", c.Name)
			}
		}
	}
	if h.NoEnd && s.life.Gone() {
		s.t.Fatalf("gone while that is held up")
	}
}

func (s *story) update(*rapid.T) {
	old := s.p
	s.p = old.DeepCopy()
	s.p.Spec.Containers[0].Image = rapid.SampledFrom([]string{"nginx:1.27", "nginx:1.28"}).Draw(s.t, "image")
	s.took(s.life.Update(old, s.p, s.now))
}

func (s *story) conditions(*rapid.T) {
	status := rapid.SampledFrom([]v1.ConditionStatus{v1.ConditionTrue, v1.ConditionFalse}).Draw(s.t, "gate")
	s.life = s.life.WithConditions([]v1.PodCondition{{Type: "example.com/gate", Status: status, Reason: "X"}})
}

func (s *story) address(*rapid.T) { s.life = s.life.WithIP("10.0.0.9") }

func (s *story) delay(*rapid.T) {
	s.took(s.life.Delay(s.now.Add(s.f.seconds("delay")), s.now), nil)
}

func (s *story) adopt(*rapid.T) {
	adopted := pod.Adopt(s.p, s.life.Status(s.p, node), s.now)
	legal(s.t, s.p, adopted)
	next, _ := adopted.Advance(s.p, s.now.Add(time.Hour), s.f)
	legal(s.t, s.p, next)
}

// TestIllegalLivesAreImpossible does random things to random pods at random times.
func TestIllegalLivesAreImpossible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &story{t: t, f: newFate(t), p: anyPod(t), now: t0, last: t0}
		s.life = pod.Begin(s.p, t0, pod.Beginning{
			Delay: s.f.seconds("delay"), IP: rapid.SampledFrom([]string{"", "10.0.0.7", "10.0.0.7"}).Draw(t, "ip"),
		})
		t.Repeat(map[string]func(*rapid.T){
			"advance": s.advance, "replan": s.replan, "same": s.replanSame, "resume": s.resume, "delete": s.delete,
			"retermination": s.retermination, "end": s.end, "stop": s.stop, "kill": s.kill, "evict": s.evict, "hold": s.hold, "update": s.update, "adopt": s.adopt,
			"conditions": s.conditions, "address": s.address, "delay": s.delay,
		})
	})
}

// intervention is something done to a pod from outside.
type intervention func(*pod.Life, time.Time) *pod.Life

// interventions are some, by the step at which they come.
func interventions(t *rapid.T, p *v1.Pod) map[int][]intervention {
	acts := map[int][]intervention{}
	hold := func(h pod.Held) intervention {
		return func(l *pod.Life, at time.Time) *pod.Life { l, _ = l.Hold(p, h, at, ""); return l }
	}
	for what, act := range map[string]intervention{
		"deleted": func(l *pod.Life, at time.Time) *pod.Life { l, _ = l.Delete(p, at, sec(30), nil); return l },
		"killed": func(l *pod.Life, at time.Time) *pod.Life {
			l, _ = l.Kill(p, pod.Killing{Exit: pod.OOM()}, at)
			return l
		},
		"unready": hold(pod.Held{Unready: true}),
		"hanging": hold(pod.Held{NoEnd: true}),
		"free":    hold(pod.Held{}),
	} {
		step := rapid.IntRange(0, 2000).Draw(t, what+" at step") // half of them not at all
		if step < 1000 {
			acts[step] = []intervention{act}
		}
	}
	return acts
}

// TestOneStepIsAThousandSteps advances ten hours at once and in small steps: the lives are equal.
func TestOneStepIsAThousandSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, p := newFate(t), anyPod(t)
		begun := pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7", Delay: f.seconds("delay")})
		begun, _ = begun.Advance(p, t0, f)
		steps := begun
		acts := interventions(t, p)
		for i := range 1000 {
			for _, a := range acts[i] {
				steps = a(steps, t0.Add(time.Duration(i)*36*time.Second))
			}
			steps, _ = steps.Advance(p, t0.Add(time.Duration(i+1)*36*time.Second), f)
		}
		once := begun
		for _, i := range slices.Sorted(maps.Keys(acts)) {
			at := t0.Add(time.Duration(i) * 36 * time.Second)
			once, _ = once.Advance(p, at, f)
			for _, a := range acts[i] {
				once = a(once, at)
			}
		}
		once, _ = once.Advance(p, t0.Add(10*time.Hour), f)
		a, errA := json.Marshal(once)
		b, errB := json.Marshal(steps)
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Fatalf("%v %v\nonce:  %s\nsteps: %s", errA, errB, a, b)
		}
	})
}
