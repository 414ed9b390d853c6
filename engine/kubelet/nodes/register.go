package nodes

import (
	"context"
	"encoding/json"
	"fmt"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// register makes a node ours, whether there is none yet, an old one of ours or somebody else's that we may take. A node
// that existed still has to be told how it is. It is for whoever may touch n.lease.
func (k *Keeper) register(ctx context.Context, n *node) error {
	if err := k.take(ctx, n); err != nil {
		return fmt.Errorf("register node %s: %w", n.name, err)
	}
	return nil
}

// take creates or adopts a node. What it believes of it may be old; then it reads it and tries again.
func (k *Keeper) take(ctx context.Context, n *node) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var err error
	for range 3 {
		api := n.known()
		if api == nil {
			err = k.create(ctx, n)
		} else {
			err = k.adopt(ctx, n, api)
		}
		switch {
		case apierrors.IsNotFound(err):
			n.gone("")
		case apierrors.IsAlreadyExists(err), apierrors.IsConflict(err):
			if err := k.read(ctx, n); err != nil {
				return err
			}
		default:
			return err
		}
	}
	return err
}

func (k *Keeper) create(ctx context.Context, n *node) error {
	status := k.describe(ctx, n)
	answer, err := k.o.Client.CoreV1().Nodes().Create(ctx, k.newNode(n.name, status), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	n.owns(answer.UID)
	n.saw(answer)
	k.accepted(n, status)
	k.tell(n, happened(n.name, nil, answer.Status.Conditions))
	k.o.Log.Debug("node created", "node", n.name)
	return nil
}

// adopt brings the metadata, taints and spec of a node that exists up to date.
func (k *Keeper) adopt(ctx context.Context, n *node, api *v1.Node) error {
	if err := k.mayTake(ctx, n, api); err != nil {
		return err
	}
	if n.owned() != api.UID {
		n.takeOver(api)
	}
	patch := k.metaPatch(api)
	if patch == nil {
		n.owns(api.UID)
		return nil
	}
	answer, err := k.patchNode(ctx, n.name, types.MergePatchType, patch)
	if err != nil {
		return err
	}
	n.owns(answer.UID)
	n.saw(answer)
	k.o.Log.Debug("node adopted", "node", n.name, "from", api.Annotations[Owner])
	return nil
}

// mayTake asks who keeps a node, by its lease.
func (k *Keeper) mayTake(ctx context.Context, n *node, api *v1.Node) error {
	lease := n.lease
	if lease == nil {
		found, err := k.o.Leases.CoordinationV1().Leases(v1.NamespaceNodeLease).Get(ctx, n.name, metav1.GetOptions{})
		switch {
		case err == nil:
			lease = found
		case !apierrors.IsNotFound(err):
			return err
		}
	}
	if err := k.claim(n, api, lease); err != nil {
		n.lease = nil // to be read again next time
		return err
	}
	n.lease = lease
	return nil
}

// takeOver notes what the process before this one wrote of the status.
func (n *node) takeOver(api *v1.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.written = ownStatus(api)
}

func (k *Keeper) read(ctx context.Context, n *node) error {
	api, err := k.o.Client.CoreV1().Nodes().Get(ctx, n.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		n.gone("")
		return nil
	case err != nil:
		return err
	}
	n.saw(api)
	return nil
}

func (k *Keeper) patchNode(
	ctx context.Context, name string, kind types.PatchType, patch object, subresources ...string,
) (*v1.Node, error) {
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, fmt.Errorf("write patch of node %s: %w", name, err)
	}
	return k.o.Client.CoreV1().Nodes().Patch(ctx, name, kind, body, metav1.PatchOptions{}, subresources...)
}
