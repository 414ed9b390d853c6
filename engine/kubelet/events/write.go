package events

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// write is one write to be done: a new event or, with a patch, one more of an event that is there.
type write struct {
	event *v1.Event
	patch []byte
}

// dispatch hands an event to the writer of its object. It is false if there is no time left.
func (r *Recorder) dispatch(ctx context.Context, lanes []chan write, i item) bool {
	result, err := r.correlator.EventCorrelate(r.compose(i))
	if err != nil || result.Skip {
		r.metrics.results.WithLabelValues("combined").Inc()
		return true
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(i.about.UID))
	select {
	case lanes[h.Sum32()%uint32(len(lanes))] <- write{event: result.Event, patch: result.Patch}: //nolint:gosec // four
		return true
	case <-ctx.Done():
		return false
	}
}

// serial makes the names of events of one moment differ.
var serial atomic.Uint32

// mostText is how long a message may be, in bytes.
const mostText = 1024

func (r *Recorder) compose(i item) *v1.Event {
	at := metav1.NewTime(i.at)
	namespace := i.about.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	return &v1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: fmt.Sprintf("%s.%x", i.about.Name, i.at.UnixNano()+int64(serial.Add(1)%1000)),
		},
		InvolvedObject: i.about,
		Type:           i.event.Type, Reason: i.event.Reason, Message: cut(i.event.Message),
		FirstTimestamp: at, LastTimestamp: at, Count: 1,
		Source:              v1.EventSource{Component: r.opts.Component, Host: i.node},
		ReportingController: r.opts.Component, ReportingInstance: i.node,
	}
}

// fieldPath points at the container that an event is about.
func fieldPath(e kubelet.Event) string {
	switch {
	case e.Container == "":
		return ""
	case e.Init:
		return "spec.initContainers{" + e.Container + "}"
	default:
		return "spec.containers{" + e.Container + "}"
	}
}

// cut shortens a message to what an event may hold.
func cut(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if len(s) <= mostText {
		return s
	}
	end := mostText - len("…")
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

func (r *Recorder) writer(ctx context.Context, lane <-chan write) {
	for w := range lane {
		err := r.try(ctx, w)
		r.metrics.results.WithLabelValues(outcome(err)).Inc()
		if err != nil && ctx.Err() == nil {
			r.opts.Log.Debug("an event was lost", "pod", w.event.InvolvedObject.Namespace+"/"+w.event.InvolvedObject.Name,
				"reason", w.event.Reason, "err", err)
		}
	}
}

// How often a write is tried, with which pause before the second.
const (
	tries      = 3
	firstPause = time.Second
)

func (r *Recorder) try(ctx context.Context, w write) (err error) {
	pause := firstPause
	for try := range tries {
		if try > 0 {
			if err := r.opts.Clock.Sleep(ctx, pause); err != nil {
				return err
			}
			pause *= 2
		}
		if err = r.write(ctx, w); err == nil || permanent(err) {
			return err
		}
		if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
			pause = max(pause, time.Duration(seconds)*time.Second)
		}
	}
	return err
}

// write creates an event or adds to one. One that has gone, as they do after an hour, is created anew.
func (r *Recorder) write(ctx context.Context, w write) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	events := r.opts.Client.CoreV1().Events(w.event.Namespace)
	if w.patch != nil {
		saved, err := events.PatchWithEventNamespaceWithContext(ctx, w.event, w.patch)
		if err == nil {
			r.correlator.UpdateState(saved)
			return nil
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		w.event.ResourceVersion = ""
	}
	saved, err := events.CreateWithEventNamespaceWithContext(ctx, w.event)
	if err == nil {
		r.correlator.UpdateState(saved)
	}
	return err
}

// permanent says that an error will not go away: the server understood, and does not want the event.
func permanent(err error) bool {
	return apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) || apierrors.IsInvalid(err) ||
		apierrors.IsBadRequest(err) || apierrors.IsNotFound(err)
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case permanent(err):
		return "refused"
	default:
		return "error"
	}
}
