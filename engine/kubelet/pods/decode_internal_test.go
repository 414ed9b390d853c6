package pods

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

func encodedPod(tb testing.TB) []byte {
	tb.Helper()
	p := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "web", Namespace: "default", UID: "u", ResourceVersion: "42", Labels: map[string]string{"a": "b"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m", FieldsV1: metav1.NewFieldsV1("{}")}},
			Finalizers:    []string{"f"},
		},
		Spec:   v1.PodSpec{NodeName: "moon-1", Containers: []v1.Container{{Name: "app"}}},
		Status: v1.PodStatus{Phase: v1.PodRunning},
	}
	p.SetGroupVersionKind(v1.SchemeGroupVersion.WithKind("Pod"))
	b, err := runtime.Encode(protobuf.NewSerializer(scheme.Scheme, scheme.Scheme), p)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestPodIsDecodedWithoutItsManagedFields(t *testing.T) {
	if got := versionIn(encodedPod(t)); got != 42 {
		t.Errorf("version %d", got)
	}
	s, err := decodePod(encodedPod(t))
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "web" || s.UID != "u" || s.Labels["a"] != "b" || len(s.Finalizers) != 1 || s.ManagedFields != nil || s.node() != "moon-1" {
		t.Errorf("metadata %+v on node %q", s.ObjectMeta, s.node())
	}
	spec, err := s.decodeSpec()
	if err != nil || spec.NodeName != "moon-1" || spec.Containers[0].Name != "app" {
		t.Errorf("spec %+v, %v", spec, err)
	}
	status, err := s.decodeStatus()
	if err != nil || status.Phase != v1.PodRunning {
		t.Errorf("status %+v, %v", status, err)
	}
}

// The memory of an event is used again for another one.
func TestWhatIsKeptOfAPodDoesNotReferToItsFrame(t *testing.T) {
	frame := encodedPod(t)
	s, err := decodePod(frame)
	if err != nil {
		t.Fatal(err)
	}
	s.frame = &frame
	r, _, err := newTable([]string{"moon-1"}).observe(s, false)
	if err != nil {
		t.Fatal(err)
	}
	before := r.seen.pod.DeepCopy()
	s.release()
	if s.spec != nil || s.status != nil {
		t.Error("spec and status can still be read")
	}
	for i := range frame {
		frame[i] = 'x'
	}
	if diff := cmp.Diff(before, r.seen.pod); diff != "" || r.seen.pod.Spec.NodeName != "moon-1" {
		t.Errorf("on node %q now\n%s", r.seen.pod.Spec.NodeName, diff)
	}
}

// An API server newer than we are may have fields we do not know. A pod that has one must not be written as we know it.
func TestAPodWithUnknownFieldsIsNotUnderstood(t *testing.T) {
	unknown := []byte{0xc2, 0x3e, 1, 'x'} // field 1000, bytes
	for name, c := range map[string]struct {
		change func(*sighting)
		want   bool
	}{
		"known to the last field":     {func(*sighting) {}, true},
		"another field of the status": {func(s *sighting) { s.status = append(s.status, unknown...) }, false},
		"another field of the spec":   {func(s *sighting) { s.spec = append(s.spec, unknown...) }, false},
		"more metadata":               {func(s *sighting) { s.meta += len(unknown) }, false},
		"from a list":                 {func(s *sighting) { s.pod = &v1.Pod{} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := decodePod(encodedPod(t))
			if err != nil {
				t.Fatal(err)
			}
			c.change(s)
			spec, errSpec := s.decodeSpec()
			status, errStatus := s.decodeStatus()
			if errSpec != nil || errStatus != nil {
				t.Fatal(errSpec, errStatus)
			}
			if got := s.understood(&spec, status); got != c.want {
				t.Errorf("understood: %v", got)
			}
		})
	}
}

// FuzzDecode holds that no answer of a server makes us panic.
func FuzzDecode(f *testing.F) {
	object := encodedPod(f)
	event, err := (&metav1.WatchEvent{Type: "MODIFIED", Object: runtime.RawExtension{Raw: object}}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(event)
	f.Add(object)
	f.Add([]byte("k8s\x00\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		versionIn(b)
		e, err := decodeEvent(b)
		if s, ok := e.Object.(*sighting); err == nil && ok {
			s.node()
			_, _ = s.decodeSpec()
			_, _ = s.decodeStatus()
		}
	})
}
