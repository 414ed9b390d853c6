package record

import (
	"cmp"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Recorder collects what is seen of pods and nodes. It is used by one goroutine at a time.
type Recorder struct {
	start time.Time
	pods  map[types.UID]*podTale
	nodes map[string]*nodeTale
	seen  Seen
}

// Seen is how much was seen so far.
type Seen struct {
	Pods, Nodes int // all that were ever there
	Changes     int // of what kubectl would show of them
	Exits       int // of containers
	Troubles    int // other failures: images, starts, readiness lost, evictions, nodes
}

// New begins a recording. Whatever began before start is taken as it is then.
func New(start time.Time) *Recorder {
	return &Recorder{start: start, pods: map[types.UID]*podTale{}, nodes: map[string]*nodeTale{}}
}

// Pod is told of a pod that is new, or changed. It keeps p, which must not change any more.
func (r *Recorder) Pod(p *v1.Pod, at time.Time) {
	t := r.pods[p.UID]
	if t == nil {
		t = newPodTale(p, r.start, at)
		r.pods[p.UID] = t
		r.seen.Pods++
	}
	if changed := t.see(p, at, &r.seen); changed && p.DeletionTimestamp == nil {
		r.heard(p.Spec.NodeName, at)
	}
}

// heard notes that a node lives: it told of a pod.
func (r *Recorder) heard(node string, at time.Time) {
	if t := r.nodes[node]; t != nil {
		t.heard = maxTime(t.heard, at)
	}
}

// PodGone is told that a pod is there no more.
func (r *Recorder) PodGone(uid types.UID, at time.Time) {
	if t := r.pods[uid]; t != nil && t.gone.IsZero() {
		t.gone = at
		t.row("gone", &r.seen)
	}
}

// Node is told of a node that is new, or changed.
func (r *Recorder) Node(n *v1.Node, at time.Time) {
	t := r.nodes[n.Name]
	if t == nil {
		t = newNodeTale(n, r.start)
		r.nodes[n.Name] = t
		r.seen.Nodes++
	}
	t.see(n, at, &r.seen)
}

// NodeGone is told that a node is there no more.
func (r *Recorder) NodeGone(name string, at time.Time) {
	if t := r.nodes[name]; t != nil && t.gone.IsZero() {
		t.gone = at
		t.row("gone", &r.seen)
	}
}

// Lease is told when a node last said that it lives: then a silence is known to the second, and without leases only when
// the cluster noticed it.
func (r *Recorder) Lease(node string, renewed time.Time) {
	r.heard(node, renewed)
}

// Seen is how much was seen so far.
func (r *Recorder) Seen() Seen { return r.seen }

// Rows is what each pod ("namespace/name") and each node ("node name") went through, times left out: what kubectl would
// show, once for each change. Pods of one name follow each other.
func (r *Recorder) Rows() map[string][]string {
	all := map[string][]string{}
	for _, t := range r.byAge() {
		key := t.pod.Namespace + "/" + t.pod.Name
		all[key] = append(all[key], t.rows...)
	}
	for name, t := range r.nodes {
		all["node "+name] = t.rows
	}
	return all
}

// byAge lists the pods, those created first first.
func (r *Recorder) byAge() []*podTale {
	list := make([]*podTale, 0, len(r.pods))
	for _, t := range r.pods {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *podTale) int {
		return cmp.Or(
			a.pod.CreationTimestamp.Compare(b.pod.CreationTimestamp.Time), cmp.Compare(a.pod.Namespace, b.pod.Namespace),
			cmp.Compare(a.pod.Name, b.pod.Name), cmp.Compare(a.pod.UID, b.pod.UID),
		)
	})
	return list
}
