package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/connect"
	"github.com/moonlet-dev/moonlet/engine/kubelet/env"
	"github.com/moonlet-dev/moonlet/engine/kubelet/events"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
	"github.com/moonlet-dev/moonlet/engine/kubelet/look"
	"github.com/moonlet-dev/moonlet/engine/kubelet/nodes"
	"github.com/moonlet-dev/moonlet/engine/kubelet/pods"
)

// Options is what a Broker is made of.
type Options struct {
	Config   *config.Store        // required
	Provider kubelet.Registration // required
	Version  string               // of this program
	Progress func(text string)    // told of what takes long; nil: nobody
	Log      *slog.Logger         // nil: silent
}

// Broker is one kubelet: a provider, the nodes it is in a cluster, and the doors between them.
type Broker struct {
	opts     Options
	config   *config.Config
	log      *slog.Logger
	names    []string
	cluster  *connect.Cluster
	provider kubelet.Provider
	registry *prometheus.Registry

	entered  atomic.Bool // all nodes are registered
	nodes    *nodes.Keeper
	pods     *pods.Broker
	events   *events.Recorder
	api      *kubeletapi.Server
	listener net.Listener // of the kubelet API
	health   net.Listener // of metrics and health; nil: not served
}

// New reaches the cluster, checks that it may do there what it must, makes the provider and opens the listeners. It
// starts no goroutines that outlive it; call [Broker.Run], or [Broker.Close] to let go of all.
func New(ctx context.Context, o Options) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	c := o.Config.Current()
	b := &Broker{opts: o, config: c, log: o.Log, names: c.Node.Names(), registry: prometheus.NewRegistry()}
	if check := o.Provider.Check; check != nil {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	klog.SetSlogLogger(o.Log) // the libraries of Kubernetes log there
	if err := b.open(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Broker) open(ctx context.Context) (err error) {
	if err := b.connect(ctx); err != nil {
		return err
	}
	if err := b.listen(ctx); err != nil {
		return err
	}
	b.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	b.provider, err = b.opts.Provider.New(ctx, kubelet.Setup{
		Config: b.opts.Config, Nodes: b.names, NodeIP: nodeIP(), Minor: b.cluster.Minor, Log: b.log,
		Cluster: look.New(b.cluster.Client, b.config.Kubelet.Namespace),
	})
	if err != nil {
		return err
	}
	return b.assemble()
}

func (b *Broker) connect(ctx context.Context) (err error) {
	k := b.config.Kubelet
	b.cluster, err = connect.Connect(ctx, connect.Options{
		Kubeconfig: k.Kubeconfig, Timeout: k.StartupTimeout, UserAgent: "moonlet/" + b.opts.Version,
		Progress: b.opts.Progress, Clock: clock.Real(), Log: b.log,
	})
	if err != nil {
		return err
	}
	return b.permitted(ctx)
}

// Near says whether the API server is on this machine.
func (b *Broker) Near() bool { return b.cluster.Near }

// listen opens the kubelet API where its nodes say that they are.
func (b *Broker) listen(ctx context.Context) (err error) {
	address := net.JoinHostPort(nodeIP(), strconv.Itoa(b.config.Kubelet.Port))
	if b.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", address); err != nil {
		return fmt.Errorf("kubelet API: %w: choose another port with --kubelet-port, or 0 for any", err)
	}
	if b.config.Kubelet.MetricsAddr == "" {
		return nil
	}
	if b.health, err = new(net.ListenConfig).Listen(ctx, "tcp", b.config.Kubelet.MetricsAddr); err != nil {
		return fmt.Errorf("metrics and health: %w: choose another address with --metrics-addr, or off for none", err)
	}
	return nil
}

// nodeIP is the address of all our nodes: that of the pod we are in, else this machine's own.
func nodeIP() string { return cmp.Or(os.Getenv("VKUBELET_POD_IP"), "127.0.0.1") }

func (b *Broker) assemble() (err error) {
	b.events = events.New(events.Options{
		Client: b.cluster.Client, PerNode: b.config.Events.PerNode, PerProcess: b.config.Events.PerProcess,
		Component: "kubelet", Idle: func() bool { return b.entered.Load() && b.pods.Idle() }, Clock: clock.Real(), Log: b.log, Registerer: b.registry,
	})
	leases, err := b.cluster.Separate()
	if err != nil {
		return err
	}
	b.nodes = nodes.New(b.nodeOptions(leases))
	writer, err := b.cluster.Writer()
	if err != nil {
		return err
	}
	b.pods = pods.New(b.podOptions(writer))
	b.api, err = kubeletapi.New(kubeletapi.Options{
		Provider: b.provider, Pods: b.pods, Nodes: b.names, Silent: b.nodes.Silent, Client: b.cluster.Client,
		CertFile: b.config.Kubelet.Cert, KeyFile: b.config.Kubelet.Key, ClientCAFile: b.config.Kubelet.ClientCA,
		Hosts: append([]string{nodeIP()}, b.names[:min(len(b.names), 16)]...), Metrics: b.metrics(), Clock: clock.Real(), Log: b.log, Registerer: b.registry,
	})
	if err != nil {
		return err
	}
	b.listenToProvider()
	return nil
}

func (b *Broker) podOptions(writer kubernetes.Interface) pods.Options {
	o := pods.Options{
		Client: b.cluster.Client, Writer: writer, Provider: b.provider, Nodes: b.names, Namespace: b.config.Kubelet.Namespace,
		Silent: b.nodes.Silent, Tell: b.events.Pod, Clock: clock.Real(), Log: b.log, Registerer: b.registry,
	}
	if b.opts.Provider.ResolveEnv {
		o.Resolve = b.resolver().Resolve
	}
	if b.cluster.Near {
		// HTTP/1.1 costs us a twelfth less CPU. HTTP/2's pings find out a server that vanished without a word; on its own machine none does.
		o.Watcher = writer
	}
	return o
}

func (b *Broker) resolver() *env.Resolver {
	return env.New(env.Options{
		Client: b.cluster.Client, Clock: clock.Real(), Log: b.log,
		HostIPs:     func(string) []string { return []string{nodeIP()} },
		Allocatable: func(context.Context, string) v1.ResourceList { return b.config.Node.Allocatable },
	})
}

func (b *Broker) nodeOptions(leases kubernetes.Interface) nodes.Options {
	o := nodes.Options{
		Client: b.cluster.Client, Leases: leases, Names: b.names, Template: b.template(), Identity: identity(), Adopt: b.config.Kubelet.Adopt,
		Tell:     func(node string, e kubelet.Event) { b.events.Node(node, types.UID(node), e) },
		Returned: func(node string) { b.pods.Reassert(node) },
		Progress: b.opts.Progress, Namespace: b.config.Kubelet.Namespace,
		Patience: b.config.Kubelet.StartupTimeout, Clock: clock.Real(), Log: b.log, Registerer: b.registry,
	}
	if d, ok := b.provider.(kubelet.NodeDescriber); ok {
		o.Describe = d.DescribeNode
	}
	if h, ok := b.provider.(kubelet.Heart); ok {
		o.Beats = h.Beats
	}
	return o
}

// ownNamespace is where a pod reads the namespace that it is in.
const ownNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// identity tells our leases from those of others. It outlives a restart on the same machine, or of the same pod of a
// StatefulSet.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "moonlet"
	}
	if namespace, err := os.ReadFile(ownNamespace); err == nil {
		return strings.TrimSpace(string(namespace)) + "/" + host
	}
	return host
}

// listenToProvider lets the provider tell of what happens by itself.
func (b *Broker) listenToProvider() {
	if s, ok := b.provider.(kubelet.EventSource); ok {
		s.Events(func(p *v1.Pod, e kubelet.Event) {
			if !b.nodes.Silent(p.Spec.NodeName) {
				b.events.Pod(p, e)
			}
		})
	}
	if d, ok := b.provider.(kubelet.NodeDescriber); ok {
		d.WatchNodes(b.nodes.Changed)
	}
	if r, ok := b.provider.(kubelet.NodeReader); ok {
		r.ReadNodes(b.nodes.Node)
	}
}

// metrics are ours, and the provider's where it has some.
func (b *Broker) metrics() prometheus.Gatherer {
	if theirs, ok := b.provider.(prometheus.Gatherer); ok {
		return prometheus.Gatherers{b.registry, theirs}
	}
	return b.registry
}

// Nodes are the names of the nodes.
func (b *Broker) Nodes() []string { return b.names }

// Cluster is where they are nodes.
func (b *Broker) Cluster() *connect.Cluster { return b.cluster }

// Provider is what stands behind them.
func (b *Broker) Provider() kubelet.Provider { return b.provider }

// API is the address of the kubelet API.
func (b *Broker) API() net.Addr { return b.listener.Addr() }

// Health is the address of metrics and health; nil: they are not served.
func (b *Broker) Health() net.Addr {
	if b.health == nil {
		return nil
	}
	return b.health.Addr()
}

// Close lets go of what New opened. It is safe after [Broker.Run].
func (b *Broker) Close() error {
	var errs []error
	for _, l := range []net.Listener{b.listener, b.health} {
		if l == nil {
			continue
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if c, ok := b.provider.(io.Closer); ok {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
