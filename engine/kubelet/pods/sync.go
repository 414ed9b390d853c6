package pods

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// patience is how long one look at a pod may take, calls of the provider and of the API server together.
const patience = 2 * time.Minute

// mine is the provider's side of a record.
type mine struct {
	uid   types.UID // of the pod that Kubernetes has; all but told is about it
	told  *v1.Pod   // the pod that the provider has, as it was told last; nil: none of the name
	print uint64    // of what it was told
	ended bool      // it was told to end the pod
	grace int64     // and within so many seconds

	refusal  string // why the provider does not take the pod; "": it does, or was not asked
	lost     bool   // the provider had it, and does not any more
	terminal bool   // we wrote a terminal phase
	finished bool   // we deleted the pod in Kubernetes

	calls  pause  // of create, adopt, update and delete
	tried  wish   // what failed then
	writes pause  // of what goes to the API server
	poll   pause  // of asking for the status
	fault  string // why the status could not be had; "": it could
	spoilt *spoilt
}

// sync looks at one pod and does what is to be done. It returns when to look again by itself; zero: never.
func (b *Broker) sync(ctx context.Context, r *record) time.Time {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s := b.table.look(r)
	if node := s.pod.Spec.NodeName; b.table.ours(node) && b.opts.Silent(node) {
		return time.Time{} // Reassert comes when it is back
	}
	b.arrive(r, &s)
	switch {
	case s.gone:
		return b.forget(ctx, r, &s)
	case s.pod.Annotations[v1.MirrorPodAnnotationKey] != "":
		return b.mirror(ctx, r, &s)
	}
	told := b.tell(ctx, r, &s)
	return earlier(told, b.report(ctx, r, &s))
}

// arrive begins a new pod of the name, and takes over what was found at the provider when it was asked at start.
func (b *Broker) arrive(r *record, s *seen) {
	m := &r.mine
	if m.uid != s.pod.UID {
		*m = mine{uid: s.pod.UID, told: m.told}
	}
	if m.calls.tries > 0 && m.tried != s.wish() {
		m.calls.done()
	}
	if s.found == nil {
		return
	}
	found := b.table.take(r)
	switch {
	case m.told != nil: // it came later than what we know
	case s.gone || found.UID != "" && found.UID != s.pod.UID:
		m.told = found
	case b.adopter == nil || s.status.Terminal() || !s.status.Ran():
		b.accepted(r, s)
	}
}

// mirror finishes a static pod's reflection that was deleted: a kubelet that ran it would, and we run none.
func (b *Broker) mirror(ctx context.Context, r *record, s *seen) time.Time {
	if !s.deleting() {
		return time.Time{}
	}
	return b.finish(ctx, r, s)
}

// earlier picks the first of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
