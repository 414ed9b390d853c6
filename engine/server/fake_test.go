package server_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/server"
	"github.com/moonlet-dev/moonlet/engine/state"
)

var _ server.Provider = (*fake)(nil)

// fake is a provider that keeps pods in a map: every pod runs at once, every log is ten lines.
type fake struct {
	mu     sync.Mutex
	pods   map[string]*v1.Pod     // guarded by mu
	faults map[string]fault.Fault // unused calls are not watched
	asked  []api.Call             // what Fault was asked; guarded by mu
	logs   []api.LogRequest       // what Logs was asked; guarded by mu
	fails  map[string]error       // by call or method name: what it ends with
	gen    string
	checks []api.Check
	filter api.PodFilter // what Pods was asked
	param  any           // what SetParam was given
	node   string        // which node was asked about last; guarded by mu
	order  fault.Order   // what Act was given
	undone string        // what Undo and ResetFaults were given: "silence-1 by api"
	feed   func(after uint64) (api.Feed, error)
}

func newFake() *fake {
	return &fake{pods: map[string]*v1.Pod{}, fails: map[string]error{}, gen: "1", checks: []api.Check{{Name: "ping", OK: true}}}
}

// strikes makes the fake want a fault for some calls.
func (f *fake) strikes(with fault.Fault, calls ...string) *fake {
	f.faults = map[string]fault.Fault{}
	for _, c := range calls {
		f.faults[c] = with
	}
	return f
}

func key(namespace, name string) string { return namespace + "/" + name }

func (f *fake) CreatePod(_ context.Context, p *v1.Pod) error {
	if err := f.fails[api.CreatePod]; err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pods[key(p.Namespace, p.Name)] == nil {
		p.Status = running(p)
		f.pods[key(p.Namespace, p.Name)] = p
	}
	return nil
}

func (f *fake) UpdatePod(ctx context.Context, p *v1.Pod) error {
	if err := f.fails[api.UpdatePod]; err != nil {
		return err
	}
	f.mu.Lock()
	old := f.pods[key(p.Namespace, p.Name)]
	f.mu.Unlock()
	if old == nil {
		return f.CreatePod(ctx, p)
	}
	if terminal(old) || !terminal(p) {
		p.Status = old.Status
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pods[key(p.Namespace, p.Name)] = p
	return nil
}

func (f *fake) DeletePod(_ context.Context, p *v1.Pod) error {
	if err := f.fails[api.DeletePod]; err != nil {
		return err
	}
	if _, err := f.get("delete", p.Namespace, p.Name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pods, key(p.Namespace, p.Name))
	return nil
}

func (f *fake) get(doing, namespace, name string) (*v1.Pod, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.pods[key(namespace, name)]
	if p == nil {
		return nil, fmt.Errorf("%s pod %s/%s: %w", doing, namespace, name, state.ErrNotFound)
	}
	return p, nil
}

func (f *fake) PodJSON(_ context.Context, namespace, name string) ([]byte, error) {
	p, err := f.get("get", namespace, name)
	if err != nil {
		return nil, err
	}
	return encode(p), f.fails[api.GetPod]
}

func (f *fake) PodStatusJSON(_ context.Context, namespace, name string) ([]byte, error) {
	p, err := f.get("get status of", namespace, name)
	if err != nil {
		return nil, err
	}
	return encode(p.Status), f.fails[api.GetPodStatus]
}

func (f *fake) PodsJSON(context.Context) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []*v1.Pod{}
	for _, k := range slices.Sorted(maps.Keys(f.pods)) {
		list = append(list, f.pods[k])
	}
	return encode(list), f.fails[api.GetPods]
}

func (f *fake) Logs(_ context.Context, r api.LogRequest) ([]byte, error) {
	f.mu.Lock()
	f.logs = append(f.logs, r)
	f.mu.Unlock()
	p, err := f.get("logs of", r.Namespace, r.Pod)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(p.Spec.Containers, func(c v1.Container) bool { return c.Name == r.Container }) {
		return nil, fmt.Errorf("logs of pod %s/%s: container %q: %w", r.Namespace, r.Pod, r.Container, state.ErrNotFound)
	}
	n := 10
	if r.Tail != nil {
		n = min(n, *r.Tail)
	}
	return []byte(strings.Repeat("a line\n", n)), f.fails[api.GetContainerLogs]
}

func (f *fake) about(node string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.node = node
}

func (f *fake) CapacityJSON(_ context.Context, node string) ([]byte, error) {
	f.about(node)
	return []byte(`{"cpu":"20","memory":"100Gi","pods":"20"}`), f.fails[api.Capacity]
}

func (f *fake) ConditionsJSON(_ context.Context, node string) ([]byte, error) {
	f.about(node)
	return []byte(`[{"type":"Ready","status":"True","lastHeartbeatTime":"2026-11-20T10:00:00Z","lastTransitionTime":"2026-11-20T09:00:00Z"}]`), f.fails[api.NodeConditions]
}

func (f *fake) AddressesJSON(_ context.Context, node string) ([]byte, error) {
	f.about(node)
	return []byte(`[{"type":"InternalIP","address":"127.0.0.1"}]`), f.fails[api.NodeAddresses]
}

func (f *fake) Watched(call string) bool {
	_, ok := f.faults[call]
	return ok
}

func (f *fake) Fault(_ context.Context, call api.Call) fault.Fault {
	f.mu.Lock()
	f.asked = append(f.asked, call)
	f.mu.Unlock()
	return f.faults[call.Name]
}

func (f *fake) Generation() string { return f.gen }

func (f *fake) Ready() []api.Check { return f.checks }

func (f *fake) Pods(filter api.PodFilter) []api.Pod {
	f.filter = filter
	var rows []api.Pod
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pods {
		rows = append(rows, row(p))
	}
	slices.SortFunc(rows, func(a, b api.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return rows
}

func row(p *v1.Pod) api.Pod {
	due := started.Add(time.Minute)
	return api.Pod{
		Namespace: p.Namespace, Name: p.Name, UID: string(p.UID), Phase: string(p.Status.Phase), Ready: "1/1", Status: "Running",
		Restarts: "0", Containers: len(p.Spec.Containers), Created: started, Due: &due, Revision: 1, Labels: p.Labels,
	}
}

func (f *fake) Pod(namespace, name string) (api.PodDetail, error) {
	p, err := f.get("get", namespace, name)
	if err != nil {
		return api.PodDetail{}, err
	}
	return api.PodDetail{Pod: row(p), Object: encode(p), Memo: map[string]any{"crashes": 1}}, nil
}

func (f *fake) Journal(namespace, name string) ([]api.Cause, error) {
	if _, err := f.get("journal of", namespace, name); err != nil {
		return nil, err
	}
	return []api.Cause{
		{At: started, What: "Created", Kind: "user", By: "user"},
		{
			At: started, What: "on_start", Container: "web", Message: "exit 1 after 3s", Kind: "script", By: "flaky.lua:12", Generation: 1,
			Hook: "on_start", Ask: 1, Draws: []api.Draw{{Kind: "chance", Value: 0.6}, {Name: "luck", Kind: "uniform", Value: 3}},
		},
		{At: started, What: "crash", Container: "web", Message: "exit code 137, Error", Kind: "fault", By: "ann", Why: "rehearsal", Fault: "crash-1"},
		{At: started, What: "BackOff", Container: "web", Kind: "kubelet", By: "kubelet", Rule: "back-off 10s after the 2nd crash"},
	}, nil
}

func (f *fake) Explain(namespace, name string) (api.Explanation, error) {
	p, err := f.get("explain", namespace, name)
	if err != nil {
		return api.Explanation{}, err
	}
	causes, err := f.Journal(namespace, name)
	at := started.Add(time.Minute)
	return api.Explanation{
		Pod: row(p), At: at, Since: &started, State: "web waits out a back-off of 10s", Generation: 1, Causes: causes, Forgotten: 3,
		Next: []api.Next{
			{At: &at, What: "restart", Container: "web", Text: "restarts", Rule: "back-off 10s after the 2nd crash"},
			{What: "wait", Text: "stays unready", By: "fault unready-2"},
		},
		Faults: []string{"unready-2"},
	}, err
}

func (f *fake) Scripts() []api.Script {
	s, _ := f.Script("flaky")
	s.Text = ""
	return []api.Script{s, {Name: "broken", Hash: "0", Problems: f.Check("broken", "x")}}
}

func (f *fake) Script(name string) (api.Script, error) {
	if name != "flaky" {
		return api.Script{}, fmt.Errorf("script %s: %w", name, state.ErrNotFound)
	}
	return api.Script{
		Name: "flaky", Hash: "abc", Match: "labels behaviour=flaky", Hooks: []api.Hook{{Name: "on_start", Line: 3}},
		Params: f.Params(), Pods: 1, Text: "match = true\n",
	}, nil
}

func (f *fake) Check(name, text string) []api.Problem {
	if text == "match = true\n" {
		return nil
	}
	return []api.Problem{{Script: name + ".lua", Line: 1, Column: 2, Kind: "compile", Text: "syntax error", Source: text}}
}

func (f *fake) Params() []api.Param {
	return []api.Param{{Script: "flaky", Name: "crash_rate", Value: 0.2, Default: 0.2, Doc: "share"}, {Script: "flaky", Name: "uptime", Value: "30s", Default: "30s"}}
}

func (f *fake) SetParam(_ context.Context, script, name string, value any) (api.Param, error) {
	if script != "flaky" || name != "crash_rate" {
		return api.Param{}, fmt.Errorf("set param %s.%s: %w", script, name, state.ErrNotFound)
	}
	if _, ok := value.(float64); !ok {
		return api.Param{}, fmt.Errorf("set param %s.%s: want a number: %w", script, name, state.ErrInvalid)
	}
	f.param = value
	return api.Param{Script: script, Name: name, Value: value, Default: 0.2}, nil
}

func (f *fake) Nodes(context.Context) []api.NodeRow {
	until := started.Add(time.Minute)
	return []api.NodeRow{
		{Name: "moon-1", Status: "Ready", Since: &started, OS: "Linux", Arch: "amd64", Version: "v1.33", IP: "127.0.0.1", Pods: len(f.pods), Faults: []string{}},
		{Name: "moon-2", Status: "Ready,Silent", OS: "Linux", Arch: "amd64", Version: "v1.33", Labels: map[string]string{"a": "b"}, Faults: []string{"silence"}, Due: &until},
	}
}

func (f *fake) NodeNamed(name string) (api.Node, error) {
	if f.about(name); name == "none-of-ours" {
		return api.Node{}, fmt.Errorf("node %q: %w", name, state.ErrNotFound)
	}
	return api.Node{
		Name: cmp.Or(name, "virtual-kubelet"), OS: "Linux", Generation: 1, Seed: 7, Pods: len(f.pods),
		Capacity:   v1.ResourceList{"cpu": resource.MustParse("20")},
		Conditions: []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue}},
		Addresses:  []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "127.0.0.1"}},
	}, nil
}

// Act hits the pods that the order names, and begins unready-7.
func (f *fake) Act(_ context.Context, o fault.Order) (fault.Result, error) {
	f.order = o
	if err := f.fails["act"]; err != nil {
		return fault.Result{}, err
	}
	if _, err := o.Checked(); err != nil {
		return fault.Result{}, err
	}
	if o.DryRun {
		return fault.Result{Hits: o.Select.Names, Matched: 2, DryRun: true}, nil
	}
	return fault.Result{ID: "unready-7", Hits: o.Select.Names, Matched: 2, Until: started.Add(o.Lasts)}, nil
}

func (f *fake) Faults() []fault.Active {
	o := fault.Order{
		Verb: "unready", On: fault.Pod, Select: fault.Selector{Labels: "app=web", Share: 0.5}, Lasts: 5 * time.Minute, By: "cli ann", Why: "a drill",
	}
	timed := fault.Active{ID: "unready-7", Order: o, Since: started, Until: started.Add(o.Lasts), Hits: []string{"default/web"}}
	return []fault.Active{timed, {ID: "error-8", Order: fault.Order{Verb: "error", On: fault.Call, Args: map[string]any{"code": 503}, Run: "run-1"}, Since: started}}
}

func (f *fake) Undo(_ context.Context, id, by string) error {
	if id != "unready-7" {
		return fmt.Errorf("undo %s: %w", id, fault.ErrNoFault)
	}
	f.undone = id + " by " + by
	return nil
}

func (f *fake) ResetFaults(_ context.Context, run, by string) ([]fault.Active, error) {
	f.undone = "all of " + run + " by " + by
	return f.Faults(), f.fails["reset"]
}

func (f *fake) Subscribe(after uint64) (api.Feed, error) { return f.feed(after) }

var started = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func terminal(p *v1.Pod) bool {
	return p.Status.Phase == v1.PodFailed || p.Status.Phase == v1.PodSucceeded
}

func running(p *v1.Pod) v1.PodStatus {
	s := v1.PodStatus{Phase: v1.PodRunning}
	for _, c := range p.Spec.Containers {
		s.ContainerStatuses = append(s.ContainerStatuses, v1.ContainerStatus{Name: c.Name, Image: c.Image, Ready: true})
	}
	return s
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// panicking is a provider with a mistake in it.
type panicking struct{ *fake }

func (panicking) AddressesJSON(context.Context, string) ([]byte, error) { panic("boom") }
