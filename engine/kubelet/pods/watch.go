package pods

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
)

// watchesPerNode is up to how many nodes each has a watch of its own. More nodes share one that sees the pods of all
// nodes, also those of others: the API server closes the watches of clients that have too many to keep up with.
const watchesPerNode = 32

// A crowd is when a watch of one node is cut so often within such a time. The API server keeps ten events for a watch of
// one node, but a second's worth, up to a thousand, for one of all nodes; a busy server cuts the former off several
// times a second while pods come and go in crowds, and each time the list is lost with the place, all pods are sent again.
const (
	crowdCuts = 5
	crowdTime = 30 * time.Second
)

// watch watches until ctx ends: each node by itself while they are few and there is no crowd, else all together. It calls
// listed once all pods have been seen.
func (b *Broker) watch(ctx context.Context, listed func()) {
	if len(b.opts.Nodes) <= watchesPerNode {
		b.watchApart(ctx, listed)
	}
	if ctx.Err() != nil {
		return
	}
	all := fields.OneTermNotEqualSelector("spec.nodeName", "")
	w := &watcher{broker: b, nodes: b.opts.Nodes, selector: all.String(), first: listed, crowded: func() {}}
	w.run(ctx)
}

// watchApart watches each node by itself until ctx ends, or one has a crowd.
func (b *Broker) watchApart(ctx context.Context, listed func()) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var left atomic.Int32
	left.Store(int32(len(b.opts.Nodes))) //nolint:gosec // at most 32
	var wg sync.WaitGroup
	for _, n := range b.opts.Nodes {
		one := fields.OneTermEqualSelector("spec.nodeName", n)
		w := &watcher{broker: b, nodes: []string{n}, selector: one.String()}
		w.first = sync.OnceFunc(func() {
			if left.Add(-1) == 0 {
				listed()
			}
		})
		w.crowded = func() {
			b.opts.Log.Info("pods come and go in crowds: one watch for all nodes from now on", "node", n)
			end()
		}
		wg.Go(func() { w.run(ctx) })
	}
	wg.Wait()
}

// watcher is one watch. It is the store that a client-go reflector keeps up to date, but stores nothing: pods go into the
// table, where they are kept once, and small.
type watcher struct {
	broker   *Broker
	nodes    []string
	selector string
	lists    int         // how many there were
	first    func()      // called at each list
	crowded  func()      // called when there is a crowd
	cuts     []time.Time // when the last watches were resumed
	trouble  trouble
}

var _ cache.ReflectorStore = (*watcher)(nil)

// The pauses before a watch is begun anew.
const (
	firstWatchPause = 50 * time.Millisecond
	mostWatchPause  = 30 * time.Second
)

// run watches until ctx ends. client-go's own loop would wait longer and longer also where the server is well and only
// lost our place, as it does with watches of a crowd of pods that come and go: seconds, in which nothing is heard.
func (w *watcher) run(ctx context.Context) {
	b := w.broker
	w.trouble = trouble{log: b.opts.Log, text: "the pods of the nodes cannot be watched"}
	ctx = klog.NewContext(ctx, logr.Discard()) // what matters of it is logged here
	silent := logr.Discard()
	r := cache.NewReflectorWithOptions(w.listWatch(), nil, w, cache.ReflectorOptions{
		Name: "pods", Logger: &silent, Clock: endingClock{ctx: ctx},
	})
	var wait pause
	for ctx.Err() == nil {
		before := w.lists
		err := r.ListAndWatchWithContext(ctx)
		if w.lists > before {
			wait.done()
		} else if err != nil {
			w.tell(ctx, err)
		}
		wait.failed(b.opts.Clock.Now(), firstWatchPause, mostWatchPause, 0)
		b.opts.Clock.Wait(ctx, wait.until, nil)
	}
}

func (w *watcher) listWatch() cache.ListerWatcher {
	b := w.broker
	pods := b.opts.Client.CoreV1().Pods(b.opts.Namespace)
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = w.selector
			list, err := pods.List(ctx, o)
			w.tell(ctx, err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = w.selector
			stream, err := b.api.watch(ctx, b.opts.Namespace, o)
			if err == nil && o.SendInitialEvents == nil {
				w.resumed()
			}
			if o.SendInitialEvents == nil || !apierrors.IsInvalid(err) { // servers of old cannot; a list follows then
				w.tell(ctx, err)
			}
			return stream, err
		},
	}
	return cache.ToListWatcherWithWatchListSemantics(lw, b.opts.Client)
}

// resumed counts a watch that goes on where the one before was cut, and notices crowds.
func (w *watcher) resumed() {
	b := w.broker
	b.metrics.watches.WithLabelValues("resumed").Inc()
	now := b.opts.Clock.Now()
	w.cuts = append(w.cuts, now)
	if len(w.cuts) < crowdCuts {
		return
	}
	if now.Sub(w.cuts[0]) < crowdTime {
		w.crowded()
	}
	w.cuts = w.cuts[1:]
}

func (w *watcher) tell(ctx context.Context, err error) {
	if ctx.Err() == nil {
		w.trouble.report(err, "node", w.nodes[0])
	}
}

// Add takes notice of a pod.
func (w *watcher) Add(object any) error {
	_, err := w.observe(object, false)
	return err
}

// Update takes notice of a pod.
func (w *watcher) Update(object any) error { return w.Add(object) }

// observe notes a pod and has it looked at; nil if it is not of our nodes.
func (w *watcher) observe(object any, listed bool) (*record, error) {
	b := w.broker
	s := sightingIn(object)
	defer s.release()
	if len(w.nodes) > 1 && !b.table.ours(s.node()) {
		return nil, nil
	}
	r, work, err := b.table.observe(s, listed)
	if err != nil {
		w.trouble.report(err, "node", w.nodes[0])
		return nil, err
	}
	if work {
		b.queue.add(r, moved)
	}
	return r, nil
}

func sightingIn(object any) *sighting {
	if p, ok := object.(*v1.Pod); ok {
		return sightingOf(p)
	}
	return object.(*sighting)
}

// Delete takes notice of a pod's end.
func (w *watcher) Delete(object any) error {
	s := sightingIn(object)
	defer s.release()
	w.vanish(key{Namespace: s.Namespace, Name: s.Name}, s.UID)
	return nil
}

func (w *watcher) vanish(name key, uid types.UID) {
	if r, work := w.broker.table.vanish(name, uid); work {
		w.broker.queue.hasten(r)
	}
}

// Replace takes notice of all pods there are: those that are not among them are gone.
func (w *watcher) Replace(list []any, _ string) error {
	listed := make(map[*record]struct{}, len(list))
	for _, object := range list {
		r, err := w.observe(object, true)
		if err != nil {
			return err
		}
		listed[r] = struct{}{}
	}
	for _, p := range w.broker.table.missing(w.nodes, listed) {
		w.vanish(nameOf(p), p.UID)
	}
	w.lists++
	w.broker.metrics.watches.WithLabelValues("listed").Inc()
	w.first()
	return nil
}

// Resync is never asked for.
func (w *watcher) Resync() error { return nil }

// endingClock is the machine's, but for waiting: client-go waits up to a minute for a server that is down, and would not
// hear of the end of the process meanwhile.
type endingClock struct {
	clock.RealClock
	ctx context.Context
}

// After delivers after d, or when the process ends.
func (c endingClock) After(d time.Duration) <-chan time.Time {
	ended := make(chan time.Time, 1)
	waiting, done := context.WithTimeout(c.ctx, d)
	context.AfterFunc(waiting, func() {
		done()
		ended <- c.Now()
	})
	return ended
}
