package lua_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/lua"
	"github.com/moonlet-dev/moonlet/engine/provider"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// play is a provider on a held clock, and what it told.
type play struct {
	*lua.Provider
	engine *enginetest.Engine
	t      *testing.T
	told   []kubelet.PodRef
	events []kubelet.Event
	nodes  []string
}

func start(t *testing.T, script string, edits ...func(*enginetest.Options)) *play {
	t.Helper()
	o := enginetest.Options{Kubernetes: true, Nodes: []string{"a", "b"}, Scripts: map[string]string{"a.lua": "match = true\n" + script}}
	for _, edit := range edits {
		edit(&o)
	}
	e := enginetest.New(t, o)
	p := &play{Provider: lua.New(e.Provider), engine: e, t: t}
	p.Notify(func(r kubelet.PodRef) { p.told = append(p.told, r) })
	p.Events(func(_ *v1.Pod, e kubelet.Event) { p.events = append(p.events, e) })
	p.WatchNodes(func(node string) { p.nodes = append(p.nodes, node) })
	return p
}

func newPod(name string, uid types.UID) *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name, p.UID, p.Generation = "default", name, uid, 1
	p.Spec.NodeName = "b"
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx:1.27"}}
	return p
}

func (p *play) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *play) create(pod *v1.Pod) *v1.Pod {
	p.t.Helper()
	p.must(p.CreatePod(p.t.Context(), pod))
	return pod
}

// deleted is a pod that Kubernetes is deleting with that grace.
func (p *play) deleted(pod *v1.Pod, grace int64) *v1.Pod {
	q := *pod
	q.DeletionTimestamp = &metav1.Time{Time: p.engine.Clock.Now().Add(time.Duration(grace) * time.Second)}
	q.DeletionGracePeriodSeconds = &grace
	return &q
}

// phase is the pod's phase; empty where there is no such pod.
func (p *play) phase(pod *v1.Pod) v1.PodPhase {
	p.t.Helper()
	s, err := p.PodStatus(p.t.Context(), kubelet.RefTo(pod))
	if errors.Is(err, kubelet.ErrNotFound) {
		return ""
	}
	p.must(err)
	return s.Phase
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// stubborn containers end when their grace does.
const stubborn = `function on_start() return { terminate = false } end`

func TestAPodFromItsCreationToItsEnd(t *testing.T) {
	p := start(t, stubborn)
	web := p.create(newPod("web", "1"))
	same(t, "created", p.phase(web), v1.PodRunning)
	same(t, "told of", p.told, []kubelet.PodRef{{Namespace: "default", Name: "web", UID: "1"}})
	p.must(p.DeletePod(t.Context(), p.deleted(web, 10)))
	p.engine.Pass(9 * time.Second)
	same(t, "within its grace", p.phase(web), v1.PodRunning)
	p.engine.Pass(time.Second)
	same(t, "after its grace", p.phase(web), v1.PodFailed)
	p.must(p.DeletePod(t.Context(), p.deleted(web, 10)))
	same(t, "forgotten", p.phase(web), v1.PodPhase(""))
	if err := p.DeletePod(t.Context(), p.deleted(web, 10)); !errors.Is(err, kubelet.ErrNotFound) {
		t.Errorf("deleting it once more: %v", err)
	}
}

func TestPodsWhoseEndNobodyWaitsForAreForgottenAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(p *play, pod *v1.Pod) *v1.Pod
		want v1.PodPhase
	}{
		"no grace":      {func(p *play, pod *v1.Pod) *v1.Pod { return p.deleted(pod, 0) }, ""},
		"never deleted": {func(_ *play, pod *v1.Pod) *v1.Pod { return pod }, ""},
		"listed by its name": {func(*play, *v1.Pod) *v1.Pod {
			return &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}}
		}, ""},
		"no grace, finalizers": {func(p *play, pod *v1.Pod) *v1.Pod {
			q := p.deleted(pod, 0)
			q.Finalizers = []string{"batch.kubernetes.io/job-tracking"}
			return q
		}, v1.PodFailed},
		"some grace": {func(p *play, pod *v1.Pod) *v1.Pod { return p.deleted(pod, 1) }, v1.PodRunning},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, stubborn)
			web := p.create(newPod("web", "1"))
			p.must(p.DeletePod(t.Context(), c.edit(p, web)))
			same(t, "phase", p.phase(web), c.want)
		})
	}
}

func TestAnotherUIDIsAnotherPod(t *testing.T) {
	p := start(t, stubborn)
	old := p.create(newPod("web", "1"))
	fresh := p.create(newPod("web", "2"))
	same(t, "old", p.phase(old), v1.PodPhase(""))
	same(t, "fresh", p.phase(fresh), v1.PodRunning)
	same(t, "whichever", p.phase(newPod("web", "")), v1.PodRunning)
	if err := p.DeletePod(t.Context(), p.deleted(old, 0)); !errors.Is(err, kubelet.ErrNotFound) {
		t.Errorf("deleting the old one: %v", err)
	}
	ref := kubelet.ContainerRef{PodRef: kubelet.RefTo(old)}
	for what, ask := range map[string]func() error{
		"logs":         func() error { _, err := p.Logs(t.Context(), ref, kubelet.LogOptions{}); return err },
		"exec":         func() error { _, err := p.Exec(t.Context(), ref, []string{"ls"}, kubelet.Streams{}); return err },
		"attach":       func() error { return p.Attach(t.Context(), ref, kubelet.Streams{}) },
		"port-forward": func() error { return p.PortForward(t.Context(), ref.PodRef, 80, nil) },
	} {
		if err := ask(); !errors.Is(err, kubelet.ErrNotFound) {
			t.Errorf("%s of the old one: %v", what, err)
		}
	}
}

func TestAnUpdateBringsConditionsOfOthers(t *testing.T) {
	p := start(t, "")
	web := newPod("web", "1")
	web.Spec.ReadinessGates = []v1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	p.create(web)
	open := *web
	open.Status.Conditions = []v1.PodCondition{{Type: "example.com/gate", Status: v1.ConditionTrue}}
	p.must(p.UpdatePod(t.Context(), &open))
	s, err := p.PodStatus(t.Context(), kubelet.RefTo(web))
	p.must(err)
	for _, c := range s.Conditions {
		if c.Status != v1.ConditionTrue {
			t.Errorf("%s is %s", c.Type, c.Status)
		}
	}
	same(t, "conditions", len(s.Conditions), 6)
	same(t, "told", len(p.told), 2)
}

func TestAnAdoptedPodKeepsWhatKubernetesHas(t *testing.T) {
	p := start(t, "")
	web := newPod("web", "1")
	began := metav1.NewTime(enginetest.Start.Add(-time.Hour))
	web.Status = v1.PodStatus{
		Phase: v1.PodRunning, StartTime: &began, PodIP: "10.128.0.5",
		ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", RestartCount: 4, Ready: true, ImageID: "x",
			State: v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: began}},
		}},
	}
	p.must(p.AdoptPod(t.Context(), web))
	s, err := p.PodStatus(t.Context(), kubelet.RefTo(web))
	p.must(err)
	same(t, "restarts", s.ContainerStatuses[0].RestartCount, int32(4))
	same(t, "start", s.StartTime, &began)
	same(t, "address", s.PodIP, "10.128.0.5")
}

func TestPodsListsAlsoWhatTheStateFileRemembers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	kept := func(o *enginetest.Options) { o.State = file }
	t.Run("first process", func(t *testing.T) { start(t, "", kept).create(newPod("old", "1")) })
	t.Run("second process", func(t *testing.T) {
		p := start(t, "", kept)
		p.create(newPod("web", "2"))
		pods, err := p.Pods(t.Context())
		p.must(err)
		var names []string
		for _, one := range pods {
			names = append(names, kubelet.RefTo(one).String()+" "+string(one.UID))
		}
		same(t, "pods", names, []string{"default/old 1", "default/web 2"})
		p.must(p.DeletePod(t.Context(), pods[0]))
		if pods, _ = p.Pods(t.Context()); len(pods) != 1 {
			t.Errorf("%d pods", len(pods))
		}
	})
}

func TestEventsSayWhoseTheyAre(t *testing.T) {
	p := start(t, "")
	web := newPod("web", "1")
	web.Spec.InitContainers = []v1.Container{{Name: "setup", Image: "busybox:1"}}
	p.create(web)
	var started []kubelet.Event
	for _, e := range p.events {
		if e.Reason == "Started" {
			started = append(started, e)
		}
	}
	same(t, "starts", started, []kubelet.Event{
		{Type: "Normal", Reason: "Started", Message: "Started container setup", Container: "setup", Init: true},
		{Type: "Normal", Reason: "Started", Message: "Started container app", Container: "app"},
	})
}

func TestANodeIsAsConfigAndScriptsSay(t *testing.T) {
	p := start(t, `
param("dark", false)
function capacity(node) return { cpu = 10, ["example.com/gpu"] = 2 } end
function conditions(node)
  if params.dark and node.metadata.name == "b" then return { { type = "Ready", status = "False", reason = "Dark" } } end
end
function heartbeat(node) return node.metadata.name == "a" end
function on_start(pod) node.memo.seen = true end`, func(o *enginetest.Options) {
		o.Node = func(n *provider.Node) {
			n.Allocatable = n.Capacity.DeepCopy()
			n.Allocatable[v1.ResourceCPU] = resource.MustParse("18") // of 20
		}
	})
	s, err := p.DescribeNode(t.Context(), "b")
	p.must(err)
	cpu, left, gpu := s.Capacity[v1.ResourceCPU], s.Allocatable[v1.ResourceCPU], s.Allocatable["example.com/gpu"]
	same(t, "cpu, allocatable cpu, gpus", []string{cpu.String(), left.String(), gpu.String()}, []string{"10", "8", "2"})
	same(t, "addresses", s.Addresses, []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "192.0.2.1"}})
	if ready := s.Conditions[3]; ready.Type != v1.NodeReady || ready.Status != v1.ConditionTrue || !ready.LastTransitionTime.IsZero() {
		t.Errorf("Ready is %+v", ready)
	}
	if _, err := p.DescribeNode(t.Context(), "nobody"); !errors.Is(err, kubelet.ErrNotFound) {
		t.Errorf("a node that is not ours: %v", err)
	}
	if !p.Beats(t.Context(), "a") || p.Beats(t.Context(), "b") {
		t.Error("the heartbeats are not those of the script")
	}

	p.nodes = nil
	_, err = p.engine.SetParam(t.Context(), "a", "dark", true)
	p.must(err)
	same(t, "changed by a param", p.nodes, []string{""})
	s, _ = p.DescribeNode(t.Context(), "b")
	if ready := s.Conditions[3]; ready.Status != v1.ConditionFalse || ready.Reason != "Dark" {
		t.Errorf("Ready is %+v", ready)
	}
	p.nodes = nil
	p.create(newPod("web", "1"))
	p.engine.Pass(time.Second)
	_, _ = p.DescribeNode(t.Context(), "b") // on a held clock what was written is taken in the next moment
	same(t, "changed by a memo", p.nodes, []string{"b"})
	p.nodes = nil
	p.engine.Swap("a.lua", "match = true")
	same(t, "changed by a script", p.nodes, []string{""})
}

func TestLogsExecPortForwardAndUsageReachTheScripts(t *testing.T) {
	p := start(t, `
function logs() return { "one", "two" } end
function exec(pod, container, argv, io) return "ran " .. argv[1], 3 end
function usage() return { cpu = "250m", memory = "64Mi" } end`)
	web := p.create(newPod("web", "1"))
	p.engine.Pass(time.Minute)
	ref := kubelet.ContainerRef{PodRef: kubelet.RefTo(web), Container: "app"}

	log, err := p.Logs(t.Context(), ref, kubelet.LogOptions{Tail: new(int)})
	p.must(err)
	none, err := io.ReadAll(log)
	p.must(errors.Join(err, log.Close()))
	log, err = p.Logs(t.Context(), ref, kubelet.LogOptions{})
	p.must(err)
	all, err := io.ReadAll(log)
	p.must(errors.Join(err, log.Close()))
	same(t, "logs", []string{string(none), string(all)}, []string{"", "one\ntwo\n"})

	var out bytes.Buffer
	sizes := make(chan kubelet.TerminalSize) // never closed: the call must not wait for that
	exit, err := p.Exec(t.Context(), ref, []string{"uname"}, kubelet.Streams{Stdout: &out, TTY: true, Resize: sizes})
	p.must(err)
	same(t, "exit", exit, 3)
	same(t, "output", strings.TrimSpace(out.String()), "ran uname")

	used, err := p.Usage(t.Context(), "b")
	p.must(err)
	if len(used) != 1 || used[0].Pod.Name != "web" || used[0].Containers[0].MemoryBytes != 64<<20 {
		t.Errorf("usage is %+v", used)
	}
	if _, err := p.Usage(t.Context(), "nobody"); !errors.Is(err, kubelet.ErrNotFound) {
		t.Errorf("usage of a node that is not ours: %v", err)
	}
}

func TestAForwardedPortSpeaksHTTP(t *testing.T) {
	p := start(t, "")
	web := p.create(newPod("web", "1"))
	ours, theirs := net.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.PortForward(ctx, kubelet.RefTo(web), 80, theirs) }()
	if _, err := io.WriteString(ours, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("HTTP/1.0 200"))
	if _, err := io.ReadFull(ours, answer); err != nil || string(answer) != "HTTP/1.0 200" {
		t.Errorf("%q (%v)", answer, err)
	}
	cancel()
	_ = ours.Close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	_ = theirs.Close()
}

func TestCallsMeetTheFaultsThatVerbsSet(t *testing.T) {
	p := start(t, "")
	order := func(o fault.Order) {
		t.Helper()
		o.On = fault.Call
		if _, err := p.engine.Act(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	order(fault.Order{Verb: "error", Select: fault.Selector{Calls: []string{"createPod"}, Name: "web"}, Args: map[string]any{"message": "out of capacity"}})
	if err := p.CreatePod(t.Context(), newPod("web", "1")); err == nil || err.Error() != "out of capacity" {
		t.Errorf("create of the pod that is meant: %v", err)
	}
	other := p.create(newPod("other", "2"))
	order(fault.Order{Verb: "drop", Select: fault.Selector{Calls: []string{"getPodStatus"}}})
	if _, err := p.PodStatus(t.Context(), kubelet.RefTo(other)); err == nil || !strings.Contains(err.Error(), "connection was closed") {
		t.Errorf("status: %v", err)
	}
	if _, err := p.engine.ResetFaults(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	same(t, "afterwards", p.phase(other), v1.PodRunning)
	p.create(newPod("web", "1"))
	order(fault.Order{Verb: "latency", Args: map[string]any{"time": "3s"}})
	same(t, "late", p.phase(other), v1.PodRunning)
	same(t, "waited", p.engine.Clock.Slept(), 3*time.Second)
}

func TestWritesAreSpoiltByVerbs(t *testing.T) {
	p := start(t, "")
	changes := 0
	p.WatchSpoils(func() { changes++ })
	web, other := p.create(newPod("web", "1")), p.create(newPod("other", "2"))
	if p.SpoilsWrites() {
		t.Error("writes are spoilt from the start")
	}
	if _, err := p.engine.Act(t.Context(), fault.Order{
		On: fault.Write, Verb: "late", Lasts: time.Minute, Select: fault.Selector{Name: "web"}, Args: map[string]any{"time": "20s"},
	}); err != nil {
		t.Fatal(err)
	}
	same(t, "in force", p.SpoilsWrites(), true)
	same(t, "web", p.SpoilWrite(kubelet.RefTo(web)), kubelet.WriteFault{Late: 20 * time.Second})
	same(t, "other", p.SpoilWrite(kubelet.RefTo(other)), kubelet.WriteFault{})
	p.engine.Pass(time.Minute)
	same(t, "over", p.SpoilsWrites(), false)
	same(t, "told", changes, 2)
}
