package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/client"
)

// pauses are those between the tries of one call. There are few: the kubelet half tries again with growing pauses.
var pauses = []time.Duration{100 * time.Millisecond, 400 * time.Millisecond}

// read repeats a call that changes nothing while connections are refused or lost.
func read[T any](ctx context.Context, p *Provider, call func() (T, error)) (T, error) {
	return repeat(ctx, p, (*client.Unanswered).Dropped, call)
}

// write repeats a call that cannot have reached the web provider.
func (p *Provider) write(ctx context.Context, call func() error) error {
	_, err := repeat(ctx, p, func(e *client.Unanswered) bool { return !e.Sent }, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

func repeat[T any](ctx context.Context, p *Provider, harmless func(*client.Unanswered) bool, call func() (T, error)) (T, error) {
	for _, pause := range pauses {
		v, err := call()
		if e, ok := errors.AsType[*client.Unanswered](err); !ok || !harmless(e) || p.clock.Sleep(ctx, pause) != nil {
			return v, err
		}
	}
	return call()
}

// arrived says that a call that failed may have reached the web provider.
func arrived(err error) bool {
	e, ok := errors.AsType[*client.Unanswered](err)
	return !ok || e.Sent
}

// said is an error of the web provider as people read it in kubectl describe.
func said(err error) error { return fmt.Errorf("web provider: %w", err) }

// once logs a warning the first time that its text comes up.
func (p *Provider) once(ctx context.Context, text string, args ...any) {
	if _, known := p.warned.LoadOrStore(text, true); !known {
		p.log.WarnContext(ctx, text, args...)
	}
}

// now is the time as Kubernetes writes it, in whole seconds.
func (p *Provider) now() metav1.Time { return metav1.NewTime(p.clock.Now().Truncate(time.Second)) }

// lean is a pod without what only the API server needs of it.
func lean(pod *v1.Pod) *v1.Pod {
	body := *pod
	body.ManagedFields = nil
	return &body
}

// newborn is a pod as it was when it was bound to its node. Providers keep the status that they are given; one that
// tells of failed attempts to create the pod would stay on it.
func newborn(pod *v1.Pod) *v1.Pod {
	body := lean(pod)
	body.Status = v1.PodStatus{Phase: v1.PodPending, QOSClass: pod.Status.QOSClass}
	for _, c := range pod.Status.Conditions {
		if c.Type == v1.PodScheduled {
			body.Status.Conditions = []v1.PodCondition{c}
		}
	}
	return body
}
