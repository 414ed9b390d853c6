package pods

import (
	"fmt"
	"slices"
	"strconv"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet/pods/patch"
)

// observe takes notice of a pod, and says whether there is something to do about it. It takes over what it is given.
// listed says that it comes from a list, which is right even if its resource version is lower than one heard of: the
// cluster was restored then.
func (t *table) observe(g *sighting, listed bool) (r *record, work bool, err error) {
	name := key{Namespace: g.Namespace, Name: g.Name}
	version := parseVersion(g.ResourceVersion)
	status, err := g.decodeStatus()
	if err != nil {
		return nil, false, fmt.Errorf("status of pod %s: %w", name, err)
	}
	g.Labels = t.sharer.labels(g.Labels)
	found := sight{meta: &g.ObjectMeta, status: status, print: patch.Of(status), encoded: g.encoded()}
	if found.spec, found.specPrint, err = t.spec(name, g, found.encoded); err != nil {
		return nil, false, fmt.Errorf("spec of pod %s: %w", name, err)
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	r = t.record(name)
	old := &r.seen
	switch {
	case !listed && version != 0 && version < old.version:
		return r, false, nil // from a watch that lags behind that of another node
	case old.pod != nil && old.pod.UID == g.UID:
		return r, old.update(&found, version), nil
	case old.pod != nil:
		delete(t.nodes[old.pod.Spec.NodeName], r)
	}
	t.nodes[found.spec.NodeName][r] = struct{}{}
	r.seen = seen{
		found: old.found, whole: found.print.Ran(), version: version, written: version, status: found.print,
		encoded: found.encoded, spec: found.specPrint,
	}
	r.seen.pod, r.seen.told = r.seen.keep(&found), r.seen.tell(&found)
	if !r.seen.whole && g.understood(found.spec, status) {
		r.seen.fresh = status
	}
	return r, true, nil
}

// sight is what was seen of a pod, decoded.
type sight struct {
	meta      *metav1.ObjectMeta
	spec      *v1.PodSpec
	status    *v1.PodStatus
	print     patch.Print // of status
	encoded   uint64
	specPrint uint64
}

// spec returns the spec of a pod and its print: those known, if it is encoded as it was before.
func (t *table) spec(name key, g *sighting, encoded uint64) (*v1.PodSpec, uint64, error) {
	if spec, hash := t.knownSpec(name, g.UID, encoded); spec != nil {
		return spec, hash, nil
	}
	spec, err := g.decodeSpec()
	if err != nil {
		return nil, 0, err
	}
	t.sharer.spec(&spec)
	return &spec, patch.Hash(&spec), nil
}

// knownSpec is what was decoded of a pod before, if its spec is encoded as it was then.
func (t *table) knownSpec(name key, uid types.UID, encoded uint64) (*v1.PodSpec, uint64) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := t.records[name]
	if r == nil || encoded == 0 || r.seen.encoded != encoded || r.seen.pod.UID != uid {
		return nil, 0
	}
	return &r.seen.pod.Spec, r.seen.spec
}

// update takes over what changed in a pod. An unchanged one leaves the object in place that the provider shares.
func (s *seen) update(f *sight, version uint64) (work bool) {
	if version == 0 || version != s.version {
		s.fresh = nil
	}
	f.print = f.print.Since(s.status)
	told := s.tell(f)
	work = s.gone || told != s.told || !sameEnd(&s.pod.ObjectMeta, f.meta)
	if work || s.whole || !sameRest(&s.pod.ObjectMeta, f.meta) {
		s.pod = s.keep(f)
	}
	s.gone, s.told, s.spec, s.encoded = false, told, f.specPrint, f.encoded
	if version == 0 || version >= s.written || version < s.version {
		if !f.print.Equal(s.status) && (s.pending == nil || !f.print.Equal(*s.pending)) {
			s.changes++
			work = true
		}
		s.status, s.written = f.print, version
	}
	s.version = version
	return work
}

// keep makes the pod that is kept and handed on: without a note of who wrote which field and, unless it is to be taken
// over, with no more of the status than the conditions of others.
func (s *seen) keep(f *sight) *v1.Pod {
	p := &v1.Pod{ObjectMeta: *f.meta, Spec: *f.spec}
	p.ManagedFields = nil
	if s.whole {
		p.Status = *f.status
	} else {
		p.Status.Conditions = f.print.Foreign(f.status)
	}
	return p
}

// tell is the print of what a provider is told.
func (s *seen) tell(f *sight) uint64 {
	return patch.Told(f.specPrint, f.meta.Labels, f.meta.Annotations, f.print.Foreign(f.status))
}

// vanish notes that Kubernetes has a pod no more.
func (t *table) vanish(name key, uid types.UID) (r *record, work bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r = t.records[name]
	if r == nil || r.seen.gone || r.seen.pod.UID != uid {
		return nil, false
	}
	r.seen.gone = true
	return r, true
}

// missing lists the pods of some nodes that a list of them does not have.
func (t *table) missing(nodes []string, listed map[*record]struct{}) []*v1.Pod {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var list []*v1.Pod
	for _, n := range nodes {
		for r := range t.nodes[n] {
			if _, ok := listed[r]; !ok && !r.seen.gone {
				list = append(list, r.seen.pod)
			}
		}
	}
	return list
}

// sameEnd says whether two states of a pod agree on when it is to end.
func sameEnd(a, b *metav1.ObjectMeta) bool {
	grace := func(p *metav1.ObjectMeta) int64 {
		if p.DeletionTimestamp == nil || p.DeletionGracePeriodSeconds == nil {
			return -1
		}
		return *p.DeletionGracePeriodSeconds
	}
	return grace(a) == grace(b) && (a.DeletionTimestamp == nil) == (b.DeletionTimestamp == nil)
}

// sameRest says whether two states of a pod agree on metadata that no provider is told of, but people see.
func sameRest(a, b *metav1.ObjectMeta) bool {
	return a.Generation == b.Generation && slices.Equal(a.Finalizers, b.Finalizers) &&
		len(a.OwnerReferences) == len(b.OwnerReferences)
}

// parseVersion reads a resource version, which grows with each write; 0 if it is not a number.
func parseVersion(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
