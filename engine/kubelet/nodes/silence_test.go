package nodes_test

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/nodes"
)

func TestNodeWhoseHeartStopsFallsSilentAndComesBack(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		t.pass(time.Minute)
		t.heart("a", false)
		t.pass(10 * time.Second)
		if !t.keeper.Silent("a") || t.keeper.Silent("b") {
			t.Errorf("silent: a %v, b %v; want a alone", t.keeper.Silent("a"), t.keeper.Silent("b"))
		}
		if n := t.count("moonlet_kubelet_silent_nodes"); n != 1 {
			t.Errorf("%v nodes are silent, want 1", n)
		}
		t.writes()
		t.news()
		t.describedAs(restless())
		t.pass(time.Minute)
		t.api.edit("a", lost)
		t.pass(6 * time.Minute)
		if said := texts(t.api.said("update leases a", "create leases", "patch nodes/status a", "patch nodes a")); len(said) > 0 {
			t.Errorf("a silent node wrote %q", said)
		}
		if heard := t.news(); slices.ContainsFunc(heard, func(s string) bool { return s[0] == 'a' }) {
			t.Errorf("heard of a silent node: %q", heard)
		}
		t.checkReady("a", v1.ConditionUnknown)

		t.heart("a", true)
		t.pass(10 * time.Second)
		t.checkReady("a", v1.ConditionTrue)
		if t.keeper.Silent("a") {
			t.Error("still silent")
		}
		said := texts(t.api.said("update leases a", "create leases", "patch nodes/status a"))
		if diff := cmp.Diff([]string{"update leases a", "patch nodes/status a"}, said[:2]); diff != "" {
			t.Error(diff)
		}
		want := []string{
			"a Normal NodeHasSufficientMemory: Node a status is now: NodeHasSufficientMemory",
			"a Normal NodeHasNoDiskPressure: Node a status is now: NodeHasNoDiskPressure",
			"a Normal NodeHasSufficientPID: Node a status is now: NodeHasSufficientPID",
			"a Normal NodeReady: Node a status is now: NodeReady",
			"a returned",
		}
		if diff := cmp.Diff(want, t.news()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNodeIsSilentUntilItsReadyIsAccepted(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.heart("a", false)
		t.pass(30 * time.Second)
		t.api.edit("a", lost)
		t.api.breakWith(func(_ context.Context, c call) *metav1.Status {
			if c.kind == "nodes/status" {
				return refusal(http.StatusInternalServerError, metav1.StatusReasonInternalError, "etcd is away")
			}
			return nil
		})
		t.news()
		t.heart("a", true)
		t.pass(20 * time.Second)
		if !t.keeper.Silent("a") {
			t.Error("node is back before Kubernetes knows")
		}
		t.api.breakWith(nil)
		t.pass(20 * time.Second)
		if t.keeper.Silent("a") {
			t.Error("node is still silent")
		}
		heard := t.news()
		if n := len(heard); n == 0 || heard[n-1] != "a returned" || slices.Index(heard, "a returned") != n-1 {
			t.Errorf("heard %q, want the return once and last", heard)
		}
	})
}

func TestShortSilenceEndsWithAReturnToo(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pass(5 * time.Second)
		t.news()
		t.heart("a", false)
		t.pass(10 * time.Second)
		t.heart("a", true)
		t.pass(10 * time.Second)
		want := []string{"a Normal NodeReady: Node a status is now: NodeReady", "a returned"}
		if diff := cmp.Diff(want, t.news()); diff != "" {
			t.Error(diff)
		}
	})
}

// While the watch hangs, we do not know what Kubernetes thinks of a node that was silent.
func TestNodeComesBackOnlyWithAnAnswerThatSaysReady(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.api.breakWith(hang("watch", "nodes"))
		t.run(nil, "a")
		t.heart("a", false)
		t.pass(15 * time.Second)
		t.api.edit("a", lost)
		t.heart("a", true)
		t.news()
		t.pass(10 * time.Second)
		if heard := t.news(); !slices.Contains(heard, "a returned") { // which looks at what the server has
			t.Errorf("heard %q", heard)
		}
	})
}

func TestNothingIsWrittenOnceANodeIsSilent(t *testing.T) {
	inBubble(t, func(t *trial) {
		var hold atomic.Bool
		slow := make(chan struct{})
		t.run(func(o *nodes.Options) {
			describe := o.Describe
			o.Describe = func(ctx context.Context, node string) (kubelet.NodeState, error) {
				if hold.Load() {
					<-slow
				}
				return describe(ctx, node)
			}
		}, "a")
		hold.Store(true)
		t.pass(11 * time.Second) // the describing has begun
		t.describedAs(func(string) (kubelet.NodeState, error) { return kubelet.NodeState{Capacity: list("cpu=1")}, nil })
		t.heart("a", false)
		t.keeper.Changed("a")
		t.pass(0)
		t.patches()
		close(slow)
		t.pass(0)
		if p := t.patches(); len(p) > 0 {
			t.Errorf("a silent node wrote %v", p)
		}
	})
}

func TestChangeDuringARenewalIsNotForgotten(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.api.breakWith(func(ctx context.Context, c call) *metav1.Status {
			if c.verb == "update" && c.kind == "leases" {
				select {
				case <-time.After(2 * time.Second):
				case <-ctx.Done():
				}
			}
			return nil
		})
		t.pass(11 * time.Second) // a renewal has begun
		t.heart("a", false)
		t.keeper.Changed("a")
		t.pass(2 * time.Second)
		if !t.keeper.Silent("a") {
			t.Error("the node is not silent")
		}
	})
}

func TestChangedHasTheHeartListenedToAtOnce(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		t.pass(time.Second)
		t.heart("b", false)
		t.keeper.Changed("b")
		t.pass(0)
		if !t.keeper.Silent("b") {
			t.Error("b is not silent yet")
		}
		t.heart("b", true)
		t.keeper.Changed("")
		t.pass(0)
		if t.keeper.Silent("b") {
			t.Error("b is silent still")
		}
	})
}

func TestNodeThatIsDeadAtStartIsRegisteredWhenItLives(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.heart("a", false)
		t.run(nil, "a", "b")
		if t.api.node("a") != nil || t.keeper.Node("a") != nil || !t.keeper.Silent("a") {
			t.Error("a dead node was registered")
		}
		t.checkReady("b", v1.ConditionTrue)
		t.heart("a", true)
		t.pass(10 * time.Second)
		t.checkReady("a", v1.ConditionTrue)
		if t.keeper.Silent("a") || t.api.lease("a") == nil {
			t.Error("it lives, but silently")
		}
	})
}

func TestOutOfNamesNobodyIsSilent(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		if t.keeper.Silent("other") || t.keeper.Node("other") != nil {
			t.Error("a node that is not ours is known")
		}
		t.keeper.Changed("other")
		if diff := cmp.Diff([]string{"a"}, t.keeper.Names()); diff != "" {
			t.Error(diff)
		}
	})
}
