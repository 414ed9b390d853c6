package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet/web"
)

// double is a web provider in memory. As it is it does what the protocol says; its fields are what the providers out
// there do instead.
type double struct {
	byName      bool                                          // pods are kept by name alone
	phrase      string                                        // of 404; "": Not Found
	methods     map[string]string                             // of calls that want another method than the protocol's
	missing     []string                                      // calls that it does not have
	duplicates  bool                                          // a pod created twice is there twice
	upserts     bool                                          // updatePod creates
	deletesAny  bool                                          // deletePod finds everything
	storing     func(*v1.Pod)                                 // changes a pod before it is kept
	statusOf    func(*v1.Pod) any                             // what getPodStatus answers; nil result: 404
	logOf       func(tail string) string                      // what getContainerLogs answers
	before      func(http.ResponseWriter, *http.Request) bool // may answer in the double's place
	capacity    string
	conditions  string
	addresses   string
	contentType string

	mu    sync.Mutex
	pods  []*v1.Pod
	calls []string // "POST /createPod", in order
	body  string   // of the last call that had one
}

// start serves a double and returns a provider in front of it.
func (d *double) start(t *testing.T, change func(*web.Options)) *web.Provider {
	t.Helper()
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	o := web.Options{URL: srv.URL, Timeout: 5 * time.Second}
	if change != nil {
		change(&o)
	}
	p, err := web.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

var methods = map[string]string{
	"createPod": "POST", "updatePod": "PUT", "deletePod": "DELETE", "getPod": "GET", "getPodStatus": "GET", "getPods": "GET",
	"getContainerLogs": "GET", "capacity": "GET", "nodeConditions": "GET", "nodeAddresses": "GET",
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	d.mu.Lock()
	d.calls = append(d.calls, r.Method+" "+r.URL.Path)
	if len(body) > 0 {
		d.body = string(body)
	}
	before := d.before
	d.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	call := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	method := methods[call]
	if m := d.methods[call]; m != "" {
		method = m
	}
	if method != r.Method || slices.Contains(d.missing, call) {
		d.notFound(w)
		return
	}
	w.Header().Set("Content-Type", d.contentType)
	d.answer(w, call, r, body)
}

func (d *double) answer(w http.ResponseWriter, call string, r *http.Request, body []byte) {
	q := r.URL.Query()
	switch call {
	case "createPod", "updatePod", "deletePod":
		p := &v1.Pod{}
		if err := json.Unmarshal(body, p); err != nil {
			http.Error(w, "Invalid pod", http.StatusBadRequest)
			return
		}
		d.change(w, call, p)
	case "getPods":
		d.json(w, d.pods)
	case "getPod":
		d.found(w, d.find(q.Get("namespace"), q.Get("name")), func(p *v1.Pod) any { return p })
	case "getPodStatus":
		d.found(w, d.find(q.Get("namespace"), q.Get("name")), d.status)
	case "getContainerLogs":
		d.log(w, d.find(q.Get("namespace"), q.Get("podName")), q.Get("tail"))
	case "capacity":
		_, _ = io.WriteString(w, or(d.capacity, `{"cpu":"20","memory":"100Gi","pods":"20"}`))
	case "nodeConditions":
		_, _ = io.WriteString(w, or(d.conditions, `[{"type":"Ready","status":"True","reason":"KubeletReady","message":"ok"}]`))
	case "nodeAddresses":
		_, _ = io.WriteString(w, or(d.addresses, `[{"type":"InternalIP","address":"10.9.8.7"}]`))
	}
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

func (d *double) json(w io.Writer, v any) {
	if text, ok := v.(string); ok {
		_, _ = io.WriteString(w, text)
		return
	}
	text, _ := json.Marshal(v)
	_, _ = w.Write(text)
}

func (d *double) notFound(w http.ResponseWriter) {
	if d.phrase == "" {
		http.Error(w, "Pod not found", http.StatusNotFound)
		return
	}
	c, out, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	_, _ = fmt.Fprintf(out, "HTTP/1.1 404 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", d.phrase)
	_ = out.Flush()
}

func (d *double) at(namespace, name string) int {
	return slices.IndexFunc(d.pods, func(p *v1.Pod) bool { return p.Name == name && (d.byName || p.Namespace == namespace) })
}

func (d *double) find(namespace, name string) *v1.Pod {
	if i := d.at(namespace, name); i >= 0 {
		return d.pods[i]
	}
	return nil
}

func (d *double) change(w http.ResponseWriter, call string, p *v1.Pod) {
	i := d.at(p.Namespace, p.Name)
	if i < 0 && (call == "deletePod" && !d.deletesAny || call == "updatePod" && !d.upserts) {
		d.notFound(w)
		return
	}
	if i >= 0 && (call != "createPod" || !d.duplicates) {
		d.pods = slices.Delete(d.pods, i, i+1)
	}
	if call == "deletePod" {
		return
	}
	if call == "createPod" {
		p.Status.Phase = v1.PodRunning
	}
	if d.storing != nil {
		d.storing(p)
	}
	d.pods = append(d.pods, p)
}

func (d *double) status(p *v1.Pod) any {
	if d.statusOf != nil {
		return d.statusOf(p)
	}
	return p.Status
}

func (d *double) found(w http.ResponseWriter, p *v1.Pod, what func(*v1.Pod) any) {
	if p == nil {
		d.notFound(w)
		return
	}
	if v := what(p); v != nil {
		d.json(w, v)
		return
	}
	d.notFound(w)
}

func (d *double) log(w http.ResponseWriter, p *v1.Pod, tail string) {
	switch {
	case d.logOf != nil:
		_, _ = io.WriteString(w, d.logOf(tail))
	case p == nil:
		d.notFound(w)
	default:
		lines := []string{"one\n", "two\n", "three\n"}
		if n, err := strconv.Atoi(tail); err == nil && n >= 0 && n < len(lines) {
			lines = lines[len(lines)-n:]
		}
		_, _ = io.WriteString(w, strings.Join(lines, ""))
	}
}

// seen is which calls came since the last time, without those that only look.
func (d *double) seen() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	writes := slices.DeleteFunc(d.calls, func(c string) bool { return strings.HasPrefix(c, "GET ") })
	d.calls = nil
	return strings.Join(writes, ", ")
}

func (d *double) set(change func(*double)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *double) names() (names []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.pods {
		names = append(names, p.Namespace+"/"+p.Name+"/"+string(p.UID))
	}
	return names
}

// The samples that people built their providers from, as their source says they behave.
func samples() map[string]*double {
	return map[string]*double{
		"the protocol": {},
		"Rust sample": {
			byName: true, deletesAny: true, addresses: "[]", contentType: "",
			storing: func(p *v1.Pod) { p.Labels, p.UID = nil, "" },
			statusOf: func(p *v1.Pod) any { // its models write explicit nulls
				return `{"phase":"` + string(p.Status.Phase) + `","conditions":null,"containerStatuses":null,"startTime":null,"message":null}`
			},
			logOf: func(tail string) string { return `"get_container_logs() - tail: ` + or(tail, "5") + `"` },
		},
		"Go mock": {missing: []string{"getPod"}, upserts: true, deletesAny: true, logOf: func(string) string { return "one\ntwo\nthree\n" }},
		"Express": {
			missing: []string{"getPod"}, methods: map[string]string{"updatePod": "POST"}, duplicates: true,
			conditions: `[{"type":"Ready","status":"true","lastHeartbeatTime":"2026-01-01T00:00:00.123Z"}]`,
			logOf:      func(string) string { return `"one\ntwo\nthree\n"` }, contentType: "application/json; charset=utf-8",
		},
		"C#": {
			missing: []string{"getPod"}, upserts: true,
			storing: func(p *v1.Pod) {
				p.Labels, p.UID, p.Spec.Tolerations, p.Spec.Containers[0].Env = nil, "", nil, nil
			},
		},
		"C# of an earlier day": {missing: []string{"getPod"}, methods: map[string]string{"updatePod": "POST", "deletePod": "POST"}},
		"Flask": {
			missing: []string{"getPod", "updatePod"}, phrase: "NOT FOUND",
			statusOf: func(*v1.Pod) any {
				return `{"phase":"Running","containerStatuses":[{"name":"app","ready":true,"state":{"running":{"startedAt":"2026-01-01T00:00:00Z"}}}]}`
			},
		},
		"statusless":        {statusOf: func(*v1.Pod) any { return nil }, storing: func(p *v1.Pod) { p.Status = v1.PodStatus{} }},
		"null for a status": {statusOf: func(*v1.Pod) any { return "null" }},
		"no getPods":        {missing: []string{"getPods", "getPod"}},
		"names in any letters": {
			statusOf: func(*v1.Pod) any {
				return `{"Phase":"Running","CONTAINERSTATUSES":[{"NAME":"app","Ready":true,"State":{"Running":{}}}]}`
			},
			conditions: `[{"Type":"Ready","STATUS":"True"}]`, capacity: `{"CPU":4,"Memory":"1Gi","pods":"2.5","gpus":"1","example.com/gpu":"1"}`,
		},
	}
}
