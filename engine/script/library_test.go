package script_test

import (
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
)

type world struct {
	pods  []*script.Pod
	nodes []*script.Node
	asked *int
}

func (w world) Pods() []*script.Pod {
	if w.asked != nil {
		*w.asked++
	}
	return w.pods
}
func (w world) Nodes() []*script.Node { return w.nodes }

func testNode() *script.Node {
	return &script.Node{
		Object: &v1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: "moon-1", Labels: map[string]string{"topology.kubernetes.io/zone": "a"}},
			Status:     v1.NodeStatus{Conditions: []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue}}},
		},
		Memo: &script.Memo{},
	}
}

// tellExample runs an example that is for scenarios. What declares one at the top of a file, or needs a cluster, is shown
// in the guide.
func tellExample(tb testing.TB, rt *script.Runtime, e script.Entry) {
	tb.Helper()
	if e.Example == "" {
		return
	}
	if !strings.Contains(e.Example, e.Name) {
		tb.Errorf("the example of %s does not use it: %s", e.Name, e.Example)
	}
	set := mustLoad(tb, rt, "tale.lua", story(e.Example))
	if err := set.Tell(tb.Context(), &script.Story{File: set.File("tale"), Name: "s", Stage: newStage()}); err != nil {
		tb.Errorf("%s: %v", e.Example, err)
	}
}

func TestEveryLibraryExampleRuns(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	for _, e := range script.Library() {
		t.Run(e.Name, func(t *testing.T) {
			if e.Doc == "" || e.Group == "" {
				t.Errorf("%s has no doc or no group", e.Name)
			}
			if e.Scenario {
				tellExample(t, rt, e)
				return
			}
			if e.Example == "" && e.Name != "require" && e.Name != "param" {
				t.Fatalf("%s has no example", e.Name)
			}
			if !strings.Contains(e.Example, strings.TrimPrefix(e.Name, "string.")) && e.Example != "" {
				t.Errorf("the example of %s does not use it: %s", e.Name, e.Example)
			}
			set := mustLoad(t, rt, "flaky.lua", "param(\"rate\", 0.1)\nfunction on_start(pod, container, run)\n"+e.Example+"\nend")
			err := set.Call(t.Context(), &script.Call{
				File: set.File("flaky"), Hook: "on_start", Args: []any{testPod(t)}, Now: storyTime, World: world{}, Node: testNode,
			}, nil)
			if err != nil {
				t.Fatalf("%s\n%v", e.Example, err)
			}
		})
	}
}
