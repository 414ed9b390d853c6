package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Run registers the nodes, calls started, and serves until ctx ends or a part fails. Then it leaves the cluster as
// config says, waits for all parts and closes the Broker. At most leaveTime is spent on leaving.
func (b *Broker) Run(ctx context.Context, started func()) error {
	parts, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g := &group{stop: stop}
	if r, ok := b.provider.(kubelet.Runner); ok {
		g.run(parts, "provider", r.Run)
	}
	g.run(parts, "events", b.events.Run)
	g.run(parts, "kubelet API", func(ctx context.Context) error { return b.api.Serve(ctx, b.listener) })
	if b.health != nil {
		g.run(parts, "metrics and health", b.serveHealth)
	}
	err := b.serve(ctx, parts, g, started)
	if err == nil {
		err = b.leave(parts)
	}
	stop()
	return errors.Join(err, g.wait(), b.Close())
}

// serve registers the nodes and takes care of them and their pods until ctx or parts end.
func (b *Broker) serve(ctx, parts context.Context, g *group, started func()) error {
	registering, cancel := both(ctx, parts)
	defer cancel()
	if err := b.nodes.Start(registering); err != nil {
		return err
	}
	b.entered.Store(true)
	g.run(parts, "nodes", b.nodes.Run)
	g.run(parts, "pods", b.pods.Run)
	started()
	<-registering.Done()
	return nil
}

// both ends with the first of two contexts.
func both(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(a)
	stop := context.AfterFunc(b, cancel)
	return ctx, func() { stop(); cancel() }
}

// leaveTime bounds how long a drain may take.
const leaveTime = 5 * time.Minute

func (b *Broker) leave(parts context.Context) error {
	if parts.Err() != nil {
		return nil // a part failed: its error is what counts
	}
	ctx, cancel := context.WithTimeout(parts, leaveTime)
	defer cancel()
	if err := b.nodes.Leave(ctx, b.config.Kubelet.OnExit, b.opts.Progress); err != nil {
		return fmt.Errorf("leave the cluster (%s): %w", b.config.Kubelet.OnExit, err)
	}
	return nil
}

// group runs the parts. The first that ends ends all.
type group struct {
	wg   sync.WaitGroup
	stop context.CancelFunc
	mu   sync.Mutex
	errs []error // guarded by mu
}

func (g *group) run(ctx context.Context, what string, part func(context.Context) error) {
	g.wg.Go(func() {
		defer g.stop()
		err := part(ctx)
		if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.errs = append(g.errs, fmt.Errorf("%s: %w", what, err))
	})
}

func (g *group) wait() error {
	g.wg.Wait()
	return errors.Join(g.errs...)
}
