package nodes

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	watching "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// watch sees what others do to our nodes, until ctx ends.
func (k *Keeper) watch(ctx context.Context) {
	nodes := k.o.Client.CoreV1().Nodes()
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			k.selectOurs(&o)
			return nodes.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watching.Interface, error) {
			k.selectOurs(&o)
			return nodes.Watch(ctx, o)
		},
	}
	r := cache.NewReflectorWithOptions(cache.ToListWatcherWithWatchListSemantics(lw, k.o.Client), &v1.Node{},
		&sight{ctx: ctx, keeper: k}, cache.ReflectorOptions{Name: "nodes"})
	r.RunWithContext(ctx)
}

// selectOurs asks for our nodes and for as few others as may be.
func (k *Keeper) selectOurs(o *metav1.ListOptions) {
	if len(k.nodes) == 1 {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, k.nodes[0].name).String()
		return
	}
	if value := k.o.Template.labels("")[virtualLabel]; value != "" {
		o.LabelSelector = labels.Set{virtualLabel: value}.String()
	}
}

// sight is where the watch puts what it sees. It keeps nothing that the nodes do not keep.
type sight struct {
	ctx    context.Context // of the watch: the interface has none
	keeper *Keeper
}

// Add takes a node that is new to the watch.
func (s *sight) Add(o any) error { s.keeper.noticed(s.ctx, o.(*v1.Node)); return nil }

// Update takes a node that changed.
func (s *sight) Update(o any) error { return s.Add(o) }

// Delete takes a node that is gone, or no longer selected.
func (s *sight) Delete(o any) error {
	api := o.(*v1.Node)
	s.keeper.missed(s.ctx, api.Name, api)
	return nil
}

// Replace takes all nodes there are.
func (s *sight) Replace(all []any, version string) error {
	there := make(map[string]bool, len(all))
	for _, o := range all {
		api := o.(*v1.Node)
		there[api.Name] = true
		s.keeper.noticed(s.ctx, api)
	}
	for _, n := range s.keeper.nodes {
		api := n.known()
		if api != nil && !there[n.name] && !newer(api.ResourceVersion, version) {
			s.keeper.missed(s.ctx, n.name, api)
		}
	}
	return nil
}

// Resync is never asked for.
func (s *sight) Resync() error { return nil }

// noticed looks at a node of which Kubernetes has news. Our own writes come by here too, but are no news.
func (k *Keeper) noticed(ctx context.Context, api *v1.Node) {
	n := k.byName[api.Name]
	if n == nil {
		return
	}
	before, news := n.saw(api)
	if !news || n.silent.Load() {
		return
	}
	if !k.mine(n, api) {
		k.pulse(ctx, n, time.Time{})
		return
	}
	if before != nil && before.Spec.Unschedulable != api.Spec.Unschedulable {
		k.tellCordon(n, api)
	}
	_, written := n.both()
	if written == nil || statusPatch(api, written, written, k.o.Clock.Now(), false) != nil {
		k.queue.AddAfter(n, k.spacing(n))
	}
}

// missed registers a node again that was deleted.
func (k *Keeper) missed(ctx context.Context, name string, api *v1.Node) {
	n := k.byName[name]
	if n == nil || !n.gone(api.UID) || n.silent.Load() || k.left.Load() {
		return
	}
	k.o.Log.Info("node was deleted: registering it again", "node", name)
	k.pulse(ctx, n, time.Time{})
}

// spacing is how long to wait before a status is written that somebody else overwrote: nothing as a rule, and a second
// where that happens again and again.
func (k *Keeper) spacing(n *node) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return max(0, time.Second-k.o.Clock.Now().Sub(n.wroteAt))
}

func (k *Keeper) tellCordon(n *node, api *v1.Node) {
	reason := "NodeSchedulable"
	if api.Spec.Unschedulable {
		reason = "NodeNotSchedulable"
	}
	k.o.Tell(n.name, statusNow(n.name, reason))
}
