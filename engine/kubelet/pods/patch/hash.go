package patch

import (
	"hash/maphash"
	"sync"

	v1 "k8s.io/api/core/v1"
)

// seed is this process's: prints are compared within it only.
var seed = maphash.MakeSeed()

// encoder is what all Kubernetes types can do: be written as protobuf. That form has whole seconds, sorted maps and no
// difference between nil and empty, as the API server's memory has.
type encoder interface {
	Size() int
	MarshalToSizedBuffer(b []byte) (int, error)
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// hashMessages gives one number for a list of messages; 0 for none.
func hashMessages[T any, M interface {
	*T
	encoder
}](list []T,
) uint64 {
	if len(list) == 0 {
		return 0
	}
	var all maphash.Hash
	all.SetSeed(seed)
	for i := range list {
		writeMessage(&all, M(&list[i]))
	}
	return nonzero(all.Sum64())
}

// hashMessage gives one number for a message.
func hashMessage(m encoder) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	writeMessage(&h, m)
	return nonzero(h.Sum64())
}

func writeMessage(h *maphash.Hash, m encoder) {
	pooled := buffers.Get().(*[]byte)
	defer buffers.Put(pooled)
	size := m.Size()
	if cap(*pooled) < size+8 {
		*pooled = make([]byte, 0, 2*size+8)
	}
	b := (*pooled)[:size+8]
	n, err := m.MarshalToSizedBuffer(b[:size])
	if err != nil {
		panic("patch: a Kubernetes type cannot be encoded: " + err.Error()) // its generated code has no way to fail
	}
	for i := range 8 {
		b[size+i] = byte(n >> (8 * i)) //nolint:gosec // its length, so that two messages never read as one
	}
	_, _ = h.Write(b[size-n:])
}

func hashString(s string) uint64 {
	if s == "" {
		return 0
	}
	return nonzero(maphash.String(seed, s))
}

func nonzero(n uint64) uint64 {
	if n == 0 {
		return 1
	}
	return n
}

// Hash is one number for an object of Kubernetes.
func Hash(o interface {
	Size() int
	MarshalToSizedBuffer(b []byte) (int, error)
},
) uint64 {
	return hashMessage(o)
}

// Told is one number for what a provider is told about a pod: its spec, as a number, labels, annotations and the
// conditions of others.
func Told(spec uint64, labels, annotations map[string]string, foreign []v1.PodCondition) uint64 {
	return spec + HashMap(labels) + 3*HashMap(annotations) + 5*hashMessages(foreign)
}

// HashMap is one number for labels or annotations: the same for the same entries in any order.
func HashMap(m map[string]string) (sum uint64) {
	for k, v := range m {
		var h maphash.Hash
		h.SetSeed(seed)
		_, _ = h.WriteString(k)
		_ = h.WriteByte(0)
		_, _ = h.WriteString(v)
		sum += h.Sum64()
	}
	return sum
}
