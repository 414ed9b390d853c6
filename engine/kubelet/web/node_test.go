package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/web"
)

// What is odd about a node's description is mended, or left out: the API server would refuse all of it.
func TestDescriptionsAreWhatTheAPIServerTakes(t *testing.T) {
	d := &double{
		capacity:   `{"CPU":2,"cpu":"1.5","Memory":"1Gi","pods":"2.5","gpus":"1","example.com/gpu":"1.2","no good/x":"1","hugepages-2Mi":"4Mi","storage":"-1"}`,
		conditions: `[{"Type":"Ready","STATUS":"true","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"OutOfDisk","status":"maybe"},{"type":"","status":"True"},{"type":"Ready","status":"False","reason":"R"}]`,
		addresses:  `[{"type":"InternalIP","address":"1.2.3.4"},{"type":"InternalIP","address":"1.2.3.4"},{"type":"Hostname"},null]`,
	}
	got, err := d.start(t, nil).DescribeNode(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	want := kubelet.NodeState{
		Capacity: v1.ResourceList{
			"cpu": resource.MustParse("1.5"), "memory": resource.MustParse("1Gi"), "pods": resource.MustParse("2"),
			"example.com/gpu": resource.MustParse("1"), "hugepages-2Mi": resource.MustParse("4Mi"),
		},
		Conditions: []v1.NodeCondition{{Type: "OutOfDisk", Status: v1.ConditionUnknown}, {Type: v1.NodeReady, Status: v1.ConditionFalse, Reason: "R"}},
		Addresses:  []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "1.2.3.4"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestANodeThatIsNotDescribedHasTheDefaults(t *testing.T) {
	d := &double{capacity: "null", conditions: "null", addresses: "[]"}
	got, err := d.start(t, nil).DescribeNode(t.Context(), "n")
	if diff := cmp.Diff(kubelet.NodeState{}, got); diff != "" || err != nil {
		t.Errorf("%v:\n%s", err, diff)
	}
}

// The protocol knows one node: a hundred of ours ask once a second.
func TestNodesShareOneDescription(t *testing.T) {
	d, held := &double{}, clock.Hold(time.Unix(1e9, 0))
	p := d.start(t, func(o *web.Options) { o.Clock = held })
	asked := func() string {
		for _, node := range []string{"a", "b", "c"} {
			if _, err := p.DescribeNode(t.Context(), node); err != nil {
				t.Fatal(err)
			}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		calls := strings.Join(d.calls, " ")
		d.calls = nil
		return calls
	}
	const all = "GET /capacity GET /nodeConditions GET /nodeAddresses"
	if first, again := asked(), asked(); first != all || again != "" {
		t.Errorf("first %q, then %q", first, again)
	}
	held.Set(held.Now().Add(time.Second))
	if later := asked(); later != all {
		t.Errorf("later %q", later)
	}
}
