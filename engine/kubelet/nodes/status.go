package nodes

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// work writes statuses of nodes from the queue until that is shut down.
func (k *Keeper) work(ctx context.Context) {
	for {
		n, over := k.queue.Get()
		if over {
			return
		}
		k.workOn(ctx, n)
		k.queue.Done(n)
	}
}

func (k *Keeper) workOn(ctx context.Context, n *node) {
	err := k.writeStatus(ctx, n)
	switch {
	case err == nil:
		k.queue.Forget(n)
	case errors.Is(err, errNotOurs):
		k.pulse(ctx, n, time.Time{}) // which registers it
	case ctx.Err() == nil:
		k.fails.note(ctx, "node status is not written", n.name, err)
		k.queue.AddRateLimited(n)
	}
}

// errNotOurs says that there is no such node, or it is not the one that we registered.
var errNotOurs = errors.New("the node has to be registered first")

// writeStatus asks how a node is and has Kubernetes take it, where it differs from what Kubernetes has or a report is
// due. A node that comes back from a silence does so here, once its status was accepted.
func (k *Keeper) writeStatus(ctx context.Context, n *node) error {
	if may, _ := n.mayWrite(); !may || k.left.Load() {
		return nil
	}
	want := k.describe(ctx, n)
	_, returning := n.mayWrite()
	wasReady, err := k.agree(ctx, n, want, returning || k.reportDue(n))
	if errors.Is(err, errSilent) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write status of node %s: %w", n.name, err)
	}
	k.accepted(n, want)
	isReady := find(want.Conditions, v1.NodeReady).Status == v1.ConditionTrue
	if returning && n.back() {
		k.metrics.silent.Dec()
		k.o.Log.Info("node is back", "node", n.name)
		if isReady && wasReady { // Kubernetes did not notice, but people who read events may want to
			k.tell(n, []kubelet.Event{statusNow(n.name, "NodeReady")})
		}
		wasReady = false
	}
	if isReady && !wasReady {
		k.o.Returned(n.name)
	}
	return nil
}

var errSilent = errors.New("the node fell silent")

// agree writes until Kubernetes has what is wanted. A patch holds only what differs from what we know; where that was
// old, the answer shows it, and there is another round. wasReady says whether Kubernetes believed the node Ready all
// along.
func (k *Keeper) agree(ctx context.Context, n *node, want *v1.NodeStatus, force bool) (wasReady bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	wasReady = true
	for range 4 {
		have, written := n.both()
		if have == nil || !k.mine(n, have) {
			return false, errNotOurs
		}
		wasReady = wasReady && ready(have)
		patch := statusPatch(have, want, written, k.o.Clock.Now(), force)
		if patch == nil {
			return wasReady, nil
		}
		if may, _ := n.mayWrite(); !may {
			return false, errSilent
		}
		if err := k.send(ctx, n, patch); err != nil {
			return false, err
		}
		k.tell(n, happened(n.name, have.Status.Conditions, want.Conditions))
		force = false
	}
	return false, errors.New("somebody else writes it too, and something else each time")
}

// send writes a status once. Where the node is another than we know, it reads that one.
func (k *Keeper) send(ctx context.Context, n *node, patch object) error {
	answer, err := k.patchNode(ctx, n.name, types.StrategicMergePatchType, patch, "status")
	k.metrics.written(err)
	switch {
	case err == nil:
		n.saw(answer)
		n.wrote(k.o.Clock.Now())
		return nil
	case apierrors.IsNotFound(err):
		n.gone("")
		return errNotOurs
	case apierrors.IsConflict(err):
		if err := k.read(ctx, n); err != nil {
			return err
		}
		return errNotOurs
	}
	return err
}

func (n *node) wrote(now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.wroteAt = now
}

// both is the node as Kubernetes has it and our part of it as it was accepted last.
func (n *node) both() (api *v1.Node, written *v1.NodeStatus) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.api, n.written
}

// reportDue says whether the status has to be written whatever it is.
func (k *Keeper) reportDue(n *node) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return !n.reportAt.IsZero() && !k.o.Clock.Now().Before(n.reportAt)
}

// accepted notes that Kubernetes has a status, and when it gets the next one at the latest. The first time is some
// other for each node, because they were all registered together.
func (k *Keeper) accepted(n *node, status *v1.NodeStatus) {
	now := k.o.Clock.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.written = status
	switch {
	case n.reportAt.IsZero():
		n.reportAt = now.Add(reportEvery - reportEvery/2*time.Duration(n.index)/time.Duration(len(k.nodes)))
	case !now.Before(n.reportAt):
		n.reportAt = now.Add(reportEvery)
	}
}

func (k *Keeper) tell(n *node, events []kubelet.Event) {
	for _, e := range events {
		k.o.Tell(n.name, e)
	}
}
