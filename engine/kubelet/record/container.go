package record

import (
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

// containerTale is what was seen of one container of a pod.
type containerTale struct {
	name    string
	init    bool // it runs before the others, and is not probed
	sidecar bool
	always  bool // each run pulls the image
	pulls   []pullTale
	starts  []*startTale // each run, and each start that failed
	waiting string       // reason, as it was seen last
}

// pullTale is an attempt to get the image that failed.
type pullTale struct {
	at, until       time.Time // it failed, and something else showed; zero: not yet
	reason, message string
}

// startTale is one run, or one time that the container could not be started.
type startTale struct {
	number          int  // restartCount + 1; 0: it left no dead container
	before          bool // it began before the recording did
	begun, ended    time.Time
	started         time.Time // the startup passed
	flips           []flip
	code            int32
	reason, message string
	backOff         time.Duration // after it
	failure         string        // why it could not be started; "": it was
	cause           cause
}

// flip is a change of readiness.
type flip struct {
	at    time.Time
	ready bool
}

// cause is what ended a run.
type cause int

const (
	itself   cause = iota
	told           // it was told to end: the pod was deleted, or its time or work was over
	eviction       // the node ended the pod
)

// look is under which circumstances a container's status is seen.
type look struct {
	start, at        time.Time
	deleting, byNode bool
	over             bool // the pod reached its end
	late             bool // because its deadline came
}

func newContainerTale(c *v1.Container, init bool) *containerTale {
	sidecar := init && c.RestartPolicy != nil && *c.RestartPolicy == v1.ContainerRestartPolicyAlways
	return &containerTale{name: c.Name, init: init && !sidecar, sidecar: sidecar, always: pullsAlways(c)}
}

// pullsAlways is what the container says, or what the API server fills in.
func pullsAlways(c *v1.Container) bool {
	if c.ImagePullPolicy != "" {
		return c.ImagePullPolicy == v1.PullAlways
	}
	name := c.Image[strings.LastIndexByte(c.Image, '/')+1:]
	return strings.HasSuffix(name, ":latest") || !strings.ContainsAny(name, ":@")
}

func (c *containerTale) see(s *v1.ContainerStatus, v look, seen *Seen) {
	current, last := int(s.RestartCount)+1, s.LastTerminationState.Terminated
	switch {
	case s.State.Running != nil:
		if last != nil {
			c.exit(current-1, last, v, seen)
		}
		c.run(current, s, v, seen)
	case s.State.Terminated != nil:
		if last != nil {
			c.exit(current-1, last, v, seen)
		}
		c.exit(current, s.State.Terminated, v, seen)
	case last != nil:
		c.exit(current, last, v, seen)
	}
	c.wait(s.State.Waiting, v, seen)
}

// find is the run of that number, which is new if it was not seen before; nil: it was over when anybody looked first.
func (c *containerTale) find(number int, begun time.Time, v look, over bool) *startTale {
	for _, s := range slices.Backward(c.starts) {
		if s.number == number {
			return s
		}
	}
	before := begun.Before(v.start.Truncate(time.Second))
	if over && (before || c.passed(number)) {
		return nil
	}
	s := &startTale{number: number, before: before, begun: pinned(begun, v.at)}
	c.starts = append(c.starts, s)
	return s
}

// passed says that a later run was seen already.
func (c *containerTale) passed(number int) bool {
	return slices.ContainsFunc(c.starts, func(s *startTale) bool { return s.number > number })
}

// pinned is when it was seen, which is finer than the whole seconds of a status, unless it was seen late.
func pinned(stamp, at time.Time) time.Time {
	if d := at.Sub(stamp); d >= 0 && d < 2*time.Second {
		return at
	}
	return stamp
}

func (c *containerTale) run(number int, s *v1.ContainerStatus, v look, seen *Seen) {
	r := c.find(number, s.State.Running.StartedAt.Time, v, false)
	if r.started.IsZero() && s.Started != nil && *s.Started {
		r.started = v.at
	}
	if c.init || v.deleting { // it is not probed, or readiness goes with the pod
		return
	}
	was := len(r.flips) > 0 && r.flips[len(r.flips)-1].ready
	if was == s.Ready {
		return
	}
	r.flips = append(r.flips, flip{v.at, s.Ready})
	if was {
		seen.Troubles++
	}
}

func (c *containerTale) exit(number int, t *v1.ContainerStateTerminated, v look, seen *Seen) {
	known := len(c.starts)
	r := c.find(number, t.StartedAt.Time, v, true)
	if r == nil || !r.ended.IsZero() {
		return
	}
	r.ended, r.code, r.reason, r.message = pinned(t.FinishedAt.Time, v.at), t.ExitCode, t.Reason, t.Message
	if len(c.starts) > known { // nobody saw it run
		r.begun = r.ended.Add(t.StartedAt.Sub(t.FinishedAt.Time))
	}
	switch {
	case v.deleting, v.late, v.over && c.sidecar:
		r.cause = told
	case v.byNode:
		r.cause = eviction
	default:
		seen.Exits++
	}
}

// wait notes why a container cannot start.
func (c *containerTale) wait(w *v1.ContainerStateWaiting, v look, seen *Seen) {
	reason := ""
	if w != nil {
		reason = w.Reason
	}
	was := c.waiting
	c.waiting = reason
	if reason == was {
		return
	}
	if n := len(c.pulls); n > 0 && c.pulls[n-1].until.IsZero() {
		c.pulls[n-1].until = v.at
	}
	for _, s := range c.starts { // the run that came of it may stand behind it already
		if s.failure != "" && s.ended.IsZero() {
			s.ended = v.at
		}
	}
	switch {
	case reason == "CrashLoopBackOff" && len(c.starts) > 0:
		c.starts[len(c.starts)-1].backOff = backOffOf(w.Message)
	case pullFailures[reason]:
		c.pulls = append(c.pulls, pullTale{at: v.at, reason: reason, message: w.Message})
		seen.Troubles++
	case reason == "ImagePullBackOff" && len(c.pulls) == 0:
		why, message := unfold(w.Message)
		c.pulls = append(c.pulls, pullTale{at: v.at, until: v.at, reason: why, message: message})
		seen.Troubles++
	case startFailures[reason]:
		c.fail(reason, w.Message, v)
		seen.Troubles++
	}
}

// fail notes a start that failed. Where it left a dead container, that counts as a run, which was seen already.
func (c *containerTale) fail(reason, message string, v look) {
	if n := len(c.starts); n > 0 {
		last := c.starts[n-1]
		if last.number > 0 && last.failure == "" && last.cause == itself && !last.ended.IsZero() && leavesDead[reason] {
			last.failure, last.message = reason, message
			return
		}
	}
	c.starts = append(c.starts, &startTale{begun: v.at, failure: reason, message: message})
}

// backOffOf is the time in "back-off 10s restarting failed container=…".
func backOffOf(message string) time.Duration {
	text, _, _ := strings.Cut(strings.TrimPrefix(message, "back-off "), " ")
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}

// unfold takes the failure out of what a kubelet says while it waits to pull again.
func unfold(message string) (reason, text string) {
	if _, rest, ok := strings.Cut(message, `": `); ok {
		if why, text, ok := strings.Cut(rest, ": "); ok && pullFailures[why] {
			return why, text
		}
	}
	return "ErrImagePull", message
}

// What a kubelet says of an image it cannot get, and of a container it cannot start.
var (
	pullFailures = set("ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "RegistryUnavailable", "SignatureValidationFailed", "ImageInspectError")
	noBackOff    = set("ErrImageNeverPull", "InvalidImageName", "ImageInspectError")

	startFailures = set("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreStartHookError", "PostStartHookError")
	leavesDead    = set("RunContainerError", "PostStartHookError")
)

func set(words ...string) map[string]bool {
	all := map[string]bool{}
	for _, w := range words {
		all[w] = true
	}
	return all
}
