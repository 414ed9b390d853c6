package nodes_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// patches are the status patches sent since the last time, decoded.
func (t *trial) patches() []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, c := range t.api.said("patch nodes/status") {
		var p struct{ Status map[string]any }
		if err := json.Unmarshal([]byte(c.body), &p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Status)
	}
	return all
}

func TestNothingIsWrittenWhileNothingChanges(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.writes()
		t.pass(290 * time.Second)
		if p := t.patches(); len(p) > 0 {
			t.Errorf("patches %v", p)
		}
		before := condition(t.api.node("a"), v1.NodeReady)
		t.pass(20 * time.Second)
		p := t.patches()
		if len(p) != 1 || len(p[0]) != 1 {
			t.Fatalf("patches %v, want one of conditions alone", p)
		}
		after := condition(t.api.node("a"), v1.NodeReady)
		if !after.LastHeartbeatTime.After(before.LastHeartbeatTime.Time) || !after.LastTransitionTime.Equal(&before.LastTransitionTime) {
			t.Errorf("condition %v, was %v", after, before)
		}
	})
}

func TestReportsOfManyNodesAreSpread(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, many(100)...)
		t.writes()
		t.pass(10*time.Minute + 10*time.Second)
		counts := map[int64]int{}
		names := map[string]int{}
		for _, c := range t.api.said("patch nodes/status") {
			counts[c.at.Unix()/10]++
			names[c.name]++
		}
		for _, n := range counts {
			if n > 20 {
				t.Errorf("%d reports of 100 nodes within ten seconds", n)
			}
		}
		for name, n := range names {
			if n < 2 || n > 3 {
				t.Errorf("%s was reported %d times in ten minutes", name, n)
			}
		}
		if len(names) != 100 {
			t.Errorf("%d nodes were reported, want 100", len(names))
		}
	})
}

func TestChangedIsWrittenAtOnceAndAsLittleAsCanBe(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		t.pass(time.Minute)
		t.patches()
		t.describedAs(func(node string) (kubelet.NodeState, error) {
			if node == "b" {
				return kubelet.NodeState{}, nil
			}
			return kubelet.NodeState{
				Capacity:   list("cpu=4", "memory=32Gi", "nvidia.com/gpu=1"),
				Conditions: []v1.NodeCondition{{Type: v1.NodeDiskPressure, Status: v1.ConditionTrue}},
			}, nil
		})
		t.news()
		t.keeper.Changed("a")
		t.pass(0)
		now := time.Now().UTC().Format(time.RFC3339)
		same := func(kind string) map[string]any { return map[string]any{"type": kind, "lastHeartbeatTime": now} }
		want := []map[string]any{{
			"capacity":    map[string]any{"memory": "32Gi", "nvidia.com/gpu": "1", "pods": nil},
			"allocatable": map[string]any{"memory": "32Gi", "nvidia.com/gpu": "1", "pods": nil},
			"conditions": []any{
				same("MemoryPressure"),
				map[string]any{
					"type": "DiskPressure", "status": "True", "reason": "KubeletHasDiskPressure", "message": "kubelet has disk pressure",
					"lastHeartbeatTime": now, "lastTransitionTime": now,
				},
				same("PIDPressure"), same("Ready"),
			},
		}}
		if diff := cmp.Diff(want, t.patches()); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"a Normal NodeHasDiskPressure: Node a status is now: NodeHasDiskPressure"}, t.news()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNodeThatCannotBeDescribedIsNotReady(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.describedAs(func(string) (kubelet.NodeState, error) { return kubelet.NodeState{Capacity: list("cpu=9")}, nil })
		t.run(nil, "a")
		t.pass(time.Minute)
		t.news()
		t.describedAs(func(string) (kubelet.NodeState, error) { return kubelet.NodeState{}, errRuntime })
		t.pass(10 * time.Second)
		c := condition(t.api.node("a"), v1.NodeReady)
		if c.Status != v1.ConditionFalse || c.Reason != "KubeletNotReady" || c.Message != "container runtime is down" {
			t.Errorf("condition %+v", c)
		}
		if cpu := t.api.node("a").Status.Capacity.Cpu().String(); cpu != "9" {
			t.Errorf("capacity is forgotten: cpu %s", cpu)
		}
		t.describedAs(nil)
		t.pass(10 * time.Second)
		t.checkReady("a", v1.ConditionTrue)
		want := []string{
			"a Normal NodeNotReady: Node a status is now: NodeNotReady",
			"a Normal NodeReady: Node a status is now: NodeReady",
			"a returned",
		}
		if diff := cmp.Diff(want, t.news()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReadyThatTheNodeControllerTookIsWrittenAgain(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		t.pass(time.Minute)
		t.news()
		t.api.edit("b", lost)
		t.pass(time.Second)
		t.checkReady("b", v1.ConditionTrue)
		if heard := t.news(); len(heard) == 0 || heard[len(heard)-1] != "b returned" {
			t.Errorf("heard %q", heard)
		}
	})
}

// While the watch hangs, only the answers to our own writes show what others did.
func TestReadyThatWasLostUnseenIsFoundByTheNextReport(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.api.breakWith(hang("watch", "nodes"))
		t.run(nil, "a")
		t.pass(time.Minute)
		t.news()
		t.api.edit("a", lost)
		t.pass(time.Minute)
		t.checkReady("a", v1.ConditionUnknown)
		t.pass(4 * time.Minute)
		t.checkReady("a", v1.ConditionTrue)
		if heard := t.news(); len(heard) == 0 || heard[len(heard)-1] != "a returned" {
			t.Errorf("heard %q", heard)
		}
	})
}

func TestFightAboutAStatusIsFoughtSlowly(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pass(5 * time.Second)
		t.patches()
		t.api.breakWith(func(_ context.Context, c call) *metav1.Status {
			if c.kind == "nodes/status" {
				time.AfterFunc(time.Millisecond, func() { t.api.edit("a", lost) })
			}
			return nil
		})
		t.api.edit("a", lost)
		t.pass(10 * time.Second)
		if n := len(t.patches()); n < 5 || n > 12 {
			t.Errorf("%d writes in ten seconds, want about one a second", n)
		}
		t.api.breakWith(nil)
		t.pass(5 * time.Second)
		t.checkReady("a", v1.ConditionTrue)
	})
}

func TestConditionsOfOthersStayAndOursHaveAnOrder(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.api.edit("a", func(n *v1.Node) {
			n.Status.Conditions = append(n.Status.Conditions, v1.NodeCondition{
				Type: v1.NodeNetworkUnavailable, Status: v1.ConditionFalse, LastHeartbeatTime: metav1.NewTime(time.Now().Add(-time.Hour)),
			})
			n.Status.Capacity["example.com/dongle"] = list("x=1")["x"]
		})
		types := func() []string {
			var all []string
			for _, c := range t.api.node("a").Status.Conditions {
				all = append(all, string(c.Type))
			}
			return all
		}
		t.describedAs(func(string) (kubelet.NodeState, error) {
			return kubelet.NodeState{Conditions: []v1.NodeCondition{{Type: "Haunted"}}}, nil
		})
		t.pass(10 * time.Second)
		want := []string{"MemoryPressure", "DiskPressure", "PIDPressure", "Haunted", "Ready", "NetworkUnavailable"}
		if diff := cmp.Diff(want, types()); diff != "" {
			t.Error(diff)
		}
		t.stop() // and the next process does not report it any more
		t.describedAs(nil)
		t.run(nil, "a")
		want = slices.Delete(want, 3, 4)
		if diff := cmp.Diff(want, types()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestResourcesOfOthersStayWhileWeRun(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.api.edit("a", func(n *v1.Node) { n.Status.Capacity["example.com/dongle"] = list("x=1")["x"] })
		t.describedAs(func(string) (kubelet.NodeState, error) { return kubelet.NodeState{Capacity: list("cpu=1")}, nil })
		t.pass(10 * time.Second)
		if diff := cmp.Diff(list("cpu=1", "example.com/dongle=1"), t.api.node("a").Status.Capacity); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAddressesAreReplacedAsAWhole(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		want := []v1.NodeAddress{
			{Type: v1.NodeInternalIP, Address: "10.0.0.1"},
			{Type: v1.NodeInternalIP, Address: "fd00::1"},
			{Type: v1.NodeHostName, Address: "a"},
		}
		t.describedAs(func(string) (kubelet.NodeState, error) { return kubelet.NodeState{Addresses: want}, nil })
		t.pass(10 * time.Second)
		if diff := cmp.Diff(want, t.api.node("a").Status.Addresses); diff != "" {
			t.Error(diff)
		}
		t.patches()
		t.pass(time.Minute)
		if p := t.patches(); len(p) > 0 {
			t.Errorf("written again: %v", p)
		}
	})
}

func TestStatusIsTriedAgainWithGrowingPauses(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pass(time.Second)
		t.patches()
		t.api.breakWith(func(_ context.Context, c call) *metav1.Status {
			if c.kind == "nodes/status" {
				return refusal(http.StatusConflict, metav1.StatusReasonConflict, "someone else's UID")
			}
			return nil
		})
		t.describedAs(func(string) (kubelet.NodeState, error) { return kubelet.NodeState{Capacity: list("cpu=1")}, nil })
		t.pass(time.Minute)
		n := len(t.patches())
		if n < 5 || n > 40 {
			t.Errorf("%d attempts in a minute", n)
		}
		t.api.breakWith(nil)
		t.pass(15 * time.Second)
		if cpu := t.api.node("a").Status.Capacity.Cpu().String(); cpu != "1" {
			t.Errorf("cpu %s, want 1", cpu)
		}
	})
}

func TestGivenTimesOfConditionsAreKept(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		at := metav1.NewTime(time.Now().Add(-time.Hour).Add(123 * time.Millisecond))
		t.describedAs(func(string) (kubelet.NodeState, error) {
			return kubelet.NodeState{Conditions: []v1.NodeCondition{
				{Type: v1.NodeReady, Status: v1.ConditionTrue, LastTransitionTime: at},
			}}, nil
		})
		t.pass(10 * time.Second)
		if got := condition(t.api.node("a"), v1.NodeReady).LastTransitionTime; got.Unix() != at.Unix() {
			t.Errorf("transition at %v, want %v", got, at)
		}
		t.patches()
		t.pass(time.Minute)
		if p := t.patches(); len(p) > 0 {
			t.Errorf("written again: %v", p)
		}
	})
}

func TestCordonIsSeenAndTold(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.news()
		for _, cordon := range []bool{true, false} {
			t.api.edit("a", func(n *v1.Node) { n.Spec.Unschedulable = cordon })
			t.pass(0)
			if t.keeper.Node("a").Spec.Unschedulable != cordon {
				t.Errorf("node is not seen with unschedulable %v", cordon)
			}
		}
		want := []string{
			"a Normal NodeNotSchedulable: Node a status is now: NodeNotSchedulable",
			"a Normal NodeSchedulable: Node a status is now: NodeSchedulable",
		}
		if diff := cmp.Diff(want, t.news()); diff != "" {
			t.Error(diff)
		}
	})
}
