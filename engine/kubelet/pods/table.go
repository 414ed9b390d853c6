package pods

import (
	"sync"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/pods/patch"
)

// record is all that is known about the pods of one name, one after the other.
type record struct {
	name key
	seen seen // Kubernetes' side; guarded by table.mu
	mine mine // the provider's side; of the worker that has the record
	line line // its place in the queue; guarded by queue.mu
}

// seen is what Kubernetes has. It is copied out to be looked at.
type seen struct {
	pod   *v1.Pod // as [strip] leaves it; the last one there was when it is gone
	gone  bool    // Kubernetes has none
	whole bool    // the pod has its whole status: it ran before, and nobody has taken it over yet
	found *v1.Pod // what the provider had of the name when it was asked at start; nil: nothing

	// fresh is the status that pod has in Kubernetes, if pod is what Kubernetes has to the last field; nil: else. It is while
	// neither we nor others have changed a new pod since the watch told of it.
	fresh *v1.PodStatus

	version uint64       // the newest resource version heard of
	encoded uint64       // the print of the spec as it was encoded; 0: not known
	spec    uint64       // the print of the spec
	told    uint64       // the print of what a provider is told
	status  patch.Print  // of the status that Kubernetes has
	written uint64       // the resource version of status: of the event that told it, or of our own write
	pending *patch.Print // what status will be once the write under way has taken place; nil: there is none
	changes uint32       // how often others have changed the status
}

func (s *seen) deleting() bool { return s.pod.DeletionTimestamp != nil }

// wish is what the provider is to be told.
type wish struct {
	told     uint64
	deleting bool
	grace    int64
}

func (s *seen) wish() wish { return wish{told: s.told, deleting: s.deleting(), grace: s.grace()} }

// grace is how long the pod may take to end, in seconds; only for deleted ones.
func (s *seen) grace() int64 {
	if s.pod.DeletionGracePeriodSeconds == nil {
		return 0
	}
	return *s.pod.DeletionGracePeriodSeconds
}

// table holds the records of all pods of our nodes.
type table struct {
	mu      sync.RWMutex
	records map[key]*record                 // guarded by mu
	nodes   map[string]map[*record]struct{} // the keys never change; the sets are guarded by mu
	sharer  sharer
}

func newTable(nodes []string) *table {
	t := &table{records: map[key]*record{}, nodes: make(map[string]map[*record]struct{}, len(nodes))}
	for _, n := range nodes {
		t.nodes[n] = map[*record]struct{}{}
	}
	return t
}

// ours says whether a node is. It needs no lock.
func (t *table) ours(node string) bool {
	_, ok := t.nodes[node]
	return ok
}

// find returns the record of a pod that Kubernetes or the provider has; nil if there is none, or only another of the name.
func (t *table) find(ref kubelet.PodRef) *record {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := t.records[key{Namespace: ref.Namespace, Name: ref.Name}]
	if r == nil || ref.UID != "" && r.seen.pod.UID != ref.UID {
		return nil
	}
	return r
}

// of lists the records of a node.
func (t *table) of(node string) []*record {
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := make([]*record, 0, len(t.nodes[node]))
	for r := range t.nodes[node] {
		list = append(list, r)
	}
	return list
}

// all lists all records.
func (t *table) all() []*record {
	t.mu.RLock()
	defer t.mu.RUnlock()
	list := make([]*record, 0, len(t.records))
	for _, r := range t.records {
		list = append(list, r)
	}
	return list
}

func (t *table) len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.records)
}

func nameOf(p *v1.Pod) key { return key{Namespace: p.Namespace, Name: p.Name} }

// look copies what Kubernetes has.
func (t *table) look(r *record) seen {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return r.seen
}

// record returns the record of that name, a new one if need be. mu is held.
func (t *table) record(name key) *record {
	r := t.records[name]
	if r == nil {
		r = &record{name: name}
		t.records[name] = r
	}
	return r
}

// drop forgets a record whose pod is gone everywhere, unless another of the name has come since.
func (t *table) drop(r *record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.seen.gone && t.records[r.name] == r {
		delete(t.records, r.name)
		delete(t.nodes[r.seen.pod.Spec.NodeName], r)
	}
}

// settle notes that the provider has taken over the pod of s, so that its status need not be kept. It changes both.
func (t *table) settle(r *record, s *seen) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.whole || r.seen.pod != s.pod {
		return
	}
	p := *s.pod
	p.Status = v1.PodStatus{Conditions: s.status.Foreign(&p.Status)}
	r.seen.pod, r.seen.whole = &p, false
	s.pod, s.whole = &p, false
}

// take hands over what was found at the provider, once.
func (t *table) take(r *record) *v1.Pod {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := r.seen.found
	r.seen.found = nil
	return found
}

// writing notes the print that the status will have once a write under way has taken place.
func (t *table) writing(r *record, after patch.Print) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.seen.pending, r.seen.fresh = &after, nil
}

// wrote notes what became of a write: the pod has resource version own now (0: that is not known). ok is false if it
// failed. s is what was known before. What the pod's status is now is foretold, unless others have changed it meanwhile:
// the event of that version tells, and is compared with it, so that no change of others is lost between.
func (t *table) wrote(r *record, s *seen, own uint64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := &r.seen
	if now.pod.UID != s.pod.UID {
		return
	}
	after := now.pending
	now.pending = nil
	if ok && now.changes == s.changes && (own == 0 || own >= now.written) {
		now.status, now.written = *after, max(own, now.written)
	}
}
