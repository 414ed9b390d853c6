package pod

import (
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Next is one thing that happens to a pod by itself, unless something comes in between.
type Next struct {
	At        time.Time // zero: it waits for something without a time, or never comes
	What      string    // a word: start, pull, restart, ask, started, ready, unready, probe, exit, kill, deadline, wait, held
	Container string    // "": the pod as a whole
	Text      string    // the same as a clause: "restarts", "becomes ready"
	Rule      string    // of the kubelet, with its figures; "": it is an answer's doing
	By        string    // whose answer, as in [Outcome.By]

	Hook   string // of an ask: the hook that will be asked, on_pull or on_start,
	Number int    // and the number of that question
}

// Next tells what happens by itself: soonest first, then what has no time. Unlike [Life.Due] it looks through the steps
// in between, such as the second for which a kubelet shows an exit, to what a person waits for.
func (l *Life) Next(p *v1.Pod) []Next {
	f := foresight{m: &l.m, p: p}
	if l.m.fits(p) {
		f.pod()
	}
	slices.SortStableFunc(f.all, func(a, b Next) int {
		switch {
		case a.At.Equal(b.At):
			return 0
		case b.At.IsZero(), !a.At.IsZero() && a.At.Before(b.At):
			return -1
		default:
			return 1
		}
	})
	return f.all
}

// foresight gathers what comes next.
type foresight struct {
	m   *memory
	p   *v1.Pod
	all []Next
}

func (f *foresight) add(c *containerLife, at instant, n Next) {
	n.At = at.time()
	if c != nil {
		n.Container = c.Name
	}
	f.all = append(f.all, n)
}

func (f *foresight) pod() {
	m := f.m
	if m.hangs() {
		f.add(nil, never, Next{What: "held", Text: "stays, although it is deleted: its end is held"})
	}
	if m.terminal() {
		return
	}
	switch {
	case m.Ending == nil && m.Delay == forever:
		f.add(nil, never, Next{What: "wait", Text: "gets no sandbox, unless its script says otherwise"})
	case m.Ending == nil && m.Delay != never:
		f.add(nil, max(m.Delay, m.Floor), Next{What: "start", Text: "starts"})
	case m.Ending == nil && !m.Sandbox && !m.addressed():
		f.add(nil, never, Next{What: "wait", Text: "starts once it has an address"})
	default:
		for i := range m.Containers {
			f.container(i)
		}
	}
	if m.Ending == nil && m.Deadline != never {
		rule := fmt.Sprintf("activeDeadlineSeconds %d", int64(time.Duration(m.Deadline-m.Start)/time.Second))
		f.add(nil, m.Deadline, Next{What: "deadline", Text: "is ended as DeadlineExceeded", Rule: rule})
	}
}

func (f *foresight) container(i int) {
	switch c := &f.m.Containers[i]; c.Stage {
	case waiting:
		f.turn(c, i)
	case queued:
		f.queued(c, i)
	case pulling:
		f.pulling(c)
	case failed:
		at := max(c.PullBack.Updated.plus(c.PullBack.Delay), f.m.Floor)
		f.add(c, at, Next{What: "pull", Text: "pulls its image again", Rule: pullRule(c)})
		f.asked(c, at, "on_pull", c.Pulls+1)
	case starting:
		if e := c.Plan.Error; e != nil {
			f.add(c, c.Due, Next{What: "start", Text: "cannot be started: " + startReason(e), By: c.Plan.By})
		}
	case running:
		f.running(c, kindOf(f.p, i))
	case exited:
		delay := c.Crash.wait(c.Ended.Finished)
		f.restart(c, i, max(c.Due, c.Ended.Finished.plus(delay), f.m.Floor), crashRule(c, delay))
	case backOff:
		f.restart(c, i, max(c.Due, f.m.Floor), crashRule(c, time.Duration(c.Due-c.Ended.Finished)))
	case done:
	}
}

// turn tells what a container waits for that was never started.
func (f *foresight) turn(c *containerLife, i int) {
	inits := len(f.p.Spec.InitContainers)
	for j := range min(i, inits) {
		before := &f.m.Containers[j]
		if before.passed() || kindOf(f.p, j) == Sidecar && before.Started {
			continue
		}
		text := "starts once " + before.Name + " is done"
		if kindOf(f.p, j) == Sidecar {
			text = "starts once " + before.Name + " has started"
		}
		f.add(c, never, Next{What: "wait", Text: text})
		return
	}
}

func (f *foresight) queued(c *containerLife, i int) {
	at := max(c.Due, f.m.Floor)
	switch {
	case c.Waiting == nil:
		f.add(c, at, Next{What: "start", Text: "starts"})
	case c.Waiting.Reason == "ImagePullBackOff":
		f.add(c, at, Next{What: "pull", Text: "pulls its image again", Rule: pullRule(c)})
	default:
		f.add(c, at, Next{What: "start", Text: "is tried again", Rule: retryRule})
	}
	f.start(c, i, at)
}

func (f *foresight) restart(c *containerLife, i int, at instant, rule string) {
	f.add(c, at, Next{What: "restart", Text: "restarts", Rule: rule})
	f.start(c, i, at)
}

// start tells what is asked when a container is started then.
func (f *foresight) start(c *containerLife, i int, at instant) {
	if c.Present && pullPolicy(specOf(f.p, i)) != v1.PullAlways {
		f.asked(c, at, "on_start", c.Run+1)
		return
	}
	f.asked(c, at, "on_pull", c.Pulls+1)
}

func (f *foresight) asked(c *containerLife, at instant, hook string, number int) {
	what := "run"
	if hook == "on_pull" {
		what = "pull"
	}
	f.add(c, at, Next{What: "ask", Text: fmt.Sprintf("%s of %s %d is asked", hook, what, number), Hook: hook, Number: number})
}

func (f *foresight) pulling(c *containerLife) {
	at := max(c.Asked.plus(c.Pull.After), c.Pull.Floor, f.m.Floor)
	text := "has its image"
	if c.Pull.Reason != "" {
		text = "fails to pull its image: " + c.Pull.Reason
	}
	f.add(c, at, Next{What: "pull", Text: text, By: c.Pull.By})
}

func (f *foresight) running(c *containerLife, kind Kind) {
	if c.Plan == nil {
		f.asked(c, f.m.Clock, "on_start", c.Run)
		return
	}
	at := max(c.Start.plus(c.Plan.Started), c.Plan.Floor)
	switch {
	case c.Plan.Unstarted:
		f.add(c, never, Next{What: "wait", Text: "never passes its startup", By: c.Plan.By})
	case !c.Started && at > c.Start:
		f.add(c, at, Next{What: "started", Text: "passes its startup", By: c.Plan.By})
	}
	if kind != Init && !c.Plan.Unstarted { // nobody probes it
		f.readiness(c, at)
	}
	f.probes(c)
	if e := c.Plan.Exit; e != nil {
		f.add(c, max(c.Start.plus(e.After), c.Plan.Floor), Next{What: "exit", Text: "exits with " + code(e), By: c.Plan.By})
	}
	f.ending(c)
	if c.Plan.Exit == nil && f.m.Ending == nil && c.Term == never {
		f.add(c, never, Next{What: "wait", Text: "runs until it is stopped", By: c.Plan.By})
	}
}

// probes tells when a probe fails, and when one ends a run.
func (f *foresight) probes(c *containerLife) {
	if at, what := c.ailing(); at != never && c.Term == never && f.m.Ending == nil {
		f.add(c, at, Next{What: "probe", Text: "fails its " + strings.ToLower(what.probe()) + " probe", By: c.Plan.By})
	}
	if at := c.killDue(); at != never && c.Term == never && f.m.Ending == nil {
		f.add(c, at, Next{What: "kill", Text: "is told to stop", Rule: c.probeRule(), By: c.Plan.By})
	}
}

// readiness tells when a container whose startup passes then becomes ready, or unready.
func (f *foresight) readiness(c *containerLife, started instant) {
	r := c.Plan.Ready
	switch {
	case f.m.Held.Unready:
		f.add(c, never, Next{What: "held", Text: "stays unready: that is held"})
	case !c.Reached && r.Never:
		f.add(c, never, Next{What: "wait", Text: "never becomes ready", By: c.Plan.By})
	case !c.Started:
		f.add(c, max(c.Start.plus(r.After), started), Next{What: "ready", Text: "becomes ready", By: c.Plan.By})
	case c.flipDue() == never:
	case c.Ready:
		f.add(c, c.flipDue(), Next{What: "unready", Text: "becomes unready", By: c.Plan.By})
	default:
		f.add(c, c.flipDue(), Next{What: "ready", Text: "becomes ready", By: c.Plan.By})
	}
}

// ending tells how a container comes to its end that was told to.
func (f *foresight) ending(c *containerLife) {
	switch {
	case f.m.hangs(), c.Term == never && f.m.Ending == nil:
		return
	case c.Term == never:
		f.add(c, never, Next{What: "wait", Text: "is told to stop once the containers proper have ended"})
		return
	}
	at, how := f.m.stopDue(c)
	switch {
	case at == never:
		f.add(c, never, Next{What: "wait", Text: "never ends: not even by SIGKILL"})
	case how == dies:
		f.add(c, at, Next{What: "kill", Text: "is killed", Rule: f.m.stopRule(c, true)})
	default:
		f.add(c, at, Next{What: "exit", Text: "ends", Rule: f.m.stopRule(c, false)})
	}
}

// code is how an exit reads: "code 137, OOMKilled".
func code(e *Exit) string {
	parts := []string{fmt.Sprintf("code %d", e.Code)}
	for _, s := range []string{e.Reason, e.Message} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

// startReason is how a start error reads.
func startReason(e *StartError) string {
	reason := e.Reason
	if reason == "" {
		reason = "RunContainerError"
	}
	if e.Message != "" {
		reason += ": " + e.Message
	}
	return reason
}
