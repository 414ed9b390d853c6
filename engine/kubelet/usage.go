package kubelet

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Meter is a Provider that knows what its pods use.
type Meter interface {
	// Usage lists the pods of a node that run, with what their running containers use now.
	Usage(ctx context.Context, node string) ([]PodUsage, error)
}

// PodUsage is what one pod uses.
type PodUsage struct {
	Pod        *v1.Pod
	Containers []ContainerUsage
}

// ContainerUsage is what one running container uses.
type ContainerUsage struct {
	Name        string
	Started     time.Time
	CPU         float64 // cores in use now
	CPUSeconds  float64 // used since Started; never falls within a run
	MemoryBytes uint64  // working set
}
