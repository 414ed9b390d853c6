package broker

import "github.com/moonlet-dev/moonlet/engine/kubelet/connect"

// need is what we must be allowed to do with a resource.
func need(group, resource, sub, namespace, why string, verbs ...string) []connect.Need {
	all := make([]connect.Need, len(verbs))
	for i, verb := range verbs {
		all[i] = connect.Need{Verb: verb, Group: group, Resource: resource, Subresource: sub, Namespace: namespace, Why: why}
	}
	return all
}

// chosen are the rights that only some choices of provider and config need.
func (b *Broker) chosen() []connect.Need {
	var all []connect.Need
	if b.config.Kubelet.OnExit == "delete" {
		all = append(all, need("", "nodes", "", "", "to delete the nodes at the end", "delete")...)
		all = append(all, need("coordination.k8s.io", "leases", "", "kube-node-lease", "to delete the nodes at the end", "delete")...)
	}
	if b.opts.Provider.ResolveEnv {
		ns := b.config.Kubelet.Namespace
		all = append(all, need("", "configmaps", "", ns, "to fill in the environment of pods", "get")...)
		all = append(all, need("", "secrets", "", ns, "to fill in the environment of pods", "get")...)
	}
	return all
}
