package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

func TestStartErrorThatLeavesNoContainerIsTriedAgain(t *testing.T) {
	s := &script{start: func(q pod.Question) pod.Outcome {
		if q.Number < 3 {
			return pod.Outcome{StartError: &pod.StartError{Reason: "CreateContainerConfigError", Message: "no"}}
		}
		return pod.Outcome{}
	}}
	x := begin(t, web(), s)
	x.wantRow(0, "0/1 CreateContainerConfigError 0").dueAfter(sec(10))
	same(t, "phase", x.status().Phase, v1.PodPending)
	x.wantRow(sec(19), "0/1 CreateContainerConfigError 0")
	x.wantRow(sec(20), "1/1 Running 0")
}

func TestStartErrorThatLeavesADeadContainerIsACrash(t *testing.T) {
	x := begin(t, web(), startFails("", "no such file"))
	x.wantRow(0, "0/1 RunContainerError 0")
	x.wantRow(sec(1), "0/1 RunContainerError 1 (0s ago)")
	x.wantRow(sec(2), "0/1 CrashLoopBackOff 1 (1s ago)")
	last := x.container("app").LastTerminationState.Terminated
	same(t, "last code", last.ExitCode, int32(128))
	same(t, "last reason", last.Reason, "StartError")
}

func TestStartErrorUnderNever(t *testing.T) {
	x := begin(t, web(policy(v1.RestartPolicyNever)), startFails("RunContainerError", "no such file"))
	x.wantRow(0, "0/1 StartError 0")
	same(t, "phase", x.status().Phase, v1.PodFailed)
}

func TestPostStartHookErrorKillsTheContainer(t *testing.T) {
	x := begin(t, web(), startFails("PostStartHookError", "hook failed"))
	x.wantRow(0, "0/1 PostStartHookError 0")
	same(t, "code", x.container("app").LastTerminationState.Terminated.ExitCode, int32(137))
}

func TestStartErrorTakesItsTime(t *testing.T) {
	ask := always(pod.Outcome{StartError: &pod.StartError{Reason: "CreateContainerError", After: sec(4)}})
	x := begin(t, web(), ask)
	x.wantRow(sec(3), "0/1 ContainerCreating 0").dueAfter(sec(4))
	x.wantRow(sec(4), "0/1 CreateContainerError 0")
}

func TestCreateDelay(t *testing.T) {
	x := begin(t, web(), nil)
	x.life = pod.Begin(x.p, t0, pod.Beginning{IP: "10.0.0.7", Delay: sec(30)})
	x.wantRow(sec(29), "0/1 ContainerCreating 0").dueAfter(sec(30))
	if !x.life.Delayed() {
		t.Error("not delayed")
	}
	same(t, "sandbox", x.condition(v1.PodReadyToStartContainers).Status, v1.ConditionFalse)
	x.life = x.life.Delay(t0.Add(sec(5)), t0.Add(sec(29)))
	x.dueAfter(sec(29)).wantRow(sec(29), "1/1 Running 0")
	if x.life.Delayed() {
		t.Error("still delayed")
	}
	if moved := x.life.Delay(t0.Add(time.Hour), t0.Add(sec(31))); moved != x.life {
		t.Error("a delay that is over moved")
	}
}

func TestDelayMovedToWhereItIsChangesNothing(t *testing.T) {
	l := pod.Begin(web(), t0, pod.Beginning{Delay: sec(30)})
	if l.Delay(t0.Add(sec(30)), t0.Add(sec(1))) != l {
		t.Error("it changed")
	}
}

func TestWithoutAddressThereIsNoSandbox(t *testing.T) {
	x := begin(t, web(), nil)
	x.life = pod.Begin(x.p, t0, pod.Beginning{})
	x.wantRow(time.Hour, "0/1 ContainerCreating 0")
	if due := x.life.Due(); !due.IsZero() {
		t.Errorf("due %s", due)
	}
	x.life = x.life.WithIP("10.0.0.8")
	x.wantRow(time.Hour+sec(5), "1/1 Running 0")
	same(t, "start", x.container("app").State.Running.StartedAt.Time, t0.Add(time.Hour+sec(5)))
	same(t, "podIP", x.status().PodIP, "10.0.0.8")
}

func TestHostNetworkNeedsNoAddress(t *testing.T) {
	x := begin(t, web(func(p *v1.Pod) { p.Spec.HostNetwork = true }), nil)
	x.life = pod.Begin(x.p, t0, pod.Beginning{})
	x.wantRow(0, "1/1 Running 0")
	same(t, "podIP", x.status().PodIP, node.HostIP)
}

func TestInitContainersRunInOrder(t *testing.T) {
	ask := by(map[string]pod.Outcome{
		"init-a": {Exit: exit(0, sec(10))},
		"init-b": {Ready: &pod.Readiness{After: sec(5)}}, // no exit: it exits 0 once ready
	})
	x := begin(t, web(withInit("init-a", "init-b")), ask)
	x.wantRow(sec(9), "0/1 Init:0/2 0")
	x.wantRow(sec(10), "0/1 Init:1/2 0")
	same(t, "initialized", x.condition(v1.PodInitialized).Message, "containers with incomplete status: [init-b]")
	x.wantRow(sec(15), "1/1 Running 0")
	same(t, "initialized", x.condition(v1.PodInitialized).LastTransitionTime.Time, t0.Add(sec(15)))
	same(t, "ready", x.container("init-a").Ready, true)
	same(t, "started", *x.container("init-a").Started, false)
}

func TestInitContainerNeverReadyHoldsThePod(t *testing.T) {
	ask := by(map[string]pod.Outcome{"init-a": {Ready: &pod.Readiness{Never: true}}})
	begin(t, web(withInit("init-a")), ask).wantRow(time.Hour, "0/1 Init:0/1 0")
}

func TestFailingInitContainerUnderAlwaysIsRepeated(t *testing.T) {
	s := &script{start: func(q pod.Question) pod.Outcome {
		if q.Kind == pod.Init && q.Number < 3 {
			return pod.Outcome{Exit: exit(1, sec(1))}
		}
		return pod.Outcome{}
	}}
	x := begin(t, web(withInit("init-a")), s)
	x.wantRow(sec(1), "0/1 Init:Error 0").wantRow(sec(4), "0/1 Init:CrashLoopBackOff 1 (1s ago)")
	x.wantRow(sec(13), "1/1 Running 0")
}
