package pods

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// sighting is a pod as a watch tells of it: its metadata without managedFields, and the rest still encoded. Most events
// are about a status, often one that we wrote ourselves; then the spec, the larger part by far, need not be decoded.
type sighting struct {
	metav1.ObjectMeta
	meta   int // bytes that the metadata took
	spec   []byte
	status []byte
	pod    *v1.Pod // instead of spec and status, where a list had it decoded
	frame  *[]byte // what spec and status are part of; nil: nobody's
}

// release gives back the memory of spec and status, which are not to be read after it.
func (s *sighting) release() {
	if s.frame != nil {
		frames.Put(s.frame)
		s.frame, s.spec, s.status = nil, nil, nil
	}
}

var (
	_ runtime.Object = (*sighting)(nil)
	_ metav1.Object  = (*sighting)(nil)
)

// GetObjectKind says nothing: a sighting is seen by the reflector only, as an object with metadata.
func (s *sighting) GetObjectKind() schema.ObjectKind { return schema.EmptyObjectKind }

// DeepCopyObject returns the sighting itself, which nobody changes before it reaches the table.
func (s *sighting) DeepCopyObject() runtime.Object { return s }

// sightingOf is what a list tells of a pod.
func sightingOf(p *v1.Pod) *sighting { return &sighting{ObjectMeta: p.ObjectMeta, pod: p} }

// node is where the pod is bound.
func (s *sighting) node() string {
	if s.pod != nil {
		return s.pod.Spec.NodeName
	}
	return string(field(s.spec, specNodeName))
}

// specSeed is this process's.
var specSeed = maphash.MakeSeed()

// encoded is one number for the spec as it was encoded; 0: it is not known.
func (s *sighting) encoded() uint64 {
	if s.pod != nil {
		return 0
	}
	return maphash.Bytes(specSeed, s.spec) | 1
}

func (s *sighting) decodeSpec() (v1.PodSpec, error) {
	if s.pod != nil {
		return s.pod.Spec, nil
	}
	var spec v1.PodSpec
	err := spec.Unmarshal(s.spec)
	return spec, err
}

func (s *sighting) decodeStatus() (*v1.PodStatus, error) {
	if s.pod != nil {
		return &s.pod.Status, nil
	}
	status := &v1.PodStatus{}
	err := status.Unmarshal(s.status)
	return status, err
}

// understood says that nothing was lost when the pod was decoded: an API server newer than we are may have fields that we
// do not know. Encoded again, what was decoded would take as many bytes then.
func (s *sighting) understood(spec *v1.PodSpec, status *v1.PodStatus) bool {
	return s.pod == nil && s.Size() == s.meta && spec.Size() == len(s.spec) && status.Size() == len(s.status)
}

// Numbers of fields in Kubernetes' protobuf.
const (
	unknownRaw = 2 // runtime.Unknown

	eventType   = 1 // metav1.WatchEvent
	eventObject = 2
	rawExtRaw   = 1 // runtime.RawExtension

	podMetadata = 1 // v1.Pod
	podSpec     = 2
	podStatus   = 3

	specNodeName = 10 // v1.PodSpec

	listMetaOrMeta  = 1 // metav1.PartialObjectMetadata
	resourceVersion = 6 // metav1.ObjectMeta
	managedFields   = 17
)

var errMalformed = errors.New("it is not Kubernetes' protobuf")

// unwrap takes the envelope off an object.
func unwrap(b []byte) ([]byte, error) {
	const magic = "k8s\x00"
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return nil, errMalformed
	}
	return field(b[len(magic):], unknownRaw), nil
}

// decodePod reads a pod out of its envelope. What it returns refers to b.
func decodePod(b []byte) (*sighting, error) {
	b, err := unwrap(b)
	if err != nil {
		return nil, err
	}
	meta, err := without(field(b, podMetadata), managedFields)
	if err != nil {
		return nil, err
	}
	s := &sighting{meta: len(meta), spec: field(b, podSpec), status: field(b, podStatus)}
	if err := s.Unmarshal(meta); err != nil {
		return nil, fmt.Errorf("metadata of a pod: %w", err)
	}
	return s, nil
}

// without returns a message without the fields of one number. It changes b.
func without(b []byte, number uint64) ([]byte, error) {
	kept := b[:0]
	for len(b) > 0 {
		found, size, ok := peel(b)
		if !ok {
			return nil, errMalformed
		}
		if found.number != number {
			kept = append(kept, b[:size]...)
		}
		b = b[size:]
	}
	return kept, nil
}

// field finds the first field of that number, which holds bytes; nil if there is none.
func field(b []byte, number uint64) []byte {
	for len(b) > 0 {
		found, size, ok := peel(b)
		if !ok {
			return nil
		}
		if found.number == number {
			return found.bytes
		}
		b = b[size:]
	}
	return nil
}

// part is one field of a message.
type part struct {
	number uint64
	bytes  []byte // nil if it is a number
}

// peel reads the first field of a message and says how long it is.
func peel(b []byte) (p part, size int, ok bool) {
	const varint, fixed64, bytes, fixed32 = 0, 1, 2, 5
	tag, at := binary.Uvarint(b)
	if at <= 0 {
		return p, 0, false
	}
	p.number = tag >> 3
	switch tag & 7 {
	case varint:
		_, n := binary.Uvarint(b[at:])
		return p, at + n, n > 0
	case fixed64:
		return p, at + 8, len(b) >= at+8
	case fixed32:
		return p, at + 4, len(b) >= at+4
	case bytes:
		length, n := binary.Uvarint(b[at:])
		at += n
		if n <= 0 || length > uint64(len(b)-at) { //nolint:gosec // at is within b
			return p, 0, false
		}
		end := at + int(length) //nolint:gosec // length is within b
		p.bytes = b[at:end:end]
		return p, end, true
	default:
		return p, 0, false
	}
}

// versionIn finds metadata.resourceVersion in an object; 0 if it is not there.
func versionIn(b []byte) uint64 {
	b, err := unwrap(b)
	if err != nil {
		return 0
	}
	return parseVersion(string(field(field(b, listMetaOrMeta), resourceVersion)))
}
