// Package podtest answers, for tests: what does a real kubelet write?
//
// [Cases] reads the statuses that a kubelet's own code computed; [Plain] makes others comparable with them.
package podtest

import (
	"os"
	"regexp"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Case is one status of a kubelet and the row that kubectl prints of it: READY, STATUS, RESTARTS.
type Case struct {
	Name, Row string
	Status    v1.PodStatus
}

// ByOthers are the cases that no kubelet writes.
var ByOthers = map[string]bool{
	"Unschedulable (written by kube-scheduler, no kubelet)": true,
	"SchedulingGated": true,
	"NodeLost + deleting (legacy DeletePods path)": true,
}

var rowLine = regexp.MustCompile(`^kubectl: READY=(\S+) STATUS=(\S+) RESTARTS=(.+)$`)

// Cases are those of a file such as engine/pod/testdata/kubelet-statuses.txt, by name.
func Cases(t *testing.T, file string) map[string]Case {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Case{}
	for _, part := range strings.Split(string(b), "\n### ")[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		line, text, _ := strings.Cut(rest, "\n")
		row := rowLine.FindStringSubmatch(line)
		if row == nil {
			t.Fatalf("%s: no row in %q", name, line)
		}
		c := Case{Name: name, Row: strings.Join(row[1:], " ")}
		if err := yaml.UnmarshalStrict([]byte(text), &c.Status); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = c
	}
	return all
}

var hex64 = regexp.MustCompile(`^containerd://[0-9a-f]{64}$`)

// Plain is a status without what the cases leave open: times, addresses, identities, and the class of pods that must ask
// for something to be refused.
func Plain(t *testing.T, s *v1.PodStatus) *v1.PodStatus {
	t.Helper()
	s = s.DeepCopy()
	s.StartTime, s.HostIP, s.HostIPs, s.PodIP, s.PodIPs = nil, "", nil, "", nil
	if strings.HasPrefix(s.Reason, "OutOf") {
		s.QOSClass = ""
	}
	for i := range s.Conditions {
		s.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	for _, list := range [][]v1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses} {
		for i := range list {
			c := &list[i]
			c.ImageID, c.ContainerID = "", ""
			plainState(t, &c.State)
			plainState(t, &c.LastTerminationState)
		}
	}
	return s
}

func plainState(t *testing.T, s *v1.ContainerState) {
	t.Helper()
	if s.Running != nil {
		s.Running.StartedAt = metav1.Time{}
	}
	if s.Terminated != nil {
		if id := s.Terminated.ContainerID; id != "containerd://<64 hex>" && !hex64.MatchString(id) {
			t.Errorf("containerID %q", id)
		}
		s.Terminated.StartedAt, s.Terminated.FinishedAt, s.Terminated.ContainerID = metav1.Time{}, metav1.Time{}, ""
	}
}
