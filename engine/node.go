package engine

import (
	"cmp"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Kubelet is what an Engine must know of the cluster whose nodes it is.
type Kubelet struct {
	Nodes  []string // their names, at least one
	NodeIP string   // where their kubelet API is reached; empty: VKUBELET_POD_IP, else the listener's address
	Minor  int      // minor version of the API server: 37 for v1.37; 0: config's

	Cluster script.Cluster // what scenarios may look at; nil: nothing
}

// nodeSource describes our nodes as config has them at that moment: all alike but for their names.
type nodeSource struct {
	config   *config.Store
	listener net.Addr
	kubelet  *Kubelet // nil: moonlet serve
	podIP    string   // VKUBELET_POD_IP, as Virtual Kubelet's charts give it

	seen atomic.Pointer[nodesSeen]
}

// nodesSeen are the nodes of one state of the config.
type nodesSeen struct {
	config *config.Config
	zoneOf func(name string) string
	nodes  sync.Map // by name, of *provider.Node
}

func newNodeSource(c *config.Store, l net.Listener, k *Kubelet) *nodeSource {
	return &nodeSource{config: c, listener: l.Addr(), kubelet: k, podIP: os.Getenv("VKUBELET_POD_IP")}
}

// names are the names of our nodes.
func (s *nodeSource) names() []string {
	if s.kubelet != nil {
		return s.kubelet.Nodes
	}
	return []string{s.config.Current().Node.Name}
}

// Node is one of our nodes, for [provider.Options].
func (s *nodeSource) Node(name string) *provider.Node {
	c := s.config.Current()
	seen := s.seen.Load()
	if seen == nil || seen.config != c {
		seen = &nodesSeen{config: c, zoneOf: c.Node.ZoneOf()}
		s.seen.Store(seen)
	}
	if n, ok := seen.nodes.Load(name); ok {
		return n.(*provider.Node)
	}
	n, _ := seen.nodes.LoadOrStore(name, s.describe(c, name, seen.zoneOf(name)))
	return n.(*provider.Node)
}

func (s *nodeSource) describe(c *config.Config, name, zone string) *provider.Node {
	n := c.Node
	one := &provider.Node{
		Name: name, OS: n.OS, Arch: n.Arch, Minor: n.Minor,
		Capacity: n.Capacity, Allocatable: n.Allocatable, Labels: n.Labels, Taints: n.Taints,
		Addresses: s.addresses(n), PodCIDR: c.PodCIDR, Admission: c.Admission,
	}
	if zone != "" {
		one.Labels = withLabel(n.Labels, v1.LabelTopologyZone, zone)
	}
	if s.kubelet != nil && s.kubelet.Minor > 0 {
		one.Minor = s.kubelet.Minor
	}
	return one
}

// withLabel is the labels with one that they do not have.
func withLabel(labels map[string]string, key, value string) map[string]string {
	all := map[string]string{key: value}
	maps.Copy(all, labels)
	return all
}

// addresses are those of config; where it names no InternalIP, the kubelet's, VKUBELET_POD_IP or the address listened
// on is it: a node without one cannot be asked for logs.
func (s *nodeSource) addresses(n config.Node) []v1.NodeAddress {
	if slices.ContainsFunc(n.Addresses, func(a v1.NodeAddress) bool { return a.Type == v1.NodeInternalIP }) {
		return n.Addresses
	}
	ip := cmp.Or(s.kubelet.nodeIP(), s.podIP, s.host())
	return append([]v1.NodeAddress{{Type: v1.NodeInternalIP, Address: ip}}, n.Addresses...)
}

// nodeIP is empty where it is not known.
func (k *Kubelet) nodeIP() string {
	if k == nil {
		return ""
	}
	return k.NodeIP
}

// host is the address listened on; loopback where that is all of them.
func (s *nodeSource) host() string {
	tcp, ok := s.listener.(*net.TCPAddr)
	if !ok || tcp.IP.IsUnspecified() {
		return "127.0.0.1"
	}
	return tcp.IP.String()
}

func (s *nodeSource) port() int32 {
	if tcp, ok := s.listener.(*net.TCPAddr); ok {
		return int32(tcp.Port) //nolint:gosec // a TCP port
	}
	return 0
}
