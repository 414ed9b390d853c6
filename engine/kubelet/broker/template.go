package broker

import (
	"fmt"
	"net"
	"strings"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet/nodes"
)

// template is what config says of all our nodes.
func (b *Broker) template() nodes.Template {
	n := b.config.Node
	return nodes.Template{
		Labels: n.Labels, Zone: n.ZoneOf(), Taints: b.taints(), Info: b.info(),
		Capacity: n.Capacity, Allocatable: n.Allocatable, Addresses: b.addresses(), Port: b.port,
	}
}

func (b *Broker) taints() []v1.Taint {
	if t := b.config.Kubelet.Taint; t != nil {
		return append([]v1.Taint{*t}, b.config.Node.Taints...)
	}
	return b.config.Node.Taints
}

func (b *Broker) info() v1.NodeSystemInfo {
	return v1.NodeSystemInfo{
		KubeletVersion:          fmt.Sprintf("v1.%d.0-moonlet-%s", b.cluster.Minor, strings.TrimPrefix(b.opts.Version, "v")),
		OperatingSystem:         strings.ToLower(b.config.Node.OS),
		Architecture:            b.config.Node.Arch,
		ContainerRuntimeVersion: "moonlet://" + strings.TrimPrefix(b.opts.Version, "v"),
		OSImage:                 "Moonlet",
	}
}

// addresses are config's; where those name no InternalIP it is ours, at which the kubelet API is.
func (b *Broker) addresses() []v1.NodeAddress {
	given := b.config.Node.Addresses
	for _, a := range given {
		if a.Type == v1.NodeInternalIP {
			return given
		}
	}
	return append([]v1.NodeAddress{{Type: v1.NodeInternalIP, Address: nodeIP()}}, given...)
}

func (b *Broker) port(string) int32 {
	return int32(b.listener.Addr().(*net.TCPAddr).Port) //nolint:gosec // a TCP port
}
