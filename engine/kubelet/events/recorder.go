package events

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/record"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Options is what a Recorder is made of. Client is required.
type Options struct {
	Client     kubernetes.Interface
	PerNode    float64               // events per second of one node, and so many at once; 0: none is written at all
	PerProcess float64               // events per second of all nodes together, and so many at once; 0: none
	Component  string                // the source; "": kubelet
	Idle       func() bool           // false while more important writes wait; nil: always idle
	Clock      clock.Clock           // nil: the machine's
	Log        *slog.Logger          // nil: silent
	Registerer prometheus.Registerer // nil: not registered
}

// Recorder writes events. Its methods may be called from any goroutine, and never wait.
type Recorder struct {
	opts       Options
	off        bool
	queue      *queue
	budget     bucket
	correlator *record.EventCorrelator
	metrics    metrics
}

// New returns a Recorder that keeps what it is told until [Recorder.Run].
func New(o Options) *Recorder {
	if o.Component == "" {
		o.Component = "kubelet"
	}
	if o.Idle == nil {
		o.Idle = func() bool { return true }
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Recorder{opts: o, off: o.PerNode <= 0 || o.PerProcess <= 0, metrics: newMetrics()}
	if r.off {
		return r
	}
	r.queue = newQueue(o.PerNode)
	r.budget = newBucket(o.PerProcess)
	r.correlator = record.NewEventCorrelator(passive{o.Clock})
	r.metrics.register(o.Registerer, r.queue)
	return r
}

// Pod records what happened to a pod or one of its containers.
func (r *Recorder) Pod(p *v1.Pod, e kubelet.Event) {
	if r.off {
		return
	}
	r.tell(p.Spec.NodeName, v1.ObjectReference{
		Kind: "Pod", APIVersion: "v1", Namespace: p.Namespace, Name: p.Name, UID: p.UID,
		ResourceVersion: p.ResourceVersion, FieldPath: fieldPath(e),
	}, e)
}

// Node records what happened to a node. Without a UID it is the node's name, as kubelets have it: kubectl describe finds
// the event by either.
func (r *Recorder) Node(name string, uid types.UID, e kubelet.Event) {
	if r.off {
		return
	}
	if uid == "" {
		uid = types.UID(name)
	}
	r.tell(name, v1.ObjectReference{Kind: "Node", APIVersion: "v1", Name: name, UID: uid}, e)
}

func (r *Recorder) tell(node string, about v1.ObjectReference, e kubelet.Event) {
	lost := r.queue.push(item{node: node, about: about, event: e, at: r.opts.Clock.Now()})
	r.metrics.results.WithLabelValues("overflow").Add(float64(lost))
}

// The writers, and how long what is left may take at the end.
const (
	writers  = 4
	farewell = 2 * time.Second
)

// Run writes events until ctx ends, and then what can be written in two seconds.
func (r *Recorder) Run(ctx context.Context) error {
	if r.off {
		<-ctx.Done()
		return nil
	}
	// Writes go on when ctx ends, for a while.
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	context.AfterFunc(ctx, func() {
		last, done := context.WithTimeout(writing, farewell)
		context.AfterFunc(last, func() { done(); stop() })
	})
	var wg sync.WaitGroup
	defer wg.Wait()
	lanes := make([]chan write, writers)
	for i := range lanes {
		lanes[i] = make(chan write)
		wg.Go(func() { r.writer(writing, lanes[i]) })
		defer close(lanes[i])
	}
	for {
		next, ok := r.next(ctx)
		if !ok || !r.dispatch(writing, lanes, next) {
			return nil
		}
	}
}

// next waits for an event that may be written. When ctx has ended it waits no more: it is false once there is none left.
func (r *Recorder) next(ctx context.Context) (item, bool) {
	for {
		now := r.opts.Clock.Now()
		if ctx.Err() != nil {
			return r.queue.any()
		}
		wait := r.budget.until(now)
		if wait.IsZero() {
			var next item
			var ok bool
			if next, wait, ok = r.queue.pop(now); ok {
				r.giveWay(ctx, next)
				r.budget.take(r.opts.Clock.Now())
				return next, true
			}
		}
		r.opts.Clock.Wait(ctx, wait, r.queue.wake)
	}
}

// How long an event gives way, looking again how often.
const (
	longest = 10 * time.Second
	glance  = 20 * time.Millisecond
)

// giveWay waits until nothing more important is to be written, or the event has waited long enough.
func (r *Recorder) giveWay(ctx context.Context, next item) {
	for ctx.Err() == nil && !r.opts.Idle() {
		now := r.opts.Clock.Now()
		if now.Sub(next.at) >= longest {
			return
		}
		r.opts.Clock.Wait(ctx, now.Add(glance), nil)
	}
}

// passive is our clock as client-go wants one.
type passive struct{ clock.Clock }

// Since is how long ago t was.
func (p passive) Since(t time.Time) time.Duration { return p.Now().Sub(t) }
