package nodes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
)

// Ways to leave, for [Keeper.Leave].
const (
	Keep   = "keep"   // nodes and pods stay as they are, for a successor
	Drain  = "drain"  // nodes become unschedulable, their pods end
	Delete = "delete" // after that the nodes are deleted
)

const (
	leaveWorkers = 32          // requests at the same time
	lookEvery    = time.Second // whether pods are gone
)

// Leave prepares the end of this process. It is called while Run still runs, and while pods can still end; it returns
// when that is done or ctx ends, which is an error that names the pods that are left. progress is told now and then;
// nil is Options.Progress.
func (k *Keeper) Leave(ctx context.Context, mode string, progress func(string)) error {
	if progress == nil {
		progress = k.o.Progress
	}
	switch mode {
	case Keep:
		return nil
	case Drain:
		return k.drain(ctx, progress)
	case Delete:
		return k.remove(ctx, progress)
	}
	return fmt.Errorf("leave nodes: %q is no way to: there is %s, %s and %s", mode, Keep, Drain, Delete)
}

// present are the nodes that we keep now. Those that are silent cannot end their pods, or are somebody else's.
func (k *Keeper) present() []*node {
	var present []*node
	for _, n := range k.nodes {
		if api := n.known(); api != nil && k.mine(n, api) && !n.silent.Load() {
			present = append(present, n)
		}
	}
	return present
}

func (k *Keeper) drain(ctx context.Context, progress func(string)) error {
	present := k.present()
	progress(fmt.Sprintf("draining %d nodes", len(present)))
	if err := each(ctx, present, k.cordon); err != nil {
		return err
	}
	pods, err := k.podsOf(ctx, present)
	if err != nil {
		return err
	}
	running := slices.DeleteFunc(slices.Clone(pods), func(p *v1.Pod) bool { return p.DeletionTimestamp != nil })
	if err := each(ctx, running, k.endPod); err != nil {
		return err
	}
	return k.awaitEnd(ctx, present, pods, progress)
}

// each does it for all, several at a time.
func each[T any](ctx context.Context, all []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(leaveWorkers)
	for _, one := range all {
		group.Go(func() error { return do(ctx, one) })
	}
	return group.Wait()
}

// cordon makes a node unschedulable, and notes that it was us. One that is so already stays so.
func (k *Keeper) cordon(ctx context.Context, n *node) error {
	api := n.known()
	if api == nil || api.Spec.Unschedulable {
		return nil
	}
	answer, err := k.patchNode(ctx, n.name, types.MergePatchType, object{
		"metadata": object{"uid": api.UID, "annotations": object{cordoned: Drain}},
		"spec":     object{"unschedulable": true},
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make node %s unschedulable: %w", n.name, err)
	}
	n.saw(answer)
	return nil
}

// podsOf lists the pods of nodes that end when a node is drained.
func (k *Keeper) podsOf(ctx context.Context, nodes []*node) ([]*v1.Pod, error) {
	on := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		on[n.name] = true
	}
	options := metav1.ListOptions{}
	if len(nodes) == 1 {
		options.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", nodes[0].name).String()
	}
	list, err := k.o.Client.CoreV1().Pods(k.o.Namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("list pods of our nodes: %w", err)
	}
	var pods []*v1.Pod
	for i := range list.Items {
		if p := &list.Items[i]; on[p.Spec.NodeName] && drainable(p) {
			pods = append(pods, p)
		}
	}
	return pods, nil
}

// drainable says whether a pod stays away once it was deleted. A DaemonSet would make it again, and a mirror pod is
// but a picture of one.
func drainable(p *v1.Pod) bool {
	_, mirror := p.Annotations[v1.MirrorPodAnnotationKey]
	owner := metav1.GetControllerOf(p)
	return !mirror && (owner == nil || owner.Kind != "DaemonSet")
}

// endPod deletes a pod with the grace it has of its own.
func (k *Keeper) endPod(ctx context.Context, p *v1.Pod) error {
	err := k.o.Client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{
		Preconditions: metav1.NewUIDPreconditions(string(p.UID)),
	})
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) { // gone, or another by now
		return nil
	}
	return fmt.Errorf("delete pod %s/%s: %w", p.Namespace, p.Name, err)
}

// awaitEnd waits until the pods of nodes are gone.
func (k *Keeper) awaitEnd(ctx context.Context, nodes []*node, pods []*v1.Pod, progress func(string)) error {
	began, told := k.o.Clock.Now(), k.teller(progress)
	for total := len(pods); ; {
		left, err := k.podsOf(ctx, nodes)
		if err == nil {
			pods = left
		}
		if err == nil && len(left) == 0 {
			progress(fmt.Sprintf("%d pods ended", total))
			return nil
		}
		waited := int(k.o.Clock.Now().Sub(began).Seconds())
		told.tell(fmt.Sprintf("%d of %d pods are still there (%d s)", len(pods), total, waited))
		if k.o.Clock.Sleep(ctx, lookEvery) != nil {
			return fmt.Errorf("drain: %s still there: %w", names(pods), context.Cause(ctx))
		}
	}
}

// names lists a few pods.
func names(pods []*v1.Pod) string {
	shown := make([]string, 0, 3)
	for _, p := range pods[:min(len(pods), cap(shown))] {
		shown = append(shown, p.Namespace+"/"+p.Name)
	}
	text := strings.Join(shown, ", ") + andOthers(len(pods)-len(shown))
	if len(pods) == 1 {
		return "pod " + text + " is"
	}
	return fmt.Sprintf("%d pods (%s) are", len(pods), text)
}

// remove deletes our nodes and their leases, after it drained them where they have pods. Then nothing is written of
// them any more.
func (k *Keeper) remove(ctx context.Context, progress func(string)) error {
	present := k.present()
	pods, err := k.podsOf(ctx, present)
	if err != nil {
		return err
	}
	if len(pods) > 0 {
		if err := k.drain(ctx, progress); err != nil {
			return err
		}
	}
	k.left.Store(true)
	if err := each(ctx, present, k.removeNode); err != nil {
		return err
	}
	progress(fmt.Sprintf("%d nodes deleted", len(present)))
	return nil
}

func (k *Keeper) removeNode(ctx context.Context, n *node) error {
	api := n.known()
	if api == nil {
		return nil
	}
	err := k.o.Client.CoreV1().Nodes().Delete(ctx, n.name, metav1.DeleteOptions{
		Preconditions: metav1.NewUIDPreconditions(string(api.UID)),
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete node %s: %w", n.name, err)
	}
	err = k.o.Leases.CoordinationV1().Leases(v1.NamespaceNodeLease).Delete(ctx, n.name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete lease of node %s: %w", n.name, err)
	}
	return nil
}
