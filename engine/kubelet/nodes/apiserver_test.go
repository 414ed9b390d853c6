package nodes_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// apiServer is as much of an API server as nodes need: objects with resource versions, conflicts, UID preconditions,
// merge patches of both kinds, and a watch of nodes. It is a transport, so that requests take no time and tests may run
// in a bubble.
type apiServer struct {
	// fault is asked before each request; nil: none.
	fault func(ctx context.Context, c call) *metav1.Status

	mu       sync.Mutex
	version  int               // of the newest object; guarded by mu, and so is all below
	objects  map[string][]byte // by kind, namespace and name
	watchers map[*watcher]bool
	calls    []call
}

// call is one request.
type call struct {
	verb      string // as RBAC spells it
	kind      string // nodes, nodes/status, leases, pods
	namespace string
	name      string
	body      string
	at        time.Time
}

func (c call) String() string { return strings.TrimSuffix(c.verb+" "+c.kind+" "+c.name, " ") }

type watcher struct {
	matches func(metav1.Object) bool
	events  chan []byte
}

func newAPIServer() *apiServer {
	return &apiServer{version: 1, objects: map[string][]byte{}, watchers: map[*watcher]bool{}}
}

func (s *apiServer) client(tb testing.TB) kubernetes.Interface {
	tb.Helper()
	config := &rest.Config{Host: "http://fake", Transport: s, QPS: -1}
	config.ContentType = "application/json"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// RoundTrip answers a request.
func (s *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	c, query := read(r)
	s.mu.Lock()
	s.calls = append(s.calls, c)
	fault := s.fault
	s.mu.Unlock()
	if fault != nil {
		if status := fault(r.Context(), c); status != nil {
			return answer(int(status.Code), status), nil
		}
	}
	if r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	if c.verb == "watch" {
		return s.watch(r.Context(), query), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.verb {
	case "list":
		return s.list(c, query), nil
	case "get":
		return s.get(c), nil
	case "create":
		return s.create(c), nil
	case "update":
		return s.update(c), nil
	case "patch":
		return s.patch(c, types.PatchType(r.Header.Get("Content-Type"))), nil
	}
	return s.remove(c), nil
}

func read(r *http.Request) (call, url.Values) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	for i, p := range parts {
		if p == "v1" {
			parts = parts[i+1:]
			break
		}
	}
	c := call{at: time.Now()}
	if parts[0] == "namespaces" {
		c.namespace, parts = parts[1], parts[2:]
	}
	c.kind = parts[0]
	if len(parts) > 1 {
		c.name = parts[1]
	}
	if len(parts) > 2 {
		c.kind += "/" + parts[2]
	}
	if r.Body != nil {
		body, _ := io.ReadAll(r.Body)
		c.body = string(body)
	}
	query := r.URL.Query()
	c.verb = map[string]string{
		http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
	}[r.Method]
	switch {
	case c.verb != "":
	case query.Get("watch") != "":
		c.verb = "watch"
	case c.name == "":
		c.verb = "list"
	default:
		c.verb = "get"
	}
	return c, query
}

func answer(code int, body any) *http.Response {
	text, ok := body.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(body); err != nil {
			panic(err)
		}
	}
	return &http.Response{
		StatusCode: code, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)),
	}
}

func refusal(code int, reason metav1.StatusReason, message string) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure,
		Code: int32(code), Reason: reason, Message: message,
	}
}

func failed(code int, reason metav1.StatusReason, message string) *http.Response {
	return answer(code, refusal(code, reason, message))
}

func (c call) key() string { return keyOf(c.kind, c.namespace, c.name) }

func keyOf(kind, namespace, name string) string {
	kind, _, _ = strings.Cut(kind, "/")
	return kind + "/" + namespace + "/" + name
}

func notFound(c call) *http.Response {
	return failed(http.StatusNotFound, metav1.StatusReasonNotFound, c.kind+" "+c.name+" not found")
}

func (s *apiServer) get(c call) *http.Response {
	text := s.objects[c.key()]
	if text == nil {
		return notFound(c)
	}
	return answer(http.StatusOK, text)
}

func (s *apiServer) list(c call, query url.Values) *http.Response {
	matches := selects(query)
	items := []json.RawMessage{}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		in := keyOf(c.kind, c.namespace, "")
		if c.namespace == "" {
			in = strings.TrimSuffix(in, "/")
		}
		if strings.HasPrefix(key, in) && matches(meta(s.objects[key])) {
			items = append(items, s.objects[key])
		}
	}
	kind := map[string]string{"nodes": "NodeList", "leases": "LeaseList", "pods": "PodList"}[c.kind]
	group := map[string]string{"leases": "coordination.k8s.io/v1"}[c.kind]
	if group == "" {
		group = "v1"
	}
	return answer(http.StatusOK, map[string]any{
		"kind": kind, "apiVersion": group, "items": items, "metadata": map[string]string{"resourceVersion": fmt.Sprint(s.version)},
	})
}

func selects(query url.Values) func(metav1.Object) bool {
	byLabel, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		panic(err)
	}
	byField, err := fields.ParseSelector(query.Get("fieldSelector"))
	if err != nil {
		panic(err)
	}
	return func(o metav1.Object) bool {
		if name, is := byField.RequiresExactMatch("metadata.name"); is && name != o.GetName() {
			return false
		}
		return byLabel.Matches(labels.Set(o.GetLabels()))
	}
}

func meta(text []byte) *metav1.ObjectMeta {
	var o struct{ Metadata metav1.ObjectMeta }
	if err := json.Unmarshal(text, &o); err != nil {
		panic(err)
	}
	return &o.Metadata
}

// put stores an object with a new resource version, and tells watchers.
func (s *apiServer) put(key string, text []byte) []byte {
	s.version++
	o := map[string]any{}
	if err := json.Unmarshal(text, &o); err != nil {
		panic(err)
	}
	m := o["metadata"].(map[string]any)
	m["resourceVersion"] = fmt.Sprint(s.version)
	event := "MODIFIED"
	if s.objects[key] == nil {
		event = "ADDED"
		m["uid"] = fmt.Sprintf("uid-%d", s.version)
	}
	kind, _, _ := strings.Cut(key, "/")
	o["kind"] = map[string]string{"nodes": "Node", "leases": "Lease", "pods": "Pod"}[kind]
	o["apiVersion"] = "v1"
	if kind == "leases" {
		o["apiVersion"] = "coordination.k8s.io/v1"
	}
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	s.objects[key] = text
	s.tell(key, event, text)
	return text
}

func (s *apiServer) tell(key, event string, text []byte) {
	if !strings.HasPrefix(key, "nodes/") {
		return
	}
	line := fmt.Appendf(nil, `{"type":%q,"object":%s}`+"\n", event, text)
	for w := range s.watchers {
		if w.matches(meta(text)) {
			w.events <- line
		}
	}
}

func (s *apiServer) create(c call) *http.Response {
	c.name = meta([]byte(c.body)).Name
	if s.objects[c.key()] != nil {
		return failed(http.StatusConflict, metav1.StatusReasonAlreadyExists, c.name+" already exists")
	}
	return answer(http.StatusCreated, s.put(c.key(), []byte(c.body)))
}

func (s *apiServer) update(c call) *http.Response {
	have := s.objects[c.key()]
	if have == nil {
		return notFound(c)
	}
	if meta([]byte(c.body)).ResourceVersion != meta(have).ResourceVersion {
		return failed(http.StatusConflict, metav1.StatusReasonConflict, "the object has been modified")
	}
	return answer(http.StatusOK, s.put(c.key(), []byte(c.body)))
}

func (s *apiServer) patch(c call, kind types.PatchType) *http.Response {
	have := s.objects[c.key()]
	if have == nil {
		return notFound(c)
	}
	if m := meta([]byte(c.body)); m.UID != "" && m.UID != meta(have).UID ||
		m.ResourceVersion != "" && m.ResourceVersion != meta(have).ResourceVersion {
		return failed(http.StatusConflict, metav1.StatusReasonConflict, "precondition failed")
	}
	if kind == types.StrategicMergePatchType {
		text, err := strategicpatch.StrategicMergePatch(have, []byte(c.body), v1.Node{})
		if err != nil {
			return failed(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, err.Error())
		}
		return answer(http.StatusOK, s.put(c.key(), text))
	}
	var object, patch map[string]any
	if json.Unmarshal(have, &object) != nil || json.Unmarshal([]byte(c.body), &patch) != nil {
		return failed(http.StatusBadRequest, metav1.StatusReasonBadRequest, "no JSON")
	}
	mergeJSON(object, patch)
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return answer(http.StatusOK, s.put(c.key(), text))
}

// mergeJSON is RFC 7386.
func mergeJSON(object, patch map[string]any) {
	for key, value := range patch {
		part, is := value.(map[string]any)
		switch {
		case value == nil:
			delete(object, key)
		case is:
			inner, ok := object[key].(map[string]any)
			if !ok {
				inner = map[string]any{}
			}
			mergeJSON(inner, part)
			object[key] = inner
		default:
			object[key] = value
		}
	}
}

func (s *apiServer) remove(c call) *http.Response {
	text := s.objects[c.key()]
	if text == nil {
		return notFound(c)
	}
	var o metav1.DeleteOptions
	if c.body != "" && json.Unmarshal([]byte(c.body), &o) == nil && o.Preconditions != nil &&
		*o.Preconditions.UID != meta(text).UID {
		return failed(http.StatusConflict, metav1.StatusReasonConflict, "precondition failed")
	}
	s.drop(c.key())
	return answer(http.StatusOK, refusal(http.StatusOK, "", ""))
}

func (s *apiServer) drop(key string) {
	text := s.objects[key]
	delete(s.objects, key)
	s.version++
	s.tell(key, "DELETED", text)
}

func (s *apiServer) watch(ctx context.Context, query url.Values) *http.Response {
	if query.Get("sendInitialEvents") != "" { // as servers do that are too old for it
		return failed(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "sendInitialEvents is not known")
	}
	w := &watcher{matches: selects(query), events: make(chan []byte, 100_000)}
	s.mu.Lock()
	s.watchers[w] = true
	s.mu.Unlock()
	out, in := io.Pipe()
	go func() {
		defer func() {
			s.mu.Lock()
			delete(s.watchers, w)
			s.mu.Unlock()
			_ = in.Close()
		}()
		for {
			select {
			case <-ctx.Done():
				return
			case line := <-w.events:
				if _, err := in.Write(line); err != nil {
					return
				}
			}
		}
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: out}
}

// What tests do to the server.

// breakWith sets the fault; nil: none.
func (s *apiServer) breakWith(fault func(ctx context.Context, c call) *metav1.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

func (s *apiServer) store(kind, namespace, name string, object any) {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(keyOf(kind, namespace, name), text)
}

func (s *apiServer) load(kind, namespace, name string, into any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := s.objects[keyOf(kind, namespace, name)]
	if text == nil {
		return false
	}
	if err := json.Unmarshal(text, into); err != nil {
		panic(err)
	}
	return true
}

func (s *apiServer) delete(kind, namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(keyOf(kind, namespace, name))
}

// node is a node of the server; nil: there is none.
func (s *apiServer) node(name string) *v1.Node {
	n := &v1.Node{}
	if !s.load("nodes", "", name, n) {
		return nil
	}
	return n
}

// edit changes a node as another client would.
func (s *apiServer) edit(name string, change func(*v1.Node)) {
	n := s.node(name)
	change(n)
	s.store("nodes", "", name, n)
}

// lease is a lease of the server; nil: there is none.
func (s *apiServer) lease(name string) *coordinationv1.Lease {
	l := &coordinationv1.Lease{}
	if !s.load("leases", v1.NamespaceNodeLease, name, l) {
		return nil
	}
	return l
}

func (s *apiServer) storeLease(name, holder string, renewed time.Time) {
	l := s.lease(name)
	if l == nil {
		l = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v1.NamespaceNodeLease}}
	}
	l.Spec = coordinationv1.LeaseSpec{
		HolderIdentity: &holder, LeaseDurationSeconds: new(int32(40)), RenewTime: new(metav1.NewMicroTime(renewed)),
	}
	s.store("leases", v1.NamespaceNodeLease, name, l)
}

// said lists the requests that writes or reads like one of the prefixes made, and forgets all.
func (s *apiServer) said(prefixes ...string) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var said []call
	for _, c := range s.calls {
		for _, p := range prefixes {
			if strings.HasPrefix(c.String(), p) {
				said = append(said, c)
				break
			}
		}
	}
	s.calls = nil
	return said
}

// lost says that a node's controller has not heard of it.
func lost(n *v1.Node) {
	for i := range n.Status.Conditions {
		c := &n.Status.Conditions[i]
		c.Status, c.Reason, c.Message = v1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
		c.LastTransitionTime = metav1.Now()
	}
}
