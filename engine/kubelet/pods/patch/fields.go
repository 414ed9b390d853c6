package patch

import (
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The fields of a status, conditions apart. Those of others, as nominatedNodeName and the claims, are not among them.
const (
	observedGeneration = iota
	phase
	reason
	message
	hostIP
	hostIPs
	podIP
	podIPs
	startTime
	initContainerStatuses
	containerStatuses
	ephemeralContainerStatuses
	qosClass
	resize
	allocatedResources
	resources
	fieldCount
)

// absence is what it means when a provider's status lacks a field.
type absence int

const (
	removed absence = iota // the pod has none: what Kubernetes has is removed
	kept                   // the provider does not know: what Kubernetes has stays
	once                   // as kept; and a value that Kubernetes has is never replaced
)

// form is how a field that Kubernetes has is replaced as a whole, where the merge would mix old and new.
type form int

const (
	plain  form = iota
	list        // merged by key: a list begins with {"$patch":"replace"}
	object      // merged by field: an object carries "$patch":"replace"
)

type field struct {
	name   string
	hash   func(*v1.PodStatus) uint64 // 0: absent
	value  func(*v1.PodStatus) any
	set    func(to, from *v1.PodStatus)
	absent absence
	form   form
}

var fields = [fieldCount]field{
	observedGeneration: part("observedGeneration", kept, plain,
		func(s *v1.PodStatus) *int64 { return &s.ObservedGeneration }, func(n int64) uint64 { return uint64(n) }),
	phase:   text("phase", kept, func(s *v1.PodStatus) *v1.PodPhase { return &s.Phase }),
	reason:  text("reason", removed, func(s *v1.PodStatus) *string { return &s.Reason }),
	message: text("message", removed, func(s *v1.PodStatus) *string { return &s.Message }),
	hostIP:  text("hostIP", removed, func(s *v1.PodStatus) *string { return &s.HostIP }),
	hostIPs: part("hostIPs", removed, list, func(s *v1.PodStatus) *[]v1.HostIP { return &s.HostIPs }, hashMessages),
	podIP:   text("podIP", removed, func(s *v1.PodStatus) *string { return &s.PodIP }),
	podIPs:  part("podIPs", removed, list, func(s *v1.PodStatus) *[]v1.PodIP { return &s.PodIPs }, hashMessages),
	startTime: part("startTime", kept, plain,
		func(s *v1.PodStatus) **metav1.Time { return &s.StartTime }, func(t *metav1.Time) uint64 { return uint64(unix(t)) }),
	initContainerStatuses: containers("initContainerStatuses",
		func(s *v1.PodStatus) *[]v1.ContainerStatus { return &s.InitContainerStatuses }),
	containerStatuses: containers("containerStatuses",
		func(s *v1.PodStatus) *[]v1.ContainerStatus { return &s.ContainerStatuses }),
	ephemeralContainerStatuses: containers("ephemeralContainerStatuses",
		func(s *v1.PodStatus) *[]v1.ContainerStatus { return &s.EphemeralContainerStatuses }),
	qosClass: text("qosClass", once, func(s *v1.PodStatus) *v1.PodQOSClass { return &s.QOSClass }),
	resize:   text("resize", removed, func(s *v1.PodStatus) *v1.PodResizeStatus { return &s.Resize }), //nolint:staticcheck // kubelets of old write it
	allocatedResources: part("allocatedResources", removed, object,
		func(s *v1.PodStatus) *v1.ResourceList { return &s.AllocatedResources }, hashResources),
	resources: part("resources", removed, object,
		func(s *v1.PodStatus) **v1.ResourceRequirements { return &s.Resources }, hashRequirements),
}

// part is the field that at points to.
func part[T any](name string, absent absence, form form, at func(*v1.PodStatus) *T, hash func(T) uint64) field {
	return field{
		name: name, absent: absent, form: form,
		hash:  func(s *v1.PodStatus) uint64 { return hash(*at(s)) },
		value: func(s *v1.PodStatus) any { return *at(s) },
		set:   func(to, from *v1.PodStatus) { *at(to) = *at(from) },
	}
}

// text is a field that holds a text of any type; its value is a string.
func text[T ~string](name string, absent absence, at func(*v1.PodStatus) *T) field {
	f := part(name, absent, plain, at, func(s T) uint64 { return hashString(string(s)) })
	f.value = func(s *v1.PodStatus) any { return string(*at(s)) }
	return f
}

func containers(name string, at func(*v1.PodStatus) *[]v1.ContainerStatus) field {
	return part(name, removed, plain, at, hashMessages)
}

func hashResources(r v1.ResourceList) uint64 {
	if len(r) == 0 {
		return 0
	}
	return hashMessage(&v1.ContainerStatus{AllocatedResources: r})
}

func hashRequirements(r *v1.ResourceRequirements) uint64 {
	if r == nil {
		return 0
	}
	return hashMessage(r)
}

func unix(t *metav1.Time) int64 {
	if t == nil || t.IsZero() {
		return 0
	}
	return t.Unix()
}
