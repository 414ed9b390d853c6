package nodes

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Options say which nodes are kept, and who knows about them. The funcs are called from several goroutines, never two
// calls of one func for the same node at a time.
type Options struct {
	Client   kubernetes.Interface
	Leases   kubernetes.Interface // client for leases, best one with connections of its own; nil: Client
	Names    []string             // of the nodes; at least one, none twice
	Template Template

	Describe func(ctx context.Context, node string) (kubelet.NodeState, error) // nil: nodes are as the template says
	Beats    func(ctx context.Context, node string) bool                       // nil: always

	// Identity is who we are to others who keep nodes: holder of leases and value of the annotation [Owner]. A process
	// that comes after this one and takes over has the same.
	Identity string
	Adopt    bool // take nodes that somebody else made or keeps

	Tell     func(node string, e kubelet.Event) // what happens to nodes, for events; returns at once. nil: nobody is told
	Returned func(node string)                  // Kubernetes believes again that the node is Ready; returns at once. nil: the same
	Progress func(text string)                  // why Start or Leave takes time, now and then; nil: logged

	// Patience is how long Start waits for the lease of another holder to expire, and for an API server that does not
	// answer; 0: 1 min.
	Patience  time.Duration
	Namespace string // whose pods Leave ends; "": all

	// LeaseDuration is how long a lease lasts; 0: 40 s. It is renewed four times in that time, twice where there are more
	// than 1,000 nodes. It has to be shorter where the node controller's grace period is.
	LeaseDuration time.Duration

	Clock      clock.Clock           // nil: the real one
	Log        *slog.Logger          // nil: silent
	Registerer prometheus.Registerer // nil: metrics are not registered
}

// Template is what all nodes have in common. It is not changed after [New].
type Template struct {
	// Labels are laid over the usual ones of virtual nodes: type, role, host name, operating system, architecture, and
	// those that keep load balancers away.
	Labels map[string]string

	// Annotations are laid over our own and metrics.k8s.io/resource-metrics-path, which is /nodes/NAME/metrics/resource.
	Annotations map[string]string

	Zone        func(node string) string // label topology.kubernetes.io/zone; nil or "": none
	Taints      []v1.Taint
	Info        v1.NodeSystemInfo // machine, system and boot ID left empty are made of the node's name
	Capacity    v1.ResourceList
	Allocatable v1.ResourceList // nil: Capacity
	Addresses   []v1.NodeAddress
	Port        func(node string) int32 // of the kubelet API; nil: none
	PodCIDR     string
	ProviderID  func(node string) string // nil: none
}

func (o Options) withDefaults() Options {
	if o.Leases == nil {
		o.Leases = o.Client
	}
	if o.Describe == nil {
		o.Describe = func(context.Context, string) (kubelet.NodeState, error) { return kubelet.NodeState{}, nil }
	}
	if o.Beats == nil {
		o.Beats = func(context.Context, string) bool { return true }
	}
	if o.Tell == nil {
		o.Tell = func(string, kubelet.Event) {}
	}
	if o.Returned == nil {
		o.Returned = func(string) {}
	}
	if o.Patience <= 0 {
		o.Patience = time.Minute
	}
	if o.LeaseDuration <= 0 {
		o.LeaseDuration = 40 * time.Second
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(text string) { o.Log.Info(text) }
	}
	return o
}
