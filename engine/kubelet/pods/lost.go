package pods

import (
	"context"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet/pods/patch"
)

// What people see of a pod that the provider lost.
const (
	lostReason  = "NotFound"
	lostMessage = "The pod status was not found and may have been deleted from the provider"
	lostExit    = -137
)

// reportLost writes that a pod has failed because the provider does not know it any more.
func (b *Broker) reportLost(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	if !m.writes.over(b.opts.Clock.Now()) {
		return m.writes.until
	}
	p, err := b.api.get(ctx, r.name)
	if err != nil {
		return b.unwritten(ctx, r, err)
	}
	if p.UID != s.pod.UID || patch.Terminal(p.Status.Phase) {
		return time.Time{}
	}
	next, _ := b.write(ctx, r, s, patch.Want{
		Status: lostStatus(&p.Status, b.opts.Clock.Now()), Told: s.status.Foreign(&p.Status),
	})
	return next
}

// lostStatus makes a status that of a pod which has been lost: failed, all containers ended.
func lostStatus(s *v1.PodStatus, now time.Time) *v1.PodStatus {
	s.Phase, s.Reason, s.Message = v1.PodFailed, lostReason, lostMessage
	for _, list := range [...][]v1.ContainerStatus{s.InitContainerStatuses, s.ContainerStatuses, s.EphemeralContainerStatuses} {
		for i := range list {
			loseContainer(&list[i], now)
		}
	}
	for i := range s.Conditions {
		switch c := &s.Conditions[i]; c.Type {
		case v1.PodReady, v1.ContainersReady:
			c.Reason, c.Message = "PodFailed", ""
			turnFalse(c, now)
		case v1.PodReadyToStartContainers:
			turnFalse(c, now)
		default:
		}
	}
	return s
}

func loseContainer(c *v1.ContainerStatus, now time.Time) {
	if c.State.Terminated != nil {
		return
	}
	ended := &v1.ContainerStateTerminated{
		ExitCode: lostExit, Reason: lostReason, Message: lostMessage,
		ContainerID: c.ContainerID, FinishedAt: metav1.NewTime(now),
	}
	if c.State.Running != nil {
		ended.StartedAt = c.State.Running.StartedAt
	}
	c.State = v1.ContainerState{Terminated: ended}
	c.Ready, c.Started = false, new(false)
}

func turnFalse(c *v1.PodCondition, now time.Time) {
	if c.Status != v1.ConditionFalse {
		c.Status, c.LastTransitionTime = v1.ConditionFalse, metav1.NewTime(now)
	}
}
