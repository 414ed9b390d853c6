package web

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Notify is told whom to tell that a pod may have changed.
func (p *Provider) Notify(changed func(kubelet.PodRef)) { p.changed = changed }

// WatchNodes is told whom to tell that the node may have changed.
func (p *Provider) WatchNodes(changed func(node string)) { p.nodeChanged = changed }

// Run says when to look at the pods again, until ctx ends. A Moonlet is listened to; everybody else is looked at every
// so often, and so is a Moonlet whose stream does not last. It never asks for what only a Moonlet has before an answer
// showed that it is one.
func (p *Provider) Run(ctx context.Context) error {
	var last uint64
	for ctx.Err() == nil {
		if p.client.Moonlet() {
			last = p.listen(ctx, last)
		}
		p.lookAtAll()
		_ = p.clock.Sleep(ctx, p.opts.Poll) // its error is that of ctx
	}
	return nil
}

// listen listens to a Moonlet until that ends, and returns the number of the event to go on after.
func (p *Provider) listen(ctx context.Context, last uint64) uint64 {
	last, err := p.client.Events(ctx, last, p.heard)
	p.log.DebugContext(ctx, "the event stream ended: looking every so often until it is back", "err", err)
	return last
}

func (p *Provider) lookAtAll() {
	if p.changed == nil {
		return
	}
	for _, ref := range p.memory.live() {
		p.changed(ref)
	}
}

// heard passes an event on.
func (p *Provider) heard(e api.Event) {
	switch {
	case e.Type == client.Resync:
		p.lookAtAll()
		p.lookAtNode()
	case e.Type == api.EventNodeChanged, e.Type == api.EventScriptsLoaded, e.Type == api.EventParamSet:
		p.lookAtNode()
	case strings.HasPrefix(e.Type, "pod.") && e.Pod != nil && p.changed != nil:
		p.changed(kubelet.PodRef{Namespace: e.Pod.Namespace, Name: e.Pod.Name, UID: types.UID(e.Pod.UID)})
	}
}

func (p *Provider) lookAtNode() {
	if p.nodeChanged != nil {
		p.nodeChanged("")
	}
}
