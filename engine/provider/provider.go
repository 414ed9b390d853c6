package provider

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Options is what a Provider is made of. What has no default is required.
type Options struct {
	Store   *state.Store
	Clock   clock.Clock
	Runtime *script.Runtime
	Seed    uint64
	Limits  func() hook.Limits    // read for every hook; nil: the defaults
	Config  func() map[string]any // what scripts see as `config`, read at every load; nil: nothing
	Logs    func() LogLimits      // read for every log; nil: the defaults
	Params  map[string]string     // params given by config
	Log     *slog.Logger          // nil: silent
	Metrics *Metrics              // nil: not counted
	Radius  func() Radius         // how many pods faults may concern, read for every order; nil: any number

	// Nodes are the names of our nodes, which stay the same. Pods belong to the one that their spec names; the first
	// serves those that name none of ours, and questions that name no node.
	Nodes []string
	// Node is one of them as config describes it now. It is read for every question, so that a changed config shows at
	// once; what changed has another pointer.
	Node func(name string) *Node

	// Lazy says that statuses are encoded only for those who read them: where hardly anybody does, that is cheaper.
	Lazy bool

	// NoJournal, while it is true, keeps no journals, for those who play many lives and ask about none; nil: never.
	NoJournal *atomic.Bool

	// Kubernetes says that the pods are Kubernetes': they come and go by the calls in kubernetes.go, a deleted one is
	// kept until it is to be forgotten, and nothing is encoded before somebody reads it.
	Kubernetes bool
}

// LogLimits bound what one getContainerLogs answers when all is asked.
type LogLimits struct {
	Lines int // 0: 10,000
	Bytes int // 0: 1 MiB
}

// Provider owns the pods of one or many nodes. All methods may be called from any goroutine.
type Provider struct {
	opts    Options
	store   *state.Store
	clock   clock.Clock
	hooks   *hook.Hooks
	journal journal.Book
	nodes   nodeBook
	memos   memoKeeper
	ips     addressBook
	admit   admission
	world   worldCache
	listing listingCache
	queue   *fairQueue
	calls   callCounter
	asks    askCounter
	usage   usageBook
	notices noticeboard
	faults  *faultBook

	listeners listeners
	log       *slog.Logger

	generation atomic.Pointer[string]
	readNode   atomic.Pointer[func(string) *v1.Node] // what Kubernetes has of our nodes
	problems   atomic.Pointer[Problems]
	sources    atomic.Pointer[[]script.Source] // those that serve
	badConfig  atomic.Pointer[error]
	reloads    sync.Mutex // one re-plan of all pods at a time
}

// Problems is what was wrong with the scripts that were saved last; empty when they serve.
type Problems struct {
	Errors   []*script.Error
	Warnings []*script.Error
	Since    time.Time
}

// New returns a Provider that holds the pods found in the store, as they were. Load scripts next, then [Provider.Resume].
func New(o Options) *Provider {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Logs == nil {
		o.Logs = func() LogLimits { return LogLimits{} }
	}
	p := &Provider{opts: o, store: o.Store, clock: o.Clock, log: o.Log, nodes: newNodeBook(o.Nodes), queue: newFairQueue(), faults: newFaultBook()}
	p.hooks = hook.New(hook.Options{
		Seed: o.Seed, Limits: o.Limits, Config: o.Config, Runtime: o.Runtime,
		World: p.snapshotWorld, Node: p.scriptNode, Failed: p.scriptFailed, Called: o.Metrics.hookCalled,
	})
	p.hooks.RestoreParams(keptParams(o.Store, p.log))
	p.restoreFaults()
	p.keptJournals()
	p.setGeneration(0)
	p.problems.Store(&Problems{})
	return p
}

// Hooks gives the scripts that serve.
func (p *Provider) Hooks() *hook.Hooks { return p.hooks }

// Generation is the number of the serving generation of scripts, as text.
func (p *Provider) Generation() string { return *p.generation.Load() }

func (p *Provider) setGeneration(id uint64) {
	s := strconv.FormatUint(id, 10)
	p.generation.Store(&s)
}

// Run does what falls due until ctx ends, and waits for its goroutines. It must not be called on a held clock.
func (p *Provider) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { p.work(ctx) })
	}
	wg.Go(func() { p.mind(ctx) })
	for ctx.Err() == nil {
		for _, due := range p.store.PopDue(p.clock.Now()) {
			p.queue.push(due.Owner, due.Key)
		}
		p.clock.Wait(ctx, p.store.NextDue(), p.store.Wake())
	}
	p.queue.close()
	wg.Wait()
	return nil
}

// workers do what is due. At most four hooks run at once, so more would only wait.
const workers = 4

func (p *Provider) work(ctx context.Context) {
	for {
		key, ok := p.queue.pop()
		if !ok || ctx.Err() != nil {
			return
		}
		p.tick(ctx, key)
	}
}

// Advance moves a held clock to t and does, on the way, all that falls due: at each moment pod by pod in name order,
// each seeing the others as they were before that moment.
func (p *Provider) Advance(ctx context.Context, t time.Time) {
	held, ok := p.clock.(*clock.HeldClock)
	if !ok {
		panic("provider: Advance on a running clock")
	}
	for ctx.Err() == nil {
		due := earlier(p.store.NextDue(), p.faults.set.Load().due)
		if due.IsZero() || due.After(t) {
			break
		}
		held.Set(due)
		p.endDue(ctx)
		for _, one := range p.store.PopDue(held.Now()) {
			p.tick(ctx, one.Key)
		}
	}
	held.Set(t)
}

// tick does what is due for one pod.
func (p *Provider) tick(ctx context.Context, key state.Key) {
	_, err := p.change(ctx, change{key: key}, func(d *draft) error {
		if d.old == nil {
			return errUnchanged
		}
		d.advance()
		return nil
	})
	if err != nil && ctx.Err() == nil {
		p.log.Error("a due time could not be served", "pod", key.String(), "err", err)
	}
}

// scriptFailed logs a hook that broke; the hooks keep the count.
func (p *Provider) scriptFailed(e *script.Error) {
	p.opts.Metrics.hookFailed(e)
	p.log.Warn("hook broke; its default serves", "script", e.Script, "line", e.Line, "hook", e.Hook, "err", e.Text)
}
