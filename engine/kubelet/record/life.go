package record

import (
	"reflect"
	"time"

	v1 "k8s.io/api/core/v1"
)

// never is how long it takes where nobody saw the end.
const never = 24 * time.Hour

// life is what its node did with a pod.
func (n *narrator) life(t *podTale) Life {
	l := Life{Facts: n.facts(t)}
	if t.end != nil && t.end.rejected {
		l.Refused = &Refusal{Reason: t.end.reason, Message: t.end.message}
		return l
	}
	if !t.inherited {
		l.Delay = n.delay(t)
	}
	asked := t.startable()
	for _, c := range t.containers {
		told := Container{Name: c.name, Pulls: n.pulls(t, c, asked), Starts: n.starts(t, c)}
		l.Containers = append(l.Containers, told)
		if c.init || c.sidecar {
			asked = c.passedAt()
		}
	}
	return l
}

// startable is when the first container could be started; zero: never.
func (t *podTale) startable() time.Time {
	if !t.sandbox.IsZero() || says(t.pod, v1.PodReadyToStartContainers) && !t.anyBegan() {
		return t.sandbox
	}
	return t.first
}

// delay is how long the node had the pod before it could start anything.
func (n *narrator) delay(t *podTale) time.Duration {
	switch {
	case !t.sandbox.IsZero():
		return n.span(t.first, t.sandbox)
	case t.anyBegan(), !says(t.pod, v1.PodReadyToStartContainers):
		return 0 // its node does not say: the image's part and this one are told as one
	default:
		return never
	}
}

func says(p *v1.Pod, kind v1.PodConditionType) bool {
	for i := range p.Status.Conditions {
		if p.Status.Conditions[i].Type == kind {
			return true
		}
	}
	return false
}

func (t *podTale) anyBegan() bool {
	for _, c := range t.containers {
		if c.began() || len(c.pulls) > 0 {
			return true
		}
	}
	return false
}

// began says that a run of the container was seen.
func (c *containerTale) began() bool { return c.firstRun() != nil }

func (c *containerTale) firstRun() *startTale {
	for _, s := range c.starts {
		if s.number > 0 {
			return s
		}
	}
	return nil
}

// passedAt is when the containers after this one could start: an init container has ended well, or a sidecar started.
func (c *containerTale) passedAt() time.Time {
	for _, s := range c.starts {
		switch {
		case c.sidecar && !s.started.IsZero():
			return s.started
		case c.init && !s.ended.IsZero() && s.code == 0 && s.failure == "":
			return s.ended
		}
	}
	return time.Time{}
}

// The back-off of a kubelet between attempts to get an image.
const (
	firstBackOff = 10 * time.Second
	mostBackOff  = 5 * time.Minute
	retry        = 10 * time.Second // without back-off
)

// pulls are the attempts to get a container's image. asked is when the first was made. What a kubelet waits between two
// is not told: the back-off of images, and that of crashes where each run pulls anew.
func (n *narrator) pulls(t *podTale, c *containerTale, asked time.Time) []Pull {
	if t.inherited && len(c.pulls) == 0 {
		return nil // it was asked for before anybody looked
	}
	p := puller{n: n, asked: asked, backOff: firstBackOff, failures: c.pulls}
	for _, s := range c.starts {
		p.fail(s.begun)
		if !s.before {
			p.all = append(p.all, n.came(s, p.asked)...)
		}
		if !c.always {
			return p.told()
		}
		p.asked = s.again()
	}
	p.fail(n.end)
	p.pending(t, len(c.starts) == 0)
	return p.told()
}

// puller goes through the attempts to get an image.
type puller struct {
	n        *narrator
	asked    time.Time // for the next attempt
	backOff  time.Duration
	failures []pullTale // yet to come
	all      []Pull
}

// fail tells the attempts that failed up to a moment.
func (p *puller) fail(until time.Time) {
	for len(p.failures) > 0 && !p.failures[0].at.After(until) {
		p.all = append(p.all, p.n.failedPull(p.failures[0], p.asked)...)
		p.asked, p.backOff = p.failures[0].next(p.backOff), min(2*p.backOff, mostBackOff)
		p.failures = p.failures[1:]
	}
}

// pending tells an attempt of which nobody saw the end: it took longer than that.
func (p *puller) pending(t *podTale, first bool) {
	end := p.n.end
	if left := t.left(); !left.IsZero() && left.Before(end) {
		end = left
	}
	if t.end != nil && t.end.at.Before(end) {
		end = t.end.at
	}
	if p.asked.IsZero() || !end.After(p.asked) {
		return
	}
	switch last := len(p.all) - 1; {
	case last < 0 && first:
		p.all = append(p.all, Pull{After: never})
	case last >= 0 && p.all[last].Reason != "" && p.all[last].After < end.Sub(p.asked):
		again := p.all[last]
		again.After = p.n.span(p.asked, end) + firstBackOff
		p.all = append(p.all, again)
	}
}

// told leaves out what is said already, and all where each image came at once.
func (p *puller) told() []Pull {
	all := p.all
	for len(all) > 1 && all[len(all)-1] == all[len(all)-2] {
		all = all[:len(all)-1]
	}
	if len(all) == 1 && all[0] == (Pull{}) {
		return nil
	}
	return all
}

// failedPull is an attempt that failed, as often as a kubelet made it in that time.
func (n *narrator) failedPull(p pullTale, asked time.Time) []Pull {
	all := []Pull{{After: n.span(asked, p.at), Reason: p.reason, Message: p.message}}
	if !noBackOff[p.reason] || p.until.IsZero() {
		return all
	}
	return append(all, repeat(Pull{Reason: p.reason, Message: p.message}, retries(p.at, p.until))...)
}

// next is when a kubelet tries again.
func (p pullTale) next(backOff time.Duration) time.Time {
	if noBackOff[p.reason] {
		return p.until
	}
	return p.at.Add(backOff)
}

// came is an image that was there for a start, or for as many as failed alike.
func (n *narrator) came(s *startTale, asked time.Time) []Pull {
	all := []Pull{{After: n.span(asked, s.begun)}}
	if s.failure != "" && s.number == 0 && !s.ended.IsZero() {
		all = append(all, repeat(Pull{}, retries(s.begun, s.ended))...)
	}
	return all
}

// again is when a kubelet starts the container again.
func (s *startTale) again() time.Time {
	if s.number == 0 {
		return s.ended
	}
	return s.ended.Add(max(s.backOff, time.Second))
}

// retries is how often a kubelet tries again in that time what has no back-off.
func retries(from, until time.Time) int { return int((until.Sub(from) - retry/2) / retry) }

func repeat[T any](one T, times int) []T {
	var all []T
	for range times {
		all = append(all, one)
	}
	return all
}

// starts are a container's runs, and the times it could not be started.
func (n *narrator) starts(t *podTale, c *containerTale) []Start {
	var all []Start
	for _, s := range c.starts {
		switch {
		case s.failure != "":
			all = append(all, n.failed(s)...)
		case s.reason == "StartError" && s.cause == itself:
			all = append(all, Start{Failure: &Refusal{Reason: "RunContainerError", Message: s.message}}) // as it shows where nothing restarts
		default:
			all = append(all, n.run(t, c, s))
		}
	}
	for len(all) > 1 && reflect.DeepEqual(all[len(all)-1], all[len(all)-2]) {
		all = all[:len(all)-1]
	}
	return all
}

// failed is a start that failed, as often as a kubelet tried in that time.
func (n *narrator) failed(s *startTale) []Start {
	one := Start{Failure: &Refusal{Reason: s.failure, Message: s.message}}
	if s.number > 0 || s.ended.IsZero() {
		return []Start{one} // it left a dead container, which is counted by itself; or it never got better
	}
	return repeat(one, 1+retries(s.begun, s.ended))
}

func (n *narrator) run(t *podTale, c *containerTale, s *startTale) Start {
	var r Start
	if !c.init {
		r = n.readiness(t, s)
	}
	switch {
	case s.ended.IsZero():
	case s.cause == itself && !s.before:
		r.Exit = &Exit{After: n.span(s.begun, s.ended), Code: s.code, Reason: s.reason, Message: s.message}
	case s.cause == told:
		r.Terminate = n.span(t.toldAt(c), s.ended)
		r.Deaf = s.code == 137
	}
	return r
}

// readiness is when a run was ready. What comes and goes without a rule is told by the scenario.
func (n *narrator) readiness(t *podTale, s *startTale) Start {
	var r Start
	if !s.before && !s.started.IsZero() {
		r.Started = n.span(s.begun, s.started)
	}
	if len(s.flips) == 0 {
		r.Never = true
		return r
	}
	if !s.before {
		r.Ready = n.span(s.begun, s.flips[0].at)
		r.Up, r.Down = n.rhythm(t, s)
	}
	return r
}

// rhythm is how long a run was ready and unready in turn, if it was in a rhythm.
func (n *narrator) rhythm(t *podTale, s *startTale) (up, down time.Duration) {
	if len(s.flips) < 5 { // ready, not, ready, not, ready
		return 0, 0
	}
	var sum [2]time.Duration
	var count [2]int
	for i := 1; i < len(s.flips); i++ {
		sum[i%2] += s.flips[i].at.Sub(s.flips[i-1].at)
		count[i%2]++
	}
	up, down = sum[1]/time.Duration(count[1]), sum[0]/time.Duration(count[0])
	for i := 1; i < len(s.flips); i++ {
		want, got := []time.Duration{down, up}[i%2], s.flips[i].at.Sub(s.flips[i-1].at)
		if (want - got).Abs() > max(want/8, 200*time.Millisecond) {
			return 0, 0
		}
	}
	last := s.flips[len(s.flips)-1]
	due := last.at.Add(down)
	if last.ready {
		due = last.at.Add(up)
	}
	if up < time.Second || down < time.Second || n.lookedUntil(t, s).After(due.Add(2*n.round)) {
		return 0, 0 // too quick, or it came out of step
	}
	return up.Round(n.round / 100), down.Round(n.round / 100) // or many of them would drift
}

// lookedUntil is how long the readiness of a run was seen.
func (n *narrator) lookedUntil(t *podTale, s *startTale) time.Time {
	switch {
	case !t.left().IsZero():
		return t.left()
	case !s.ended.IsZero():
		return s.ended
	}
	return n.end
}
