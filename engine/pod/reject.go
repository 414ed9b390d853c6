package pod

import (
	"strings"

	v1 "k8s.io/api/core/v1"
)

// rejectedBecause begins the message of every pod that its node refused; the event about it goes without.
const rejectedBecause = "Pod was rejected: "

// Rejected is how a kubelet refuses a pod for that reason.
func Rejected(reason, why string) *Rejection {
	return &Rejection{Reason: reason, Message: rejectedBecause + strings.TrimPrefix(why, rejectedBecause)}
}

// Why is the message as the event about it tells it.
func (r *Rejection) Why() string { return strings.TrimPrefix(r.Message, rejectedBecause) }

// Full is how a node refuses a pod where all of a resource is taken.
func Full(p *v1.Pod, name v1.ResourceName, n Allocation) *Rejection {
	limit := n.Allocatable[name]
	all, asked := amount(name, limit), int64(1)
	if name != v1.ResourcePods {
		asked = amount(name, Requests(p)[name])
	}
	return out(name, asked, all, all)
}
