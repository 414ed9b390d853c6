package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

func (x *play) kill(after time.Duration, k pod.Killing) *play {
	x.t.Helper()
	return x.took(x.life.Kill(x.p, k, t0.Add(after)))
}

func (x *play) hold(after time.Duration, h pod.Held) *play {
	x.t.Helper()
	return x.took(x.life.Hold(x.p, h, t0.Add(after), "someone"))
}

// told says that an event was told, and by whom.
func (x *play) told(reason, message, by string) {
	x.t.Helper()
	for _, e := range x.events {
		if e.Reason == reason && e.Message == message && e.By == by {
			return
		}
	}
	x.t.Errorf("no event %s %q by %q in %v", reason, message, by, x.events)
}

func TestKill(t *testing.T) {
	for name, c := range map[string]struct {
		edits []edit
		kill  pod.Killing
		rows  map[time.Duration]string
	}{
		"a crash is followed by a restart": {
			nil,
			pod.Killing{Exit: pod.Exit{Code: 137}},
			map[time.Duration]string{sec(60): "0/1 Error 0", sec(61): "1/1 Running 1 (1s ago)"},
		},
		"an OOM shows as such": {
			nil, pod.Killing{Exit: pod.OOM()}, map[time.Duration]string{sec(60): "0/1 OOMKilled 0", sec(61): "1/1 Running 1 (1s ago)"},
		},
		"an OOM is the end where nothing restarts": {
			[]edit{policy(v1.RestartPolicyNever)}, pod.Killing{Exit: pod.OOM()}, map[time.Duration]string{sec(60): "0/1 OOMKilled 0", sec(99): "0/1 OOMKilled 0"},
		},
		"a finished run completes the pod where only failures restart": {
			[]edit{policy(v1.RestartPolicyOnFailure)}, pod.Killing{}, map[time.Duration]string{sec(60): "0/1 Completed 0"},
		},
		"every app container ends without a name": {
			[]edit{withApp("b"), withSidecar("proxy")}, pod.Killing{Exit: pod.Exit{Code: 1}}, map[time.Duration]string{sec(60): "1/3 Error 0"},
		},
		"one ends by its name": {
			[]edit{withApp("b")}, pod.Killing{Container: "b", Exit: pod.Exit{Code: 1}}, map[time.Duration]string{sec(60): "1/2 Error 0"},
		},
		"a sidecar ends by its name": {
			[]edit{withSidecar("proxy")}, pod.Killing{Container: "proxy", Exit: pod.Exit{Code: 1}}, map[time.Duration]string{sec(60): "1/2 Init:Error 0"},
		},
		"an unknown name ends nothing": {
			nil, pod.Killing{Container: "ap"}, map[time.Duration]string{sec(60): "1/1 Running 0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(c.edits...), nil).at(sec(59)).kill(sec(60), c.kill)
			for _, after := range []time.Duration{sec(60), sec(61), sec(99)} {
				if want := c.rows[after]; want != "" {
					x.wantRow(after, want)
				}
			}
		})
	}
}

func TestKillAgainAndAgainIsACrashLoop(t *testing.T) {
	x := begin(t, web(), nil).at(sec(9)).kill(sec(10), pod.Killing{Exit: pod.Exit{Code: 9}, By: "someone"}).at(sec(11))
	x.told("Exited", "exit code 9, Error", "someone")
	x.kill(sec(12), pod.Killing{Exit: pod.Exit{Code: 9}}).wantRow(sec(14), "0/1 CrashLoopBackOff 1 (2s ago)").wantRow(sec(22), "1/1 Running 2 (10s ago)")
}

func TestKillDoesNothingWhereNothingRuns(t *testing.T) {
	x := begin(t, web(), pullFails(pod.Pull{After: time.Hour})).at(sec(9))
	if before := x.life; x.kill(sec(10), pod.Killing{}).life != before {
		t.Error("a pod that pulls its image was killed")
	}
	x = begin(t, web(policy(v1.RestartPolicyNever)), nil).at(sec(9)).kill(sec(10), pod.Killing{})
	if before := x.life; x.kill(sec(11), pod.Killing{}).life != before {
		t.Error("a pod at its end was killed")
	}
}

func TestKillEndsTheInitContainerWhoseTurnItIs(t *testing.T) {
	x := begin(t, web(withInit("init-a")), always(pod.Outcome{Exit: exit(0, time.Hour)})).at(sec(9))
	x.kill(sec(10), pod.Killing{Exit: pod.Exit{Code: 1}}).wantRow(sec(10), "0/1 Init:Error 0")
}

func TestHoldUnready(t *testing.T) {
	x := begin(t, web(), nil).wantRow(sec(9), "1/1 Running 0").hold(sec(10), pod.Held{Unready: true})
	x.wantRow(sec(10), "0/1 Running 0").wantRow(time.Hour, "0/1 Running 0")
	x.told("Unhealthy", "Readiness probe failed", "someone")
	same(t, "since", x.condition(v1.PodReady).LastTransitionTime.Time, t0.Add(sec(10)))
	x.kill(time.Hour, pod.Killing{Exit: pod.Exit{Code: 1}}).wantRow(time.Hour+sec(1), "0/1 Running 1 (1s ago)") // the next run as well
	x.hold(2*time.Hour, pod.Held{}).wantRow(2*time.Hour, "1/1 Running 1 (60m ago)")
	same(t, "since", x.condition(v1.PodReady).LastTransitionTime.Time, t0.Add(2*time.Hour))
}

func TestHoldUnreadyLetsAnotherReadinessGoOn(t *testing.T) {
	x := begin(t, web(), always(pod.Outcome{Ready: &pod.Readiness{After: sec(20), Up: sec(30), Down: sec(10)}}))
	x.at(sec(9)).hold(sec(10), pod.Held{Unready: true}).wantRow(sec(40), "0/1 Running 0").hold(sec(45), pod.Held{})
	x.wantRow(sec(45), "1/1 Running 0").wantRow(sec(50), "0/1 Running 0").wantRow(sec(60), "1/1 Running 0")
}

func TestHoldNoEnd(t *testing.T) {
	for name, c := range map[string]struct {
		ask    *script
		before time.Duration
		row    string
	}{
		"a running pod":              {nil, sec(9), "1/1 Terminating 0"},
		"a pending pod":              {pullFails(pod.Pull{After: time.Hour}), sec(9), "0/1 Terminating 0"},
		"a pod that exits meanwhile": {always(pod.Outcome{Exit: exit(0, sec(20))}), sec(9), "0/1 Terminating 0"},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(), c.ask).at(c.before).hold(sec(10), pod.Held{NoEnd: true}).delete(sec(11), sec(5), nil)
			x.wantRow(100*time.Hour, c.row)
			if x.life.Gone() {
				t.Fatal("gone")
			}
			x.hold(101*time.Hour, pod.Held{}).at(101 * time.Hour)
			if !x.life.Gone() {
				t.Error("not gone once nothing holds it up")
			}
			if end := x.container("app").State.Terminated; end == nil || end.FinishedAt.After(t0.Add(101*time.Hour)) {
				t.Errorf("ended %v", end)
			}
		})
	}
}

func TestHoldNoEndKeepsAPodThatIsOver(t *testing.T) {
	x := begin(t, web(policy(v1.RestartPolicyNever)), always(pod.Outcome{Exit: exit(0, sec(1))})).at(sec(9))
	x.hold(sec(10), pod.Held{NoEnd: true}).delete(sec(11), sec(5), nil).at(time.Hour)
	if x.life.Gone() {
		t.Fatal("gone")
	}
	if !x.hold(2*time.Hour, pod.Held{}).life.Gone() {
		t.Error("not gone once nothing holds it up")
	}
}

func TestHoldNoEndDoesNotKeepAPodFromEviction(t *testing.T) {
	end, _ := pod.Evicted(web(), "memory")
	begin(t, web(), nil).at(sec(9)).hold(sec(9), pod.Held{NoEnd: true}).end(sec(10), end).wantRow(sec(10), "0/1 Error 0")
}
