package pod

import (
	"fmt"
	"maps"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
)

// shape is what the short form of the status hook stands for.
type shape struct {
	phase    v1.PodPhase // "": as the containers say
	reason   string      // of the pod
	message  string      // of the pod
	rejected bool        // the node did not take it: nothing but phase, reason and message
	app      func(*shaping, *containerLife)
}

// shaping is a status being made of a word.
type shaping struct {
	machine
	image string // of the container at hand
}

// shapes are the words; most are what kubectl prints as STATUS.
var shapes = map[string]shape{
	"Running":   {app: (*shaping).ready},
	"NotReady":  {app: (*shaping).unready},
	"Unknown":   {phase: v1.PodUnknown, app: (*shaping).ready},
	"Succeeded": {phase: v1.PodSucceeded, app: exitsWith(0, "")},
	"Completed": {phase: v1.PodSucceeded, app: exitsWith(0, "")},
	"Failed":    {phase: v1.PodFailed, app: exitsWith(1, "")},
	"Error":     {phase: v1.PodFailed, app: exitsWith(1, "")},
	"OOMKilled": {app: exitsWith(137, "OOMKilled")},

	"Pending":                    {app: (*shaping).create},
	"ContainerCreating":          {app: (*shaping).create},
	"ErrImagePull":               {app: pullFails("ErrImagePull", "failed to pull and unpack image %q: not found")},
	"ImagePullBackOff":           {app: pullFails("ImagePullBackOff", "Back-off pulling image %[1]q: ErrImagePull: failed to pull and unpack image %[1]q: not found")},
	"ErrImageNeverPull":          {app: pullFails("ErrImageNeverPull", "Container image %q is not present with pull policy of Never")},
	"InvalidImageName":           {app: pullFails("InvalidImageName", "Failed to apply default image tag %q: couldn't parse image name: invalid reference format")},
	"CreateContainerConfigError": {app: waits("CreateContainerConfigError", "configuration of the container is missing or wrong")},
	"CreateContainerError":       {app: waits("CreateContainerError", "the runtime could not create the container")},
	"RunContainerError":          {app: (*shaping).runError},
	"CrashLoopBackOff":           {app: (*shaping).crashLoop},

	"ContainerStatusUnknown": {phase: v1.PodFailed, app: (*shaping).lost},
	"DeadlineExceeded": {
		phase: v1.PodFailed, reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline",
		app: exitsWith(137, ""),
	},
	"Evicted":      {phase: v1.PodFailed, reason: "Evicted", message: "The node was low on resource: memory. ", app: exitsWith(137, "")},
	"NodeAffinity": rejectedBy("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"),
	"NodeShutdown": rejectedBy("NodeShutdown", "Pod was rejected as the node is shutting down."),
	"OutOfcpu":     rejectedBy("OutOfcpu", "Node didn't have enough resource: cpu"),
	"OutOfmemory":  rejectedBy("OutOfmemory", "Node didn't have enough resource: memory"),
	"OutOfpods":    rejectedBy("OutOfpods", "Node didn't have enough resource: pods"),
}

func rejectedBy(reason, why string) shape {
	return shape{rejected: true, reason: reason, message: "Pod was rejected: " + why}
}

// Words are all words that [Shape] knows, sorted.
func Words() []string { return slices.Sorted(maps.Keys(shapes)) }

// Shape is the whole status that a word stands for: "Running", "CrashLoopBackOff" …; false: there is no such word. base
// is the derived status: times, addresses and restart counts are kept from it where they still fit.
func Shape(word string, p *v1.Pod, base *v1.PodStatus, now time.Time) (*v1.PodStatus, bool) {
	sh, ok := shapes[word]
	if !ok {
		return nil, false
	}
	s := shaping{machine: machine{memory: Adopt(p, base, now).m, p: p, at: moment(now)}}
	s.Containers = aligned(s.Containers, p)
	s.Rejected, s.Ending, s.Phase, s.Sandbox = nil, nil, v1.PodPending, true
	if sh.rejected {
		s.Rejected = &Rejection{Reason: sh.reason, Message: sh.message}
		s.Phase = v1.PodFailed
	} else {
		s.fill(sh)
	}
	return (&Life{s.memory}).Status(p, nodeOf(base)), true
}

// nodeOf is what a status tells of its node.
func nodeOf(s *v1.PodStatus) Node {
	n := Node{HostIP: s.HostIP}
	for _, ip := range s.HostIPs {
		n.HostIPs = append(n.HostIPs, ip.IP)
	}
	if s.ObservedGeneration != 0 {
		n.Minor = 35
	}
	return n
}

// fill puts all containers into the state that a word means.
func (s *shaping) fill(sh shape) {
	ends := sh.phase == v1.PodSucceeded || sh.phase == v1.PodFailed
	for i := range s.Containers {
		c, spec := &s.Containers[i], specOf(s.p, i)
		s.image = spec.Image
		switch kind := kindOf(s.p, i); {
		case kind == App:
			sh.app(s, c)
		case kind == Sidecar && !ends:
			s.ready(c)
		case kind == Init || c.Ended == nil:
			s.exit(c, Exit{})
		default:
			s.exit(c, Exit{Code: c.Ended.Code, Reason: c.Ended.Reason})
		}
	}
	if sh.phase == "" && s.allFailed() {
		sh.phase, ends = v1.PodFailed, true
	}
	if ends {
		s.Phase, s.Sandbox = sh.phase, false
		s.Ending = &ending{At: s.at, Phase: sh.phase, Reason: sh.reason, Message: sh.message}
	}
	s.observe()
	if sh.phase != "" {
		s.Phase = sh.phase
	}
}

// allFailed says that no container proper will run again.
func (s *shaping) allFailed() bool {
	for i := range s.Containers {
		c := &s.Containers[i]
		if kindOf(s.p, i) == App && (c.Stage != done || restarts(s.p, i, c.Ended.Code)) {
			return false
		}
	}
	return len(s.Containers) > 0
}

func (s *shaping) ready(c *containerLife) {
	if c.Stage != running {
		c.Stage, c.Start, c.Run = running, s.at, int(c.Restarts)+1
	}
	c.Waiting, c.Before = nil, nil
	c.Started, c.Ready, c.Present = true, true, true
}

func (s *shaping) unready(c *containerLife) {
	s.ready(c)
	c.Ready = false
}

func (s *shaping) create(c *containerLife) {
	c.clear()
	c.Stage, c.Ended, c.Before = queued, nil, nil
}

func (s *shaping) wait(c *containerLife, reason, message string) {
	if c.Stage == running {
		s.exit(c, Exit{Code: 137})
	}
	c.clear()
	c.Stage, c.Waiting = queued, &refusal{Reason: reason, Message: message}
}

// exit ends a container, unless it ended that way already.
func (s *shaping) exit(c *containerLife, e Exit) {
	if e.Reason == "" {
		e.Reason = exitReason(e.Code)
	}
	if c.Stage == running || c.Ended == nil || c.Ended.Code != e.Code || c.Ended.Reason != e.Reason {
		if c.Stage != running {
			c.Start, c.Run = s.at, int(c.Restarts)+1
			c.Ended = nil
		}
		c.Before, c.Ended = c.Ended, newEnded(c, s.at, e)
	}
	c.clear()
	c.Stage, c.Present = done, true
}

func exitsWith(code int32, reason string) func(*shaping, *containerLife) {
	return func(s *shaping, c *containerLife) { s.exit(c, Exit{Code: code, Reason: reason}) }
}

func waits(reason, message string) func(*shaping, *containerLife) {
	return func(s *shaping, c *containerLife) {
		s.create(c)
		s.wait(c, reason, message)
	}
}

func pullFails(reason, format string) func(*shaping, *containerLife) {
	return func(s *shaping, c *containerLife) {
		s.create(c)
		c.Present = false
		s.wait(c, reason, fmt.Sprintf(format, s.image))
	}
}

func (s *shaping) runError(c *containerLife) {
	const message = "failed to create containerd task: failed to create shim task"
	s.exit(c, Exit{Code: 128, Reason: "StartError", Message: message})
	s.wait(c, "RunContainerError", message)
}

func (s *shaping) crashLoop(c *containerLife) {
	if c.Stage == running || c.Ended == nil {
		s.exit(c, Exit{Code: 1})
	}
	delay := max(guess(c.Restarts), firstBackoff)
	s.wait(c, "CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container=%s pod=%s", delay, c.Name, title(s.p)))
}

// lost counts as a restart, as a kubelet counts it; the runs are numbered anew, as one would number them by that count.
func (s *shaping) lost(c *containerLife) {
	gone := lost()
	if c.Ended == nil || c.Ended.Reason != gone.Reason {
		c.Restarts++
		c.Run = int(c.Restarts) + 1
	}
	s.exit(c, Exit{Code: gone.Code, Reason: gone.Reason, Message: gone.Message})
	if c.Before != nil {
		before := *c.Before
		before.Run = int(c.Restarts)
		c.Before = &before
	}
}
