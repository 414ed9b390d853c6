package nodes

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
)

// The rhythm of a node.
const (
	describeEvery = 10 * time.Second       // a provider is asked how a node is
	reportEvery   = 5 * time.Minute        // a status is written although nothing changed
	manyNodes     = 1000                   // above, leases are renewed half as often
	callTimeout   = 10 * time.Second       // of a request about a lease, and of a question to the provider
	writeTimeout  = 30 * time.Second       // of any other request
	statusWorkers = 16                     // statuses written at the same time
	firstRetry    = 250 * time.Millisecond // after an error; doubled each time
	lastRetry     = 10 * time.Second       // the longest pause after an error
)

// Keeper keeps nodes. Its methods may be called from any goroutine.
type Keeper struct {
	o       Options
	nodes   []*node // in the order of Options.Names
	byName  map[string]*node
	changes changes
	metrics metrics
	fails   complaints
	left    atomic.Bool // Leave deletes the nodes: nothing of them is written any more

	// Made by Run.
	queue workqueue.TypedRateLimitingInterface[*node] // whose status may have to be written
	beats sync.WaitGroup                              // renewals under way
}

// New returns a keeper that does nothing yet.
func New(o Options) *Keeper {
	o = o.withDefaults()
	k := &Keeper{
		o: o, byName: make(map[string]*node, len(o.Names)), changes: newChanges(),
		metrics: newMetrics(o.Registerer), fails: complaints{log: o.Log, clock: o.Clock},
	}
	for _, name := range o.Names {
		if k.byName[name] == nil {
			n := &node{name: name, index: len(k.nodes)}
			k.nodes, k.byName[name] = append(k.nodes, n), n
		}
	}
	return k
}

// Run keeps the nodes until ctx ends, and returns nil then. It is called once, after Start.
func (k *Keeper) Run(ctx context.Context) error {
	k.queue = workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemExponentialFailureRateLimiter[*node](firstRetry, lastRetry),
	)
	var all sync.WaitGroup
	all.Go(func() { k.rounds(ctx, k.renewPeriod(), func(n *node, due time.Time) { k.pulse(ctx, n, due) }) })
	all.Go(func() { k.rounds(ctx, describeEvery, func(n *node, _ time.Time) { k.queue.Add(n) }) })
	all.Go(func() { k.follow(ctx) })
	all.Go(func() { k.watch(ctx) })
	for range min(statusWorkers, len(k.nodes)) {
		all.Go(func() { k.work(ctx) })
	}
	<-ctx.Done()
	k.queue.ShutDown()
	all.Wait()
	k.beats.Wait()
	return nil
}

func (k *Keeper) renewPeriod() time.Duration {
	if len(k.nodes) > manyNodes {
		return k.o.LeaseDuration / 2
	}
	return k.o.LeaseDuration / 4
}

// grain is how finely rounds are spread. Doing a few nodes at a time wakes the process less often: a thousand idle
// nodes took 3 % of a core so, and 7 % with a moment for each.
const grain = 100 * time.Millisecond

// rounds calls do for each node once in a period, spread evenly over it and in the same order, until ctx ends. After
// a time in which the machine slept it begins anew, instead of making up for what was missed.
func (k *Keeper) rounds(ctx context.Context, period time.Duration, do func(n *node, due time.Time)) {
	for begin := k.o.Clock.Now(); ; begin = begin.Add(period) {
		if now := k.o.Clock.Now(); now.Sub(begin) > period {
			begin = now
		}
		for i, n := range k.nodes {
			due := begin.Add((period * time.Duration(i) / time.Duration(len(k.nodes))).Truncate(grain))
			if k.o.Clock.Now().Before(due) {
				k.o.Clock.Wait(ctx, due, nil)
			}
			if ctx.Err() != nil {
				return
			}
			do(n, due)
		}
	}
}

// follow takes what Changed was told, until ctx ends.
func (k *Keeper) follow(ctx context.Context) {
	for {
		k.o.Clock.Wait(ctx, time.Time{}, k.changes.wake)
		if ctx.Err() != nil {
			return
		}
		for _, n := range k.changes.take(k.nodes) {
			k.pulse(ctx, n, time.Time{})
			k.queue.Add(n)
		}
	}
}

// Changed says that a node may be described differently now, or that its heart may have stopped or begun to beat. ""
// is all nodes. It returns at once.
func (k *Keeper) Changed(name string) {
	if name == "" {
		k.changes.addAll()
	} else if n := k.byName[name]; n != nil {
		k.changes.add(n)
	}
}

// Silent says whether nothing of a node may reach Kubernetes now: its heart does not beat, or somebody else keeps it.
// Of nodes that are not ours it says no.
func (k *Keeper) Silent(name string) bool {
	n := k.byName[name]
	return n != nil && n.silent.Load()
}

// Node is a node as Kubernetes has it, as far as we know. It is shared and must not be changed. It is nil where there
// is none: not yet registered, or just deleted.
func (k *Keeper) Node(name string) *v1.Node {
	if n := k.byName[name]; n != nil {
		return n.known()
	}
	return nil
}

// Names are the names of our nodes, in the order they were given.
func (k *Keeper) Names() []string { return slices.Clone(k.o.Names) }
