package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// replan asks everything open again with other answers.
func (x *play) replan(after time.Duration, s *script) *play {
	x.ask = s
	return x.took(x.life.Replan(x.p, t0.Add(after), s))
}

func TestReplanOfARun(t *testing.T) {
	ends := func(after time.Duration) pod.Outcome { return pod.Outcome{Exit: exit(1, after)} }
	for name, c := range map[string]struct {
		before, after pod.Outcome
		exit          time.Duration // the run began at 0, the re-plan is at 60 s
	}{
		"an exit still to come moves":            {ends(sec(90)), ends(sec(70)), sec(70)},
		"an exit overdue happens now":            {ends(sec(90)), ends(sec(20)), sec(60)},
		"an exit appears":                        {pod.Outcome{}, ends(sec(20)), sec(60)},
		"the same exit keeps its time":           {ends(sec(90)), ends(sec(90)), sec(90)},
		"a start error of a started one is late": {ends(sec(90)), pod.Outcome{StartError: &pod.StartError{}, Exit: exit(1, sec(80))}, sec(80)},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(), always(c.before)).at(sec(60)).replan(sec(60), always(c.after))
			for x.container("app").State.Terminated == nil {
				x.at(x.life.Due().Sub(t0))
			}
			same(t, "exit", x.container("app").State.Terminated.FinishedAt.Time, t0.Add(c.exit))
			q := x.ask.starts[0]
			same(t, "number", q.Number, 1)
			same(t, "at", q.At, t0)
			same(t, "asked", q.Now, t0.Add(sec(60)))
		})
	}
}

func TestReplanKeepsReachedReadiness(t *testing.T) {
	never := always(pod.Outcome{Ready: &pod.Readiness{Never: true}})
	x := begin(t, web(), nil).at(sec(60)).replan(sec(60), never)
	x.wantRow(time.Hour, "1/1 Running 0")
	y := begin(t, web(), always(pod.Outcome{Ready: &pod.Readiness{After: time.Hour}})).at(sec(60)).replan(sec(60), &script{})
	y.wantRow(sec(60), "1/1 Running 0")
	same(t, "since", y.condition(v1.PodReady).LastTransitionTime.Time, t0.Add(sec(60)))
}

func TestReplanToFlapJoinsTheCycle(t *testing.T) {
	flap := always(pod.Outcome{Ready: &pod.Readiness{Up: sec(30), Down: sec(10)}})
	begin(t, web(), nil).at(sec(75)).replan(sec(75), flap).wantRow(sec(75), "0/1 Running 0").dueAfter(sec(80))
	begin(t, web(), nil).at(sec(65)).replan(sec(65), flap).wantRow(sec(65), "1/1 Running 0").dueAfter(sec(70))
}

func TestReplanBackFromFlapIsReadyNow(t *testing.T) {
	flap := always(pod.Outcome{Ready: &pod.Readiness{Up: sec(30), Down: sec(10)}})
	x := begin(t, web(), flap).wantRow(sec(35), "0/1 Running 0")
	x.replan(sec(36), &script{}).wantRow(sec(36), "1/1 Running 0")
}

func TestReplanOfAPull(t *testing.T) {
	x := begin(t, web(), pullFails(pod.Pull{After: time.Hour})).at(sec(60))
	x.replan(sec(60), pullFails(pod.Pull{After: sec(5)})).wantRow(sec(60), "1/1 Running 0")
	same(t, "start", x.container("app").State.Running.StartedAt.Time, t0.Add(sec(60)))
	same(t, "number", x.ask.pulls[0].Number, 1)
}

func TestReplanOfAStartError(t *testing.T) {
	slow := always(pod.Outcome{StartError: &pod.StartError{After: time.Hour}})
	x := begin(t, web(), slow).at(sec(60)).replan(sec(60), &script{}).wantRow(sec(60), "1/1 Running 0")
	same(t, "start", x.container("app").State.Running.StartedAt.Time, t0.Add(sec(60)))
	y := begin(t, web(), slow).at(sec(60)).replan(sec(60), startFails("", "no")).wantRow(sec(60), "0/1 RunContainerError 0")
	same(t, "end", y.container("app").LastTerminationState.Terminated.FinishedAt.Time, t0.Add(sec(60)))
}

func TestReplanLeavesWhatIsCommitted(t *testing.T) {
	x := begin(t, web(policy(v1.RestartPolicyNever)), always(pod.Outcome{Exit: exit(1, sec(5))})).at(sec(9))
	before := x.life
	if x.replan(sec(10), always(pod.Outcome{})).life != before {
		t.Error("a terminal phase was re-planned")
	}
	y := begin(t, web(), always(pod.Outcome{Exit: exit(1, sec(5))})).at(sec(13)).replan(sec(13), always(pod.Outcome{}))
	same(t, "the exit", y.row(sec(13)), "0/1 CrashLoopBackOff 1 (2s ago)")
	same(t, "nothing was open", len(y.ask.starts), 0)
}

func TestReplanWithTheSameAnswersIsTheSameLife(t *testing.T) {
	ask := always(pod.Outcome{
		Exit: exit(1, sec(90)), Started: new(sec(2)), Terminate: &pod.Termination{After: 3, Code: new(int32)}, By: "a.lua:1",
	})
	x := begin(t, web(), ask).at(sec(60))
	if l, events := x.life.Replan(x.p, t0.Add(sec(61)), ask); l != x.life || events != nil {
		t.Error("it changed")
	}
}

func TestResumeStartsNothingInThePast(t *testing.T) {
	t.Run("exits keep their time, restarts do not", func(t *testing.T) {
		x := begin(t, web(), always(pod.Outcome{Exit: exit(1, sec(60))})).at(sec(30))
		x.life = x.life.Resume(t0.Add(time.Hour))
		x.at(time.Hour)
		same(t, "exit", x.container("app").LastTerminationState.Terminated.FinishedAt.Time, t0.Add(sec(60)))
		same(t, "restart", x.container("app").State.Running.StartedAt.Time, t0.Add(time.Hour))
		same(t, "restarts", x.container("app").RestartCount, int32(1))
	})
	t.Run("pulls end not before", func(t *testing.T) {
		x := begin(t, web(), pullFails(pod.Pull{After: sec(60)})).at(sec(30))
		x.life = x.life.Resume(t0.Add(time.Hour))
		x.at(time.Hour)
		same(t, "start", x.container("app").State.Running.StartedAt.Time, t0.Add(time.Hour))
	})
	t.Run("nothing due changes nothing", func(t *testing.T) {
		x := begin(t, web(), nil).at(sec(30))
		if x.life.Resume(t0.Add(time.Hour)) != x.life {
			t.Error("it changed")
		}
	})
}

func TestExpiredAnswersAreAskedAgain(t *testing.T) {
	s := &script{start: func(q pod.Question) pod.Outcome {
		if q.Now.Sub(t0) >= sec(3) {
			return pod.Outcome{Exit: exit(7, 0)}
		}
		return pod.Outcome{Expires: q.Now.Add(sec(1))}
	}}
	x := begin(t, web(), s).at(sec(2.5))
	x.dueAfter(sec(3)).wantRow(sec(3), "0/1 Error 0")
	same(t, "asks", len(s.starts), 4)
	same(t, "number", s.starts[3].Number, 1)
	same(t, "at", s.starts[3].At, t0)

	pulls := &script{pull: func(q pod.Question) pod.Pull {
		if q.Now.Sub(t0) >= sec(3) {
			return pod.Pull{After: sec(2)}
		}
		return pod.Pull{After: time.Hour, Expires: q.Now.Add(sec(1))}
	}}
	begin(t, web(), pulls).wantRow(sec(2), "0/1 ContainerCreating 0").wantRow(sec(3), "1/1 Running 0")
}

func TestAnswersThatExpireAtOnceDoNotHang(t *testing.T) {
	x := begin(t, web(), always(pod.Outcome{Expires: t0})).at(sec(1))
	if n := len(x.ask.starts); n < 2 || n > 102 {
		t.Errorf("asked %d times", n)
	}
}

func TestOpenQuestions(t *testing.T) {
	open := func(x *play) [3]bool {
		return [3]bool{x.life.Open("on_pull", "app", 1), x.life.Open("on_start", "app", 1), x.life.Open("on_start", "app", 2)}
	}
	s := always(pod.Outcome{Exit: exit(1, sec(10))})
	s.pull = func(pod.Question) pod.Pull { return pod.Pull{After: sec(5)} }
	x := begin(t, web(), s)
	same(t, "pulling", open(x.at(sec(1))), [3]bool{true, false, false})
	same(t, "running", open(x.at(sec(5))), [3]bool{false, true, false})
	same(t, "exited", open(x.at(sec(15))), [3]bool{false, false, false})
	same(t, "running again", open(x.at(sec(16))), [3]bool{false, false, true})
	if x.life.Open("on_start", "nobody", 1) || x.life.Open("logs", "app", 2) {
		t.Error("open though nobody asked")
	}
}
