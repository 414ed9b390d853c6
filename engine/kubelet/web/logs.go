package web

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Logs reads a log. The protocol knows how many of the last lines are wanted and nothing else: what it cannot ask for
// is refused, limits are kept on our side, and following is asking again each second.
func (p *Provider) Logs(ctx context.Context, c kubelet.ContainerRef, o kubelet.LogOptions) (io.ReadCloser, error) {
	k, ok := p.memory.get(key{c.Namespace, c.Name})
	if ok && k.isOther(c.UID) {
		return nil, kubelet.ErrNotFound
	}
	if ok && c.Container == "" && len(k.pod.Spec.Containers) > 0 {
		c.Container = k.pod.Spec.Containers[0].Name
	}
	if err := p.canAsk(o); err != nil {
		return nil, err
	}
	r := api.LogRequest{Namespace: c.Namespace, Pod: c.Name, Container: c.Container, Tail: o.Tail, Previous: o.Previous}
	if o.Follow {
		r.Tail = nil // each look must reach back as far as the one before
	}
	text, err := p.logText(ctx, r)
	if err != nil {
		return nil, err
	}
	log := io.NopCloser(bytes.NewReader(lastLines(text, o.Tail)))
	if o.Follow {
		log = p.follow(ctx, c, r, text, o.Tail)
	}
	if o.LimitBytes > 0 {
		log = limited{io.LimitReader(log, o.LimitBytes), log}
	}
	return log, nil
}

type limited struct {
	io.Reader
	io.Closer
}

// canAsk says what of a request the protocol has no words for.
func (p *Provider) canAsk(o kubelet.LogOptions) error {
	what := ""
	switch {
	case o.Timestamps:
		what = "timestamps (--timestamps)"
	case !o.Since.IsZero():
		what = "a beginning (--since, --since-time)"
	case o.Previous && !p.client.Moonlet():
		what = "the run before (--previous)"
	default:
		return nil
	}
	return fmt.Errorf("the web-provider API cannot ask for logs with %s: %w", what, kubelet.ErrUnsupported)
}

func (p *Provider) logText(ctx context.Context, r api.LogRequest) ([]byte, error) {
	text, err := read(ctx, p, func() ([]byte, error) { return p.client.GetContainerLogs(ctx, r) })
	if client.NotFound(err) {
		return nil, fmt.Errorf("%w: %w", kubelet.ErrNotFound, said(err))
	}
	if err != nil {
		return nil, said(err)
	}
	return text, nil
}

// lastLines keeps the last lines where they are counted; several providers send more than was asked for.
func lastLines(text []byte, tail *int) []byte {
	if tail == nil || *tail < 0 {
		return text
	}
	from := len(text)
	if from > 0 && text[from-1] == '\n' && *tail > 0 {
		from--
	}
	for range *tail {
		if from = bytes.LastIndexByte(text[:from], '\n'); from < 0 {
			return text
		}
	}
	if *tail == 0 {
		return nil
	}
	return text[from+1:]
}
