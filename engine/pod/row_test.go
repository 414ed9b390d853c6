package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/pod/podtest"
)

// TestRowOfStatusesOfOthers covers the golden cases that no kubelet writes.
func TestRowOfStatusesOfOthers(t *testing.T) {
	all := podtest.Cases(t, "testdata/kubelet-statuses.txt")
	for name := range podtest.ByOthers {
		g, p := all[name], web()
		if g.Status.Reason == "NodeLost" {
			deleting(p)
		}
		ready, status, restarts := pod.Row(p, &g.Status, t0)
		same(t, name, ready+" "+status+" "+restarts, g.Row)
	}
}

func ends(reason string, code, signal int32) v1.ContainerState {
	return v1.ContainerState{Terminated: &v1.ContainerStateTerminated{Reason: reason, ExitCode: code, Signal: signal, FinishedAt: metav1.NewTime(t0)}}
}

func runs() v1.ContainerState {
	return v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: metav1.NewTime(t0)}}
}

func TestRowForms(t *testing.T) {
	yes := true
	app := func(s v1.ContainerState) []v1.ContainerStatus {
		return []v1.ContainerStatus{{Name: "app", State: s}}
	}
	ready := []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue}}
	for name, c := range map[string]struct {
		edits  []edit
		status v1.PodStatus
		want   string
	}{
		"exit code without a reason": {nil, v1.PodStatus{ContainerStatuses: app(ends("", 3, 0))}, "0/1 ExitCode:3 0"},
		"signal without a reason":    {nil, v1.PodStatus{ContainerStatuses: app(ends("", 137, 9))}, "0/1 Signal:9 0"},
		"init exit code": {
			[]edit{withInit("a")},
			v1.PodStatus{InitContainerStatuses: []v1.ContainerStatus{{Name: "a", State: ends("", 3, 0), RestartCount: 2}}},
			"0/1 Init:ExitCode:3 2",
		},
		"init signal": {
			[]edit{withInit("a")}, v1.PodStatus{InitContainerStatuses: []v1.ContainerStatus{{Name: "a", State: ends("", 3, 9)}}}, "0/1 Init:Signal:9 0",
		},
		"restarts of init containers count while they run only": {
			[]edit{withInit("a"), withSidecar("b")}, v1.PodStatus{
				Phase: v1.PodRunning,
				InitContainerStatuses: []v1.ContainerStatus{
					{Name: "a", State: ends("Completed", 0, 0), RestartCount: 5},
					{Name: "b", State: runs(), Started: &yes, Ready: true, RestartCount: 2},
				},
				ContainerStatuses: []v1.ContainerStatus{{Name: "app", State: runs(), Ready: true, RestartCount: 1, LastTerminationState: ends("Error", 1, 0)}},
			}, "2/2 Running 3 (5m ago)",
		},
		"completed beside a ready one": {
			[]edit{withApp("b")}, v1.PodStatus{Phase: v1.PodRunning, Conditions: ready, ContainerStatuses: []v1.ContainerStatus{
				{Name: "app", State: ends("Completed", 0, 0)}, {Name: "b", State: runs(), Ready: true},
			}}, "1/2 Running 0",
		},
		"deleting":                    {[]edit{deleting}, v1.PodStatus{Phase: v1.PodRunning, ContainerStatuses: app(runs())}, "0/1 Terminating 0"},
		"deleting, but at its end":    {[]edit{deleting}, v1.PodStatus{Phase: v1.PodFailed, ContainerStatuses: app(ends("Error", 1, 0))}, "0/1 Error 0"},
		"nothing known but the phase": {nil, v1.PodStatus{Phase: v1.PodPending}, "0/1 Pending 0"},
	} {
		t.Run(name, func(t *testing.T) {
			ready, status, restarts := pod.Row(web(c.edits...), &c.status, t0.Add(5*time.Minute))
			same(t, "row", ready+" "+status+" "+restarts, c.want)
		})
	}
}
