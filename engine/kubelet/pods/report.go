package pods

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/pods/patch"
)

// The pauses after a write that the API server did not take.
const (
	firstWritePause = 100 * time.Millisecond
	mostWritePause  = 30 * time.Second
)

// report brings Kubernetes to have the status that the provider reports, and deletes the pod once it has ended. It
// returns when to look again; zero: when something happens.
func (b *Broker) report(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	switch {
	case m.finished, m.told != nil && m.told.UID != s.pod.UID:
		return time.Time{}
	case m.told == nil && s.deleting():
		return b.finish(ctx, r, s)
	case m.lost:
		return b.reportLost(ctx, r, s)
	case m.told == nil && m.refusal != "" && !s.status.Terminal():
		next, _ := b.write(ctx, r, s, patch.Want{Status: refusedStatus(s.pod, m.refusal), Verdict: true})
		return next
	case m.told == nil:
		return time.Time{}
	}
	return b.reportStatus(ctx, r, s)
}

// reportStatus asks the provider how the pod is, and writes it.
func (b *Broker) reportStatus(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	b.queue.heard(r, news)
	status, err := b.opts.Provider.PodStatus(ctx, kubelet.RefTo(s.pod))
	if errors.Is(err, kubelet.ErrNotFound) {
		return b.vanished(ctx, r, s)
	}
	b.asked(r, err)
	if err != nil {
		return m.poll.until
	}
	ended := patch.Terminal(status.Phase)
	if s.status.Terminal() && !ended {
		return b.overruled(ctx, r, s)
	}
	next, done := b.write(ctx, r, s, patch.Want{Status: status, Told: m.told.Status.Conditions})
	switch {
	case !done:
		return next
	case s.deleting() && ended:
		return b.finish(ctx, r, s)
	}
	return b.nextPoll(ended)
}

// asked takes notice of whether a provider could say how a pod is.
func (b *Broker) asked(r *record, err error) {
	m := &r.mine
	if err == nil && m.fault == "" {
		return
	}
	b.metrics.call("status", err)
	if err == nil {
		b.polls.report(nil, "pod", r.name.String())
		m.fault = ""
		m.poll.done()
		return
	}
	m.poll.failed(b.opts.Clock.Now(), firstCallPause, b.opts.Poll, 0)
	if m.fault != err.Error() {
		m.fault = err.Error()
		b.polls.report(err, "pod", r.name.String())
	}
}

// overruled ends a pod at the provider to which somebody else gave a terminal phase, as kubelets do.
func (b *Broker) overruled(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	if m.terminal || s.deleting() || m.ended {
		return b.nextPoll(false)
	}
	if err := b.opts.Provider.DeletePod(ctx, s.pod); err != nil && !errors.Is(err, kubelet.ErrNotFound) {
		return b.pauseCalls(r, s)
	}
	m.ended, m.grace = true, 1<<62
	return b.nextPoll(false)
}

// vanished is what becomes of a pod that the provider does not know any more: the deleted have ended, those that ran are
// lost, and those that never did are created again.
func (b *Broker) vanished(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	switch {
	case s.deleting():
		m.told, m.lost = nil, true
		return b.finish(ctx, r, s)
	case s.status.Terminal():
		m.told = nil
		return time.Time{}
	case s.status.Ran():
		m.told, m.lost = nil, true
		return b.reportLost(ctx, r, s)
	}
	m.told = nil
	return b.pauseCalls(r, s)
}

// write writes what differs from the status that Kubernetes has. If that is not done now, next is when to try again;
// zero: the watch will tell.
func (b *Broker) write(ctx context.Context, r *record, s *seen, want patch.Want) (next time.Time, done bool) {
	m := &r.mine
	want.Now = b.opts.Clock.Now()
	change := patch.Diff(s.status, want)
	switch {
	case change.None():
		return time.Time{}, true
	case !m.writes.over(want.Now):
		return m.writes.until, false
	}
	after := change.After()
	fault, notBefore, lost := b.spoil(r, s, after, want.Now)
	switch {
	case !notBefore.IsZero():
		return notBefore, false
	case lost:
		m.terminal = m.terminal || after.Terminal()
		return time.Time{}, true
	}
	b.table.writing(r, after)
	body, version, err := b.send(ctx, r, s, &change)
	b.table.wrote(r, s, version, err == nil)
	if err != nil {
		return b.unwritten(ctx, r, err), false
	}
	b.written(r)
	b.sendAgain(ctx, r, fault, body)
	m.terminal = m.terminal || after.Terminal()
	return time.Time{}, true
}

// send makes a change in Kubernetes, and returns the resource version that the pod has then and, where the change was
// patched, the patch. The status of a fresh pod is replaced.
func (b *Broker) send(ctx context.Context, r *record, s *seen, c *patch.Change) (body []byte, version uint64, err error) {
	if s.fresh != nil && r.mine.spoilt == nil && !b.patchesOnly.Load() {
		version, err = b.api.replaceStatus(ctx, s.pod, c.Apply(s.fresh))
		b.metrics.patches.WithLabelValues(outcome(err)).Inc()
		if !b.patchInstead(ctx, r, err) {
			return nil, version, err
		}
	}
	if body, err = c.Patch(s.pod.UID); err != nil {
		return nil, 0, err
	}
	version, err = b.api.patchStatus(ctx, r.name, body)
	b.metrics.patches.WithLabelValues(outcome(err)).Inc()
	return body, version, err
}

// patchInstead says whether a status that could not be replaced is to be patched: because somebody has changed the pod
// meanwhile, or because we, or some admission, may only patch.
func (b *Broker) patchInstead(ctx context.Context, r *record, err error) bool {
	switch outcome(err) {
	case "conflict":
		return true
	case "refused":
		if apierrors.IsForbidden(err) && !b.patchesOnly.Swap(true) {
			b.opts.Log.InfoContext(ctx, "statuses of new pods are patched, which costs the API server more: may we update pods/status?",
				"pod", r.name.String(), "err", err)
		}
		return true
	default:
		return false
	}
}

func (b *Broker) written(r *record) {
	if r.mine.writes.tries > 0 {
		b.writes.report(nil, "pod", r.name.String())
		r.mine.writes.done()
	}
}

// unwritten decides when to repeat a write that failed. A pod that is not there is left to the watch.
func (b *Broker) unwritten(ctx context.Context, r *record, err error) time.Time {
	if apierrors.IsNotFound(err) || errors.Is(ctx.Err(), context.Canceled) {
		return time.Time{}
	}
	m := &r.mine
	if m.writes.tries == 0 && !apierrors.IsConflict(err) && !apierrors.IsTooManyRequests(err) {
		b.writes.report(err, "pod", r.name.String())
	}
	m.writes.failed(b.opts.Clock.Now(), firstWritePause, mostWritePause, asked(err))
	return m.writes.until
}

// finish deletes the pod in Kubernetes, where nothing is left of it but its name.
func (b *Broker) finish(ctx context.Context, r *record, s *seen) time.Time {
	m := &r.mine
	if !m.writes.over(b.opts.Clock.Now()) {
		return m.writes.until
	}
	err := b.api.remove(ctx, r.name, s.pod.UID)
	b.metrics.deletes.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return b.unwritten(ctx, r, err)
	}
	b.written(r)
	m.finished = true
	return time.Time{}
}

// nextPoll is when a provider is asked again that tells no news.
func (b *Broker) nextPoll(ended bool) time.Time {
	if !b.polled || ended {
		return time.Time{}
	}
	spread := 0.8 + 0.4*rand.Float64() //nolint:gosec // so that not all pods are asked about at once
	return b.opts.Clock.Now().Add(time.Duration(float64(b.opts.Poll) * spread))
}

// refusedStatus is the status of a pod that the provider does not take.
func refusedStatus(p *v1.Pod, why string) *v1.PodStatus {
	phase := v1.PodPending
	if p.Spec.RestartPolicy == v1.RestartPolicyNever {
		phase = v1.PodFailed
	}
	return &v1.PodStatus{Phase: phase, Reason: "ProviderFailed", Message: why}
}
