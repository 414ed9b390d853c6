package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// ErrRefused says that nothing listens on a port.
var ErrRefused = errors.New("connection refused")

// HTTPRequest is one request that came through a forwarded port.
type HTTPRequest = hook.HTTPRequest

// HTTPResponse is the answer to an [HTTPRequest].
type HTTPResponse struct {
	Status  int
	Headers map[string]string
	Body    string
}

// PortAsk names a port of a pod.
type PortAsk struct {
	Namespace, Pod string
	Port           int32
}

// String is how a kubelet's messages name it.
func (a PortAsk) String() string {
	return fmt.Sprintf("port %d of pod %s/%s", a.Port, a.Namespace, a.Pod)
}

// listening finds the pod of a port that takes connections: a container runs, and a script answers http or
// port_forward, or a container has the port, or none of the pod's names any. Else it is [ErrRefused], or
// [state.ErrNotFound] for an unknown pod.
func (p *Provider) listening(a PortAsk) (one *state.Pod, gen *hook.Generation, err error) {
	one = p.store.Get(state.Key{Namespace: a.Namespace, Name: a.Pod})
	if one == nil {
		return nil, nil, fmt.Errorf("pod %s/%s: %w", a.Namespace, a.Pod, state.ErrNotFound)
	}
	gen = p.hooks.Current()
	owner := gen.File(one.Owner)
	switch {
	case firstRunning(one) == nil:
		return nil, nil, refusal(a, "no container of the pod runs")
	case gen.Asks(owner, hook.PortForward), gen.Asks(owner, hook.HTTP), hasPort(one.Object, a.Port):
		return one, gen, nil
	}
	return nil, nil, refusal(a, "no container has that port")
}

func refusal(a PortAsk, why string) error { return fmt.Errorf("%s: %w: %s", a, ErrRefused, why) }

// firstRunning is a container of the pod that runs; nil: none does.
func firstRunning(one *state.Pod) *v1.Container {
	for i := range one.Object.Spec.Containers {
		if c := &one.Object.Spec.Containers[i]; running(one, c.Name) != nil {
			return c
		}
	}
	return nil
}

// hasPort says whether something of the pod listens there: what its spec names, or anything where it names none.
func hasPort(o *v1.Pod, port int32) bool {
	named := false
	for i := range o.Spec.Containers {
		for _, c := range o.Spec.Containers[i].Ports {
			if c.ContainerPort == port {
				return true
			}
			named = true
		}
	}
	return !named
}

// ForwardRaw gives a connection to hook port_forward, until it or ctx ends. It reports false, with the connection
// untouched, where no script answers that hook. An unknown pod is [state.ErrNotFound], a port on which nothing listens
// [ErrRefused]. Whoever made the connection closes it.
func (p *Provider) ForwardRaw(ctx context.Context, a PortAsk, connection io.ReadWriter) (answered bool, err error) {
	one, gen, err := p.listening(a)
	if err != nil {
		return true, err
	}
	if !gen.Asks(gen.File(one.Owner), hook.PortForward) {
		return false, nil
	}
	v := &visited{one: one, gen: gen, container: firstRunning(one)}
	v.run = running(one, v.container.Name)
	s := Streams{Stdin: connection, Stdout: connection}
	_, err = p.session(ctx, v, s, func(ctx context.Context, c *client) (int, error) { return 0, p.forwardRaw(ctx, v, a, c, c.io(s)) })
	return true, err
}

func (p *Provider) forwardRaw(ctx context.Context, v *visited, a PortAsk, c *client, client *script.IO) error {
	client.Now = p.clock.Now
	answer, asked := p.hooks.PortForward(ctx, p.reader(v.gen, v.one), hook.PortAsk{
		Port: a.Port, At: p.clock.Now(), IO: client, Number: p.asks.next(p.store, v.one, fmt.Sprint(hook.PortForward, "/", a.Port)),
	})
	err := client.Flush()
	switch {
	case asked.Err != nil:
		return fmt.Errorf("%s: %w", a, asked.Err)
	case answer.Refused:
		return refusal(a, asked.By+" says so")
	case err == nil:
		_, err = io.WriteString(c.out, answer.Last)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return nil
}

// HTTPAnswer answers one HTTP request to a port, as hook http says; else with a short page that names pod and port. A
// script that breaks is a 500 that says how. An unknown pod is [state.ErrNotFound], a port on which nothing listens
// [ErrRefused].
func (p *Provider) HTTPAnswer(ctx context.Context, a PortAsk, r HTTPRequest) (HTTPResponse, error) {
	one, gen, err := p.listening(a)
	if err != nil {
		return HTTPResponse{}, err
	}
	answer, asked, ok := p.hooks.HTTP(ctx, p.reader(gen, one), hook.HTTPAsk{
		Port: a.Port, At: p.clock.Now(), Request: &r, Number: p.asks.next(p.store, one, fmt.Sprint(hook.HTTP, "/", a.Port)),
	})
	switch {
	case asked.Err != nil:
		return brokenPage(a, asked.Err)
	case answer.Refused:
		return HTTPResponse{}, refusal(a, asked.By+" says so")
	case ok:
		return HTTPResponse{Status: answer.Status, Headers: answer.Headers, Body: answer.Body}, nil
	case !hasPort(one.Object, a.Port):
		return HTTPResponse{}, refusal(a, "no container has that port, and "+asked.By+" has nothing to say")
	}
	return HTTPResponse{Status: 200, Body: page(one, a.Port)}, nil
}

func brokenPage(a PortAsk, err error) (HTTPResponse, error) {
	broken, ok := errors.AsType[*script.Error](err)
	if !ok {
		return HTTPResponse{}, fmt.Errorf("%s: %w", a, err)
	}
	return HTTPResponse{Status: 500, Body: fmt.Sprintf("moonlet: %s (%s error)\n", broken, broken.Kind)}, nil
}

// page is what a port shows of which no script says anything.
func page(one *state.Pod, port int32) string {
	var b strings.Builder
	fmt.Fprintf(&b, "pod %s, port %d", one.Key, port)
	for i := range one.Object.Spec.Containers {
		c := &one.Object.Spec.Containers[i]
		for _, has := range c.Ports {
			if has.ContainerPort == port {
				fmt.Fprintf(&b, " of container %s (%s)", c.Name, c.Image)
			}
		}
	}
	fmt.Fprintf(&b, ", node %s\n", one.Object.Spec.NodeName)
	b.WriteString("To answer yourself, write function http(pod, port, request).\n")
	return b.String()
}
