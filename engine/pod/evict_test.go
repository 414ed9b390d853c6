package pod_test

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// limited gives the pod's container a limit of ephemeral storage, and the pod an emptyDir with one.
func limited(p *v1.Pod) {
	size := resource.MustParse("2Gi")
	p.Spec.Containers[0].Resources.Limits = v1.ResourceList{v1.ResourceEphemeralStorage: size}
	p.Spec.Volumes = []v1.Volume{{Name: "scratch", VolumeSource: v1.VolumeSource{EmptyDir: &v1.EmptyDirVolumeSource{SizeLimit: &size}}}}
}

// TestEvictions are the texts and shapes of the kubelet (kubelet-shapes: evictions, shutdown, preemption).
func TestEvictions(t *testing.T) {
	const shutdown = "Pod was terminated in response to imminent node shutdown."
	for why, c := range map[string]struct {
		edits              []edit
		reason, message    string
		disruption, status string // message of DisruptionTarget, "": there is none; what kubectl prints as STATUS
		event              string
		code               int32
	}{
		"memory": {nil, "Evicted", pressure, pressure, "Error", v1.EventTypeWarning, 137},
		"ephemeral-storage": {
			nil, "Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 10%, available: 8%. " +
				"Container app was using 14Gi, request is 0, has larger consumption of ephemeral-storage. ", "same", "Error", v1.EventTypeWarning, 137,
		},
		"inodes": {nil, "Evicted", "The node was low on resource: inodes. Threshold quantity: 5%, available: 3%. ", "same", "Error", v1.EventTypeWarning, 137},
		"pids":   {nil, "Evicted", "The node was low on resource: pids. Threshold quantity: 10%, available: 4%. ", "same", "Error", v1.EventTypeWarning, 137},
		"ephemeral-limit": {
			nil, "Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ", "", "Error", v1.EventTypeWarning, 137,
		},
		"container-limit": {
			[]edit{limited}, "Evicted", `Container app exceeded its local ephemeral storage limit "2Gi". `, "", "Error", v1.EventTypeWarning, 137,
		},
		"emptydir-limit": {[]edit{limited}, "Evicted", `Usage of EmptyDir volume "scratch" exceeds the limit "2Gi". `, "", "Error", v1.EventTypeWarning, 137},
		"shutdown":       {nil, "Terminated", shutdown, shutdown, "Error", "", 143},
		"preempted": {
			nil, "Preempting", "Preempted in order to admit critical pod", "Pod was preempted by Kubelet to accommodate a critical pod.", "Error",
			v1.EventTypeWarning, 143,
		},
		"deadline": {
			nil, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline", "", "Error", v1.EventTypeNormal, 143,
		},
		"container-lost": {[]edit{policy(v1.RestartPolicyNever)}, "", "", "", "ContainerStatusUnknown", "", 137},
	} {
		t.Run(why, func(t *testing.T) {
			p := web(c.edits...)
			end, ok := pod.Evicted(p, why)
			if !ok {
				t.Fatal("no such reason")
			}
			x := begin(t, p, nil).at(sec(59)).end(sec(60), end).wantRow(sec(60), "0/1 "+c.status+" "+restartsOf(why))
			s := x.status()
			same(t, "phase", s.Phase, v1.PodFailed)
			same(t, "reason", s.Reason, c.reason)
			same(t, "message", s.Message, c.message)
			same(t, "code", s.ContainerStatuses[0].State.Terminated.ExitCode, c.code)
			same(t, "Ready", x.condition(v1.PodReady).Reason, "PodFailed")
			wantDisruption(t, s, c.disruption, c.message)
			if c.event != "" {
				x.told(c.reason, c.message, "")
			}
		})
	}
	if got := len(pod.Evictions()); got != 11 {
		t.Errorf("%d reasons, 11 are tested", got)
	}
	if _, ok := pod.Evicted(web(), "memori"); ok {
		t.Error("an unknown reason evicts")
	}
}

// restartsOf is what a lost container counts as.
func restartsOf(why string) string {
	if why == "container-lost" {
		return "1"
	}
	return "0"
}

func wantDisruption(t *testing.T, s *v1.PodStatus, want, message string) {
	t.Helper()
	if want == "same" {
		want = message
	}
	got, reason := "", ""
	for _, c := range s.Conditions {
		if c.Type == v1.DisruptionTarget {
			got, reason = c.Message, c.Reason
		}
	}
	same(t, "disruption", got, want)
	if want != "" {
		same(t, "reason of the disruption", reason, v1.PodReasonTerminationByKubelet)
	}
}
