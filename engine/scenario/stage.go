package scenario

import (
	"context"
	"time"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Stage is what a run plays on.
type Stage interface {
	Provider
	Now() time.Time
	// Wait lets the story's time pass until that moment, with all that falls due on the way.
	Wait(ctx context.Context, until time.Time) error
	// Cluster is what expectations may read of the cluster; nil: there is none.
	Cluster() script.Cluster
}

// Provider is what a stage needs of the provider. Everything that is done names its run, so that it can be undone.
type Provider interface {
	World() script.World
	Act(ctx context.Context, o fault.Order) (fault.Result, error)
	// ResetFaults ends the faults of a run, and says which.
	ResetFaults(ctx context.Context, run, by string) ([]fault.Active, error)
	// OverrideParam turns a param, "script.name", until DropParams gives back what the run turned, and says which.
	OverrideParam(ctx context.Context, run, by, param string, value any) error
	DropParams(ctx context.Context, run, by string) []string
}

// Live is a stage on which time passes by itself. cluster is nil where there is none.
func Live(p Provider, c clock.Clock, cluster script.Cluster) Stage {
	return &live{Provider: p, clock: c, cluster: cluster}
}

type live struct {
	Provider
	clock   clock.Clock
	cluster script.Cluster
}

func (l *live) Now() time.Time          { return l.clock.Now() }
func (l *live) Cluster() script.Cluster { return l.cluster }

func (l *live) Wait(ctx context.Context, until time.Time) error {
	for ctx.Err() == nil && l.clock.Now().Before(until) {
		l.clock.Wait(ctx, until, nil)
	}
	return context.Cause(ctx)
}
