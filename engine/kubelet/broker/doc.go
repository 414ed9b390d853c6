// Package broker answers: how do the parts of a kubelet become one?
//
// [New] reaches the cluster and makes the provider; [Broker.Run] registers its nodes and runs everything until its
// context ends:
//
//	Kubernetes' pods ─► pods ─► Provider ─► pods ─► statuses
//	a clock ─► nodes ─► leases, node statuses
//	Provider ─► events ─► kubectl describe
//	kubectl logs, exec, top ─► kubeletapi ─► Provider
//
// It holds no rules of its own: those are in the packages it joins. All goroutines are Run's, which waits for them.
package broker
