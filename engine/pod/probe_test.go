package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

func TestBuiltInProbeRules(t *testing.T) {
	p := web(func(p *v1.Pod) {
		p.Spec.Containers[0].StartupProbe = &v1.Probe{InitialDelaySeconds: 4}
		p.Spec.Containers[0].ReadinessProbe = &v1.Probe{InitialDelaySeconds: 3}
	})
	x := begin(t, p, nil).at(sec(3))
	same(t, "started before", *x.container("app").Started, false)
	x.at(sec(4))
	same(t, "started", *x.container("app").Started, true)
	x.wantRow(sec(6), "0/1 Running 0").wantRow(sec(7), "1/1 Running 0")
	same(t, "ready since", x.condition(v1.PodReady).LastTransitionTime.Time, t0.Add(sec(7)))
}

func TestReadyNeverBeforeStartup(t *testing.T) {
	ask := always(pod.Outcome{Started: new(sec(5)), Ready: &pod.Readiness{After: sec(2)}})
	begin(t, web(), ask).wantRow(sec(4), "0/1 Running 0").wantRow(sec(5), "1/1 Running 0")
}

func TestFlap(t *testing.T) {
	ask := always(pod.Outcome{Ready: &pod.Readiness{After: sec(3), Up: sec(30), Down: sec(10)}})
	x := begin(t, web(), ask)
	x.wantRow(sec(2), "0/1 Running 0").wantRow(sec(3), "1/1 Running 0")
	x.wantRow(sec(32), "1/1 Running 0").wantRow(sec(33), "0/1 Running 0").dueAfter(sec(43))
	x.wantRow(sec(43), "1/1 Running 0")
	x.wantRow(sec(3+40*1000+35), "0/1 Running 0").dueAfter(sec(3 + 40*1001))
	same(t, "since", x.condition(v1.PodReady).LastTransitionTime.Time, t0.Add(sec(3+40*1000+30)))
	if n := len(x.events); n > 20 {
		t.Errorf("%d events: flaps of the past were stored one by one", n)
	}
}

func TestFlapsOfTwoContainersMeetExactly(t *testing.T) {
	ask := by(map[string]pod.Outcome{
		"app": {Ready: &pod.Readiness{Up: sec(7), Down: sec(5)}},
		"b":   {Ready: &pod.Readiness{Up: sec(4), Down: sec(9)}},
	})
	once := begin(t, web(withApp("b")), ask).at(5 * time.Hour)
	steps := begin(t, web(withApp("b")), ask)
	for d := time.Duration(0); d <= 5*time.Hour; d += sec(1) {
		steps.at(d)
	}
	same(t, "life", encoded(t, once.life), encoded(t, steps.life))
}

func TestReadinessGates(t *testing.T) {
	x := begin(t, web(gated), nil).at(0)
	same(t, "row", x.row(0), "1/1 Running 0")
	same(t, "containers", x.condition(v1.ContainersReady).Status, v1.ConditionTrue)
	c := x.condition(v1.PodReady)
	same(t, "reason", c.Reason, "ReadinessGatesNotReady")
	same(t, "message", c.Message, `corresponding condition of pod readiness gate "example.com/gate" does not exist.`)

	x.life = x.life.WithConditions([]v1.PodCondition{
		{Type: "example.com/gate", Status: v1.ConditionFalse}, {Type: v1.PodReady, Status: v1.ConditionTrue},
	})
	same(t, "message", x.at(sec(1)).condition(v1.PodReady).Message, `the status of pod readiness gate "example.com/gate" is not "True", but False`)

	x.life = x.life.WithConditions([]v1.PodCondition{{Type: "example.com/gate", Status: v1.ConditionTrue}})
	c = x.at(sec(9)).condition(v1.PodReady)
	same(t, "ready", c.Status, v1.ConditionTrue)
	same(t, "since", c.LastTransitionTime.Time, t0.Add(sec(9)))
	same(t, "first", x.status().Conditions[0].Type, v1.PodConditionType("example.com/gate"))
}

func TestGateInTheObjectsOwnStatus(t *testing.T) {
	x := begin(t, web(gated), nil).at(0)
	x.p = x.p.DeepCopy()
	x.p.Status.Conditions = []v1.PodCondition{{Type: "example.com/gate", Status: v1.ConditionTrue}}
	same(t, "ready", x.at(sec(4)).condition(v1.PodReady).Status, v1.ConditionTrue)
}

func TestConditionsKeepTheirTimesAndOrder(t *testing.T) {
	p := web(func(p *v1.Pod) {
		p.Status.Conditions = []v1.PodCondition{
			{Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: "EvictionByEvictionAPI"},
			{Type: "a", Status: v1.ConditionTrue, LastTransitionTime: metav1.NewTime(t0)},
		}
	})
	x := begin(t, p, always(pod.Outcome{Ready: &pod.Readiness{After: sec(5)}, Exit: exit(1, sec(9))})).at(sec(9))
	var types []string
	for _, c := range x.status().Conditions {
		types = append(types, string(c.Type))
	}
	same(t, "order", types, []string{
		"a", "DisruptionTarget", "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled",
	})
	same(t, "unready since", x.condition(v1.ContainersReady).LastTransitionTime.Time, t0.Add(sec(9)))
	same(t, "sandbox since", x.condition(v1.PodReadyToStartContainers).LastTransitionTime.Time, t0)
}

func TestObservedGenerationFrom135(t *testing.T) {
	x := begin(t, web(func(p *v1.Pod) { p.Generation = 4 }), nil).at(0)
	for minor, want := range map[int]int64{33: 0, 34: 0, 35: 4, 36: 4} {
		s := x.life.Status(x.p, pod.Node{Minor: minor})
		same(t, "status", s.ObservedGeneration, want)
		for _, c := range s.Conditions {
			same(t, string(c.Type), c.ObservedGeneration, want)
		}
	}
}

func TestStatusTellsAddressesAndWholeSeconds(t *testing.T) {
	x := begin(t, web(withApp("a")), nil)
	x.life = pod.Begin(x.p, t0.Add(time.Millisecond), pod.Beginning{IP: "10.0.0.7"})
	s := x.at(sec(1)).status()
	same(t, "host", s.HostIP, node.HostIP)
	same(t, "hosts", s.HostIPs, []v1.HostIP{{IP: node.HostIP}})
	same(t, "ips", s.PodIPs, []v1.PodIP{{IP: "10.0.0.7"}})
	same(t, "start", s.StartTime.Time, t0)
	same(t, "sorted", s.ContainerStatuses[0].Name, "a")
	two := x.life.Status(x.p, pod.Node{HostIP: "192.0.2.1", HostIPs: []string{"192.0.2.1", "2001:db8::1"}})
	same(t, "both", len(two.HostIPs), 2)
}

func TestReadinessMissedInItsDownPhaseWaitsForTheNextUp(t *testing.T) {
	ask := always(pod.Outcome{
		Ready: &pod.Readiness{After: sec(10), Up: sec(2), Down: sec(300)}, Terminate: &pod.Termination{After: 10 * time.Hour},
	})
	x := begin(t, web(), ask).at(sec(5))
	x.end(sec(100), pod.End{Reason: "Evicted", Grace: 20 * time.Hour}) // before anybody looked at the first up phase
	x.wantRow(sec(101), "0/1 Running 0").dueAfter(sec(312))
	x.wantRow(sec(312), "1/1 Running 0")
}
