package nodes_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/nodes"
)

// trial is a keeper against a fake API server, in a bubble.
type trial struct {
	*testing.T
	api      *apiServer
	keeper   *nodes.Keeper
	metrics  *prometheus.Registry
	started  []string // what Start wrote
	stop     func()   // ends Run and waits for it
	mu       sync.Mutex
	dead     map[string]bool // hearts that do not beat; guarded by mu, and so is all below
	describe func(string) (kubelet.NodeState, error)
	heard    []string // events, returns and progress, in order
}

// inBubble runs a test in which time is the bubble's.
func inBubble(t *testing.T, test func(t *trial)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(&trial{T: t, api: newAPIServer(), dead: map[string]bool{}})
	})
}

func template() nodes.Template {
	return nodes.Template{
		Taints:    []v1.Taint{{Key: "virtual-kubelet.io/provider", Value: "lua", Effect: v1.TaintEffectNoSchedule}},
		Info:      v1.NodeSystemInfo{KubeletVersion: "v1.37.0-moonlet", OperatingSystem: "linux", Architecture: "amd64"},
		Capacity:  list("cpu=4", "memory=16Gi", "pods=110"),
		Addresses: []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "127.0.0.1"}},
		Port:      func(string) int32 { return 10250 },
	}
}

func list(items ...string) v1.ResourceList {
	l := v1.ResourceList{}
	for _, item := range items {
		name, amount, _ := strings.Cut(item, "=")
		l[v1.ResourceName(name)] = resource.MustParse(amount)
	}
	return l
}

// make returns a keeper of nodes for the trial's server, not started.
func (t *trial) make(edit func(*nodes.Options), names ...string) *nodes.Keeper {
	t.metrics = prometheus.NewRegistry()
	o := nodes.Options{
		Client: t.api.client(t), Names: names, Template: template(), Identity: "us", Registerer: t.metrics,
		Beats: func(_ context.Context, node string) bool {
			t.mu.Lock()
			defer t.mu.Unlock()
			return !t.dead[node]
		},
		Describe: func(_ context.Context, node string) (kubelet.NodeState, error) {
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.describe == nil {
				return kubelet.NodeState{}, nil
			}
			return t.describe(node)
		},
		Tell: func(node string, e kubelet.Event) { t.hear("%s %s %s: %s", node, e.Type, e.Reason, e.Message) },
		Returned: func(node string) {
			t.hear("%s returned", node)
			t.checkReady(node, v1.ConditionTrue)
		},
		Progress: func(text string) { t.hear("progress: %s", text) },
	}
	if edit != nil {
		edit(&o)
	}
	t.keeper = nodes.New(o)
	return t.keeper
}

// run makes a keeper, starts and runs it.
func (t *trial) run(edit func(*nodes.Options), names ...string) {
	t.Helper()
	k := t.make(edit, names...)
	if err := k.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.started = t.writes()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- k.Run(ctx) }()
	t.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(t.stop)
	synctest.Wait()
}

// pass lets time go by.
func (t *trial) pass(d time.Duration) {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
}

func (t *trial) hear(format string, a ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = append(t.heard, fmt.Sprintf(format, a...))
}

// news is what was heard since it was asked for last.
func (t *trial) news() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	heard := t.heard
	t.heard = nil
	return heard
}

func (t *trial) heart(node string, beats bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dead[node] = !beats
}

func (t *trial) describedAs(describe func(node string) (kubelet.NodeState, error)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.describe = describe
}

// writes lists the requests since it was asked for last that changed something.
func (t *trial) writes() []string {
	return texts(t.api.said("create ", "update ", "patch ", "delete "))
}

func texts(calls []call) []string {
	var all []string
	for _, c := range calls {
		all = append(all, c.String())
	}
	return all
}

func (t *trial) checkReady(node string, want v1.ConditionStatus) {
	t.Helper()
	if got := condition(t.api.node(node), v1.NodeReady); got.Status != want {
		t.Errorf("node %s is Ready %s, want %s", node, got.Status, want)
	}
}

func condition(n *v1.Node, kind v1.NodeConditionType) v1.NodeCondition {
	if n != nil {
		if i := slices.IndexFunc(n.Status.Conditions, func(c v1.NodeCondition) bool { return c.Type == kind }); i >= 0 {
			return n.Status.Conditions[i]
		}
	}
	return v1.NodeCondition{}
}

func (t *trial) checkError(err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("error %q does not say %q", err, text)
	}
}

// count is the value of a counter or gauge.
func (t *trial) count(metric string) float64 {
	t.Helper()
	families, err := t.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == metric {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", metric)
	return 0
}

func many(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("node-%d", i)
	}
	return names
}

var errRuntime = errors.New("container runtime is down")
