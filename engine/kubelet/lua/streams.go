package lua

import (
	"context"
	"io"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/forward"
	"github.com/moonlet-dev/moonlet/engine/provider"
)

// What people may ask of a pod.
var (
	_ kubelet.LogReader     = (*Provider)(nil)
	_ kubelet.Executor      = (*Provider)(nil)
	_ kubelet.PortForwarder = (*Provider)(nil)
	_ kubelet.Meter         = (*Provider)(nil)
)

// Logs implements [kubelet.LogReader] by hook logs.
func (p *Provider) Logs(ctx context.Context, c kubelet.ContainerRef, o kubelet.LogOptions) (io.ReadCloser, error) {
	if err := p.known(c.PodRef); err != nil {
		return nil, err
	}
	if err := p.meet(ctx, api.GetContainerLogs, c.Namespace, c.Name); err != nil {
		return nil, err
	}
	log, err := p.scripts.LogStream(ctx, asked(c), provider.LogOptions(o))
	return log, translate(err)
}

// Exec implements [kubelet.Executor] by hook exec.
func (p *Provider) Exec(ctx context.Context, c kubelet.ContainerRef, argv []string, s kubelet.Streams) (int, error) {
	if err := p.known(c.PodRef); err != nil {
		return 0, err
	}
	var exit int
	err := withStreams(ctx, s, func(s provider.Streams) (err error) {
		exit, err = p.scripts.Exec(ctx, asked(c), argv, s)
		return err
	})
	return exit, translate(err)
}

// Attach implements [kubelet.Executor] by hook exec, without a command, or the container's log.
func (p *Provider) Attach(ctx context.Context, c kubelet.ContainerRef, s kubelet.Streams) error {
	if err := p.known(c.PodRef); err != nil {
		return err
	}
	return translate(withStreams(ctx, s, func(s provider.Streams) error { return p.scripts.Attach(ctx, asked(c), s) }))
}

// PortForward implements [kubelet.PortForwarder]: scripts answer HTTP, or the bytes themselves.
func (p *Provider) PortForward(ctx context.Context, pod kubelet.PodRef, port int32, connection io.ReadWriter) error {
	if err := p.known(pod); err != nil {
		return err
	}
	to := provider.PortAsk{Namespace: pod.Namespace, Pod: pod.Name, Port: port}
	return translate(forward.Serve(ctx, scriptedPort{p.scripts, to}, connection))
}

// scriptedPort is a port that scripts answer.
type scriptedPort struct {
	scripts *provider.Provider
	port    provider.PortAsk
}

// Raw implements [forward.Port] by hook port_forward.
func (p scriptedPort) Raw(ctx context.Context, connection io.ReadWriter) (bool, error) {
	return p.scripts.ForwardRaw(ctx, p.port, connection)
}

// Answer implements [forward.Port] by hook http.
func (p scriptedPort) Answer(ctx context.Context, r forward.Request) (forward.Response, error) {
	answer, err := p.scripts.HTTPAnswer(ctx, p.port, provider.HTTPRequest(r))
	return forward.Response(answer), err
}

// Usage implements [kubelet.Meter] by hook usage.
func (p *Provider) Usage(ctx context.Context, node string) ([]kubelet.PodUsage, error) {
	used, err := p.scripts.Usage(ctx, node)
	if err != nil {
		return nil, translate(err)
	}
	pods := make([]kubelet.PodUsage, len(used))
	for i, one := range used {
		pods[i] = kubelet.PodUsage{Pod: one.Pod, Containers: make([]kubelet.ContainerUsage, len(one.Containers))}
		for j, c := range one.Containers {
			pods[i].Containers[j] = kubelet.ContainerUsage(c)
		}
	}
	return pods, nil
}

// known refuses what is asked of a pod that has another UID by now.
func (p *Provider) known(ref kubelet.PodRef) error {
	_, err := p.scripts.Status(keyOf(ref.Namespace, ref.Name), ref.UID)
	return translate(err)
}

func asked(c kubelet.ContainerRef) provider.ContainerAsk {
	return provider.ContainerAsk{Namespace: c.Namespace, Pod: c.Name, Container: c.Container}
}

// withStreams hands streams over in the provider's terms while do runs.
func withStreams(ctx context.Context, s kubelet.Streams, do func(provider.Streams) error) error {
	theirs := provider.Streams{Stdin: s.Stdin, Stdout: s.Stdout, Stderr: s.Stderr, TTY: s.TTY}
	if s.Resize == nil {
		return do(theirs)
	}
	sizes := make(chan provider.TerminalSize)
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(sizes)
		resize(ctx, s.Resize, sizes)
	}()
	defer func() { stop(); <-ended }()
	theirs.Resize = sizes
	return do(theirs)
}

// resize passes sizes of a terminal on until there are no more or ctx ends.
func resize(ctx context.Context, from <-chan kubelet.TerminalSize, to chan<- provider.TerminalSize) {
	for {
		select {
		case size, more := <-from:
			if !more {
				return
			}
			select {
			case to <- provider.TerminalSize(size):
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
