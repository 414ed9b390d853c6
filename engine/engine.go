package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/server"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Options is what a Moonlet is made of.
type Options struct {
	Config  *config.Store // required
	Version string        // shown in the banner and in moonlet_build_info
	Log     *slog.Logger  // nil: silent
	Clock   clock.Clock   // of the story; nil: the machine's
	Kubelet *Kubelet      // the nodes of a cluster, which owns the pods; nil: one node, whose clients own them
	// NoJournal, while it is true, keeps no journals of pods: what they cost is measured so. nil: they are kept.
	NoJournal *atomic.Bool
}

// Engine is one Moonlet: a node, its scripts, its state, and the doors to it.
type Engine struct {
	opts     Options
	log      *slog.Logger
	store    *state.Store
	runtime  *script.Runtime
	provider *provider.Provider
	server   *server.Server
	listener net.Listener
	node     *nodeSource
	token    *tokenFile
	loaded   string // hash of the scripts folder as it was at the start
	seed     int64
	newSeed  bool // drawn now: to be kept
}

// New opens the state, loads the scripts and takes the kept pods up again, and opens the listener. Scripts that do not
// load are reported and do not stop it: the built-in behaviour serves until they are mended. It starts no goroutines;
// call [Engine.Run], or [Engine.Close] to let go of all.
func New(ctx context.Context, o Options) (*Engine, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	e := &Engine{opts: o, log: o.Log}
	if err := e.open(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) open(ctx context.Context) (err error) {
	c := e.opts.Config.Current()
	snapshot, err := readScripts(c.Scripts.Dir)
	if err != nil {
		return err
	}
	e.loaded = snapshot.Hash
	if e.store, err = state.Open(e.stateOptions(c)); err != nil {
		return err
	}
	if e.listener, err = server.Listen(ctx, c.Listen.API); err != nil {
		return err
	}
	e.token = &tokenFile{config: e.opts.Config}
	if _, err := e.token.Token(); err != nil {
		return err
	}
	e.node = newNodeSource(e.opts.Config, e.listener, e.opts.Kubelet)
	e.chooseSeed(c)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo(e.opts.Version))
	e.build(c, registry)
	e.report(e.provider.Load(ctx, sources(snapshot)))
	e.provider.Resume(ctx)
	return nil
}

// keptEvents is how many events a kubelet keeps for those who come back to its event stream: each holds a pod.
const keptEvents = 256

func (e *Engine) stateOptions(c *config.Config) state.Options {
	o := state.Options{Path: c.State.File, Fsync: c.State.Fsync, OnError: e.stateFailed}
	if e.opts.Kubelet != nil {
		o.Lean, o.Events = true, keptEvents
	}
	return o
}

// readOnly is why the web-provider API takes no pods while the kubelet runs.
const readOnly = "this is moonlet kubelet, whose pods are Kubernetes': use kubectl"

func (e *Engine) build(c *config.Config, registry *prometheus.Registry) {
	e.runtime = script.NewRuntime(script.Options{Slots: c.Limits.Slots, Log: scriptLog(e.log)})
	e.provider = provider.New(provider.Options{
		NoJournal: e.opts.NoJournal, Store: e.store, Clock: e.opts.Clock, Runtime: e.runtime, Seed: uint64(e.seed), //nolint:gosec // the seed's bits
		Limits: e.hookLimits, Logs: e.logLimits, Radius: e.blastRadius,
		Config: func() map[string]any { return anyMap(e.opts.Config.Current().ScriptConfig) },
		Params: paramMap(c.Params), Nodes: e.node.names(), Node: e.node.Node,
		Kubernetes: e.opts.Kubelet != nil,
		Log:        e.log, Metrics: provider.NewMetrics(registry),
	})
	e.provider.Watch(registry)
	o := server.Options{
		Provider: e.provider, Clock: e.opts.Clock, Origins: c.CORS.Origins, BodyLimit: c.Limits.Body,
		OS: c.Node.OS, KubeletPort: e.node.port(), Token: e.token.Token,
		Log: e.log, Registry: registry,
	}
	if e.opts.Kubelet != nil {
		o.ReadOnly = readOnly
	}
	o.Scenarios = e.theatre()
	e.server = server.New(o)
}

// theatre tells scenarios on this very provider.
func (e *Engine) theatre() *scenario.Theatre {
	var cluster script.Cluster
	if e.opts.Kubelet != nil {
		cluster = e.opts.Kubelet.Cluster
	}
	return &scenario.Theatre{
		Stage: scenario.Live(e.provider, e.opts.Clock, cluster), Runtime: e.runtime, Seed: e.seed, Library: e.provider.Sources,
		Config: func() map[string]any { return anyMap(e.opts.Config.Current().ScriptConfig) },
	}
}

func (e *Engine) hookLimits() hook.Limits {
	l := e.opts.Config.Current().Limits
	return hook.Limits{Status: l.Status, Create: l.Create, Logs: l.Logs, Exec: l.Exec, Match: l.Match}
}

func (e *Engine) logLimits() provider.LogLimits {
	l := e.opts.Config.Current().Limits
	return provider.LogLimits{Lines: l.LogLines, Bytes: int(l.LogBytes)}
}

func (e *Engine) blastRadius() provider.Radius {
	return provider.Radius(e.opts.Config.Current().Limits.BlastRadius)
}

// Provider is what serves the calls, for those who drive an Engine in their own process.
func (e *Engine) Provider() *provider.Provider { return e.provider }

// Server is the HTTP door.
func (e *Engine) Server() *server.Server { return e.server }

// URL is where the provider API is served.
func (e *Engine) URL() string { return "http://" + e.listener.Addr().String() }

// Run serves until ctx ends or a part fails, and waits for all parts; then it closes the Engine. What was answered
// before is in the state file when it returns.
func (e *Engine) Run(ctx context.Context) error {
	storing, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	stored := make(chan error, 1)
	go func() { stored <- e.store.Run(storing) }()
	err := e.keepSeed(ctx)
	if err == nil {
		err = e.runDoors(ctx)
	}
	stopStore()
	return errors.Join(err, <-stored, e.Close())
}

// runDoors runs all that takes changes in: the server, the due times and the watchers. The first to fail ends all.
func (e *Engine) runDoors(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := []func(context.Context) error{
		func(ctx context.Context) error { return e.server.Serve(ctx, e.listener) },
		e.provider.Run,
		e.watchScripts,
		e.watchConfig,
	}
	failed := make(chan error, len(parts))
	var wg sync.WaitGroup
	for _, run := range parts {
		wg.Go(func() {
			failed <- run(ctx)
			stop()
		})
	}
	wg.Wait()
	close(failed)
	var all error
	for err := range failed {
		if err != nil && !errors.Is(err, context.Canceled) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// Close lets go of what New opened. It is safe after [Run].
func (e *Engine) Close() error {
	var errs []error
	if e.listener != nil {
		if err := e.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if e.runtime != nil {
		e.runtime.Close()
	}
	if e.store != nil {
		errs = append(errs, e.store.Close())
	}
	return errors.Join(errs...)
}

const seedFact = "seed"

// chooseSeed takes the seed from config, else the one kept in the state, else draws one.
func (e *Engine) chooseSeed(c *config.Config) {
	if c.Seed != nil {
		e.seed = *c.Seed
		return
	}
	if kept, ok := e.store.Facts().Get(seedFact); ok {
		if n, err := strconv.ParseInt(string(kept), 10, 64); err == nil {
			e.seed = n
			return
		}
	}
	e.seed, e.newSeed = rand.Int64N(1_000_000), true //nolint:gosec // a seed people can type, no secret
}

func (e *Engine) keepSeed(ctx context.Context) error {
	if !e.newSeed {
		return nil
	}
	if err := e.store.Facts().Put(ctx, seedFact, strconv.AppendInt(nil, e.seed, 10)); err != nil {
		return fmt.Errorf("keep the seed: %w", err)
	}
	return nil
}

func (e *Engine) stateFailed(err error) {
	switch {
	case err == nil:
		e.log.Info("the state file can be written again")
	case errors.Is(err, state.ErrUnwritten):
		e.log.Error("the state file cannot be written; changes are refused until it can", "err", err)
	default:
		e.log.Error("a change is not kept", "err", err)
	}
}

func anyMap(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func paramMap(params []config.Param) map[string]string {
	out := make(map[string]string, len(params))
	for _, p := range params {
		out[p.Script+"."+p.Name] = p.Value
	}
	return out
}

func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "moonlet_build_info", Help: "1, with the version of this program.", ConstLabels: prometheus.Labels{"version": version},
	}, func() float64 { return 1 })
}
