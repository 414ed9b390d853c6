package cluster

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/cache"

	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
)

// changed tells of an object that is new or otherwise than before.
func (r *recording) changed(o any) {
	at := r.Clock.Now()
	switch o := o.(type) {
	case *v1.Pod:
		r.tell(func(to *record.Recorder) { to.Pod(o, at) })
	case *v1.Node:
		r.tell(func(to *record.Recorder) { to.Node(o, at) })
	case *coordinationv1.Lease:
		if o.Spec.RenewTime != nil {
			r.tell(func(to *record.Recorder) { to.Lease(o.Name, o.Spec.RenewTime.Time) })
		}
	}
}

// gone tells of an object that was deleted. Where the watch missed how, its last state is known.
func (r *recording) gone(o any) {
	at := r.Clock.Now()
	if missed, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = missed.Obj
	}
	switch o := o.(type) {
	case *v1.Pod:
		r.tell(func(to *record.Recorder) {
			to.Pod(o, at) // it may have changed once more on its way out
			to.PodGone(o.UID, at)
		})
	case *v1.Node:
		r.tell(func(to *record.Recorder) { to.NodeGone(o.Name, at) })
	}
}

// lean leaves out what nobody reads, and what is large.
func lean(o any) (any, error) {
	if object, err := meta.Accessor(o); err == nil {
		object.SetManagedFields(nil)
	}
	return o, nil
}
