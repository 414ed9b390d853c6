package pods

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Options is what a Broker is made of. Client, Provider and Nodes are required.
type Options struct {
	Client    kubernetes.Interface // a real one: pods are read and written beneath its types
	Writer    kubernetes.Interface // for what the workers ask; nil: Client
	Watcher   kubernetes.Interface // for the watches; nil: Client
	Provider  kubelet.Provider
	Nodes     []string               // whose pods are ours
	Namespace string                 // only its pods; "": all
	Silent    func(node string) bool // called often and from any goroutine; nil: never

	// Resolve returns the pod as the provider is to have it, with its environment filled in. An error refuses the pod, as
	// the provider can. Nil: pods go as they are.
	Resolve func(ctx context.Context, p *v1.Pod) (*v1.Pod, error)

	Tell       func(p *v1.Pod, e kubelet.Event) // hears what happens to pods here; it returns at once. nil: nobody
	Poll       time.Duration                    // how often a provider that is no Notifier is asked; 0: 5 s
	Workers    int                              // pods looked after at the same time; 0: 16
	Clock      clock.Clock                      // nil: the machine's
	Log        *slog.Logger                     // nil: silent
	Registerer prometheus.Registerer            // nil: not registered
}

// Broker stands between Kubernetes' pods and the provider. Its methods may be called from any goroutine.
type Broker struct {
	opts    Options
	api     api
	table   *table
	queue   *queue
	adopter kubelet.Adopter // nil: the provider is none
	polled  bool
	spoiler kubelet.WriteSpoiler // nil: the provider is none
	spoils  atomic.Uint64        // how often other writes went wrong than before
	metrics *metrics
	polls   trouble
	writes  trouble
	synced  atomic.Bool

	patchesOnly atomic.Bool // we may not replace statuses
}

// New returns a Broker that does nothing before [Broker.Run]. A provider that is a Notifier is told here whom to notify.
func New(o Options) *Broker {
	if o.Silent == nil {
		o.Silent = func(string) bool { return false }
	}
	if o.Tell == nil {
		o.Tell = func(*v1.Pod, kubelet.Event) {}
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Workers == 0 {
		o.Workers = 16
	}
	if o.Writer == nil {
		o.Writer = o.Client
	}
	if o.Watcher == nil {
		o.Watcher = o.Client
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Broker{opts: o, api: api{o.Writer.CoreV1().RESTClient(), o.Watcher.CoreV1().RESTClient()}, table: newTable(o.Nodes), queue: newQueue()}
	b.polls = trouble{log: o.Log, text: "the provider does not say how a pod is"}
	b.writes = trouble{log: o.Log, text: "a pod's status could not be written"}
	b.adopter, _ = o.Provider.(kubelet.Adopter)
	b.metrics = newMetrics(b, o.Registerer)
	b.listen()
	b.listenForSpoils()
	return b
}

// listen takes notice of the provider's news, if it tells them.
func (b *Broker) listen() {
	notifier, ok := b.opts.Provider.(kubelet.Notifier)
	if !ok {
		b.polled = true
		return
	}
	notifier.Notify(func(ref kubelet.PodRef) {
		if r := b.table.find(ref); r != nil {
			b.queue.add(r, news)
		}
	})
}

// Run does the work until ctx ends, and waits for its goroutines. It is called once.
func (b *Broker) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	listed := make(chan struct{})
	wg.Go(func() { b.watch(ctx, sync.OnceFunc(func() { close(listed) })) })
	wg.Go(func() { b.queue.run(ctx, b.opts.Clock) })
	select {
	case <-listed:
	case <-ctx.Done():
		return nil
	}
	missed := b.findOrphans(ctx)
	b.synced.Store(true)
	for range b.opts.Workers {
		wg.Go(func() { b.work(ctx) })
	}
	if missed != nil {
		wg.Go(func() { b.findOrphansLater(ctx) })
	}
	<-ctx.Done()
	return nil
}

func (b *Broker) work(ctx context.Context) {
	for {
		r, ok := b.queue.get()
		if !ok {
			return
		}
		b.queue.done(r, b.sync(ctx, r))
	}
}

// Synced says whether all pods of the nodes are known, and are being looked after.
func (b *Broker) Synced() bool { return b.synced.Load() }

// Idle says that no pod waits to be looked at: less important writes may go out.
func (b *Broker) Idle() bool { return b.queue.len() == 0 }

// Reassert looks at all pods of a node again, and writes what Kubernetes has otherwise: a node that is back needs it.
func (b *Broker) Reassert(node string) {
	for _, r := range b.table.of(node) {
		b.queue.add(r, again)
	}
}

// Pod returns a pod as Kubernetes has it, with the status that the provider reports now; nil if there is none.
func (b *Broker) Pod(namespace, name string) *v1.Pod {
	r := b.table.find(kubelet.PodRef{Namespace: namespace, Name: name})
	if r == nil {
		return nil
	}
	return b.present(r)
}

// Pods returns all pods of a node, as [Broker.Pod] does.
func (b *Broker) Pods(node string) []*v1.Pod {
	records := b.table.of(node)
	pods := make([]*v1.Pod, 0, len(records))
	for _, r := range records {
		if p := b.present(r); p != nil {
			pods = append(pods, p)
		}
	}
	return pods
}

func (b *Broker) present(r *record) *v1.Pod {
	known := b.table.look(r)
	if known.gone {
		return nil
	}
	p := *known.pod
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if status, err := b.opts.Provider.PodStatus(ctx, kubelet.RefTo(&p)); err == nil {
		p.Status = *status
	}
	return &p
}

// key names a record.
type key = types.NamespacedName
