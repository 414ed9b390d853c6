package pod_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// TestAdoptShowsTheSameStatus plays every golden case, adopts the pod from that status alone, and compares the status.
func TestAdoptShowsTheSameStatus(t *testing.T) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := web(c.edits...)
			x := begin(t, p, c.ask)
			if c.life != nil {
				x.life = c.life(p)
			} else {
				c.tell(x)
			}
			want := x.status()
			now := time.Now()
			got := pod.Adopt(x.p, want, now).Status(x.p, node)
			if name == "ContainerCreating, no sandbox yet" {
				got.PodIP, got.PodIPs = want.PodIP, want.PodIPs
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-before +adopted):\n%s", d)
			}
		})
	}
}

func adopted(t *testing.T, x *play, after time.Duration, s *script) *play {
	t.Helper()
	return &play{t: t, p: x.p, ask: s, life: pod.Adopt(x.p, x.status(), t0.Add(after))}
}

func TestAdoptedRunIsAskedAboutWithItsTrueStart(t *testing.T) {
	x := begin(t, web(), always(pod.Outcome{Exit: exit(1, sec(5))})).at(sec(7)) // second run since 6 s
	y := adopted(t, x, sec(60), always(pod.Outcome{Exit: exit(2, sec(10))})).at(sec(60))
	same(t, "number", y.ask.starts[0].Number, 2)
	same(t, "at", y.ask.starts[0].At, t0.Add(sec(6)))
	same(t, "previous", y.ask.starts[0].Previous.ExitCode, int32(1))
	same(t, "overdue happens now", y.container("app").State.Terminated.FinishedAt.Time, t0.Add(sec(60)))
}

func TestAdoptedReadinessStays(t *testing.T) {
	x := begin(t, web(), nil).at(sec(7))
	y := adopted(t, x, sec(60), always(pod.Outcome{Ready: &pod.Readiness{Never: true}}))
	y.wantRow(sec(60), "1/1 Running 0")
	same(t, "since", y.condition(v1.PodReady).LastTransitionTime.Time, t0)
}

func TestAdoptedBackOffGoesOn(t *testing.T) {
	crash := always(pod.Outcome{Exit: exit(1, sec(5))})
	x := begin(t, web(), crash)
	x.untilRow("0/1 CrashLoopBackOff 3")
	due := x.life.Due().Sub(t0)
	y := adopted(t, x, due-sec(20), crash).dueAfter(due)
	y.untilRow("0/1 CrashLoopBackOff 4")
	same(t, "next delay", y.container("app").State.Waiting.Message, "back-off 1m20s restarting failed container=app pod=web-0_default(uid)")
	z := adopted(t, x, due+time.Hour, crash).at(due + time.Hour)
	same(t, "never in the past", z.container("app").State.Running.StartedAt.Time, t0.Add(due+time.Hour))
}

func TestAdoptedPullBackOffIsTriedAgain(t *testing.T) {
	x := begin(t, web(), pullFails(pod.Pull{Reason: "ErrImagePull", Message: "no"})).at(sec(5))
	y := adopted(t, x, sec(60), &script{})
	y.wantRow(sec(69), "0/1 ImagePullBackOff 0").wantRow(sec(70), "1/1 Running 0")
}

func TestAdoptOfABarePodBegins(t *testing.T) {
	y := &play{t: t, p: web(), ask: &script{}, life: pod.Adopt(web(), &v1.PodStatus{Phase: v1.PodPending, PodIP: "10.0.0.9"}, t0)}
	y.wantRow(0, "1/1 Running 0")
	same(t, "ip", y.life.IP(), "10.0.0.9")
}

func TestAdoptedInitContainersGoOn(t *testing.T) {
	ask := by(map[string]pod.Outcome{"init-a": {Exit: exit(0, sec(10))}, "init-b": {Exit: exit(0, sec(10))}})
	x := begin(t, web(withInit("init-a", "init-b"), withSidecar("proxy")), ask).at(sec(15))
	adopted(t, x, sec(16), ask).wantRow(sec(19), "0/2 Init:1/3 0").wantRow(sec(20), "2/2 Running 0")
}

func TestAdoptOfNonsenseStaysLegal(t *testing.T) {
	for name, s := range map[string]v1.PodStatus{
		"terminal, but running": {Phase: v1.PodFailed, ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", Ready: true, State: v1.ContainerState{Running: &v1.ContainerStateRunning{}},
		}}},
		"unknown phase":  {Phase: v1.PodUnknown},
		"no state":       {Phase: v1.PodRunning, ContainerStatuses: []v1.ContainerStatus{{Name: "app", RestartCount: -3}}},
		"of another pod": {Phase: v1.PodRunning, ContainerStatuses: []v1.ContainerStatus{{Name: "x", RestartCount: 3}}},
		"empty message": {Phase: v1.PodRunning, PodIP: "10.0.0.1", ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", RestartCount: 3, State: v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}},
			LastTerminationState: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: 1}},
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			x := &play{t: t, p: web(), ask: &script{}, life: pod.Adopt(web(), &s, t0)}
			legal(t, x.p, x.at(time.Hour).life)
		})
	}
}

func TestBehindIsALifeThatKnowsOfFewerRuns(t *testing.T) {
	crash := always(pod.Outcome{Exit: exit(1, sec(5))})
	at := func(s float64) *play { return begin(t, web(), crash).at(sec(s)) }
	never := &v1.PodStatus{Phase: v1.PodPending}
	for name, c := range map[string]struct {
		life *play
		s    *v1.PodStatus
		want bool
	}{
		"the same":                       {at(3), at(3).status(), false},
		"it never ran for Kubernetes":    {at(3), never, false},
		"an end we did not see":          {at(3), at(5).status(), true},
		"an end that was not written":    {at(5), at(3).status(), false},
		"a restart we did not see":       {at(5), at(7).status(), true},
		"a restart that was not written": {at(7), at(5).status(), false},
		"the same back-off":              {at(13), at(13).status(), false},
		"the pod's end we did not see":   {at(3), &v1.PodStatus{Phase: v1.PodFailed}, true},
		"the pod's end was not written":  {terminated(at(13)), at(13).status(), false},
	} {
		if got := c.life.life.Behind(c.s); got != c.want {
			t.Errorf("%s: behind is %t", name, got)
		}
	}
}

// terminated is a play after its pod was evicted.
func terminated(x *play) *play {
	x.life, _ = x.life.End(x.p, pod.End{Reason: "Evicted"}, t0.Add(sec(13)))
	return x
}
