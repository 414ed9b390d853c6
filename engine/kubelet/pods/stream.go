package pods

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/scheme"
)

// watch opens a watch of pods whose events carry sightings. client-go's own would decode each pod whole, and copy it
// twice before: that was half of all memory ever allocated.
func (a api) watch(ctx context.Context, namespace string, o metav1.ListOptions) (watch.Interface, error) {
	o.Watch = true
	body, err := a.watches.Get().NamespaceIfScoped(namespace, namespace != "").Resource("pods").
		SetHeader("Accept", "application/vnd.kubernetes.protobuf;stream=watch").
		VersionedParams(&o, scheme.ParameterCodec).MaxRetries(0).Stream(ctx)
	if err != nil {
		return nil, err
	}
	s := &stream{body: body, events: make(chan watch.Event, eventsAhead), stopped: make(chan struct{})}
	go s.run()
	return s, nil
}

// eventsAhead are how many events are decoded before they are asked for: whoever takes them need not be woken for each.
const eventsAhead = 64

// stream is a watch. Its goroutine ends when the server ends it, and with Stop.
type stream struct {
	body    io.ReadCloser
	events  chan watch.Event
	stopped chan struct{}
	stop    sync.Once
}

// ResultChan delivers the events, and is closed at the end.
func (s *stream) ResultChan() <-chan watch.Event { return s.events }

// Stop ends the watch. It may be called often.
func (s *stream) Stop() {
	s.stop.Do(func() {
		close(s.stopped)
		_ = s.body.Close()
	})
}

func (s *stream) run() {
	defer close(s.events)
	defer s.Stop()
	body := bufio.NewReaderSize(s.body, 64<<10)
	for {
		read, err := readFrame(body)
		if err != nil && !errors.Is(err, errMalformed) {
			return // the end of a watch is nothing special, whatever it looks like
		}
		var event watch.Event
		if err == nil {
			event, err = decodeEvent(*read)
		}
		if s, ok := event.Object.(*sighting); ok && err == nil {
			s.frame = read
		}
		if err != nil {
			event = watch.Event{Type: watch.Error, Object: apierrors.NewClientErrorReporter(
				http.StatusInternalServerError, "GET", "ClientWatchDecoding").AsObject(fmt.Errorf("read an event of a watch of pods: %w", err))}
		}
		select {
		case s.events <- event:
		case <-s.stopped:
			return
		}
		if err != nil {
			return
		}
	}
}

// mostFrame bounds an event: etcd holds objects of about 2 MB at most.
const mostFrame = 16 << 20

// frames are buffers for encoded events: some KB each.
var frames = sync.Pool{New: func() any { return new([]byte) }}

func readFrame(r *bufio.Reader) (*[]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(length[:])
	if size > mostFrame {
		return nil, fmt.Errorf("%w: an event of %d bytes", errMalformed, size)
	}
	frame := frames.Get().(*[]byte)
	*frame = slices.Grow((*frame)[:0], int(size))[:size]
	_, err := io.ReadFull(r, *frame)
	return frame, err
}

func decodeEvent(frame []byte) (watch.Event, error) {
	kind := watch.EventType(field(frame, eventType))
	object := field(field(frame, eventObject), rawExtRaw)
	if kind == watch.Error {
		return decodeError(object)
	}
	s, err := decodePod(object)
	return watch.Event{Type: kind, Object: s}, err
}

func decodeError(object []byte) (watch.Event, error) {
	raw, err := unwrap(object)
	if err != nil {
		return watch.Event{}, err
	}
	status := &metav1.Status{}
	err = status.Unmarshal(raw)
	return watch.Event{Type: watch.Error, Object: status}, err
}
