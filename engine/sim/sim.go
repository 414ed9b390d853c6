package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Start is when the clock of a Sim begins, unless it is told otherwise: a moment that never changes, so that outputs do
// not.
var Start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// GCPercent is what [runtime/debug.SetGCPercent] should be in a process that only simulates: what it keeps is small, and
// what it throws away is much.
const GCPercent = 400

// Options say what is played. The zero value has no scripts, seed 0 and one node.
type Options struct {
	Seed    uint64
	Scripts []script.Source
	Nodes   []string             // names; none: one node, named as Node says. All are alike but for that, and for what Each does
	Node    func(*provider.Node) // changes what DefaultNode gives, for all of them; nil: nothing
	Each    func(*provider.Node) // and then changes one of them, which has its name by then; nil: nothing
	Params  map[string]string    // "script.param" → value, as config gives them; one that does not fit is an error
	Config  map[string]any       // what scripts see as `config`
	Start   time.Time            // zero: Start
	// Kubernetes says that the pods are Kubernetes'; see [provider.Options].
	Kubernetes bool
	NoJournal  *atomic.Bool // while it is true nobody will ask what happens and why; nil: somebody may

	// Like is a Sim whose scripts, config and Runtime this one has, too, in place of Scripts, Config and Runtime: nothing
	// is compiled again. It may be closed only after this one.
	Like *Sim

	// Encode says that statuses are encoded as they come, as a server wants them, not only when somebody reads them.
	Encode bool

	Limits  hook.Limits            // zero fields: so long that a busy machine does not decide what is seen
	Runtime *script.Runtime        // nil: one of its own. Sims that share one share its places for hooks
	Metrics *provider.Metrics      // nil: not counted
	Store   *state.Store           // nil: in memory. The owner closes it
	Radius  func() provider.Radius // how many pods faults may concern; nil: any number
	Clock   clock.Clock            // nil: held at Start. With a running one the owner lets time pass, by [provider.Provider.Run]
}

// Sim is a provider on a held clock.
type Sim struct {
	*provider.Provider

	Clock    *clock.HeldClock // nil where Options gave a running one
	Store    *state.Store
	Warnings []*script.Error // what loading the scripts warned of

	runtime *script.Runtime
	closers []func() error // the last one first
}

// New plays nothing yet: the nodes are there, without pods. Scripts that do not load are the error, a [*LoadError], and
// so are params that no script declares.
func New(ctx context.Context, o Options) (*Sim, error) {
	s := &Sim{Store: o.Store}
	if o.Clock == nil {
		o.Clock = clock.Hold(firstTime(o.Start, Start))
	}
	s.Clock, _ = o.Clock.(*clock.HeldClock)
	if err := s.provide(&o); err != nil {
		return nil, err
	}
	switch {
	case o.Like != nil:
		s.Take(o.Like.Provider)
	case len(o.Scripts) > 0:
		s.Warnings = s.Load(ctx, o.Scripts)
		if err := loadError(s.Warnings); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	// A server goes on with those that fit. Here nobody reads its log, and would take the defaults for what was asked.
	if problems := s.Hooks().ConfigureParams(o.Params); len(problems) > 0 {
		return nil, errors.Join(append(problems, s.Close())...)
	}
	s.Resume(ctx)
	return s, nil
}

func firstTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// provide makes the provider and what it stands on.
func (s *Sim) provide(o *Options) error {
	if s.Store == nil {
		store, err := state.Open(state.Options{Lean: o.Kubernetes})
		if err != nil {
			return fmt.Errorf("simulate: %w", err)
		}
		s.Store = store
		s.closers = append(s.closers, store.Close)
	}
	s.runtime = o.Runtime
	if o.Like != nil {
		s.runtime = o.Like.runtime
	}
	if s.runtime == nil {
		s.runtime = NewRuntime(nil)
		s.closers = append(s.closers, func() error { s.runtime.Close(); return nil })
	}
	nodes := nodesOf(o)
	limits, config := patient(o.Limits), o.Config
	s.Provider = provider.New(provider.Options{
		Metrics: o.Metrics, Store: s.Store, Clock: o.Clock, Radius: o.Radius, Runtime: s.runtime, Seed: o.Seed, Params: o.Params, Kubernetes: o.Kubernetes, NoJournal: o.NoJournal, Lazy: !o.Encode,
		Config: func() map[string]any { return config },
		Limits: func() hook.Limits { return limits },
		Nodes:  nodes.names, Node: func(name string) *provider.Node { return nodes.byName[name] },
	})
	return nil
}

// NewRuntime returns a Runtime as Sims have it: patient, and with places for hooks on every core. Close it after them.
// coverage may be nil.
func NewRuntime(coverage *script.Coverage) *script.Runtime {
	places := max(4, 2*runtime.GOMAXPROCS(0))
	return script.NewRuntime(script.Options{LoadTime: patience, Slots: places, PerScript: places, Coverage: coverage})
}

// Close ends what New started.
func (s *Sim) Close() error {
	var errs []error
	for len(s.closers) > 0 {
		last := len(s.closers) - 1
		errs = append(errs, s.closers[last]())
		s.closers = s.closers[:last]
	}
	return errors.Join(errs...)
}

// Pass moves the held clock on by d.
func (s *Sim) Pass(ctx context.Context, d time.Duration) { s.Advance(ctx, s.Clock.Now().Add(d)) }

// LoadError is scripts that do not load, with all that is wrong with them.
type LoadError struct{ Problems []*script.Error }

// Error tells the first problem that is not a warning, and how many more there are.
func (e *LoadError) Error() string {
	var first *script.Error
	errs := 0
	for _, p := range e.Problems {
		if !p.Warning {
			first = cmp.Or(first, p)
			errs++
		}
	}
	if errs == 1 {
		return "load the scripts: " + first.Error()
	}
	return fmt.Sprintf("load the scripts: %v (and %d more)", first, errs-1)
}

func loadError(problems []*script.Error) error {
	for _, p := range problems {
		if !p.Warning {
			return &LoadError{Problems: problems}
		}
	}
	return nil
}

// patience is the limit of hooks: a busy machine must not decide what is seen.
const patience = 30 * time.Second

func patient(l hook.Limits) hook.Limits {
	for _, d := range []*time.Duration{&l.Status, &l.Create, &l.Logs, &l.Exec, &l.Match} {
		*d = cmp.Or(*d, patience)
	}
	return l
}
