package lua

import (
	"context"
	"errors"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Provider is the pods that Lua scripts play. Its methods may be called from any goroutine, those about one pod one
// after the other.
type Provider struct{ scripts *provider.Provider }

// What a kubelet may ask of it.
var (
	_ kubelet.Provider      = (*Provider)(nil)
	_ kubelet.Notifier      = (*Provider)(nil)
	_ kubelet.Adopter       = (*Provider)(nil)
	_ kubelet.EventSource   = (*Provider)(nil)
	_ kubelet.NodeDescriber = (*Provider)(nil)
	_ kubelet.NodeReader    = (*Provider)(nil)
	_ kubelet.Heart         = (*Provider)(nil)
	_ kubelet.WriteSpoiler  = (*Provider)(nil)
)

// New returns a Provider on top of one that was made with [provider.Options.Kubernetes].
func New(scripts *provider.Provider) *Provider { return &Provider{scripts: scripts} }

// CreatePod implements [kubelet.Provider].
func (p *Provider) CreatePod(ctx context.Context, pod *v1.Pod) error {
	if err := p.meet(ctx, api.CreatePod, pod.Namespace, pod.Name); err != nil {
		return err
	}
	return p.scripts.BindPod(ctx, pod)
}

// AdoptPod implements [kubelet.Adopter].
func (p *Provider) AdoptPod(ctx context.Context, pod *v1.Pod) error {
	return p.scripts.AdoptPod(ctx, pod)
}

// UpdatePod implements [kubelet.Provider]. Beside metadata and spec it takes, of the status, the conditions that are
// not the kubelet's: readiness gates, DisruptionTarget.
func (p *Provider) UpdatePod(ctx context.Context, pod *v1.Pod) error {
	if err := p.meet(ctx, api.UpdatePod, pod.Namespace, pod.Name); err != nil {
		return err
	}
	return p.scripts.RefreshPod(ctx, pod)
}

// DeletePod implements [kubelet.Provider]. A pod that has come to its end is forgotten. So is one whose end nobody
// waits for: without a deletion timestamp Kubernetes never asked for it, and without grace or finalizers it is gone
// there already.
func (p *Provider) DeletePod(ctx context.Context, pod *v1.Pod) error {
	if err := p.meet(ctx, api.DeletePod, pod.Namespace, pod.Name); err != nil {
		return err
	}
	if p.toForget(pod) {
		return translate(p.scripts.ForgetPod(ctx, keyOf(pod.Namespace, pod.Name), pod.UID))
	}
	return translate(p.scripts.EndPod(ctx, pod))
}

func (p *Provider) toForget(pod *v1.Pod) bool {
	grace := pod.DeletionGracePeriodSeconds
	switch {
	case pod.DeletionTimestamp == nil, grace == nil, p.scripts.Ended(keyOf(pod.Namespace, pod.Name), pod.UID):
		return true
	default:
		return *grace == 0 && len(pod.Finalizers) == 0
	}
}

// PodStatus implements [kubelet.Provider].
func (p *Provider) PodStatus(ctx context.Context, ref kubelet.PodRef) (*v1.PodStatus, error) {
	if err := p.meet(ctx, api.GetPodStatus, ref.Namespace, ref.Name); err != nil {
		return nil, err
	}
	s, err := p.scripts.Status(keyOf(ref.Namespace, ref.Name), ref.UID)
	return s, translate(err)
}

// Pods implements [kubelet.Provider]. It also lists the pods that the state file remembers from an earlier process.
func (p *Provider) Pods(context.Context) ([]*v1.Pod, error) {
	known := p.scripts.Known()
	pods := make([]*v1.Pod, len(known))
	for i, one := range known {
		if pods[i] = one.Object; pods[i] == nil {
			pods[i] = &v1.Pod{}
			pods[i].Namespace, pods[i].Name, pods[i].UID = one.Namespace, one.Name, one.UID
		}
	}
	return pods, nil
}

// Notify implements [kubelet.Notifier].
func (p *Provider) Notify(changed func(kubelet.PodRef)) {
	p.scripts.OnStatus(func(one *state.Pod) {
		changed(kubelet.PodRef{Namespace: one.Namespace, Name: one.Name, UID: one.UID})
	})
}

// Events implements [kubelet.EventSource].
func (p *Provider) Events(tell func(*v1.Pod, kubelet.Event)) {
	p.scripts.OnEvent(func(object *v1.Pod, e pod.Event) {
		tell(object, kubelet.Event{
			Type: e.Type, Reason: e.Reason, Message: e.Message, Container: e.Container, Init: isInit(object, e.Container),
		})
	})
}

// meet lets a call meet the faults that verbs set on calls.
func (p *Provider) meet(ctx context.Context, call, namespace, name string) error {
	return p.scripts.MeetCall(ctx, api.Call{Name: call, Namespace: namespace, Pod: name})
}

// SpoilsWrites implements [kubelet.WriteSpoiler] by the verbs on writes.
func (p *Provider) SpoilsWrites() bool { return p.scripts.SpoilsWrites() }

// SpoilWrite implements [kubelet.WriteSpoiler].
func (p *Provider) SpoilWrite(ref kubelet.PodRef) kubelet.WriteFault {
	return kubelet.WriteFault(p.scripts.WriteFault(ref.Namespace, ref.Name))
}

// WatchSpoils implements [kubelet.WriteSpoiler].
func (p *Provider) WatchSpoils(changed func()) { p.scripts.OnWriteFaults(changed) }

func isInit(object *v1.Pod, container string) bool {
	for i := range object.Spec.InitContainers {
		if object.Spec.InitContainers[i].Name == container {
			return true
		}
	}
	return false
}

func keyOf(namespace, name string) state.Key { return state.Key{Namespace: namespace, Name: name} }

// translate gives an error of the provider the kubelet's meaning.
func translate(err error) error {
	if errors.Is(err, state.ErrNotFound) {
		return notFound{err}
	}
	return err
}

// notFound is an error of the provider that is also [kubelet.ErrNotFound].
type notFound struct{ error }

// Is makes it what the kubelet half asks for.
func (notFound) Is(target error) bool { return target == kubelet.ErrNotFound }

// Unwrap is what the provider said.
func (e notFound) Unwrap() error { return e.error }
