package nodes_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/nodes"
)

func TestNewNodeIsReadyWithOneRequest(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		if diff := cmp.Diff([]string{"create nodes", "create leases"}, t.started); diff != "" {
			t.Error(diff)
		}
		now := metav1.NewTime(time.Now().Local())
		want := &v1.Node{
			TypeMeta: metav1.TypeMeta{Kind: "Node", APIVersion: "v1"},
			ObjectMeta: metav1.ObjectMeta{
				Name: "a", UID: "uid-2", ResourceVersion: "2",
				Labels: map[string]string{
					"type": "virtual-kubelet", "kubernetes.io/role": "agent", "node-role.kubernetes.io/agent": "",
					"kubernetes.io/hostname": "a", "kubernetes.io/os": "linux", "beta.kubernetes.io/os": "linux",
					"kubernetes.io/arch": "amd64", "beta.kubernetes.io/arch": "amd64", "node.kubernetes.io/exclude-from-external-load-balancers": "true",
					"alpha.service-controller.kubernetes.io/exclude-balancer": "true",
				},
				Annotations: map[string]string{
					"moonlet.dev/kubelet": "us", "metrics.k8s.io/resource-metrics-path": "/nodes/a/metrics/resource",
					"moonlet.dev/kept": `{"labels":["alpha.service-controller.kubernetes.io/exclude-balancer","beta.kubernetes.io/arch","beta.kubernetes.io/os",` +
						`"kubernetes.io/arch","kubernetes.io/hostname","kubernetes.io/os","kubernetes.io/role",` +
						`"node-role.kubernetes.io/agent","node.kubernetes.io/exclude-from-external-load-balancers","type"],` +
						`"annotations":["metrics.k8s.io/resource-metrics-path"],"taints":["virtual-kubelet.io/provider:NoSchedule"]}`,
				},
			},
			Spec: v1.NodeSpec{Taints: template().Taints},
			Status: v1.NodeStatus{
				Capacity: template().Capacity, Allocatable: template().Capacity, Addresses: template().Addresses,
				DaemonEndpoints: v1.NodeDaemonEndpoints{KubeletEndpoint: v1.DaemonEndpoint{Port: 10250}},
				NodeInfo: v1.NodeSystemInfo{
					KubeletVersion: "v1.37.0-moonlet", OperatingSystem: "linux", Architecture: "amd64",
					MachineID: "dd54ccaf9e8ea6ac5a4a5eeba1cc6d1e", SystemUUID: "x", BootID: "x",
				},
				Conditions: []v1.NodeCondition{
					usual("MemoryPressure", "False", now, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
					usual("DiskPressure", "False", now, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
					usual("PIDPressure", "False", now, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
					usual("Ready", "True", now, "KubeletReady", "kubelet is posting ready status"),
				},
			},
		}
		got := t.api.node("a")
		machineIDs(t, got, want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		lease := t.api.lease("a")
		if *lease.Spec.HolderIdentity != "us" || *lease.Spec.LeaseDurationSeconds != 40 || !lease.Spec.RenewTime.Equal(new(metav1.NowMicro())) {
			t.Errorf("lease %+v", lease.Spec)
		}
		owner := []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: "a", UID: got.UID}}
		if diff := cmp.Diff(owner, lease.OwnerReferences); diff != "" {
			t.Error(diff)
		}
		events := []string{
			"a Normal NodeHasSufficientMemory: Node a status is now: NodeHasSufficientMemory",
			"a Normal NodeHasNoDiskPressure: Node a status is now: NodeHasNoDiskPressure",
			"a Normal NodeHasSufficientPID: Node a status is now: NodeHasSufficientPID",
			"a Normal NodeReady: Node a status is now: NodeReady",
			"a Normal Starting: Starting kubelet.",
		}
		if diff := cmp.Diff(events, t.news()); diff != "" {
			t.Error(diff)
		}
	})
}

func usual(kind v1.NodeConditionType, status v1.ConditionStatus, at metav1.Time, reason, message string) v1.NodeCondition {
	return v1.NodeCondition{
		Type: kind, Status: status, LastHeartbeatTime: at, LastTransitionTime: at, Reason: reason, Message: message,
	}
}

// machineIDs checks that the made-up IDs are there and of the usual length, and takes them over.
func machineIDs(t *trial, got, want *v1.Node) {
	t.Helper()
	g, w := &got.Status.NodeInfo, &want.Status.NodeInfo
	if len(g.MachineID) != 32 || len(g.SystemUUID) != 36 || len(g.BootID) != 36 || g.SystemUUID == g.BootID {
		t.Errorf("machine %q, system %q, boot %q", g.MachineID, g.SystemUUID, g.BootID)
	}
	w.MachineID, w.SystemUUID, w.BootID = g.MachineID, g.SystemUUID, g.BootID
}

func TestAllNodesAreReadyBeforeTheirLeasesAreMade(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, many(100)...)
		want := slices.Concat(slices.Repeat([]string{"create nodes"}, 100), slices.Repeat([]string{"create leases"}, 100))
		if diff := cmp.Diff(want, t.started); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOldLabelsFollowThoseThatAUserGives(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(func(o *nodes.Options) { o.Template.Labels = map[string]string{"kubernetes.io/arch": "arm64"} }, "a")
		if got := t.api.node("a").Labels["beta.kubernetes.io/arch"]; got != "arm64" {
			t.Errorf("beta.kubernetes.io/arch is %q", got)
		}
	})
}

func TestManyNodesAreFoundWithTwoRequests(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, many(100)...)
		t.stop()
		t.api.said()
		k := t.make(nil, many(100)...)
		if err := k.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, c := range t.api.said("") {
			counts[c.verb+" "+c.kind]++
		}
		if diff := cmp.Diff(map[string]int{"list nodes": 1, "list leases": 1, "update leases": 100}, counts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSuccessorWritesNothingButTheLease(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.pass(25 * time.Second)
		t.stop()
		t.pass(5 * time.Second)
		t.writes()
		t.run(nil, "a")
		if diff := cmp.Diff([]string{"update leases a"}, t.started); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSuccessorRevivesALostNode(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.stop()
		t.pass(time.Minute)
		t.api.edit("a", lost)
		t.writes()
		t.news()
		t.run(nil, "a")
		if diff := cmp.Diff([]string{"update leases a", "patch nodes/status a"}, t.started); diff != "" {
			t.Error(diff)
		}
		t.checkReady("a", v1.ConditionTrue)
		if heard := t.news(); !slices.Contains(heard, "a returned") {
			t.Errorf("pods were not asserted again: %q", heard)
		}
	})
}

func TestAdoptionChangesWhatIsOursAndKeepsTheRest(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(func(o *nodes.Options) {
			o.Template.Labels = map[string]string{"old": "1", "zone": "a"}
			o.Template.Taints = append(o.Template.Taints, v1.Taint{Key: "old", Effect: v1.TaintEffectNoExecute})
		}, "a")
		t.stop()
		t.api.edit("a", func(n *v1.Node) {
			n.Labels["theirs"] = "1"
			n.Annotations["theirs"] = "1"
			n.Spec.Taints = append(n.Spec.Taints, v1.Taint{Key: "theirs", Effect: v1.TaintEffectNoSchedule})
			n.Spec.Unschedulable = true
		})
		t.writes()
		t.run(func(o *nodes.Options) {
			o.Template.Labels = map[string]string{"zone": "b"}
			o.Template.Taints[0].Value = "web"
			o.Template.PodCIDR = "10.0.0.0/24"
			o.Template.ProviderID = func(node string) string { return "moonlet://" + node }
		}, "a")
		if diff := cmp.Diff([]string{"patch nodes a", "update leases a"}, t.started); diff != "" {
			t.Error(diff)
		}
		n := t.api.node("a")
		taints := []v1.Taint{
			{Key: "virtual-kubelet.io/provider", Value: "web", Effect: v1.TaintEffectNoSchedule},
			{Key: "theirs", Effect: v1.TaintEffectNoSchedule},
		}
		if diff := cmp.Diff(taints, n.Spec.Taints); diff != "" {
			t.Error(diff)
		}
		got := []string{
			n.Labels["zone"], n.Labels["old"], n.Labels["theirs"], n.Annotations["theirs"],
			n.Labels["type"], n.Spec.PodCIDR, n.Spec.ProviderID,
		}
		if diff := cmp.Diff([]string{"b", "", "1", "1", "virtual-kubelet", "10.0.0.0/24", "moonlet://a"}, got); diff != "" {
			t.Error(diff)
		}
		if !n.Spec.Unschedulable {
			t.Error("a node that somebody else cordoned was uncordoned")
		}
	})
}

// foreign is a node that a real kubelet made.
func foreign(name, owner string) *v1.Node {
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"type": "virtual-kubelet"}}}
	if owner != "" {
		n.Annotations = map[string]string{"moonlet.dev/kubelet": owner}
	}
	n.Status.NodeInfo.KubeletVersion = "v1.33.1"
	return n
}

func TestNodeOfSomebodyElseIsRefused(t *testing.T) {
	for name, names := range map[string][]string{"few nodes": {"node-1"}, "many nodes": many(40)} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *trial) {
				n := foreign("node-1", "")
				delete(n.Labels, "type")
				t.api.store("nodes", "", "node-1", n)
				t.api.storeLease("node-1", "node-1", time.Now())
				err := t.make(nil, names...).Start(t.Context())
				t.checkError(err, "node node-1 is not Moonlet's (it has no annotation moonlet.dev/kubelet, and kubelet v1.33.1, "+
					"and its lease is held by node-1)")
				if n := t.api.node("node-1"); n.Annotations["moonlet.dev/kubelet"] != "" {
					t.Error("it was taken")
				}
			})
		})
	}
}

func TestNodeOfSomebodyElseIsTakenWhenAsked(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.api.store("nodes", "", "a", foreign("a", ""))
		t.api.storeLease("a", "a", time.Now())
		t.run(func(o *nodes.Options) { o.Adopt = true }, "a")
		t.checkReady("a", v1.ConditionTrue)
		if n := t.api.node("a"); n.Annotations["moonlet.dev/kubelet"] != "us" || n.Status.NodeInfo.KubeletVersion != "v1.37.0-moonlet" {
			t.Errorf("node %+v", n)
		}
		if h := *t.api.lease("a").Spec.HolderIdentity; h != "us" {
			t.Errorf("lease is held by %s", h)
		}
	})
}

func TestLeaseOfAPredecessor(t *testing.T) {
	tests := map[string]struct {
		age   time.Duration // of the lease at start
		renew time.Duration // how long the other goes on renewing
		takes time.Duration // until we have the node; 0: never
	}{
		"expired long ago":    {age: time.Hour},
		"killed a moment ago": {age: 3 * time.Second, takes: 37 * time.Second},
		"its clock is ahead":  {age: -time.Hour, takes: 40 * time.Second},
		"ends while we wait":  {renew: 15 * time.Second, takes: 49 * time.Second},
		"goes on":             {renew: time.Hour, takes: -1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *trial) {
				t.api.store("nodes", "", "a", foreign("a", "them"))
				t.api.storeLease("a", "them", time.Now().Add(-test.age))
				began := time.Now()
				for at := 9 * time.Second; at < test.renew && at < 2*time.Minute; at += 9 * time.Second {
					time.AfterFunc(at, func() { t.api.storeLease("a", "them", time.Now()) })
				}
				err := t.make(nil, "a").Start(t.Context())
				took := time.Since(began).Round(time.Second)
				if test.takes < 0 {
					t.checkError(err, "node a is kept by them, lease renewed 6s ago: stop that one, give this one other names")
					t.checkError(err, "(waited 1m0s)")
					time.Sleep(2 * time.Minute)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if took != test.takes {
					t.Errorf("took %v, want %v", took, test.takes)
				}
				if heard := t.news(); test.takes > 0 && !slices.ContainsFunc(heard, func(s string) bool {
					return len(s) > 20 && s[:40] == "progress: node a is kept by them, lease "
				}) {
					t.Errorf("no progress: %q", heard)
				}
				if h := *t.api.lease("a").Spec.HolderIdentity; h != "us" {
					t.Errorf("lease is held by %s", h)
				}
			})
		})
	}
}

func TestStartWaitsForTheAPIServer(t *testing.T) {
	inBubble(t, func(t *trial) {
		back := time.Now().Add(20 * time.Second)
		t.api.breakWith(func(context.Context, call) *metav1.Status {
			if time.Now().Before(back) {
				return refusal(http.StatusInternalServerError, metav1.StatusReasonInternalError, "etcd is away")
			}
			return nil
		})
		t.run(nil, "a")
		t.checkReady("a", v1.ConditionTrue)
		if heard := t.news(); heard[0] != "progress: read node a: etcd is away: trying again (0 s of 60 s)" {
			t.Errorf("progress %q", heard)
		}
	})
}

func TestStartReportsWhatWaitingCannotMend(t *testing.T) {
	inBubble(t, func(t *trial) {
		began := time.Now()
		t.api.breakWith(func(_ context.Context, c call) *metav1.Status {
			if c.verb == "create" && c.kind == "leases" {
				return refusal(http.StatusForbidden, metav1.StatusReasonForbidden, "no leases for you")
			}
			return nil
		})
		err := t.make(nil, "a", "b").Start(t.Context())
		t.checkError(err, "no leases for you")
		if took := time.Since(began); took > 0 {
			t.Errorf("took %v", took)
		}
	})
}

func TestStartGivesUpWhenItsPatienceEnds(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.api.breakWith(func(context.Context, call) *metav1.Status {
			return refusal(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "not now")
		})
		began := time.Now()
		err := t.make(func(o *nodes.Options) { o.Patience = 10 * time.Second }, "a").Start(t.Context())
		t.checkError(err, "read node a: not now")
		if took := time.Since(began); took < 7*time.Second || took > 10*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestDeletedNodeIsMadeAgain(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a", "b")
		old := t.api.node("a").UID
		t.pass(3 * time.Second)
		t.writes()
		t.api.delete("nodes", "", "a")
		t.pass(time.Second)
		if writes := t.writes(); !slices.Contains(writes, "create nodes") || !slices.Contains(writes, "update leases a") {
			t.Errorf("requests %q", writes)
		}
		n := t.api.node("a")
		t.checkReady("a", v1.ConditionTrue)
		if n.UID == old || t.keeper.Node("a").UID != n.UID {
			t.Errorf("UID %s, was %s", n.UID, old)
		}
		if owner := t.api.lease("a").OwnerReferences[0].UID; owner != n.UID {
			t.Errorf("lease is owned by %s, want %s", owner, n.UID)
		}
	})
}

func TestRealNodeThatTakesOurNameIsLeftAlone(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(nil, "a")
		t.api.delete("nodes", "", "a")
		t.api.store("nodes", "", "a", foreign("a", ""))
		t.pass(time.Second)
		if !t.keeper.Silent("a") {
			t.Error("node is ours still")
		}
		if n := t.api.node("a"); n.Annotations["moonlet.dev/kubelet"] != "" || len(n.Status.Conditions) > 0 {
			t.Errorf("node %+v", n)
		}
	})
}

func TestDescribedNodeIsCreatedAsDescribed(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.describedAs(func(string) (kubelet.NodeState, error) {
			return kubelet.NodeState{
				Capacity: list("cpu=8"), Info: &v1.NodeSystemInfo{KubeletVersion: "v0"},
				Addresses:  []v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "10.0.0.9"}},
				Conditions: []v1.NodeCondition{{Type: v1.NodeMemoryPressure, Status: v1.ConditionTrue}},
			}, nil
		})
		t.run(nil, "a")
		s := t.api.node("a").Status
		if diff := cmp.Diff(v1.NodeStatus{Capacity: list("cpu=8"), Allocatable: list("cpu=8")},
			v1.NodeStatus{Capacity: s.Capacity, Allocatable: s.Allocatable}); diff != "" {
			t.Error(diff)
		}
		if s.NodeInfo.KubeletVersion != "v0" || s.Addresses[0].Address != "10.0.0.9" {
			t.Errorf("status %+v", s)
		}
		if c := condition(t.api.node("a"), v1.NodeMemoryPressure); c.Reason != "KubeletHasInsufficientMemory" {
			t.Errorf("condition %+v", c)
		}
	})
}

func TestNodesHaveTheirZones(t *testing.T) {
	inBubble(t, func(t *trial) {
		t.run(func(o *nodes.Options) {
			o.Template.Zone = func(node string) string { return map[string]string{"a": "east"}[node] }
		}, "a", "b")
		for name, want := range map[string]string{"a": "east", "b": ""} {
			if got := t.api.node(name).Labels[v1.LabelTopologyZone]; got != want {
				t.Errorf("node %s is in zone %q, want %q", name, got, want)
			}
		}
	})
}
