package web

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The lengths to which a kubelet cuts texts.
const (
	longestMessage = 12 << 10
	longestReason  = 1 << 10
)

// account is what is known of a pod when its status is made.
type account struct {
	pod    *v1.Pod       // as Kubernetes has it; without a spec where only the web provider knows it
	said   *v1.PodStatus // by the web provider
	before *v1.PodStatus // what was made the last time; nil: nothing yet
	now    metav1.Time
	nodeIP string
}

// complete makes of what a web provider says of a pod a status as a kubelet would write it. What it says well stands;
// what it leaves out is concluded from what it does say, and from the pod: containers from the phase or the phase from
// the containers, conditions from both. What the API server would refuse, or would shake controllers, is mended: a
// terminal phase stays, startTime and transition times do not move, restarts are not taken back.
func complete(a account) *v1.PodStatus {
	if a.before != nil && isTerminal(a.before.Phase) {
		return a.before
	}
	s := &v1.PodStatus{
		Reason: cut(a.said.Reason, longestReason), Message: cut(a.said.Message, longestMessage),
		QOSClass: a.pod.Status.QOSClass, ObservedGeneration: min(max(0, a.said.ObservedGeneration), a.pod.Generation),
		StartTime: a.startTime(),
	}
	s.Phase = a.phase()
	if s.Phase == v1.PodUnknown && s.Message == "" {
		s.Message = "the web provider says that the pod's phase is " + cut(string(a.said.Phase), 100)
	}
	s.PodIPs, s.HostIPs = a.podIPs(), a.hostIPs()
	if len(s.PodIPs) > 0 {
		s.PodIP = s.PodIPs[0].IP
	}
	if len(s.HostIPs) > 0 {
		s.HostIP = s.HostIPs[0].IP
	}
	if a.turnedAway(s) {
		return s
	}
	s.InitContainerStatuses = a.containers(s, true)
	s.ContainerStatuses = a.containers(s, false)
	s.Conditions = a.conditions(s)
	return s
}

func isTerminal(phase v1.PodPhase) bool { return phase == v1.PodSucceeded || phase == v1.PodFailed }

// turnedAway says that the pod was refused as a kubelet refuses: no container was ever made, and Kubernetes shows the
// reason.
func (a account) turnedAway(s *v1.PodStatus) bool {
	return s.Phase == v1.PodFailed && s.Reason != "" && len(a.said.ContainerStatuses)+len(a.said.InitContainerStatuses)+len(a.said.Conditions) == 0
}

// phase is what is said, in Kubernetes' letters; where nothing is, what the containers say; else it is Unknown.
func (a account) phase() v1.PodPhase {
	for _, known := range []v1.PodPhase{v1.PodPending, v1.PodRunning, v1.PodSucceeded, v1.PodFailed} {
		if strings.EqualFold(string(a.said.Phase), string(known)) {
			return known
		}
	}
	if a.said.Phase != "" {
		return v1.PodUnknown
	}
	return a.phaseOfContainers()
}

func (a account) phaseOfContainers() v1.PodPhase {
	var begun, ended, failed int
	for _, c := range a.said.ContainerStatuses {
		switch {
		case c.State.Running != nil:
			return v1.PodRunning
		case c.State.Terminated != nil:
			ended++
			if c.State.Terminated.ExitCode != 0 {
				failed++
			}
		case c.RestartCount > 0:
			begun++
		}
	}
	all := ended > 0 && ended == len(a.said.ContainerStatuses) && ended >= len(a.pod.Spec.Containers)
	policy := a.pod.Spec.RestartPolicy
	switch {
	case all && failed == 0 && policy != v1.RestartPolicyAlways:
		return v1.PodSucceeded
	case all && failed > 0 && policy == v1.RestartPolicyNever:
		return v1.PodFailed
	case begun+ended > 0:
		return v1.PodRunning
	}
	return v1.PodPending
}

// startTime never moves.
func (a account) startTime() *metav1.Time {
	switch {
	case a.before != nil && a.before.StartTime != nil:
		return a.before.StartTime
	case a.said.StartTime != nil && !a.said.StartTime.IsZero():
		return a.said.StartTime
	}
	return &a.now
}

func (a account) podIPs() []v1.PodIP {
	said := []string{a.said.PodIP}
	for _, ip := range a.said.PodIPs {
		said = append(said, ip.IP)
	}
	var ips []v1.PodIP
	for _, ip := range onePerFamily(said) {
		ips = append(ips, v1.PodIP{IP: ip})
	}
	return ips
}

func (a account) hostIPs() []v1.HostIP {
	said := []string{a.said.HostIP}
	for _, ip := range a.said.HostIPs {
		said = append(said, ip.IP)
	}
	valid := onePerFamily(said)
	if len(valid) == 0 {
		valid = onePerFamily([]string{a.nodeIP})
	}
	var ips []v1.HostIP
	for _, ip := range valid {
		ips = append(ips, v1.HostIP{IP: ip})
	}
	return ips
}

// onePerFamily keeps the first IPv4 and the first IPv6 address: the API server takes no more, and no others.
func onePerFamily(texts []string) (ips []string) {
	var have [2]bool
	for _, text := range texts {
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.Zone() != "" || ip.Is4In6() {
			continue
		}
		family := 0
		if ip.Is6() {
			family = 1
		}
		if !have[family] {
			ips = append(ips, text)
		}
		have[family] = true
	}
	return ips
}

// cut shortens a text to so many bytes, between characters.
func cut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	for longest > 0 && !utf8.RuneStart(text[longest]) {
		longest--
	}
	return text[:longest]
}
