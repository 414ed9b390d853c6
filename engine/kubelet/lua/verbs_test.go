package lua_test

import (
	"path/filepath"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

func (p *play) act(o fault.Order) fault.Result {
	p.t.Helper()
	r, err := p.engine.Act(p.t.Context(), o)
	if err != nil {
		p.t.Fatalf("%s: %v", o.Verb, err)
	}
	return r
}

func (p *play) ready(pod *v1.Pod) v1.ConditionStatus {
	p.t.Helper()
	s, err := p.PodStatus(p.t.Context(), kubelet.RefTo(pod))
	p.must(err)
	for _, c := range s.Conditions {
		if c.Type == v1.PodReady {
			return c.Status
		}
	}
	return ""
}

func (p *play) nodeReady(node string) v1.NodeCondition {
	p.t.Helper()
	s, err := p.DescribeNode(p.t.Context(), node)
	p.must(err)
	for _, c := range s.Conditions {
		if c.Type == v1.NodeReady {
			return c
		}
	}
	return v1.NodeCondition{}
}

func TestANodeHitByVerbs(t *testing.T) {
	p := start(t, "")
	b := fault.Selector{Name: "b"}
	p.nodes = nil
	p.act(fault.Order{On: fault.Node, Verb: "silence", Select: b, Lasts: time.Minute})
	same(t, "told of", p.nodes, []string{"b"})
	same(t, "b beats", p.Beats(t.Context(), "b"), false)
	same(t, "a beats", p.Beats(t.Context(), "a"), true)
	p.nodes = nil
	p.engine.Pass(time.Minute)
	same(t, "told of its return", p.nodes, []string{"b"})
	same(t, "b beats again", p.Beats(t.Context(), "b"), true)

	p.act(fault.Order{On: fault.Node, Verb: "not_ready", Select: b, Lasts: time.Minute})
	same(t, "b", p.nodeReady("b"), v1.NodeCondition{Type: v1.NodeReady, Status: v1.ConditionFalse, Reason: "KubeletNotReady", Message: "container runtime is down"})
	same(t, "a", p.nodeReady("a").Status, v1.ConditionTrue)
	p.engine.Pass(time.Minute)
	same(t, "b again", p.nodeReady("b").Status, v1.ConditionTrue)

	before := p.create(newPod("before", "1"))
	p.act(fault.Order{On: fault.Node, Verb: "pressure", Select: b, Args: map[string]any{"kind": "disk"}})
	refused := p.create(newPod("refused", "2"))
	same(t, "a pod that runs", p.phase(before), v1.PodRunning)
	s, err := p.PodStatus(t.Context(), kubelet.RefTo(refused))
	p.must(err)
	same(t, "a new one", s.Message, "Pod was rejected: The node had condition: [DiskPressure]. ")
}

// TestFaultsHoldForAdoptedPods restarts the process: the pods come from Kubernetes, the faults from the file.
func TestFaultsHoldForAdoptedPods(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	kept := func(at time.Time) func(o *enginetest.Options) {
		return func(o *enginetest.Options) { o.State, o.Clock = file, clock.Hold(at) }
	}
	var asLeft []*v1.Pod
	t.Run("first process", func(t *testing.T) {
		p := start(t, "", kept(enginetest.Start))
		for _, name := range []string{"unready", "frozen", "healthy"} {
			p.create(newPod(name, types.UID(name)))
		}
		p.act(fault.Order{On: fault.Pod, Verb: "unready", Select: fault.Selector{Name: "unready"}, Lasts: 10 * time.Minute})
		p.act(fault.Order{On: fault.Pod, Verb: "freeze", Select: fault.Selector{Name: "frozen"}})
		p.act(fault.Order{On: fault.Pod, Verb: "crash", Select: fault.Selector{Name: "frozen"}})
		for _, name := range []string{"unready", "frozen", "healthy"} {
			pod := newPod(name, types.UID(name))
			s, err := p.PodStatus(t.Context(), kubelet.RefTo(pod))
			p.must(err)
			pod.Status = *s
			asLeft = append(asLeft, pod)
		}
	})
	t.Run("second process", func(t *testing.T) {
		p := start(t, "", kept(enginetest.Start.Add(5*time.Minute)))
		for _, pod := range asLeft {
			p.must(p.AdoptPod(t.Context(), pod))
		}
		unready, frozen, healthy := asLeft[0], asLeft[1], asLeft[2]
		same(t, "unready", p.ready(unready), v1.ConditionFalse)
		same(t, "healthy", p.ready(healthy), v1.ConditionTrue)
		same(t, "frozen", p.ready(frozen), v1.ConditionTrue)
		s, err := p.PodStatus(t.Context(), kubelet.RefTo(frozen))
		p.must(err)
		same(t, "restarts while frozen", s.ContainerStatuses[0].RestartCount, int32(0))
		p.engine.Pass(5 * time.Minute)
		same(t, "its time is over", p.ready(unready), v1.ConditionTrue)
		if _, err := p.engine.ResetFaults(t.Context(), "", ""); err != nil {
			t.Fatal(err)
		}
		s, err = p.PodStatus(t.Context(), kubelet.RefTo(frozen))
		p.must(err)
		same(t, "restarts when thawed", s.ContainerStatuses[0].RestartCount, int32(1))
	})
}

func TestNodesAreSelectedByTheirLabelsInKubernetes(t *testing.T) {
	p := start(t, `function conditions(node) return { { type = "Zone", status = node.metadata.labels.zone or "Unknown" } } end`)
	silence := fault.Order{On: fault.Node, Verb: "silence", Select: fault.Selector{Labels: "zone=True"}}
	if _, err := p.engine.Act(t.Context(), silence); err == nil {
		t.Error("a node has the label before Kubernetes says so")
	}
	labelled := &v1.Node{}
	p.ReadNodes(func(name string) *v1.Node {
		if name == "b" {
			return labelled
		}
		return nil
	})
	labelled = &v1.Node{}
	labelled.Labels = map[string]string{"zone": "True"}
	same(t, "hits", p.act(silence).Hits, []string{"b"})
	s, err := p.DescribeNode(t.Context(), "b")
	p.must(err)
	var zone v1.ConditionStatus
	for _, c := range s.Conditions {
		if c.Type == "Zone" {
			zone = c.Status
		}
	}
	same(t, "what the script sees", zone, v1.ConditionTrue)
}
