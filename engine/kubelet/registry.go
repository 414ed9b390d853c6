package kubelet

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/moonlet-dev/moonlet/engine/config"
)

// Setup is what a provider may know when it is made.
type Setup struct {
	Config *config.Store // the configuration, read again when its file changes
	Nodes  []string      // names of the nodes, at least one
	NodeIP string        // the address under which the kubelet API of the nodes is reached
	Minor  int           // minor version of the API server: 37 for v1.37
	Log    *slog.Logger

	Cluster ClusterReader // for what a provider wants to know of the cluster around it
}

// ClusterReader reads of the cluster what no node needs, and scenarios look at. Objects must not be changed.
type ClusterReader interface {
	Deployments(ctx context.Context) ([]*appsv1.Deployment, error)
	EndpointSlices(ctx context.Context) ([]*discoveryv1.EndpointSlice, error)
	Nodes(ctx context.Context) ([]*v1.Node, error)
}

// Registration offers a provider under a name.
type Registration struct {
	Name string // what --provider takes, and the value of the taint
	Help string // one line for --help

	// Check says what the configuration lacks, before a cluster is looked for. nil: nothing is checked.
	Check func(c *config.Config) error

	// New makes the provider. If it can be closed (an io.Closer), it is, after everything else has stopped.
	New func(ctx context.Context, s Setup) (Provider, error)

	// ResolveEnv says that pods are to reach the provider with env and envFrom resolved from ConfigMaps, Secrets and
	// the pod itself. Without it no Secret is ever read.
	ResolveEnv bool
}

// Registry holds providers by name. It is filled before it is used.
type Registry struct{ all []Registration }

// NewRegistry returns a registry of these providers. Two of one name are a mistake of the program, and panic.
func NewRegistry(all ...Registration) *Registry {
	r := &Registry{}
	for _, one := range all {
		r.Register(one)
	}
	return r
}

// Register adds a provider. A name that is taken or empty is a mistake of the program, and panics.
func (r *Registry) Register(one Registration) {
	if one.Name == "" || one.New == nil || slices.Contains(r.Names(), one.Name) {
		panic(fmt.Sprintf("kubelet: provider %q cannot be registered: it needs a name of its own and a New", one.Name))
	}
	r.all = append(r.all, one)
}

// Names lists the names, as they were registered.
func (r *Registry) Names() []string {
	names := make([]string, len(r.all))
	for i := range r.all {
		names[i] = r.all[i].Name
	}
	return names
}

// Find returns the provider of that name. The error lists those there are.
func (r *Registry) Find(name string) (Registration, error) {
	for _, one := range r.all {
		if one.Name == name {
			return one, nil
		}
	}
	return Registration{}, fmt.Errorf("no provider is called %q: there is %s", name, strings.Join(r.Names(), ", "))
}
