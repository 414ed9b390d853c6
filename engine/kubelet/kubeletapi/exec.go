package kubeletapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/streaming/pkg/httpstream/wsstream"
	utilexec "k8s.io/utils/exec"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// exec answers kubectl exec.
func (s *Server) exec(w http.ResponseWriter, r *http.Request, c *call) error {
	provider, ok := s.Provider.(kubelet.Executor)
	if !ok {
		return unsupported("exec")
	}
	argv := r.URL.Query()["command"]
	if len(argv) == 0 {
		return refuse(http.StatusBadRequest, "exec needs a command")
	}
	ref, err := c.runningContainer()
	if err != nil {
		return err
	}
	return s.remote(w, r, c, func(ctx context.Context, streams kubelet.Streams) error {
		code, err := provider.Exec(ctx, ref, argv, streams)
		if err == nil && code != 0 {
			return utilexec.CodeExitError{Err: fmt.Errorf("exit code %d", code), Code: code}
		}
		return err
	})
}

// attach answers kubectl attach.
func (s *Server) attach(w http.ResponseWriter, r *http.Request, c *call) error {
	provider, ok := s.Provider.(kubelet.Executor)
	if !ok {
		return unsupported("attach")
	}
	ref, err := c.runningContainer()
	if err != nil {
		return err
	}
	return s.remote(w, r, c, func(ctx context.Context, streams kubelet.Streams) error {
		return provider.Attach(ctx, ref, streams)
	})
}

// runningContainer is the container a call names. One that a status shows as not running is refused as a kubelet does.
func (c *call) runningContainer() (kubelet.ContainerRef, error) {
	ref := kubelet.ContainerRef{PodRef: kubelet.RefTo(c.pod), Container: c.container}
	status := containerStatus(&c.pod.Status, c.container)
	if !hasContainer(&c.pod.Spec, c.container) || status != nil && status.State.Running == nil {
		return ref, refuse(http.StatusNotFound, "container not found (%q)", c.container)
	}
	return ref, nil
}

func hasContainer(spec *v1.PodSpec, name string) bool {
	for i := range spec.Containers {
		if spec.Containers[i].Name == name {
			return true
		}
	}
	for i := range spec.InitContainers {
		if spec.InitContainers[i].Name == name {
			return true
		}
	}
	for i := range spec.EphemeralContainers {
		if spec.EphemeralContainers[i].Name == name {
			return true
		}
	}
	return false
}

// remote upgrades a call to streams and runs the provider on them. Errors from then on go down the stream of errors.
func (s *Server) remote(w http.ResponseWriter, r *http.Request, c *call, run func(context.Context, kubelet.Streams) error) error {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		return refuse(http.StatusBadRequest, "%s: %v", c.name, err)
	}
	one := &session{node: c.node, verdict: true}
	ctx := s.sessions.begin(r.Context(), one)
	defer s.sessions.end(one)
	defer s.meters.streaming(c.name)()
	t := &terminal{options: options, run: func(streams kubelet.Streams) (err error) {
		defer func() { err = s.recovered(recover(), err) }()
		return run(ctx, streams)
	}}
	up, r := &upgrade{w.(*recorder), one}, r.WithContext(ctx)
	switch {
	case wsstream.IsWebSocketRequestWithStreamCloseProtocol(r):
		t.serveWebSocket(up, r)
	case c.name == "exec":
		remotecommand.ServeExec(up, r, t, c.podName, c.uid, c.container, nil, options,
			streamIdleTimeout, streamCreationTimeout, remotecommand.SupportedStreamingProtocols)
	default:
		remotecommand.ServeAttach(up, r, t, c.podName, c.uid, c.container, options,
			streamIdleTimeout, streamCreationTimeout, remotecommand.SupportedStreamingProtocols)
	}
	return nil
}

// terminal runs a provider on the streams of one session.
type terminal struct {
	options *remotecommand.Options
	run     func(kubelet.Streams) error
}

// ExecInContainer implements remotecommand.Executor. What is executed is known to run.
func (t *terminal) ExecInContainer(ctx context.Context, _, _, _ string, _ []string, in io.Reader, out, err io.WriteCloser,
	_ bool, resize <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	return t.serve(ctx, in, out, err, resize)
}

// AttachContainer implements remotecommand.Attacher.
func (t *terminal) AttachContainer(ctx context.Context, _, _, _ string, in io.Reader, out, err io.WriteCloser,
	_ bool, resize <-chan remotecommand.TerminalSize,
) error {
	return t.serve(ctx, in, out, err, resize)
}

// serve hands the provider those streams that were asked for. Output is closed before the verdict is sent, so that no
// client takes the verdict for the end of output that is still on its way.
func (t *terminal) serve(ctx context.Context, in io.Reader, out, errs io.WriteCloser, resize <-chan remotecommand.TerminalSize) error {
	running, cancel := context.WithCancel(ctx)
	var sizes sync.WaitGroup
	defer sizes.Wait()
	defer cancel()
	streams := kubelet.Streams{TTY: t.options.TTY}
	if t.options.Stdin {
		streams.Stdin = in
	}
	if t.options.Stdout {
		streams.Stdout = out
		defer closeStream(out)
	}
	if t.options.Stderr {
		streams.Stderr = errs
		defer closeStream(errs)
	}
	if resize != nil { // WebSockets have the stream even where there is no terminal: it is read all the same
		newest := make(chan kubelet.TerminalSize)
		sizes.Go(func() { newestSize(running, resize, newest) })
		if t.options.TTY {
			streams.Resize = newest
		}
	}
	err := t.run(streams)
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return cause
	}
	return err
}

func closeStream(w io.Closer) { _ = w.Close() }

// newestSize passes on the last size known, so that who does not look holds up nobody. It closes to.
func newestSize(ctx context.Context, from <-chan remotecommand.TerminalSize, to chan<- kubelet.TerminalSize) {
	defer close(to)
	var last kubelet.TerminalSize
	var ready chan<- kubelet.TerminalSize // nil: there is nothing to pass on
	for from != nil || ready != nil {
		select {
		case size, ok := <-from:
			if !ok {
				from = nil
				continue
			}
			last, ready = kubelet.TerminalSize(size), to
		case ready <- last:
			ready = nil
		case <-ctx.Done():
			return
		}
	}
}
