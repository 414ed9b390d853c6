package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
)

// Options say what is watched. Progress and Warn are called from the goroutine that called Record.
type Options struct {
	Client    kubernetes.Interface
	Clock     clock.Clock
	Namespace string // of the pods; "": all
	Selector  string // labels of the pods, in kubectl's syntax; "": all. With one of both, only nodes of such pods are told of
	Lasts     time.Duration
	Progress  func(record.Seen, time.Duration) // every second, with the time that is left; nil: nobody listens
	Warn      func(string)                     // what it does without, and why; nil: nobody listens
}

// leases is where nodes say that they live.
const leases = "kube-node-lease"

// Record watches until the time is over or ctx ends, and tells what it saw. An error means that it saw nothing.
func Record(ctx context.Context, o Options) (*record.Story, error) {
	if _, err := labels.Parse(o.Selector); err != nil {
		return nil, fmt.Errorf("selector %q: %w: write it as for kubectl, such as app=web,tier!=db", o.Selector, err)
	}
	r := &recording{Options: o, news: make(chan func(*record.Recorder))}
	start := o.Clock.Now()
	recorder := record.New(start)
	sources, err := r.sources(ctx)
	if err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	r.done = watching.Done()
	for _, s := range sources {
		running.Go(func() { s.RunWithContext(watching) })
	}
	end := start.Add(o.Lasts)
	how := record.Telling{TheirNodes: o.Namespace != "" || o.Selector != ""}
	ticks := make(chan struct{})
	running.Go(func() { tick(watching, o.Clock, ticks) })
	for now := start; now.Before(end); now = o.Clock.Now() {
		select {
		case <-ctx.Done():
			return recorder.Story(o.Clock.Now(), how), nil
		case tell := <-r.news:
			tell(recorder)
		case <-ticks:
			if o.Progress != nil {
				o.Progress(recorder.Seen(), end.Sub(o.Clock.Now()))
			}
		}
	}
	return recorder.Story(end, how), nil
}

func tick(ctx context.Context, c clock.Clock, ticks chan<- struct{}) {
	for c.Sleep(ctx, time.Second) == nil {
		select {
		case ticks <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// recording passes on what informers see and suffer, one thing at a time.
type recording struct {
	Options

	news chan func(*record.Recorder)
	done <-chan struct{}
}

func (r *recording) tell(tell func(*record.Recorder)) {
	select {
	case r.news <- tell:
	case <-r.done:
	}
}

func (r *recording) warn(format string, args ...any) {
	if r.Warn != nil {
		r.Warn(fmt.Sprintf(format, args...))
	}
}

// sources are the informers of what may be read. Pods must be; the rest is done without.
func (r *recording) sources(ctx context.Context) ([]cache.SharedIndexInformer, error) {
	one := metav1.ListOptions{Limit: 1}
	if _, err := r.Client.CoreV1().Pods(r.Namespace).List(ctx, one); err != nil {
		return nil, fmt.Errorf("read pods: %w", err)
	}
	pods := informers.NewSharedInformerFactoryWithOptions(r.Client, 0, informers.WithNamespace(r.Namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = r.Selector })).Core().V1().Pods().Informer()
	all := []cache.SharedIndexInformer{pods}
	if _, err := r.Client.CoreV1().Nodes().List(ctx, one); err != nil {
		r.warn("nodes are not recorded: %v", err)
	} else {
		all = append(all, informers.NewSharedInformerFactory(r.Client, 0).Core().V1().Nodes().Informer())
	}
	if _, err := r.Client.CoordinationV1().Leases(leases).List(ctx, one); err != nil {
		r.warn("when a node fell silent is known by its status only, without leases: %v", err)
	} else {
		all = append(all, informers.NewSharedInformerFactoryWithOptions(r.Client, 0, informers.WithNamespace(leases)).Coordination().V1().Leases().Informer())
	}
	for _, source := range all {
		if err := r.listen(source); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *recording) listen(source cache.SharedIndexInformer) error {
	_, listening := source.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { r.changed(o) },
		UpdateFunc: func(_, o any) { r.changed(o) },
		DeleteFunc: func(o any) { r.gone(o) },
	})
	return errors.Join(listening, source.SetTransform(lean), source.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		if !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) { // these are every day's
			r.tell(func(*record.Recorder) { r.warn("the watch broke, and is taken up again: %v", err) })
		}
	}))
}
