package pods_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// apiserver serves pods as Kubernetes' API server does: list, watch, patch of status and delete, with resource versions,
// UID checks, finalizers and grace.
type apiserver struct {
	t      testing.TB
	client kubernetes.Interface
	codec  runtime.Serializer

	mu      sync.Mutex
	more    *sync.Cond
	version uint64
	pods    map[types.NamespacedName]*v1.Pod
	log     []event
	lost    uint64 // events up to this version are not known any more
	drop    int    // grows whenever all watches are to break
	uids    int
	writes  []write
	lists   int
	watches []string // their selectors
	opened  map[string]int

	newer bool // pods are sent with a field in their status that nobody here knows

	// fault may fail a request before it takes place, or after. Nil: none fails.
	fault func(r *http.Request) *fault
}

// write is one request that reached the API server.
type write struct {
	verb, pod string
	body      string
	code      int
}

// event is one change of one pod.
type event struct {
	kind    string
	version uint64
	pod     *v1.Pod
}

type fault struct {
	code       int
	retryAfter string
	late       bool          // it took place, and only the answer is lost
	cut        bool          // the connection ends without an answer
	slow       time.Duration // it takes place, and the answer takes so long; nothing fails
}

func newAPIServer(tb testing.TB) *apiserver {
	tb.Helper()
	a := &apiserver{t: tb, opened: map[string]int{}, pods: map[types.NamespacedName]*v1.Pod{}, codec: protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)}
	a.more = sync.NewCond(&a.mu)
	client, err := kubernetes.NewForConfigAndClient(&rest.Config{
		Host: "http://kubernetes", QPS: -1,
		ContentConfig: rest.ContentConfig{
			ContentType: "application/vnd.kubernetes.protobuf", AcceptContentTypes: "application/vnd.kubernetes.protobuf,application/json",
		},
	}, &http.Client{Transport: memory{a}})
	if err != nil {
		tb.Fatal(err)
	}
	a.client = client
	return a
}

// create adds a pod. It gets a UID of its own.
func (a *apiserver) create(p *v1.Pod) *v1.Pod {
	a.mu.Lock()
	defer a.mu.Unlock()
	p = p.DeepCopy()
	a.uids++
	if p.UID == "" {
		p.UID = types.UID(fmt.Sprintf("uid-%d", a.uids))
	}
	p.CreationTimestamp = metav1.Now().Rfc3339Copy() // which is all that is ever sent
	if p.Status.Phase == "" {
		p.Status.Phase = v1.PodPending
	}
	p.Status.QOSClass = v1.PodQOSBestEffort
	a.commit("ADDED", p)
	return p.DeepCopy()
}

// change changes a pod as somebody else than a kubelet would.
func (a *apiserver) change(name types.NamespacedName, how func(*v1.Pod)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.pods[name]; p != nil {
		p = p.DeepCopy()
		how(p)
		a.commit("MODIFIED", p)
	}
}

// delete does what kubectl delete does; grace 0 is force.
func (a *apiserver) delete(name types.NamespacedName, grace int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.remove(a.pods[name], grace)
}

func (a *apiserver) remove(p *v1.Pod, grace int64) {
	switch {
	case p == nil:
		return
	case grace == 0 && len(p.Finalizers) == 0:
		a.commit("DELETED", p.DeepCopy())
		return
	case p.DeletionTimestamp != nil && *p.DeletionGracePeriodSeconds <= grace:
		return
	}
	p = p.DeepCopy()
	p.DeletionTimestamp, p.DeletionGracePeriodSeconds = new(metav1.Now()), &grace
	a.commit("MODIFIED", p)
}

// commit writes. mu is held.
func (a *apiserver) commit(kind string, p *v1.Pod) {
	a.version++
	p.ResourceVersion = strconv.FormatUint(a.version, 10)
	name := types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
	if kind == "DELETED" {
		delete(a.pods, name)
	} else {
		a.pods[name] = p
	}
	a.log = append(a.log, event{kind: kind, version: a.version, pod: p})
	a.more.Broadcast()
}

// get returns a pod; nil if there is none.
func (a *apiserver) get(name types.NamespacedName) *v1.Pod {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p := a.pods[name]; p != nil {
		return p.DeepCopy()
	}
	return nil
}

// written lists the writes that reached the server about the pod default/web.
func (a *apiserver) written() []write {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []write
	for _, w := range a.writes {
		if w.pod == web.String() {
			list = append(list, w)
		}
	}
	return list
}

// breakWatches ends all watches; forget makes that they cannot be resumed.
func (a *apiserver) breakWatches(forget bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if forget {
		a.lost = a.version
	}
	a.drop++
	a.more.Broadcast()
}

func (a *apiserver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var f *fault
	if a.fault != nil {
		f = a.fault(r)
	}
	switch {
	case f == nil:
		a.route(w, r)
	case f.slow > 0:
		kept := httptest.NewRecorder()
		a.route(kept, r)
		time.Sleep(f.slow)
		maps.Copy(w.Header(), kept.Header())
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	case f.late:
		a.route(httptest.NewRecorder(), r)
		a.fail(w, f)
	default:
		a.fail(w, f)
	}
}

func (a *apiserver) fail(w http.ResponseWriter, f *fault) {
	if f.cut {
		panic(http.ErrAbortHandler)
	}
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	answer(w, f.code, metav1.StatusReason(http.StatusText(f.code)), "injected")
}

func (a *apiserver) route(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/v1/"), "/")
	switch {
	case r.Method == http.MethodGet && parts[len(parts)-1] == "pods":
		namespace := ""
		if parts[0] == "namespaces" {
			namespace = parts[1]
		}
		if r.URL.Query().Get("watch") != "" {
			a.watch(w, r, namespace)
			return
		}
		a.list(w, r, namespace)
	case r.Method == http.MethodGet:
		a.read(w, types.NamespacedName{Namespace: parts[1], Name: parts[3]})
	case r.Method == http.MethodPatch && len(parts) == 5 && parts[4] == "status":
		a.writeStatus(w, r, types.NamespacedName{Namespace: parts[1], Name: parts[3]}, a.patched)
	case r.Method == http.MethodPut && len(parts) == 5 && parts[4] == "status":
		a.writeStatus(w, r, types.NamespacedName{Namespace: parts[1], Name: parts[3]}, a.replaced)
	case r.Method == http.MethodDelete:
		a.deletePod(w, r, types.NamespacedName{Namespace: parts[1], Name: parts[3]})
	default:
		answer(w, http.StatusMethodNotAllowed, "", r.Method+" "+r.URL.Path)
	}
}

func writesStatus(r *http.Request) bool {
	return r.Method == http.MethodPut || r.Method == http.MethodPatch
}

func answer(w http.ResponseWriter, code int, reason metav1.StatusReason, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(&metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: int32(code), Reason: reason, Message: text,
	})
}

// selects says whether a pod is one of a list or watch.
func selects(r *http.Request, namespace string) func(*v1.Pod) bool {
	selector := r.URL.Query().Get("fieldSelector")
	node, negated := strings.CutPrefix(selector, "spec.nodeName!=")
	if !negated {
		node = strings.TrimPrefix(selector, "spec.nodeName=")
	}
	return func(p *v1.Pod) bool {
		return (namespace == "" || p.Namespace == namespace) && (p.Spec.NodeName == node) != negated
	}
}

func (a *apiserver) list(w http.ResponseWriter, r *http.Request, namespace string) {
	a.mu.Lock()
	a.lists++
	wanted := selects(r, namespace)
	list := &v1.PodList{ListMeta: metav1.ListMeta{ResourceVersion: strconv.FormatUint(a.version, 10)}}
	for _, p := range a.pods {
		if wanted(p) {
			list.Items = append(list.Items, *p)
		}
	}
	a.mu.Unlock()
	list.SetGroupVersionKind(v1.SchemeGroupVersion.WithKind("PodList"))
	a.send(w, list)
}

func (a *apiserver) send(w http.ResponseWriter, o runtime.Object) {
	w.Header().Set("Content-Type", "application/vnd.kubernetes.protobuf")
	if err := a.codec.Encode(o, w); err != nil {
		a.t.Errorf("encode: %v", err)
	}
}

func (a *apiserver) read(w http.ResponseWriter, name types.NamespacedName) {
	p := a.get(name)
	if p == nil {
		answer(w, http.StatusNotFound, metav1.StatusReasonNotFound, "no such pod")
		return
	}
	p.SetGroupVersionKind(v1.SchemeGroupVersion.WithKind("Pod"))
	a.send(w, p)
}

func (a *apiserver) watch(w http.ResponseWriter, r *http.Request, namespace string) {
	wanted := selects(r, namespace)
	query := r.URL.Query()
	since, _ := strconv.ParseUint(query.Get("resourceVersion"), 10, 64)
	a.mu.Lock()
	defer a.mu.Unlock()
	initial := query.Get("sendInitialEvents") == "true"
	if !initial && since < a.lost {
		answer(w, http.StatusGone, metav1.StatusReasonExpired, "too old resource version")
		return
	}
	selector := query.Get("fieldSelector")
	a.watches = append(a.watches, selector)
	a.opened[selector]++
	defer func() {
		if a.opened[selector]--; a.opened[selector] == 0 {
			delete(a.opened, selector)
		}
	}()
	w.Header().Set("Content-Type", "application/vnd.kubernetes.protobuf;stream=watch")
	w.WriteHeader(http.StatusOK)
	next := len(a.log)
	if initial {
		for _, p := range a.pods {
			if wanted(p) {
				a.sendEvent(w, event{kind: "ADDED", pod: p})
			}
		}
		mark := &v1.Pod{ObjectMeta: metav1.ObjectMeta{
			ResourceVersion: strconv.FormatUint(a.version, 10), Annotations: map[string]string{metav1.InitialEventsAnnotationKey: "true"},
		}}
		a.sendEvent(w, event{kind: "BOOKMARK", pod: mark})
	} else {
		next, _ = slices.BinarySearchFunc(a.log, since, func(e event, v uint64) int { return int(e.version) - int(v) - 1 })
	}
	a.stream(w, r, next, wanted)
}

// stream sends events from one on until the watch ends. mu is held.
func (a *apiserver) stream(w http.ResponseWriter, r *http.Request, next int, wanted func(*v1.Pod) bool) {
	defer context.AfterFunc(r.Context(), func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.more.Broadcast()
	})()
	round := a.drop
	for r.Context().Err() == nil && a.drop == round {
		for ; next < len(a.log); next++ {
			if wanted(a.log[next].pod) {
				a.sendEvent(w, a.log[next])
			}
		}
		a.mu.Unlock()
		w.(http.Flusher).Flush()
		a.mu.Lock()
		if next == len(a.log) && r.Context().Err() == nil && a.drop == round {
			a.more.Wait()
		}
	}
}

func (a *apiserver) sendEvent(w io.Writer, e event) {
	p := *e.pod
	p.SetGroupVersionKind(v1.SchemeGroupVersion.WithKind("Pod"))
	var object strings.Builder
	if err := a.codec.Encode(&p, &object); err != nil {
		a.t.Errorf("encode: %v", err)
	}
	raw := []byte(object.String())
	if a.newer {
		raw = a.withMore(&p)
	}
	frame, err := (&metav1.WatchEvent{Type: e.kind, Object: runtime.RawExtension{Raw: raw}}).Marshal()
	if err != nil {
		a.t.Errorf("encode: %v", err)
	}
	_, _ = w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(frame))))
	_, _ = w.Write(frame)
}

// withMore encodes a pod as an API server does whose pods have a field more in their status.
func (a *apiserver) withMore(p *v1.Pod) []byte {
	meta, errMeta := p.ObjectMeta.Marshal()
	spec, errSpec := p.Spec.Marshal()
	status, errStatus := p.Status.Marshal()
	status = append(status, unknownField...)
	var pod []byte
	for i, part := range [][]byte{meta, spec, status} {
		pod = append(pod, byte(i+1)<<3|2) // metadata, spec and status are the fields 1, 2 and 3, all bytes
		pod = append(binary.AppendUvarint(pod, uint64(len(part))), part...)
	}
	envelope, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Raw: pod}).Marshal()
	if err := errors.Join(errMeta, errSpec, errStatus, err); err != nil {
		a.t.Errorf("encode: %v", err)
	}
	return append([]byte("k8s\x00"), envelope...)
}

// unknownField is field 1000, one byte, as protobuf encodes it.
var unknownField = []byte{0xc2, 0x3e, 1, 'x'}

// writeStatus does what how makes of a request's body, and answers it.
func (a *apiserver) writeStatus(w http.ResponseWriter, r *http.Request, name types.NamespacedName,
	how func(types.NamespacedName, []byte) (*v1.Pod, int, metav1.StatusReason, error),
) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	p, code, reason, err := how(name, body)
	a.writes = append(a.writes, write{verb: strings.ToLower(r.Method), pod: name.String(), body: string(body), code: code})
	if err != nil {
		answer(w, code, reason, err.Error())
		return
	}
	brief := &metav1.PartialObjectMetadata{ObjectMeta: p.ObjectMeta}
	brief.SetGroupVersionKind(schema.GroupVersionKind{Group: "meta.k8s.io", Version: "v1", Kind: "PartialObjectMetadata"})
	a.send(w, brief)
}

// replaced takes the status, and holds that the rest is as the API server has it: of pods it would take other metadata, too.
func (a *apiserver) replaced(name types.NamespacedName, body []byte) (*v1.Pod, int, metav1.StatusReason, error) {
	p := &v1.Pod{}
	if _, _, err := a.codec.Decode(body, nil, p); err != nil {
		return nil, http.StatusBadRequest, metav1.StatusReasonBadRequest, err
	}
	old := a.pods[name]
	switch {
	case old == nil:
		return nil, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Errorf("no such pod")
	case p.UID != old.UID:
		return nil, http.StatusConflict, metav1.StatusReasonConflict, fmt.Errorf("the UID in the precondition does not match")
	case p.ResourceVersion != old.ResourceVersion:
		return nil, http.StatusConflict, metav1.StatusReasonConflict, fmt.Errorf("the object has been modified")
	}
	changed := old.DeepCopy()
	changed.Status = p.Status
	if !equality.Semantic.DeepEqual(p.ObjectMeta, old.ObjectMeta) || !equality.Semantic.DeepEqual(p.Spec, old.Spec) {
		a.t.Errorf("the status of %s was replaced with another pod around it: %v", name, p.ObjectMeta)
	}
	a.commit("MODIFIED", changed)
	return changed, http.StatusOK, "", nil
}

func (a *apiserver) patched(name types.NamespacedName, body []byte) (*v1.Pod, int, metav1.StatusReason, error) {
	old := a.pods[name]
	if old == nil {
		return nil, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Errorf("no such pod")
	}
	before, _ := json.Marshal(old)
	after, err := strategicpatch.StrategicMergePatch(before, body, &v1.Pod{})
	if err != nil {
		return nil, http.StatusBadRequest, metav1.StatusReasonBadRequest, err
	}
	p := &v1.Pod{}
	if err := json.Unmarshal(after, p); err != nil {
		return nil, http.StatusBadRequest, metav1.StatusReasonBadRequest, err
	}
	if p.UID != old.UID {
		return nil, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, fmt.Errorf("metadata.uid: field is immutable")
	}
	changed := old.DeepCopy()
	changed.Status = p.Status
	if now, _ := json.Marshal(changed); string(now) == string(before) {
		return old, http.StatusOK, "", nil
	}
	a.commit("MODIFIED", changed)
	return changed, http.StatusOK, "", nil
}

func (a *apiserver) deletePod(w http.ResponseWriter, r *http.Request, name types.NamespacedName) {
	var o metav1.DeleteOptions
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &o); err != nil {
		answer(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.pods[name]
	code := http.StatusOK
	switch {
	case p == nil:
		code = http.StatusNotFound
		answer(w, code, metav1.StatusReasonNotFound, "no such pod")
	case o.Preconditions != nil && o.Preconditions.UID != nil && *o.Preconditions.UID != p.UID:
		code = http.StatusConflict
		answer(w, code, metav1.StatusReasonConflict, "the UID in the precondition does not match")
	default:
		a.remove(p, *o.GracePeriodSeconds)
		brief := &metav1.PartialObjectMetadata{ObjectMeta: p.ObjectMeta}
		brief.SetGroupVersionKind(schema.GroupVersionKind{Group: "meta.k8s.io", Version: "v1", Kind: "PartialObjectMetadata"})
		a.send(w, brief)
	}
	a.writes = append(a.writes, write{verb: "delete", pod: name.String(), body: string(body), code: code})
}

// eventually waits for something to become so, on the time of a bubble.
func eventually(tb testing.TB, what string, so func() bool) {
	tb.Helper()
	for pause, deadline := time.Millisecond, time.Now().Add(30*time.Minute); time.Now().Before(deadline); pause = min(2*pause, time.Second) {
		if so() {
			return
		}
		time.Sleep(pause)
	}
	tb.Fatalf("it did not come about: %s", what)
}
