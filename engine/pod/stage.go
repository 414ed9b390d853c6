package pod

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// stage is what a container is doing. All but running have one due time, containerLife.Due.
//
//	waiting ─► queued ─► pulling ─► starting ─► running ─► exited ─► done
//	             ▲          │          │                      │
//	             ├──────── failed ◄────┘ (no container left)  │
//	             └──────────────── backOff ◄──────────────────┘
type stage string

const (
	waiting  stage = ""         // it is not its turn
	queued   stage = "queued"   // its image is wanted, or it is started, when due
	pulling  stage = "pulling"  // the answer to on_pull is being played
	failed   stage = "failed"   // its pull failed; when due, that is called back-off
	starting stage = "starting" // it will turn out when due that it cannot be started
	running  stage = "running"  // the answer to on_start is being played
	exited   stage = "exited"   // its run is over; when due, it is decided about a restart
	backOff  stage = "backOff"  // it is started again when due
	done     stage = "done"     // it never runs again
)

// containerLife is what is remembered of a container.
type containerLife struct {
	Name     string   `json:"name"`
	Stage    stage    `json:"stage,omitempty"`
	Due      instant  `json:"due,omitempty"`
	Asked    instant  `json:"asked,omitempty"` // Question.At of the open question
	Pulls    int      `json:"pulls,omitempty"` // questions so far
	Run      int      `json:"run,omitempty"`
	Restarts int32    `json:"restarts,omitempty"`
	Present  bool     `json:"present,omitempty"` // its image is on the node
	Changed  bool     `json:"changed,omitempty"` // its definition: it is being restarted for that
	Waiting  *refusal `json:"waiting,omitempty"` // shown as the waiting state; nil: the last exit is, or that it is being created
	PullBack backoff  `json:"pullBack,omitzero"`
	Crash    backoff  `json:"crash,omitzero"`
	Pull     *pull    `json:"pull,omitempty"` // answer being played while pulling; the failed one while failed

	// Of the current run.
	Start   instant `json:"begun,omitempty"`
	Plan    *plan   `json:"plan,omitempty"` // nil: still to be asked
	Started bool    `json:"started,omitempty"`
	Reached bool    `json:"reached,omitempty"` // it was ready once
	Ready   bool    `json:"ready,omitempty"`
	Flipped instant `json:"flipped,omitempty"` // when Ready last changed
	Told    ails    `json:"told,omitempty"`    // of its probes that fail
	Hung    bool    `json:"hung,omitempty"`    // it does not heed SIGTERM, unless its plan says how it does
	Term    instant `json:"term,omitempty"`    // when SIGTERM was sent
	Kill    instant `json:"kill,omitempty"`    // when SIGKILL follows

	Ended  *ended `json:"ended,omitempty"`  // the last run that is over
	Before *ended `json:"before,omitempty"` // the one before it, while that one is shown as the current state
}

// refusal is the content of a waiting state.
type refusal struct {
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
}

// ended is a run that is over.
type ended struct {
	Run      int     `json:"run,omitempty"` // 0: nobody knows which
	Started  instant `json:"started,omitempty"`
	Finished instant `json:"finished,omitempty"`
	Code     int32   `json:"code,omitempty"`
	Signal   int32   `json:"signal,omitempty"`
	Reason   string  `json:"reason,omitempty"`
	Message  string  `json:"message,omitempty"`
}

func (e *ended) run() *Run {
	if e == nil || e.Run == 0 {
		return nil
	}
	return &Run{Number: e.Run, Started: e.Started.time(), Finished: e.Finished.time()}
}

// lost is what a kubelet writes for a container of which it knows nothing.
func lost() *ended {
	return &ended{
		Code: 137, Reason: "ContainerStatusUnknown",
		Message: "The container could not be located when the pod was terminated",
	}
}

func newEnded(c *containerLife, at instant, e Exit) *ended {
	if e.Reason == "" {
		e.Reason = exitReason(e.Code)
	}
	return &ended{
		Run: c.Run, Started: c.Start, Finished: at,
		Code: e.Code, Signal: e.Signal, Reason: e.Reason, Message: e.Message,
	}
}

func exitReason(code int32) string {
	if code == 0 {
		return "Completed"
	}
	return "Error"
}

// by is who said what the current run does.
func (c *containerLife) by() string {
	if c.Plan == nil {
		return ""
	}
	return c.Plan.By
}

// over says that the container ran to its end and will not run again.
func (c *containerLife) over() bool { return c.Stage == done }

// everStarted says that the container ran at least once.
func (c *containerLife) everStarted() bool { return c.Stage == running || c.Ended != nil }

// passed says that an init container did its work.
func (c *containerLife) passed() bool { return c.Stage == done && c.Ended != nil && c.Ended.Code == 0 }

// aligned arranges containers as the spec has them: those of known names keep what is remembered.
func aligned(old []containerLife, p *v1.Pod) []containerLife {
	all := make([]containerLife, 0, len(p.Spec.InitContainers)+len(p.Spec.Containers))
	add := func(name string) {
		for i := range old {
			if old[i].Name == name {
				all = append(all, old[i])
				return
			}
		}
		all = append(all, containerLife{Name: name})
	}
	for i := range p.Spec.InitContainers {
		add(p.Spec.InitContainers[i].Name)
	}
	for i := range p.Spec.Containers {
		add(p.Spec.Containers[i].Name)
	}
	return all
}

// fits says that the containers are those of the spec.
func (m *memory) fits(p *v1.Pod) bool {
	if m.Rejected != nil {
		return true
	}
	inits := len(p.Spec.InitContainers)
	if len(m.Containers) != inits+len(p.Spec.Containers) {
		return false
	}
	for i := range m.Containers {
		if m.Containers[i].Name != specOf(p, i).Name {
			return false
		}
	}
	return true
}

// specOf is the definition of the ith container, counted as memory.Containers are.
func specOf(p *v1.Pod, i int) *v1.Container {
	if n := len(p.Spec.InitContainers); i >= n {
		return &p.Spec.Containers[i-n]
	}
	return &p.Spec.InitContainers[i]
}

// kindOf is the part the ith container plays.
func kindOf(p *v1.Pod, i int) Kind {
	switch {
	case i >= len(p.Spec.InitContainers):
		return App
	case isSidecar(&p.Spec.InitContainers[i]):
		return Sidecar
	default:
		return Init
	}
}

func isSidecar(c *v1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == v1.ContainerRestartPolicyAlways
}

// grace is how long a pod's containers get between SIGTERM and SIGKILL.
func grace(p *v1.Pod) time.Duration {
	if g := p.Spec.TerminationGracePeriodSeconds; g != nil {
		return seconds(*g)
	}
	return v1.DefaultTerminationGracePeriodSeconds * time.Second
}
