package preview

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/sim"
)

// Options say what is previewed.
type Options struct {
	Sim  sim.Options // scripts, nodes, params; its Seed is that of the first life
	Pod  *v1.Pod
	For  time.Duration // how long it is watched
	Runs int           // how many lives, with seeds Seed, Seed+1 …; at least 1
}

// Preview is what would happen.
type Preview struct {
	Pod      string    `json:"pod"`    // namespace/name
	Script   string    `json:"script"` // that owns it; "": none
	Seed     uint64    `json:"seed"`   // of the life that is shown
	Length   Seconds   `json:"length"`
	Rows     []Row     `json:"rows"`     // the pod, then its containers
	Story    []Happens `json:"story"`    // what happens in that life, and why
	Runs     int       `json:"runs"`     // how many lives the outcomes are of
	Outcomes []Outcome `json:"outcomes"` // how they stand in the end, the most frequent first
}

// Row is one line of the timeline.
type Row struct {
	Kind     Kind    `json:"kind"`
	Name     string  `json:"name"`
	Spans    []Span  `json:"spans"`
	Exits    []Exit  `json:"exits,omitempty"`
	Restarts int     `json:"restarts"`
	Ready    float64 `json:"ready"` // the share of the time it is ready
}

// Kind is what a row is about.
type Kind string

// The kinds of rows.
const (
	Whole Kind = "pod"
	Init  Kind = "init" // an init container
	App   Kind = "app"  // a container
)

// Span is a time in which nothing changes.
type Span struct {
	From  Seconds `json:"from"`
	To    Seconds `json:"to"`
	State State   `json:"state"`
	Why   string  `json:"why,omitempty"` // the reason Kubernetes shows: CrashLoopBackOff, OOMKilled
}

// Exit is the end of one run of a container.
type Exit struct {
	At     Seconds `json:"at"`
	Code   int32   `json:"code"`
	Reason string  `json:"reason,omitempty"`
}

// Happens is one thing that happens to the pod, and why.
type Happens struct {
	After Seconds `json:"after"`
	api.Cause
}

// State is what a pod or container is, for the eye.
type State string

// The states.
const (
	Waiting State = "waiting" // it has not begun: created, pulled, initialized
	Running State = "running" // and not ready
	Ready   State = "ready"
	Backoff State = "backoff" // it waits because something went wrong before
	Failed  State = "failed"
	Done    State = "done" // ended well
	Gone    State = "gone"
)

// Seconds is a time since the pod was created; in JSON a number of seconds.
type Seconds time.Duration

// MarshalJSON writes a number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%g", time.Duration(s).Round(time.Millisecond).Seconds()), nil
}

// Make plays the lives.
func Make(ctx context.Context, o Options) (*Preview, error) {
	cast, err := sim.New(ctx, o.Sim) // the scripts are loaded once
	if err != nil {
		return nil, err
	}
	defer cast.Close()
	o.Sim.Like = cast
	first, err := live(ctx, &o, o.Sim.Seed, true)
	if err != nil {
		return nil, err
	}
	lives := make([]*life, max(o.Runs, 1))
	lives[0] = first
	if err := playRest(ctx, &o, lives); err != nil {
		return nil, err
	}
	return &Preview{
		Pod: first.key.String(), Script: first.script, Seed: o.Sim.Seed, Length: Seconds(o.For),
		Rows: first.rows(), Story: first.story, Runs: len(lives), Outcomes: outcomes(lives),
	}, nil
}

// playRest plays all lives but the first, on all cores.
func playRest(ctx context.Context, o *Options, lives []*life) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for worker := range errs {
		wg.Go(func() {
			for ctx.Err() == nil && errs[worker] == nil {
				n := next.Add(1)
				if n >= int64(len(lives)) {
					return
				}
				lives[n], errs[worker] = live(ctx, o, o.Sim.Seed+uint64(n), false) //nolint:gosec // never negative
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
