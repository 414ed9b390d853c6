package nodes_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet/nodes"
)

func (t *trial) pod(name, node string, edit func(*v1.Pod)) {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Spec: v1.PodSpec{NodeName: node}}
	if edit != nil {
		edit(p)
	}
	t.api.store("pods", "default", name, p)
}

func (t *trial) leave(ctx context.Context, mode string) (said []string, err error) {
	err = t.keeper.Leave(ctx, mode, func(text string) { said = append(said, text) })
	return said, err
}

func TestLeaveAndKeepChangesNothing(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pod("p", "a", nil)
		t.writes()
		if _, err := t.leave(t.Context(), nodes.Keep); err != nil {
			t.Fatal(err)
		}
		if w := t.writes(); len(w) > 0 {
			t.Errorf("wrote %q", w)
		}
	})
}

func TestDrainEndsThePodsOfOurNodes(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b", "c")
		t.heart("c", false)
		t.keeper.Changed("c")
		t.pass(0)
		t.pod("ours", "a", nil)
		t.pod("leaving", "b", func(p *v1.Pod) { p.DeletionTimestamp = new(metav1.Now()) })
		t.pod("theirs", "other", nil)
		t.pod("on-silent-node", "c", nil)
		t.pod("mirror", "a", func(p *v1.Pod) { p.Annotations = map[string]string{v1.MirrorPodAnnotationKey: "x"} })
		t.pod("daemon", "a", func(p *v1.Pod) {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "d", Controller: new(true)}}
		})
		time.AfterFunc(4*time.Second, func() { t.api.delete("pods", "default", "leaving") })
		t.writes()
		said, err := t.leave(t.Context(), nodes.Drain)
		if err != nil {
			t.Fatal(err)
		}
		writes := slices.DeleteFunc(t.writes(), func(s string) bool { return s[:6] == "update" })
		slices.Sort(writes)
		if diff := cmp.Diff([]string{"delete pods ours", "patch nodes a", "patch nodes b"}, writes); diff != "" {
			t.Error(diff)
		}
		want := []string{"draining 2 nodes", "1 of 2 pods are still there (0 s)", "1 of 2 pods are still there (3 s)", "2 pods ended"}
		if diff := cmp.Diff(want, said); diff != "" {
			t.Error(diff)
		}
		if !t.api.node("a").Spec.Unschedulable {
			t.Error("a is not cordoned")
		}
	})
}

func TestDrainThatCannotEndNamesThePodsThatAreLeft(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pod("stuck", "a", func(p *v1.Pod) { p.DeletionTimestamp = new(metav1.Now()) })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := t.leave(ctx, nodes.Delete)
		t.checkError(err, "drain: pod default/stuck is still there: context deadline exceeded")
		if t.api.node("a") == nil {
			t.Error("the node was deleted although its pod lives")
		}
	})
}

func TestDeleteTakesNodesAndLeasesAwayForGood(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		t.pod("p", "a", nil)
		if _, err := t.leave(t.Context(), nodes.Delete); err != nil {
			t.Fatal(err)
		}
		t.pass(time.Minute)
		for _, name := range []string{"a", "b"} {
			if t.api.node(name) != nil || t.api.lease(name) != nil {
				t.Errorf("%s is there: node %v, lease %v", name, t.api.node(name), t.api.lease(name))
			}
		}
	})
}

func TestDrainedNodeIsSchedulableWhenItStartsAgain(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		t.api.edit("b", func(n *v1.Node) { n.Spec.Unschedulable = true })
		t.pass(0)
		if _, err := t.leave(t.Context(), nodes.Drain); err != nil {
			t.Fatal(err)
		}
		t.stop()
		t.run(nil, "a", "b")
		if t.api.node("a").Spec.Unschedulable || t.api.node("a").Annotations["moonlet.dev/cordoned"] != "" {
			t.Error("a is cordoned still")
		}
		if !t.api.node("b").Spec.Unschedulable {
			t.Error("b, which somebody else cordoned, is not any more")
		}
	})
}

func TestLeaveRefusesAnUnknownWay(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		_, err := t.leave(t.Context(), "explode")
		t.checkError(err, `"explode" is no way to: there is keep, drain and delete`)
	})
}
