package nodes

import (
	"maps"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// object is a JSON object that is written.
type object = map[string]any

// statusPatch is the smallest strategic merge patch that makes a node's status what is wanted, and nil where nothing
// but times differs and no report is due. Of resources and conditions it takes away only what is in written, which is
// ours: others may add their own. It writes of a condition only what differs, so that the answer shows what somebody
// else changed in it meanwhile.
func statusPatch(have *v1.Node, want, written *v1.NodeStatus, now time.Time, report bool) object {
	if written == nil {
		written = &v1.NodeStatus{}
	}
	s := object{}
	put(s, "capacity", mergeResources(have.Status.Capacity, want.Capacity, written.Capacity))
	put(s, "allocatable", mergeResources(have.Status.Allocatable, want.Allocatable, written.Allocatable))
	if !slices.Equal(have.Status.Addresses, want.Addresses) {
		s["addresses"] = replaceAddresses(want.Addresses)
	}
	if !equality.Semantic.DeepEqual(have.Status.NodeInfo, want.NodeInfo) {
		s["nodeInfo"] = want.NodeInfo
	}
	if have.Status.DaemonEndpoints != want.DaemonEndpoints {
		s["daemonEndpoints"] = want.DaemonEndpoints
	}
	conditions := mergeConditions(have.Status.Conditions, want.Conditions, written.Conditions, now)
	if len(s) == 0 && !conditions.worth && !report {
		return nil
	}
	s["conditions"] = conditions.patches
	return object{"metadata": object{"uid": have.UID}, "status": s}
}

func mergeResources(have, want, written v1.ResourceList) object {
	changed := object{}
	for name, q := range want {
		if old, is := have[name]; !is || old.Cmp(q) != 0 {
			changed[string(name)] = q
		}
	}
	for name := range written {
		_, is := have[name]
		if _, wanted := want[name]; is && !wanted {
			changed[string(name)] = nil
		}
	}
	return changed
}

// replaceAddresses writes the list as a whole: it would be merged by type, of which there may be two.
func replaceAddresses(want []v1.NodeAddress) []any {
	list := []any{object{"$patch": "replace"}}
	for _, a := range want {
		list = append(list, a)
	}
	return list
}

// conditionsPatch is how a list of conditions changes.
type conditionsPatch struct {
	patches []object // all of ours, so that Kubernetes takes their order over
	worth   bool     // more than times differs
}

func mergeConditions(have, want, written []v1.NodeCondition, now time.Time) (p conditionsPatch) {
	for _, c := range timed(want, have, now) {
		fields := object{"type": c.Type, "lastHeartbeatTime": c.LastHeartbeatTime}
		h := find(have, c.Type)
		if h == nil {
			h = &v1.NodeCondition{}
		}
		changed := object{}
		if h.Status != c.Status {
			changed["status"] = c.Status
		}
		if h.Reason != c.Reason {
			changed["reason"] = c.Reason
		}
		if h.Message != c.Message {
			changed["message"] = c.Message
		}
		if h.LastTransitionTime.Unix() != c.LastTransitionTime.Unix() { // which is all that is kept of it
			changed["lastTransitionTime"] = c.LastTransitionTime
		}
		p.worth = p.worth || len(changed) > 0
		maps.Copy(fields, changed)
		p.patches = append(p.patches, fields)
	}
	for _, c := range written {
		if find(want, c.Type) == nil && find(have, c.Type) != nil {
			p.patches = append(p.patches, object{"$patch": "delete", "type": c.Type})
			p.worth = true
		}
	}
	return p
}

// ownStatus is which part of the status of a node that we take over the process before this one wrote: all
// resources, and the conditions that were written together with Ready. Those of others have times of their own.
func ownStatus(n *v1.Node) *v1.NodeStatus {
	own := &v1.NodeStatus{Capacity: n.Status.Capacity, Allocatable: n.Status.Allocatable}
	if r := find(n.Status.Conditions, v1.NodeReady); r != nil {
		for _, c := range n.Status.Conditions {
			if c.LastHeartbeatTime.Equal(&r.LastHeartbeatTime) {
				own.Conditions = append(own.Conditions, c)
			}
		}
	}
	return own
}
