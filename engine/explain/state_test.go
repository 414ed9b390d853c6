package explain_test

import (
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/explain"
)

func TestStateGivesTheReason(t *testing.T) {
	waits := func(reason, message string) []v1.ContainerStatus {
		return []v1.ContainerStatus{{Name: "app", State: v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: reason, Message: message}}}}
	}
	ended := []v1.ContainerStatus{{Name: "init", State: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: 3, Reason: "Error"}}}}
	for want, s := range map[string]v1.PodStatus{
		"app waits: no such image":        {Phase: v1.PodPending, ContainerStatuses: waits("ErrImagePull", "no such image")},
		"app waits: CreateContainerError": {Phase: v1.PodPending, ContainerStatuses: waits("CreateContainerError", "")},
		"init exited with code 3, Error, and its restart policy says no more": {
			Phase: v1.PodFailed, InitContainerStatuses: ended, ContainerStatuses: waits("PodInitializing", ""),
		},
		"it starts: app not yet created": {Phase: v1.PodPending, ContainerStatuses: waits("ContainerCreating", "")},
	} {
		if got := explain.State(&v1.Pod{}, &s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
