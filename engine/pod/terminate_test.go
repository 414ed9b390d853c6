package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

func TestDelete(t *testing.T) {
	code := int32(0)
	for name, c := range map[string]struct {
		outcome  pod.Outcome
		grace    time.Duration
		override *pod.Termination
		gone     time.Duration // after the delete; 0: never
		code     int32
		reason   string
		phase    v1.PodPhase
	}{
		"ends at once with 143":     {pod.Outcome{}, sec(30), nil, 1, 143, "Error", v1.PodFailed},
		"takes its time":            {pod.Outcome{Terminate: &pod.Termination{After: sec(4)}}, sec(30), nil, sec(4), 143, "Error", v1.PodFailed},
		"exits cleanly":             {pod.Outcome{Terminate: &pod.Termination{After: sec(4), Code: &code}}, sec(30), nil, sec(4), 0, "Completed", v1.PodSucceeded},
		"is too slow":               {pod.Outcome{Terminate: &pod.Termination{After: sec(40)}}, sec(30), nil, sec(30), 137, "Error", v1.PodFailed},
		"ignores SIGTERM":           {ignoresTerm, sec(30), nil, sec(30), 137, "Error", v1.PodFailed},
		"is overridden":             {ignoresTerm, sec(30), &pod.Termination{After: sec(3)}, sec(3), 143, "Error", v1.PodFailed},
		"hangs for ever":            {pod.Outcome{}, sec(30), &pod.Termination{Never: true}, 0, 0, "", v1.PodRunning},
		"no grace kills at once":    {pod.Outcome{}, 0, nil, 1, 137, "Error", v1.PodFailed},
		"exits by itself meanwhile": {pod.Outcome{Exit: exit(3, sec(62)), Terminate: &pod.Termination{Never: true}}, sec(30), nil, sec(2), 3, "Error", v1.PodFailed},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(), always(c.outcome)).at(sec(60)).delete(sec(60), c.grace, c.override)
			if x.life.Gone() {
				t.Fatal("gone before anything could end")
			}
			if c.gone == 0 {
				x.wantRow(100*time.Hour, "1/1 Terminating 0")
				return
			}
			if c.gone > 1 {
				if x.at(sec(60) + c.gone - 1).life.Gone() {
					t.Error("gone too early")
				}
			}
			x.at(sec(60) + c.gone)
			if !x.life.Gone() || !x.life.Terminal() {
				t.Fatal("not gone")
			}
			end := x.container("app").State.Terminated
			same(t, "code", end.ExitCode, c.code)
			same(t, "reason", end.Reason, c.reason)
			same(t, "phase", x.status().Phase, c.phase)
		})
	}
}

func TestSecondDeleteCanOnlyShortenTheGrace(t *testing.T) {
	x := begin(t, web(), always(ignoresTerm)).at(sec(60)).delete(sec(60), sec(30), nil).at(sec(60))
	x.dueAfter(sec(90)).delete(sec(65), sec(60), nil).dueAfter(sec(90))
	before := x.life
	if x.delete(sec(66), sec(60), nil).life != before {
		t.Error("a longer grace changed something")
	}
	x.delete(sec(70), sec(5), nil).dueAfter(sec(75)).at(sec(75))
	if !x.life.Gone() {
		t.Error("not gone")
	}
}

func TestDeleteOfAPendingPod(t *testing.T) {
	x := begin(t, web(), pullFails(pod.Pull{After: time.Hour})).at(sec(1)).delete(sec(2), sec(30), nil)
	if !x.life.Gone() {
		t.Fatal("not gone at once")
	}
	s := x.status()
	same(t, "phase", s.Phase, v1.PodFailed)
	same(t, "reason", s.ContainerStatuses[0].State.Terminated.Reason, "ContainerStatusUnknown")
	same(t, "due", x.life.Due(), time.Time{})
}

func TestDeleteDuringCreateDelay(t *testing.T) {
	l := pod.Begin(web(), t0, pod.Beginning{Delay: time.Hour})
	if l, _ = l.Delete(web(), t0.Add(sec(1)), sec(30), nil); !l.Gone() || l.Delayed() {
		t.Error("not gone")
	}
}

func TestDeleteOfAPodInBackOffShowsItsLastRun(t *testing.T) {
	x := begin(t, web(), always(pod.Outcome{Exit: exit(1, sec(1))})).at(sec(5)).delete(sec(5), sec(30), nil)
	c := x.container("app")
	same(t, "state", c.State.Terminated.ExitCode, int32(1))
	same(t, "restarts", c.RestartCount, int32(1))
}

func TestDeleteOfAFinishedOrRejectedPod(t *testing.T) {
	x := begin(t, web(policy(v1.RestartPolicyNever)), always(pod.Outcome{Exit: exit(0, sec(1))})).at(sec(2))
	same(t, "phase", x.delete(sec(3), sec(30), nil).status().Phase, v1.PodSucceeded)
	r := pod.Begin(web(), t0, pod.Beginning{Rejected: &pod.Rejection{Reason: "OutOfcpu"}})
	r, _ = r.Delete(web(), t0, sec(30), nil)
	if !x.life.Gone() || !r.Gone() {
		t.Error("not gone")
	}
}

func TestRetermination(t *testing.T) {
	for name, c := range map[string]struct {
		t    *pod.Termination
		gone time.Duration
	}{
		"what is overdue ends now": {&pod.Termination{After: sec(1)}, sec(70)},
		"later":                    {&pod.Termination{After: sec(15)}, sec(75)},
		"the run's own answer":     {nil, sec(70)},
		"same as before":           {&pod.Termination{After: sec(20)}, sec(80)},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(), nil).at(sec(60)).delete(sec(60), sec(30), &pod.Termination{After: sec(20)}).at(sec(70))
			before := x.life
			x.life = x.life.Retermination(c.t, t0.Add(sec(70)))
			if name == "same as before" && x.life != before {
				t.Error("something changed")
			}
			for !x.life.Gone() {
				x.at(x.life.Due().Sub(t0))
			}
			same(t, "ended", x.container("app").State.Terminated.FinishedAt.Time, t0.Add(c.gone))
		})
	}
}

func TestSidecarsEndInReverseOrderAfterTheApps(t *testing.T) {
	slow := pod.Outcome{Terminate: &pod.Termination{After: sec(3)}}
	ask := by(map[string]pod.Outcome{"first": slow, "second": slow, "app": {Exit: exit(0, sec(10))}})
	x := begin(t, web(withSidecar("first", "second"), policy(v1.RestartPolicyNever)), ask)
	x.wantRow(sec(9), "3/3 Running 0")
	x.at(sec(10))
	same(t, "held back", x.status().Phase, v1.PodRunning)
	x.at(sec(13))
	same(t, "second ends first", x.container("second").State.Terminated.ExitCode, int32(143))
	if x.container("first").State.Running == nil {
		t.Error("first does not run any more")
	}
	x.at(sec(16))
	same(t, "sidecars' codes do not count", x.status().Phase, v1.PodSucceeded)
	same(t, "first ended", x.container("first").State.Terminated.FinishedAt.Time, t0.Add(sec(16)))
}

func TestSidecarsOutliveTheAppsOnDelete(t *testing.T) {
	ask := by(map[string]pod.Outcome{"app": {Terminate: &pod.Termination{After: sec(5)}}})
	x := begin(t, web(withSidecar("proxy")), ask).at(sec(60)).delete(sec(60), sec(30), nil).at(sec(64))
	if x.container("proxy").State.Running == nil {
		t.Fatal("proxy ended before the app")
	}
	if !x.at(sec(65)).life.Gone() {
		t.Error("not gone")
	}
}

func TestSidecarStartsBeforeTheNextInitContainer(t *testing.T) {
	p := web(withSidecar("proxy"), withInit("migrate"))
	ask := by(map[string]pod.Outcome{"proxy": {Started: new(sec(3))}, "migrate": {Exit: exit(0, sec(2))}})
	x := begin(t, p, ask)
	x.wantRow(sec(2), "0/2 Init:0/2 0").wantRow(sec(4), "1/2 Init:1/2 0").wantRow(sec(5), "2/2 Running 0")
}

func TestSidecarRestartsUnderNever(t *testing.T) {
	ask := by(map[string]pod.Outcome{"proxy": {Exit: exit(0, sec(4))}})
	x := begin(t, web(withSidecar("proxy"), policy(v1.RestartPolicyNever)), ask)
	x.wantRow(sec(5.5), "2/2 Running 1 (1s ago)").wantRow(sec(11), "1/2 Init:CrashLoopBackOff 1 (2s ago)")
	same(t, "phase", x.status().Phase, v1.PodRunning)
	same(t, "initialized", x.condition(v1.PodInitialized).Status, v1.ConditionTrue)
}

func TestInitFailureWithSidecarUnderNever(t *testing.T) {
	ask := by(map[string]pod.Outcome{"proxy": {Terminate: &pod.Termination{After: sec(2)}}, "init-a": {Exit: exit(1, sec(1))}})
	x := begin(t, web(withSidecar("proxy"), withInit("init-a"), policy(v1.RestartPolicyNever)), ask).at(sec(2))
	same(t, "held back", x.status().Phase, v1.PodPending)
	same(t, "phase", x.at(sec(3)).status().Phase, v1.PodFailed)
}

func TestDeadlineCountsFromTheStartAndHoldsBack(t *testing.T) {
	x := begin(t, web(withDeadline(30), withGrace(10)), always(pod.Outcome{Terminate: &pod.Termination{After: sec(4)}}))
	x.wantRow(sec(33), "1/1 Running 0")
	same(t, "reason", x.status().Reason, "")
	x.wantRow(sec(34), "0/1 Error 0")
	same(t, "reason", x.status().Reason, "DeadlineExceeded")
}

func TestExitAtTheDeadlineCounts(t *testing.T) {
	x := begin(t, web(withDeadline(30), policy(v1.RestartPolicyNever)), always(pod.Outcome{Exit: exit(0, sec(30))})).at(time.Hour)
	same(t, "phase", x.status().Phase, v1.PodSucceeded)
}

func TestEndingsByTheNode(t *testing.T) {
	for name, c := range map[string]struct {
		end        pod.End
		disruption string
		row        string
	}{
		"ephemeral storage limit": {pod.End{Reason: "Evicted", Message: "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "}, "", "0/1 Error 0"},
		"node shutdown": {pod.End{
			Reason: "Terminated", Message: "Pod was terminated in response to imminent node shutdown.", Grace: sec(30),
			Disruption: &pod.Disruption{Reason: "TerminationByKubelet", Message: "Pod was terminated in response to imminent node shutdown."},
		}, "TerminationByKubelet", "0/1 Error 0"},
		"preemption": {pod.End{
			Reason: "Preempting", Message: "Preempted in order to admit critical pod",
			Disruption: &pod.Disruption{Reason: "TerminationByKubelet", Message: "Pod was preempted by Kubelet to accommodate a critical pod."},
		}, "TerminationByKubelet", "0/1 Error 0"},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(), nil).at(sec(60)).end(sec(60), c.end)
			if x.condition(v1.PodReady).Status != v1.ConditionTrue || x.status().Reason != "" {
				t.Error("it shows before the containers ended")
			}
			x.wantRow(sec(61), c.row)
			s := x.status()
			same(t, "reason", s.Reason, c.end.Reason)
			same(t, "message", s.Message, c.end.Message)
			same(t, "phase", s.Phase, v1.PodFailed)
			got := ""
			if s.Conditions[0].Type == v1.DisruptionTarget {
				got = s.Conditions[0].Reason
			}
			same(t, "disruption", got, c.disruption)
			if x.life.Gone() {
				t.Error("gone though nobody deleted it")
			}
			if again, _ := x.life.End(x.p, c.end, t0.Add(time.Hour)); again != x.life {
				t.Error("a pod at its end was ended again")
			}
		})
	}
}

func TestStopTakesTheStatusAsGiven(t *testing.T) {
	s := &v1.PodStatus{Phase: v1.PodFailed, Reason: "Stopped", Message: "by hand", ContainerStatuses: []v1.ContainerStatus{{
		Name: "app", Ready: true, RestartCount: 100,
		State: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: -1, Message: "terminated by web ui"}},
	}}}
	x := begin(t, web(withApp("other")), nil).at(sec(5))
	x.took(x.life.Stop(x.p, s, t0.Add(sec(6)))).at(time.Hour)
	got := x.status()
	same(t, "phase", got.Phase, v1.PodFailed)
	same(t, "reason", got.Reason+" "+got.Message, "Stopped by hand")
	c := x.container("app")
	want := s.ContainerStatuses[0].State.Terminated.DeepCopy()
	want.StartedAt, want.FinishedAt = metav1.NewTime(t0), metav1.NewTime(t0.Add(sec(6))) // not given: those of the run
	same(t, "state", c.State.Terminated, want)
	same(t, "restarts", c.RestartCount, int32(100))
	same(t, "ready", c.Ready, false)
	same(t, "image", c.Image, "nginx:1.27")
	same(t, "the one not given", x.container("other").State.Terminated.ExitCode, int32(137))
	same(t, "condition", x.condition(v1.PodReady).Reason, "PodFailed")
	same(t, "due", x.life.Due(), time.Time{})
	if again, _ := x.life.Stop(x.p, &v1.PodStatus{Phase: v1.PodSucceeded}, t0.Add(2*time.Hour)); again != x.life {
		t.Error("a latched phase moved")
	}
}

func TestStopWithoutTerminalPhaseDoesNothing(t *testing.T) {
	x := begin(t, web(), nil).at(sec(5))
	if l, events := x.life.Stop(x.p, &v1.PodStatus{Phase: v1.PodRunning}, t0.Add(sec(6))); l != x.life || events != nil {
		t.Error("it did something")
	}
}

func TestStopAsSucceeded(t *testing.T) {
	x := begin(t, web(), nil).at(sec(5))
	x.took(x.life.Stop(x.p, &v1.PodStatus{Phase: v1.PodSucceeded}, t0.Add(sec(6))))
	x.wantRow(sec(7), "0/1 Completed 0")
	same(t, "condition", x.condition(v1.PodInitialized).Reason, "PodCompleted")
}
