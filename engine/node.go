package engine

import (
	"net"
	"os"
	"slices"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/provider"
)

// nodeSource describes the node as config has it at that moment.
type nodeSource struct {
	config   *config.Store
	listener net.Addr
	podIP    string // VKUBELET_POD_IP, as Virtual Kubelet's charts give it
}

func newNodeSource(c *config.Store, l net.Listener) nodeSource {
	return nodeSource{config: c, listener: l.Addr(), podIP: os.Getenv("VKUBELET_POD_IP")}
}

// Node is the node, for [provider.Options].
func (s nodeSource) Node() provider.Node {
	c := s.config.Current()
	n := c.Node
	return provider.Node{
		Name: n.Name, OS: n.OS, Arch: n.Arch, Minor: n.Minor,
		Capacity: n.Capacity, Allocatable: n.Allocatable, Labels: n.Labels, Taints: n.Taints,
		Addresses: s.addresses(n), PodCIDR: c.PodCIDR, Admission: c.Admission,
	}
}

// addresses are those of config; where it names no InternalIP, VKUBELET_POD_IP or the address listened on is it: a
// node without one cannot be asked for logs.
func (s nodeSource) addresses(n config.Node) []v1.NodeAddress {
	if slices.ContainsFunc(n.Addresses, func(a v1.NodeAddress) bool { return a.Type == v1.NodeInternalIP }) {
		return n.Addresses
	}
	ip := s.podIP
	if ip == "" {
		ip = s.host()
	}
	return append([]v1.NodeAddress{{Type: v1.NodeInternalIP, Address: ip}}, n.Addresses...)
}

// host is the address listened on; loopback where that is all of them.
func (s nodeSource) host() string {
	tcp, ok := s.listener.(*net.TCPAddr)
	if !ok || tcp.IP.IsUnspecified() {
		return "127.0.0.1"
	}
	return tcp.IP.String()
}

func (s nodeSource) port() int32 {
	if tcp, ok := s.listener.(*net.TCPAddr); ok {
		return int32(tcp.Port) //nolint:gosec // a TCP port
	}
	return 0
}
