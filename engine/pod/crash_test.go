package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// starts are when the runs of the container began, counted from t0.
func (x *play) starts() []time.Duration {
	var all []time.Duration
	for _, q := range x.ask.starts {
		all = append(all, q.At.Sub(t0))
	}
	return all
}

func TestCrashBackOffDoublesUpToFiveMinutes(t *testing.T) {
	x := begin(t, web(), always(pod.Outcome{Exit: exit(1, sec(2))})).at(25 * time.Minute)
	var got []time.Duration
	all := x.starts()
	for i := 1; i < len(all); i++ {
		got = append(got, all[i]-all[i-1]-sec(2)) // since finishedAt
	}
	same(t, "delays", got, []time.Duration{sec(1), sec(10), sec(20), sec(40), sec(80), sec(160), sec(300), sec(300), sec(300)})
	same(t, "restarts", x.container("app").RestartCount, int32(9))
}

func TestCrashBackOffBeginsAnewAfterTenGoodMinutes(t *testing.T) {
	for name, c := range map[string]struct {
		third time.Duration // length of the third run
		delay time.Duration // before the fourth
	}{
		"ten minutes are not more than ten": {10 * time.Minute, sec(20)},
		"a second more is":                  {10*time.Minute + time.Second, sec(1)},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{start: func(q pod.Question) pod.Outcome {
				if q.Number == 3 {
					return pod.Outcome{Exit: exit(1, c.third)}
				}
				return pod.Outcome{Exit: exit(1, sec(2))}
			}}
			x := begin(t, web(), s).at(30 * time.Minute)
			all := x.starts()
			same(t, "delay", all[3]-all[2]-c.third, c.delay)
		})
	}
}

func TestExitedContainerIsShownForASecond(t *testing.T) {
	x := begin(t, web(), always(pod.Outcome{Exit: exit(1, sec(5))}))
	x.wantRow(sec(5), "0/1 Error 0").dueAfter(sec(6))
	x.wantRow(sec(6), "1/1 Running 1 (1s ago)")
	x.wantRow(sec(11.5), "0/1 Error 1 (6s ago)")
	x.wantRow(sec(12), "0/1 CrashLoopBackOff 1 (1s ago)").dueAfter(sec(21))
	same(t, "waiting", x.container("app").State.Waiting, &v1.ContainerStateWaiting{
		Reason: "CrashLoopBackOff", Message: "back-off 10s restarting failed container=app pod=web-0_default(uid)",
	})
	x.wantRow(sec(21), "1/1 Running 2 (10s ago)")
}

func TestRestartPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		policy v1.RestartPolicy
		code   int32
		want   string
	}{
		"Always restarts a success":     {v1.RestartPolicyAlways, 0, "0/1 CrashLoopBackOff 1 (10s ago)"},
		"Always is the default":         {"", 1, "0/1 CrashLoopBackOff 1 (10s ago)"},
		"OnFailure restarts a failure":  {v1.RestartPolicyOnFailure, 1, "0/1 CrashLoopBackOff 1 (10s ago)"},
		"OnFailure lets a success rest": {v1.RestartPolicyOnFailure, 0, "0/1 Completed 0"},
		"Never lets a success rest":     {v1.RestartPolicyNever, 0, "0/1 Completed 0"},
		"Never lets a failure rest":     {v1.RestartPolicyNever, 2, "0/1 Error 0"},
	} {
		t.Run(name, func(t *testing.T) {
			ask := always(pod.Outcome{Exit: exit(c.code, sec(2))})
			x := begin(t, web(policy(c.policy)), ask).at(sec(8))
			if got := x.row(sec(15)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestOneCompletedOneRunningIsNotReady(t *testing.T) {
	ask := by(map[string]pod.Outcome{"app": {Exit: exit(0, sec(2))}})
	x := begin(t, web(withApp("other"), policy(v1.RestartPolicyNever)), ask)
	x.wantRow(sec(9), "1/2 NotReady 0")
	same(t, "phase", x.status().Phase, v1.PodRunning)
}

func TestQuestionTellsOfTheRunBefore(t *testing.T) {
	x := begin(t, web(), always(pod.Outcome{Exit: &pod.Exit{Code: 3, After: sec(2), Message: "boom"}})).at(sec(4))
	second := x.ask.starts[1]
	same(t, "number", second.Number, 2)
	same(t, "kind", second.Kind, pod.App)
	same(t, "previous code", second.Previous.ExitCode, int32(3))
	same(t, "previous message", second.Previous.Message, "boom")
	if x.ask.starts[0].Previous != nil {
		t.Error("the first run has a previous one")
	}
}

func TestRunsForLogs(t *testing.T) {
	numbers := func(c, p *pod.Run) [2]int {
		var n [2]int
		if c != nil {
			n[0] = c.Number
		}
		if p != nil {
			n[1] = p.Number
		}
		return n
	}
	x := begin(t, web(), always(pod.Outcome{Exit: exit(1, sec(5))}))
	for _, c := range []struct {
		name string
		at   time.Duration
		want [2]int
	}{
		{"first run", sec(1), [2]int{1, 0}},
		{"exited", sec(5.5), [2]int{1, 0}},
		{"second run", sec(7), [2]int{2, 1}},
		{"exited again", sec(11.5), [2]int{2, 1}},
		{"waiting for the restart", sec(13), [2]int{2, 2}},
	} {
		x.at(c.at)
		same(t, c.name, numbers(x.life.Run("app")), c.want)
	}
	current, _ := x.life.Run("app")
	same(t, "run", *current, pod.Run{Number: 2, Started: t0.Add(sec(6)), Finished: t0.Add(sec(11))})
	if c, p := x.life.Run("nobody"); c != nil || p != nil {
		t.Error("an unknown container has runs")
	}
}

func TestTerminationMessagesShareTwelveKiB(t *testing.T) {
	long := make([]rune, 20<<10)
	for i := range long {
		long[i] = 'ü'
	}
	ask := always(pod.Outcome{Exit: &pod.Exit{Code: 1, Message: string(long)}})
	x := begin(t, web(withApp("b", "c", "d", "e"), policy(v1.RestartPolicyNever)), ask).at(sec(1))
	message := x.container("app").State.Terminated.Message
	if len(message) != 2456 || message != string(long[:1228]) { // 12288 / 5 = 2457, and ü has two bytes
		t.Errorf("message has %d bytes", len(message))
	}
}
