package nodes

import (
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
)

// refused says that a node is not ours to keep.
type refused struct {
	node    string
	holder  string        // who keeps it; "": nobody we know
	alive   bool          // the holder renews its lease, and it may stop doing so
	age     time.Duration // of its last renewal
	kubelet string        // version of the kubelet that the node says it has
}

func (e *refused) Error() string {
	if e.alive {
		return fmt.Sprintf("node %s is kept by %s, lease renewed %v ago: stop that one, give this one other names with "+
			"--nodename, or take the node over with --adopt", e.node, e.holder, e.age.Round(time.Second))
	}
	what := "it has no annotation " + Owner
	if e.kubelet != "" {
		what += ", and kubelet " + e.kubelet
	}
	if e.holder != "" {
		what += ", and its lease is held by " + e.holder
	}
	return fmt.Sprintf("node %s is not Moonlet's (%s): choose another name with --nodename, delete that node, or take it "+
		"over with --adopt", e.node, what)
}

// rival is what is known of somebody else's lease.
type rival struct {
	renewed time.Time // by its own clock
	since   time.Time // when we saw that first, by ours
}

// fresh says whether a lease is being renewed: it is not older than it lasts, or it has just changed before our eyes,
// whatever the other's clock says; and it did change while we looked on for as long as it lasts.
func (r *rival) fresh(lease *coordinationv1.Lease, now time.Time) bool {
	renewed := renewTime(lease)
	changed := !r.since.IsZero() && !renewed.Equal(r.renewed)
	if changed || r.since.IsZero() {
		*r = rival{renewed, now}
	}
	lasts := 40 * time.Second // as all kubelets have it
	if s := lease.Spec.LeaseDurationSeconds; s != nil {
		lasts = time.Duration(*s) * time.Second
	}
	if now.Sub(r.since) >= lasts {
		return false
	}
	return changed || now.Before(renewed.Add(lasts))
}

func renewTime(lease *coordinationv1.Lease) time.Time {
	if lease == nil || lease.Spec.RenewTime == nil {
		return time.Time{}
	}
	return lease.Spec.RenewTime.Time
}

func holder(lease *coordinationv1.Lease) string {
	if lease == nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// mine says whether a node is the incarnation that we made or took, and says so itself.
func (k *Keeper) mine(n *node, api *v1.Node) bool {
	return api.UID == n.owned() && api.Annotations[Owner] == k.o.Identity
}

// claim says whether we may keep a node that exists, with the lease it has, or nil. The error is a [*refused] one.
// It is for whoever may touch n.lease.
func (k *Keeper) claim(n *node, api *v1.Node, lease *coordinationv1.Lease) error {
	held := n.owned()
	if k.o.Adopt && held == "" {
		return nil // but whom we took it from may take it back: we do not fight
	}
	other, now := holder(lease), k.o.Clock.Now()
	r := &refused{node: n.name, holder: other, kubelet: api.Status.NodeInfo.KubeletVersion, age: now.Sub(renewTime(lease))}
	if api.Annotations[Owner] == "" && api.UID != held {
		return r
	}
	if other != "" && other != k.o.Identity && n.rival.fresh(lease, now) {
		r.alive = true
		return r
	}
	return nil
}
