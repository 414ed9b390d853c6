package broker

import (
	"fmt"
	"strings"
)

// Banner tells which nodes we are where, and what to try next.
func (b *Broker) Banner() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Moonlet %s is %s of %s (Kubernetes 1.%d)\n", b.opts.Version, b.nodesText(), b.cluster.Server, b.cluster.Minor)
	fmt.Fprintf(&s, "  provider %s\n", b.opts.Provider.Name)
	if d, ok := b.provider.(fmt.Stringer); ok {
		s.WriteString(d.String())
	}
	fmt.Fprintf(&s, "  kubelet  https://%s\n", b.listener.Addr())
	if b.health != nil {
		fmt.Fprintf(&s, "  metrics  http://%s/metrics\n", b.health.Addr())
	}
	s.WriteString(b.next())
	return s.String()
}

func (b *Broker) nodesText() string {
	if len(b.names) == 1 {
		return "node " + b.names[0]
	}
	return fmt.Sprintf("%d nodes, %s to %s,", len(b.names), b.names[0], b.names[len(b.names)-1])
}

// next is what one may try: a pod must tolerate the taint.
func (b *Broker) next() string {
	toleration := ""
	if t := b.config.Kubelet.Taint; t != nil {
		toleration = fmt.Sprintf(` --overrides '{"spec":{"tolerations":[{"key":%q,"operator":"Exists"}]}}'`, t.Key)
	}
	return fmt.Sprintf(`
Try it:
  kubectl get nodes
  kubectl run web --image=nginx%s
  kubectl get pods -o wide --watch
Ctrl-C ends this process; what becomes of its nodes then: %s (--on-exit).
`, toleration, b.config.Kubelet.OnExit)
}

// Announce logs what [Broker.Banner] tells, for logs that machines read.
func (b *Broker) Announce() {
	b.log.Info("serving", "version", b.opts.Version, "nodes", len(b.names), "node", b.names[0],
		"server", b.cluster.Server, "provider", b.opts.Provider.Name, "kubelet_api", b.listener.Addr().String())
}
