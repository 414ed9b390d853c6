package pod

import (
	"time"

	v1 "k8s.io/api/core/v1"
)

// Kind says which part a container plays in its pod.
type Kind string

// The kinds of containers.
const (
	App     Kind = "app"
	Init    Kind = "init"
	Sidecar Kind = "sidecar" // an init container with restartPolicy Always
)

// Question is one ask of the machine. Container, Number and At identify it: the same question always means the same
// draws. A retry is a new question with a new number.
type Question struct {
	Container *v1.Container
	Kind      Kind
	// Number counts the pulls or the starts of this container from 1 and is never reused. A start's number is
	// restartCount + 1, unless attempts before it failed without leaving a container.
	Number   int
	At       time.Time                    // when what is asked about began
	Now      time.Time                    // the moment of asking: At, or later where it is asked again
	Previous *v1.ContainerStateTerminated // the run before; nil in the first
}

// Asker answers the machine's questions. It is called synchronously by [Life.Advance] and [Life.Replan], and must not
// change what its answers point to afterwards.
type Asker interface {
	Pull(q Question) Pull
	Start(q Question) Outcome
}

// Pull is how the pull of an image goes. The zero value is a pull that succeeds at once.
type Pull struct {
	After   time.Duration // it takes, or fails after, this long
	Reason  string        // "": pulled; else ErrImagePull, ErrImageNeverPull, InvalidImageName, RegistryUnavailable …
	Message string        // of the failure
	Expires time.Time     // zero: stands until Replan; else it is asked again then, unless it is over by then
	By      string        // who said so, for events: "flaky.lua:12"
}

// Outcome is what one run of a container will do. The zero value is a container that passes its probes as soon as they
// ask and runs until it is stopped; an init container exits 0 once it is ready.
type Outcome struct {
	Started   *time.Duration // startup passes that long after the start; nil: startupProbe.initialDelaySeconds, else at once
	Unstarted bool           // it never passes; a startupProbe of the spec then ends the run when it failed often enough
	Ready     *Readiness     // nil: readinessProbe.initialDelaySeconds after the startup passed, else with it
	// LivenessFails is how long after the start the liveness probe begins to fail; nil: it does not. When it failed often
	// enough the container is told to stop, which one that hangs does not heed: Terminate says otherwise.
	LivenessFails *time.Duration
	Exit          *Exit        // nil: runs until stopped
	StartError    *StartError  // the container cannot be started at all
	Terminate     *Termination // how it answers SIGTERM; nil: it ends at once with exit code 143
	Expires       time.Time    // as in Pull
	By            string
}

// Readiness is how the readiness of a run goes.
type Readiness struct {
	After time.Duration `json:"after,omitempty"` // since the run's start, never before its startup passed
	Never bool          `json:"never,omitempty"`
	// With Up > 0 the container is from then on ready for Up and unready for Down, in turn. Both are at least a second.
	Up   time.Duration `json:"up,omitempty"`
	Down time.Duration `json:"down,omitempty"`
}

// Exit is how a run ends by itself.
type Exit struct {
	After   time.Duration `json:"after,omitempty"` // since the run's start
	Code    int32         `json:"code,omitempty"`
	Signal  int32         `json:"signal,omitempty"`
	Reason  string        `json:"reason,omitempty"` // "": Completed for code 0, else Error
	Message string        `json:"message,omitempty"`
}

// StartError says why a container could not be started.
type StartError struct {
	// Reason is RunContainerError (the default), PostStartHookError, CreateContainerConfigError, CreateContainerError,
	// PreStartHookError … The first two leave a dead container behind and count as a crash; the others are tried again
	// every ten seconds.
	Reason  string        `json:"reason,omitempty"`
	Message string        `json:"message,omitempty"`
	Dead    string        `json:"dead,omitempty"`  // the message of the dead container left behind; "": Message
	After   time.Duration `json:"after,omitempty"` // since the attempt began
}

// Termination is how a container answers SIGTERM.
type Termination struct {
	After time.Duration `json:"after,omitempty"`
	Never bool          `json:"never,omitempty"` // it ignores it
	Code  *int32        `json:"code,omitempty"`  // nil: 143
}

// Beginning is what is known of a pod when its life begins.
type Beginning struct {
	Delay    time.Duration // nothing happens to the pod before this is over; [Forever]: never
	IP       string        // "": not known yet, see [Life.WithIP]
	Rejected *Rejection    // the node does not take it
}

// Rejection is why a node does not take a pod.
type Rejection struct {
	Reason  string `json:"reason"` // OutOfcpu, NodeAffinity …
	Message string `json:"message"`
}

// End is how a pod is ended by its node.
type End struct {
	Phase      v1.PodPhase // "": Failed
	Reason     string      // Evicted, Terminated, Preempting …
	Message    string
	Event      string        // type of the event that tells of it: Normal, Warning; "": none does
	By         string        // who did it, for that event
	Grace      time.Duration // zero: the containers are killed at once
	Disruption *Disruption   // nil: no DisruptionTarget condition
	Lost       bool          // the containers cannot be found any more: ContainerStatusUnknown
}

// Disruption is the content of a DisruptionTarget condition whose status is True.
type Disruption struct {
	Reason  string `json:"reason"` // TerminationByKubelet
	Message string `json:"message"`
}

// Node is what a status says of its node.
type Node struct {
	HostIP  string
	HostIPs []string // empty: HostIP only
	// Minor is the minor version of the Kubernetes whose shapes are written; 35 adds observedGeneration.
	Minor int
}

// Run is one life of one container.
type Run struct {
	Number   int
	Started  time.Time
	Finished time.Time // zero: it still runs
}

// Event is something that happened to a pod.
type Event struct {
	At        time.Time
	Container string // "": the pod as a whole
	Type      string // Normal, Warning
	// Reason is the Kubernetes event reason where there is one (Pulling, Pulled, Created, Started, Killing, BackOff,
	// Failed, Unhealthy, Evicted …), else our own word (Ready, Exited, Succeeded, SandboxReady).
	Reason  string
	Message string
	By      string // who decided it: Pull.By or Outcome.By; "": the machine itself
	Rule    string // the kubelet's rule that did it or follows, with its figures: "back-off 20s after the 2nd crash"
}
