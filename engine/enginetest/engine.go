package enginetest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/server"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Start is when the clock of every test begins.
var Start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// Options change what New makes. The zero value has no scripts and seed 0.
type Options struct {
	Seed    uint64
	Scripts map[string]string // name → text
	Node    func(*provider.Node)
	Config  map[string]any
	Limits  hook.Limits // zero fields: so long that they never end a hook
	Params  map[string]string
	Clock   clock.Clock // nil: held at Start
	State   string      // file; empty: memory

	Nodes      []string // names; none: one node, named as Node says. All are alike but for that
	Kubernetes bool     // the pods are Kubernetes'
}

// Engine is a provider on a held clock, with a server in front of it that needs no network.
type Engine struct {
	*provider.Provider
	Clock   *clock.HeldClock // nil where Options gave another
	Store   *state.Store
	Handler http.Handler
	sources map[string]string
}

// New makes an Engine that ends with the test. Scripts that do not load fail the test.
func New(tb testing.TB, o Options) *Engine {
	tb.Helper()
	e := &Engine{sources: o.Scripts}
	if o.Clock == nil {
		e.Clock = clock.Hold(Start)
		o.Clock = e.Clock
	}
	store := openStore(tb, o)
	runtime := script.NewRuntime(script.Options{})
	tb.Cleanup(runtime.Close)
	nodes := o.nodes()
	e.Store = store
	registry := prometheus.NewRegistry()
	e.Provider = provider.New(provider.Options{
		Metrics: provider.NewMetrics(registry),
		Store:   store, Clock: o.Clock, Runtime: runtime, Seed: o.Seed, Config: func() map[string]any { return o.Config }, Params: o.Params,
		Limits: func() hook.Limits { return patient(o.Limits) },
		Nodes:  nodes.names, Node: func(name string) *provider.Node { return nodes.byName[name] }, Kubernetes: o.Kubernetes,
	})
	e.Handler = server.New(server.Options{Provider: e.Provider, Clock: o.Clock, Registry: registry}).Handler()
	if len(o.Scripts) > 0 {
		for _, problem := range e.Load(tb.Context(), sources(o.Scripts)) {
			tb.Fatalf("load: %v", problem)
		}
	}
	e.Resume(tb.Context())
	return e
}

// nodeSet is the nodes of an engine.
type nodeSet struct {
	names  []string
	byName map[string]*provider.Node
}

func (o *Options) nodes() nodeSet {
	set := nodeSet{names: o.Nodes, byName: map[string]*provider.Node{}}
	node := defaultNode()
	if o.Node != nil {
		o.Node(&node)
	}
	if len(set.names) == 0 {
		set.names = []string{node.Name}
	}
	for _, name := range set.names {
		one := node
		one.Name = name
		set.byName[name] = &one
	}
	return set
}

// openStore opens the state; with a file its writer runs until the test ends.
func openStore(tb testing.TB, o Options) *state.Store {
	tb.Helper()
	store, err := state.Open(state.Options{Path: o.State, Lean: o.Kubernetes})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- store.Run(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, store.Close()); err != nil {
			tb.Error(err)
		}
	})
	return store
}

// patience is the limit of hooks in tests: a busy machine must not decide what a test says. Tests of limits set their
// own.
const patience = 30 * time.Second

func patient(l hook.Limits) hook.Limits {
	for _, d := range []*time.Duration{&l.Status, &l.Create, &l.Logs, &l.Exec, &l.Match} {
		*d = cmp.Or(*d, patience)
	}
	return l
}

func defaultNode() provider.Node {
	return provider.Node{
		Name: "virtual-kubelet", OS: "Linux", Arch: "amd64", Minor: 33,
		Capacity: v1.ResourceList{
			v1.ResourceCPU: resource.MustParse("20"), v1.ResourceMemory: resource.MustParse("100Gi"), v1.ResourcePods: resource.MustParse("110"),
		},
		Labels:    map[string]string{"kubernetes.io/hostname": "virtual-kubelet"},
		Addresses: []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "192.0.2.1"}},
		PodCIDR:   netip.MustParsePrefix("10.128.0.0/12"),
	}
}

func sources(scripts map[string]string) []script.Source {
	out := make([]script.Source, 0, len(scripts))
	for name, text := range scripts {
		out = append(out, script.Source{Name: name, Text: []byte(text)})
	}
	return out
}

// Swap saves one script and loads the folder; empty text removes it. It returns what was wrong.
func (e *Engine) Swap(name, text string) []*script.Error {
	next := map[string]string{}
	maps.Copy(next, e.sources)
	next[name] = text
	if text == "" {
		delete(next, name)
	}
	e.sources = next
	return e.Load(context.Background(), sources(next))
}

// Pass moves the held clock on by d.
func (e *Engine) Pass(d time.Duration) {
	e.Advance(context.Background(), e.Clock.Now().Add(d))
}

// Do sends one request to the server and returns the answer.
func (e *Engine) Do(method, target, body string) *http.Response {
	r := httptest.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	w := httptest.NewRecorder()
	e.Handler.ServeHTTP(w, r)
	return w.Result()
}

// ReadFolder reads the scripts of a folder, as [Options.Scripts] wants them.
func ReadFolder(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.lua"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no scripts in %s (%v)", dir, err)
	}
	scripts := map[string]string{}
	for _, f := range files {
		if !script.Loadable(filepath.Base(f)) {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		scripts[filepath.Base(f)] = string(text)
	}
	return scripts
}
