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
	hash   func(*v1.PodStatus) uint64
	value  func(*v1.PodStatus) any
	absent absence
	form   form
}

var fields = [fieldCount]field{
	observedGeneration: {
		name: "observedGeneration", absent: kept,
		hash:  func(s *v1.PodStatus) uint64 { return uint64(s.ObservedGeneration) },
		value: func(s *v1.PodStatus) any { return s.ObservedGeneration },
	},
	phase: {
		name: "phase", absent: kept,
		hash:  func(s *v1.PodStatus) uint64 { return hashString(string(s.Phase)) },
		value: func(s *v1.PodStatus) any { return string(s.Phase) },
	},
	reason:  text("reason", func(s *v1.PodStatus) string { return s.Reason }),
	message: text("message", func(s *v1.PodStatus) string { return s.Message }),
	hostIP:  text("hostIP", func(s *v1.PodStatus) string { return s.HostIP }),
	hostIPs: {
		name: "hostIPs", form: list,
		hash:  func(s *v1.PodStatus) uint64 { return hashMessages(s.HostIPs) },
		value: func(s *v1.PodStatus) any { return s.HostIPs },
	},
	podIP: text("podIP", func(s *v1.PodStatus) string { return s.PodIP }),
	podIPs: {
		name: "podIPs", form: list,
		hash:  func(s *v1.PodStatus) uint64 { return hashMessages(s.PodIPs) },
		value: func(s *v1.PodStatus) any { return s.PodIPs },
	},
	startTime: {
		name: "startTime", absent: kept,
		hash:  func(s *v1.PodStatus) uint64 { return uint64(unix(s.StartTime)) },
		value: func(s *v1.PodStatus) any { return s.StartTime },
	},
	initContainerStatuses: containers("initContainerStatuses",
		func(s *v1.PodStatus) []v1.ContainerStatus { return s.InitContainerStatuses }),
	containerStatuses: containers("containerStatuses",
		func(s *v1.PodStatus) []v1.ContainerStatus { return s.ContainerStatuses }),
	ephemeralContainerStatuses: containers("ephemeralContainerStatuses",
		func(s *v1.PodStatus) []v1.ContainerStatus { return s.EphemeralContainerStatuses }),
	qosClass: {
		name: "qosClass", absent: once,
		hash:  func(s *v1.PodStatus) uint64 { return hashString(string(s.QOSClass)) },
		value: func(s *v1.PodStatus) any { return string(s.QOSClass) },
	},
	resize: text("resize", func(s *v1.PodStatus) string { return string(s.Resize) }),
	allocatedResources: {
		name: "allocatedResources", form: object,
		hash: func(s *v1.PodStatus) uint64 {
			if len(s.AllocatedResources) == 0 {
				return 0
			}
			return hashMessage(&v1.ContainerStatus{AllocatedResources: s.AllocatedResources})
		},
		value: func(s *v1.PodStatus) any { return s.AllocatedResources },
	},
	resources: {
		name: "resources", form: object,
		hash: func(s *v1.PodStatus) uint64 {
			if s.Resources == nil {
				return 0
			}
			return hashMessage(s.Resources)
		},
		value: func(s *v1.PodStatus) any { return s.Resources },
	},
}

func text(name string, of func(*v1.PodStatus) string) field {
	return field{
		name:  name,
		hash:  func(s *v1.PodStatus) uint64 { return hashString(of(s)) },
		value: func(s *v1.PodStatus) any { return of(s) },
	}
}

func containers(name string, of func(*v1.PodStatus) []v1.ContainerStatus) field {
	return field{
		name:  name,
		hash:  func(s *v1.PodStatus) uint64 { return hashMessages(of(s)) },
		value: func(s *v1.PodStatus) any { return of(s) },
	}
}

func unix(t *metav1.Time) int64 {
	if t == nil || t.IsZero() {
		return 0
	}
	return t.Unix()
}
