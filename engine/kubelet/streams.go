package kubelet

import (
	"context"
	"io"
	"time"
)

// ContainerRef names one container. Without a name it is the pod's only one.
type ContainerRef struct {
	PodRef
	Container string
}

// LogOptions is which part of a log is wanted; see v1.PodLogOptions.
type LogOptions struct {
	Tail       *int      // last lines; nil: all. 0 is none at all
	Since      time.Time // only lines not before; zero: from the start
	LimitBytes int64     // at most so many bytes; 0: no limit
	Timestamps bool      // each line begins with its time, RFC 3339 with nanoseconds
	Follow     bool      // go on until the container ends
	Previous   bool      // of the run before
}

// LogReader is a Provider whose containers write logs.
type LogReader interface {
	// Logs streams a log. With Follow, reading blocks until there is more, and ends with the run. The caller closes it;
	// ending ctx ends it too. ErrNotFound: no such pod or container, or no previous run.
	Logs(ctx context.Context, c ContainerRef, o LogOptions) (io.ReadCloser, error)
}

// TerminalSize is the size of a terminal, in characters.
type TerminalSize struct{ Width, Height uint16 }

// Streams are the ends of an exec or attach session. Streams that the client did not ask for are nil.
type Streams struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer // nil with TTY: all goes to Stdout
	TTY    bool
	Resize <-chan TerminalSize // nil without TTY; closed at the end
}

// Executor is a Provider that answers kubectl exec and kubectl attach.
type Executor interface {
	// Exec runs a command until it ends or ctx does, and reports its exit code. An error means that it could not be run,
	// and says why to the person at the other end.
	Exec(ctx context.Context, c ContainerRef, argv []string, s Streams) (exit int, err error)

	// Attach joins the container's main process, and returns when the session is over.
	Attach(ctx context.Context, c ContainerRef, s Streams) error
}

// PortForwarder is a Provider that answers kubectl port-forward.
type PortForwarder interface {
	// PortForward serves one connection to a port of the pod, and returns when it is over. The caller closes it.
	PortForward(ctx context.Context, pod PodRef, port int32, connection io.ReadWriter) error
}
