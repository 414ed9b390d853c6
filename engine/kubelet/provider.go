package kubelet

import (
	"context"
	"errors"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// ErrNotFound says that a provider has no such pod, or no such container in it.
var ErrNotFound = errors.New("not found")

// ErrUnsupported says that a provider cannot do what it was asked: exec, attach or port-forward, say.
var ErrUnsupported = errors.New("not supported by this provider")

// PodRef names one incarnation of a pod.
type PodRef struct {
	Namespace string
	Name      string
	UID       types.UID // empty: whichever has the name
}

// String is the usual spelling, namespace/name.
func (r PodRef) String() string { return r.Namespace + "/" + r.Name }

// RefTo names a pod.
func RefTo(p *v1.Pod) PodRef { return PodRef{Namespace: p.Namespace, Name: p.Name, UID: p.UID} }

// Provider owns the pods behind one or many nodes. The kubelet half calls it from several goroutines at once, though
// never two calls about one pod at a time. Pods handed over are shared and must not be changed.
//
// An error means that the call did not take place; it is repeated with growing pauses. ctx ends when the kubelet half
// stops or its patience ends.
type Provider interface {
	// CreatePod takes in a pod that Kubernetes bound to the node in spec.nodeName. A pod that is known already is
	// taken as it is. While it fails the pod stays Pending with reason ProviderFailed and the error as message (or, with
	// restartPolicy Never, becomes Failed for good).
	CreatePod(ctx context.Context, pod *v1.Pod) error

	// UpdatePod tells of changed metadata or spec.
	UpdatePod(ctx context.Context, pod *v1.Pod) error

	// DeletePod begins to end a pod, within metadata.deletionGracePeriodSeconds; it need not wait for the end. The end
	// has come when the pod's status is terminal or the pod is unknown. It is called again when the grace becomes
	// shorter, and to forget a pod that Kubernetes no longer has. ErrNotFound: there is none.
	DeletePod(ctx context.Context, pod *v1.Pod) error

	// PodStatus is how the pod is now; the status is shared and must not be changed by either side. ErrNotFound: there
	// is no such pod, or it has another UID.
	PodStatus(ctx context.Context, ref PodRef) (*v1.PodStatus, error)

	// Pods lists the pods that the provider knows, in any order. Those that Kubernetes does not have are deleted at
	// start. The pods returned need only namespace, name and, where known, the UID.
	Pods(ctx context.Context) ([]*v1.Pod, error)
}

// Notifier is a Provider that says when a pod's status may have changed. Others are polled.
type Notifier interface {
	// Notify is called once, before all other calls. changed returns at once and may be called from any goroutine,
	// with locks held, too often, or for pods nobody knows.
	Notify(changed func(PodRef))
}

// Adopter is a Provider that can take over a pod that already ran under another process. Others are asked for the status
// of such a pod, and where they do not know it, it has been lost: Failed, reason NotFound.
type Adopter interface {
	// AdoptPod takes a pod whose status is what Kubernetes has. If the provider knows that pod already, the status that
	// is further on counts.
	AdoptPod(ctx context.Context, pod *v1.Pod) error
}

// EventSource is a Provider that tells what happens to its pods, in a kubelet's words.
type EventSource interface {
	// Events is called once, before all other calls. tell returns at once and may be called from any goroutine.
	Events(tell func(pod *v1.Pod, e Event))
}

// Event is one thing that happened to a pod or a node, as kubectl describe shows it.
type Event struct {
	Type      string // "Normal" or "Warning"
	Reason    string // such as Pulled
	Message   string
	Container string // whose event it is; "": the pod's
	Init      bool   // Container is an init container
}

// Runner is a Provider with work of its own to do.
type Runner interface {
	// Run does it until ctx ends, and returns once all is done. An error ends the whole process.
	Run(ctx context.Context) error
}
