// This program makes a node of Kubernetes on which each pod is a pot of tea: the tag of its image says how long it
// steeps, then it is ready. It is a whole provider, in one file:
//
//	go run ./examples/provider-go --provider tea --nodename teapot
//	kubectl apply -f examples/provider-go/pod.yaml && kubectl get pods --watch
package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/command"
)

func main() {
	command.Main(kubelet.NewRegistry(kubelet.Registration{
		Name: "tea", Help: "each pod is a pot of tea",
		New: func(context.Context, kubelet.Setup) (kubelet.Provider, error) {
			return &kitchen{clock: clock.Real()}, nil
		},
	}))
}

// kitchen is the provider. Its first five methods are all that kubelet.Provider asks for; Logs makes it a LogReader, too.
// It is no Notifier, so the kubelet half asks for statuses every five seconds.
type kitchen struct {
	clock clock.Clock
	pots  sync.Map // namespace/name → *v1.Pod, with the time it was poured as its startTime
}

// CreatePod pours water on. An error leaves the pod Pending, with the error to read in kubectl describe.
func (k *kitchen) CreatePod(_ context.Context, p *v1.Pod) error {
	t := p.DeepCopy() // what we are given is shared
	t.Status.StartTime = &metav1.Time{Time: k.clock.Now()}
	_, err := steeps(t)
	if err == nil {
		k.pots.LoadOrStore(kubelet.RefTo(t).String(), t) // a call may be repeated
	}
	return err
}

// UpdatePod is told of new labels and the like, which tea does not mind.
func (k *kitchen) UpdatePod(context.Context, *v1.Pod) error { return nil }

// DeletePod pours the tea away. A pod that is not known any more has ended.
func (k *kitchen) DeletePod(_ context.Context, p *v1.Pod) error {
	_, err := k.pot(kubelet.RefTo(p))
	if err == nil {
		k.pots.Delete(kubelet.RefTo(p).String())
	}
	return err
}

// PodStatus looks whether the tea is ready.
func (k *kitchen) PodStatus(_ context.Context, ref kubelet.PodRef) (*v1.PodStatus, error) {
	t, err := k.pot(ref)
	if err != nil {
		return nil, err
	}
	left, poured := k.left(t), *t.Status.StartTime
	one := v1.ContainerStatus{Name: t.Spec.Containers[0].Name, Image: t.Spec.Containers[0].Image, Ready: left > 0}
	s := &v1.PodStatus{Phase: v1.PodRunning, StartTime: &poured, Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue}}}
	one.State.Running = &v1.ContainerStateRunning{StartedAt: poured}
	if left <= 0 {
		s.Phase, s.Message, s.Conditions[0].Status = v1.PodSucceeded, "tea is ready", v1.ConditionFalse
		one.State = v1.ContainerState{Terminated: &v1.ContainerStateTerminated{Reason: "Completed", StartedAt: poured, FinishedAt: metav1.NewTime(k.clock.Now().Add(left))}}
	}
	s.ContainerStatuses = append(s.ContainerStatuses, one)
	return s, nil
}

// Pods lists the pots on the table.
func (k *kitchen) Pods(context.Context) (all []*v1.Pod, _ error) {
	for _, t := range k.pots.Range {
		all = append(all, t.(*v1.Pod))
	}
	return all, nil
}

// Logs is what one sees on looking into the pot.
func (k *kitchen) Logs(_ context.Context, ref kubelet.ContainerRef, _ kubelet.LogOptions) (io.ReadCloser, error) {
	t, err := k.pot(ref.PodRef)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(strings.NewReader(fmt.Sprintf("%s to go\n", max(0, k.left(t).Round(time.Second))))), nil
}

func (k *kitchen) pot(ref kubelet.PodRef) (*v1.Pod, error) {
	t, ok := k.pots.Load(ref.String())
	if !ok || (ref.UID != "" && ref.UID != t.(*v1.Pod).UID) {
		return nil, kubelet.ErrNotFound
	}
	return t.(*v1.Pod), nil
}

// left is how long a pot has yet to steep.
func (k *kitchen) left(t *v1.Pod) time.Duration {
	d, _ := steeps(t) // CreatePod took it
	return t.Status.StartTime.Add(d).Sub(k.clock.Now())
}

// steeps is how long a pod's tea takes.
func steeps(p *v1.Pod) (time.Duration, error) {
	_, tag, _ := strings.Cut(p.Spec.Containers[0].Image, ":")
	if d, err := time.ParseDuration(tag); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("image %q does not say how long it steeps: want one like sencha:2m", p.Spec.Containers[0].Image)
}
