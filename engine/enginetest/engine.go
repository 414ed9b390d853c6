package enginetest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/server"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Start is when the clock of every test begins.
var Start = sim.Start

// Options change what New makes. The zero value has no scripts and seed 0.
type Options struct {
	Seed    uint64
	Scripts map[string]string // name → text
	Node    func(*provider.Node)
	Config  map[string]any
	Limits  hook.Limits // zero fields: so long that they never end a hook
	Params  map[string]string
	Clock   clock.Clock            // nil: held at Start
	State   string                 // file; empty: memory
	Radius  func() provider.Radius // how many pods faults may concern; nil: any number

	Nodes      []string // names; none: one node, named as Node says. All are alike but for that
	Kubernetes bool     // the pods are Kubernetes'
}

// Engine is a simulated provider with a server in front of it that needs no network.
type Engine struct {
	*sim.Sim
	Handler http.Handler
	sources map[string]string
}

// New makes an Engine that ends with the test. Scripts that do not load, or load with a warning, fail the test.
func New(tb testing.TB, o Options) *Engine {
	tb.Helper()
	registry := prometheus.NewRegistry()
	simulated, err := sim.New(tb.Context(), sim.Options{
		Seed: o.Seed, Scripts: sources(o.Scripts), Nodes: o.Nodes, Node: o.Node, Params: o.Params, Config: o.Config, Kubernetes: o.Kubernetes, Encode: true,
		Limits: o.Limits, Metrics: provider.NewMetrics(registry), Store: openStore(tb, o), Clock: o.Clock, Radius: o.Radius,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := simulated.Close(); err != nil {
			tb.Error(err)
		}
	})
	for _, warning := range simulated.Warnings {
		tb.Fatalf("load: %v", warning)
	}
	handler := server.New(server.Options{Provider: simulated.Provider, Clock: cmp.Or[clock.Clock](o.Clock, simulated.Clock), Registry: registry}).Handler()
	return &Engine{Sim: simulated, Handler: handler, sources: o.Scripts}
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
	e.Sim.Pass(context.Background(), d)
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
