package pod_test

import (
	"fmt"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// next is what is next, a line each: when since t0, the container, what and why.
func (x *play) next() string {
	var b strings.Builder
	for _, n := range x.life.Next(x.p) {
		when := "-"
		if !n.At.IsZero() {
			when = n.At.Sub(t0).String()
		}
		fmt.Fprintf(&b, "%s %s %s", when, n.Container, n.Text)
		for _, s := range []string{n.Rule, n.By} {
			if s != "" {
				b.WriteString(" (" + s + ")")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestNextSaysWhatComesWhenAndByWhichRule(t *testing.T) {
	crashes := always(pod.Outcome{Exit: &pod.Exit{After: sec(5), Code: 137, Reason: "OOMKilled"}, By: "flaky.lua:7"})
	noImage := &script{pull: func(pod.Question) pod.Pull {
		return pod.Pull{After: sec(2), Reason: "ErrImagePull", Message: "no such tag", By: "pull.lua:3"}
	}}
	slow := always(pod.Outcome{Ready: &pod.Readiness{After: sec(30)}, By: "slow.lua:2"})
	for name, c := range map[string]struct {
		play *play
		want string
	}{
		"a run that will crash": {begin(t, web(), crashes).at(sec(1)), `
5s app exits with code 137, OOMKilled (flaky.lua:7)`},
		"the first crash": {begin(t, web(), crashes).at(sec(5)), `
6s app restarts (no back-off after the 1st crash)
6s app on_start of run 2 is asked`},
		"an exit that is still shown": {begin(t, web(), crashes).at(sec(11)), `
21s app restarts (back-off 10s after the 2nd crash)
21s app on_start of run 3 is asked`},
		"a back-off": {begin(t, web(), crashes).at(sec(13)), `
21s app restarts (back-off 10s after the 2nd crash)
21s app on_start of run 3 is asked`},
		"a back-off with an image that is always pulled": {begin(t, web(func(p *v1.Pod) {
			p.Spec.Containers[0].ImagePullPolicy = v1.PullAlways
		}), crashes).at(sec(13)), `
21s app restarts (back-off 10s after the 2nd crash)
21s app on_pull of pull 3 is asked`},
		"the last exit": {begin(t, web(policy(v1.RestartPolicyNever)), crashes).at(sec(5)), ``},
		"a pull that will fail": {begin(t, web(), noImage).at(sec(1)), `
2s app fails to pull its image: ErrImagePull (pull.lua:3)`},
		"a pull that failed": {begin(t, web(), noImage).at(sec(2)), `
12s app pulls its image again (back-off 10s after the 1st failed pull)
12s app on_pull of pull 2 is asked`},
		"a pull back-off": {begin(t, web(), noImage).at(sec(15)), `
34s app pulls its image again (back-off 20s after the 2nd failed pull)
34s app on_pull of pull 3 is asked`},
		"a slow start": {begin(t, web(), slow).at(sec(1)), `
10s app fails its readiness probe (slow.lua:2)
30s app becomes ready (slow.lua:2)
- app runs until it is stopped (slow.lua:2)`},
		"a flap": {begin(t, web(), always(pod.Outcome{Ready: &pod.Readiness{Up: sec(10), Down: sec(5)}})).at(sec(12)), `
15s app becomes ready
- app runs until it is stopped`},
		"a startup, then never ready": {begin(t, web(), always(pod.Outcome{Started: new(sec(9)), Ready: &pod.Readiness{Never: true}})).at(sec(1)), `
9s app passes its startup
- app never becomes ready
- app runs until it is stopped`},
		"a start that fails": {begin(t, web(), always(pod.Outcome{
			StartError: &pod.StartError{Reason: "CreateContainerConfigError", Message: "no Secret", After: sec(3)}, By: "conf.lua:1",
		})).at(sec(1)), `
3s app cannot be started: CreateContainerConfigError: no Secret (conf.lua:1)`},
		"a start that failed": {begin(t, web(), always(pod.Outcome{
			StartError: &pod.StartError{Reason: "CreateContainerConfigError", Message: "no Secret"},
		})).at(sec(1)), `
10s app is tried again (tried again every 10s)
10s app on_start of run 2 is asked`},
		"an init container": {begin(t, web(withInit("setup")), by(map[string]pod.Outcome{"setup": {Exit: exit(0, sec(20))}})).at(sec(1)), `
20s setup exits with code 0
- app starts once setup is done`},
		"a deadline": {begin(t, web(withDeadline(60)), nil).at(sec(1)), `
1m0s  is ended as DeadlineExceeded (activeDeadlineSeconds 60)
- app runs until it is stopped`},
		"a deletion that takes its grace": {begin(t, web(), always(pod.Outcome{Terminate: &pod.Termination{Never: true}})).at(0).delete(sec(3), sec(12), nil), `
15s app is killed (SIGKILL after 12s of grace)`},
		"a deletion that is answered": {begin(t, web(), always(pod.Outcome{Terminate: &pod.Termination{After: sec(4)}})).at(0).delete(sec(3), sec(12), nil), `
7s app ends (its answer to SIGTERM)`},
		"a deletion that never ends": {begin(t, web(), nil).at(0).delete(sec(3), sec(12), &pod.Termination{Never: true}), `
- app never ends: not even by SIGKILL`},
		"a sidecar outlives the others": {begin(t, web(withSidecar("mesh")), always(pod.Outcome{Terminate: &pod.Termination{After: sec(4)}})).at(0).
			delete(sec(3), sec(12), nil), `
7s app ends (its answer to SIGTERM)
- mesh is told to stop once the containers proper have ended`},
		"a liveness probe that will fail": {begin(t, web(), always(pod.Outcome{LivenessFails: new(sec(20)), By: "hang.lua:2"})).at(sec(1)), `
20s app fails its liveness probe (hang.lua:2)
50s app is told to stop (its liveness probe failed for 30s) (hang.lua:2)
- app runs until it is stopped (hang.lua:2)`},
		"a container that hangs": {begin(t, web(withGrace(9)), always(pod.Outcome{LivenessFails: new(sec(20))})).at(sec(51)), `
59s app is killed (SIGKILL after 9s of grace)`},
		"a startup that never comes": {begin(t, web(withProbes(startup(v1.Probe{PeriodSeconds: 5}))), always(pod.Outcome{Unstarted: true})).at(sec(1)), `
15s app is told to stop (its startup probe failed for 15s)
- app never passes its startup
- app runs until it is stopped`},
		"unready because it is held": {begin(t, web(), nil).at(sec(1)).hold(sec(2), pod.Held{Unready: true}), `
- app stays unready: that is held
- app runs until it is stopped`},
		"a deleted pod whose end is held": {begin(t, web(), nil).at(sec(1)).hold(sec(2), pod.Held{NoEnd: true}).delete(sec(3), sec(12), nil), `
-  stays, although it is deleted: its end is held`},
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := c.play.next(), strings.TrimPrefix(c.want+"\n", "\n"); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestNextBeforeTheFirstStart(t *testing.T) {
	x := begin(t, web(), nil)
	x.life = pod.Begin(x.p, t0, pod.Beginning{IP: "10.0.0.7", Delay: sec(8)})
	if got := x.next(); got != "8s  starts\n" {
		t.Errorf("delayed: %s", got)
	}
	x.life = pod.Begin(x.p, t0, pod.Beginning{IP: "10.0.0.7", Delay: pod.Forever})
	if got := x.next(); got != "-  gets no sandbox, unless its script says otherwise\n" {
		t.Errorf("stuck: %s", got)
	}
	x.life = pod.Begin(x.p, t0, pod.Beginning{})
	x.at(0)
	if got := x.next(); got != "-  starts once it has an address\n" {
		t.Errorf("without an address: %s", got)
	}
}

// Whatever a pod does: the soonest thing that Next tells of is not before what is due, something happens then, and where
// nothing is due Next tells no time.
func TestNextAgreesWithWhatHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, f := anyPod(t), newFate(t)
		l, now := pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7", Delay: f.seconds("delay")}), t0
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			l, _ = l.Advance(p, now, f)
			if rapid.IntRange(0, 9).Draw(t, "deleted") == 0 {
				l, _ = l.Delete(p, now, f.seconds("grace"), nil)
				l, _ = l.Advance(p, now, f)
			}
			due, next := l.Due(), l.Next(p)
			if due.IsZero() {
				if len(next) > 0 && !next[0].At.IsZero() {
					t.Fatalf("nothing is due, and next is %+v", next[0])
				}
				return
			}
			if len(next) == 0 || next[0].At.Before(due) {
				t.Fatalf("due at %s, and next is %+v", due, next)
			}
			if next[0].At.After(t0.AddDate(1, 0, 0)) { // the end of time repeats itself
				return
			}
			now = due
			if _, events := l.Advance(p, next[0].At, f); len(events) == 0 && next[0].What != "started" {
				t.Fatalf("nothing happens at %+v", next[0])
			}
		}
	})
}
