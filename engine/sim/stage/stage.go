package stage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
)

// Options say what there is to play with.
type Options struct {
	Sim   sim.Options   // seed, scripts, params and the like; its nodes are Given's
	Given *script.Given // nil: one node, no pods
	Pods  []Pods        // beside those of Given
	// Pace is called before each step of the story's time, of a second at most, and may take as long as it likes; nil:
	// time passes as fast as it can.
	Pace func(ctx context.Context, step time.Duration) error
}

// Pods is a pod, or some that a Deployment keeps.
type Pods struct {
	Template *v1.Pod // with its namespace; the name is that of the pod, or of the Deployment
	Count    int     // so many are kept; 0: the one pod, which nobody replaces
	Node     string  // a glob: where they may run; empty: anywhere
}

// Stage is a place for stories on a held clock.
type Stage struct {
	*sim.Sim
	pace  func(context.Context, time.Duration) error
	crews []*crew
}

var _ scenario.Stage = (*Stage)(nil)

const (
	// step is how far time passes at once where somebody looks on: a Deployment, or a person.
	step = time.Second
	// settleTime is how long the first pods may take to be ready before the story begins all the same.
	settleTime = 2 * time.Minute
)

// New makes a stage on which the pods have started. Close it.
func New(ctx context.Context, o Options) (*Stage, error) {
	nodes, err := nodesOf(o.Given)
	if err != nil {
		return nil, err
	}
	o.Sim.Nodes, o.Sim.Each = nodes.names, nodes.describe
	s := &Stage{pace: o.Pace}
	if s.Sim, err = sim.New(ctx, o.Sim); err != nil {
		return nil, err
	}
	all := append(podsOf(o.Given), o.Pods...)
	for i := range all {
		if err := s.cast(ctx, all[i]); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	s.settle(ctx)
	return s, nil
}

// Now implements [scenario.Stage].
func (s *Stage) Now() time.Time { return s.Clock.Now() }

// Cluster implements [scenario.Stage]: there is none.
func (s *Stage) Cluster() script.Cluster { return nil }

// Wait implements [scenario.Stage].
func (s *Stage) Wait(ctx context.Context, until time.Time) error {
	for now := s.Now(); now.Before(until); now = s.Now() {
		next := until
		if s.pace != nil || len(s.crews) > 0 {
			next = earlier(until, now.Truncate(step).Add(step))
		}
		if s.pace != nil {
			if err := s.pace(ctx, next.Sub(now)); err != nil {
				return err
			}
		}
		if err := s.pass(ctx, next); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// pass lets time pass, and Deployments do their part.
func (s *Stage) pass(ctx context.Context, t time.Time) error {
	s.Advance(ctx, t)
	for _, c := range s.crews {
		if err := s.complete(ctx, c); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// settle waits until the first pods are ready: live, they run before the story begins.
func (s *Stage) settle(ctx context.Context) {
	for end := s.Now().Add(settleTime); s.Now().Before(end) && ctx.Err() == nil && !s.allReady(); {
		s.Advance(ctx, s.Now().Add(step))
	}
}

func (s *Stage) allReady() bool {
	for _, p := range s.World().Pods() {
		if !p.Ready && p.Status.Phase != v1.PodSucceeded && p.Status.Phase != v1.PodFailed {
			return false
		}
	}
	return true
}

// cast puts pods on the stage.
func (s *Stage) cast(ctx context.Context, p Pods) error {
	c := &crew{Pods: p}
	name := p.Template.Namespace + "/" + p.Template.Name
	switch {
	case p.Count < 0:
		return fmt.Errorf("pods %s: their count is %d", name, p.Count)
	case p.Count == 0 && !slices.ContainsFunc(s.World().Nodes(), func(n *script.Node) bool { return c.fits(n.Object.Name) }):
		return fmt.Errorf("pod %s: no node is called %s", name, p.Node) // and nobody would try again
	case p.Count == 0:
		if err := s.place(ctx, c, p.Template.Name); err != nil {
			return fmt.Errorf("pod %s: %w", name, err)
		}
		return nil
	}
	s.crews = append(s.crews, c)
	return s.complete(ctx, c)
}
