package server

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
)

const (
	bodyTime   = 30 * time.Second // a body must be there by then
	keptBuffer = 64 << 10         // larger buffers are not kept for the next request
)

// bodies are buffers for reading. What is decoded from one never aliases it: a test holds that.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(b *bytes.Buffer) {
	if b.Cap() <= keptBuffer {
		b.Reset()
		bodies.Put(b)
	}
}

// wholePod reads a pod that is to be kept.
func (s *Server) wholePod(w http.ResponseWriter, r *http.Request) (input, error) {
	in, err := s.namedPod(w, r)
	if err != nil {
		return in, err
	}
	return in, checkContainers(&in.pod.Spec)
}

// namedPod reads a pod that need only say which it is. Clients call their bodies what they like (curl: a form), so
// the content type does not matter.
func (s *Server) namedPod(w http.ResponseWriter, r *http.Request) (in input, err error) {
	buf := bodies.Get().(*bytes.Buffer)
	defer release(buf)
	if err := s.readBody(w, r, buf); err != nil {
		return in, err
	}
	if in.pod, err = DecodePod(buf.Bytes()); err != nil {
		return in, err
	}
	if err := checkName(in.pod); err != nil {
		return in, err
	}
	in.Call = api.Call{Namespace: in.pod.Namespace, Pod: in.pod.Name}
	return in, nil
}

// readBody reads the whole body into buf, within the limits of size and time.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) error {
	limit := s.turned.Load().bodyLimit
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(deadline(bodyTime)) // where there is no connection, there is nothing to wait for
	_, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case err == nil:
		_ = rc.SetReadDeadline(time.Time{}) // not on errors: net/http reads on to end the request
		return nil
	case errors.As(err, &over):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{code: http.StatusRequestTimeout, field: "body", reason: "not there after " + bodyTime.String()}
	}
	return &refusal{code: http.StatusBadRequest, field: "body", reason: "cut off: " + err.Error()}
}

func tooLarge(limit int64) error {
	return &refusal{
		code: http.StatusRequestEntityTooLarge, field: "body",
		reason: "larger than the limit of " + strconv.FormatInt(limit, 10) + " bytes", hint: "send less, or raise the limit",
	}
}

// DecodePod reads a pod from JSON as encoding/json does: unknown fields are passed over, nulls are absent. The pod
// shares no memory with body. An error names the field and what is wrong with it.
func DecodePod(body []byte) (*v1.Pod, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, &refusal{code: http.StatusBadRequest, field: "body", reason: "empty", hint: "send the pod as JSON"}
	}
	p := new(v1.Pod)
	if decodeFast(body, p) {
		return p, nil
	}
	p = new(v1.Pod) // the other may have been left half filled
	if err := decodeExactly(body, p); err != nil {
		return nil, err
	}
	return p, nil
}
