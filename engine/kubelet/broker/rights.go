package broker

import (
	"context"
	"fmt"

	"github.com/moonlet-dev/moonlet/engine/kubelet/connect"
)

// needs are the rights without which nothing works. The chart grants these to every release, and the one to update pods/status,
// without which the API server has more work; its tests read them here.
func (b *Broker) needs() []connect.Need {
	ns := b.config.Kubelet.Namespace
	var all []connect.Need
	all = append(all, need("", "nodes", "", "", "to be nodes", "get", "list", "watch", "create", "patch")...)
	all = append(all, need("", "nodes", "status", "", "to say how the nodes are", "patch")...)
	all = append(all, need("coordination.k8s.io", "leases", "", "kube-node-lease", "to say that the nodes live", "get", "list", "create", "update")...)
	all = append(all, need("", "pods", "", ns, "to run the pods bound to the nodes", "get", "list", "watch", "delete")...)
	all = append(all, need("", "pods", "status", ns, "to say how the pods are", "patch")...)
	if b.config.Events.PerNode > 0 && b.config.Events.PerProcess > 0 {
		all = append(all, need("", "events", "", ns, "to tell what happens (or set events.per_node to 0)", "create", "patch")...)
	}
	all = append(all, need("authentication.k8s.io", "tokenreviews", "", "", "to know who asks for logs", "create")...)
	all = append(all, need("authorization.k8s.io", "subjectaccessreviews", "", "", "to know what they may", "create")...)
	return append(all, b.chosen()...)
}

// permitted says which rights are missing, all in one line.
func (b *Broker) permitted(ctx context.Context) error {
	missing, err := b.cluster.Missing(ctx, b.needs())
	if err != nil {
		return connect.Explain(err)
	}
	if text := connect.Complaint(missing); text != "" {
		return fmt.Errorf("%s: %s (charts/moonlet grants all that is needed)", b.cluster.Server, text)
	}
	return nil
}
