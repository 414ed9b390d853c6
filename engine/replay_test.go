package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/enginetest/capture"
)

// Everything the real clients sent is sent again, at the times they sent it, to an engine with the shipped scripts; and
// every answer must be one with which they go on as they should.
func TestReplayOfTheRealClients(t *testing.T) {
	for _, recording := range []string{capture.Client, capture.OldVK, capture.LastVK} {
		t.Run(recording, func(t *testing.T) {
			requests, err := capture.Load(recording)
			if err != nil {
				t.Fatal(err)
			}
			p := newReplay(t)
			for _, r := range requests {
				p.play(r)
			}
			for call := range calls {
				if p.played[call] == 0 && (recording != capture.OldVK || call != "/getPod") { // which v0.5.2 never calls
					t.Errorf("the recording has no %s: it is not read whole", call)
				}
			}
		})
	}
}

// replay is an engine and what a client knows of it.
type replay struct {
	*testing.T
	engine *enginetest.Engine
	url    string
	known  map[string]*v1.Pod // pods as they were sent, by namespace/name
	failed map[string]bool    // those that were stopped
	beats  map[v1.NodeConditionType]v1.NodeCondition
	played map[string]int // by path
}

func newReplay(t *testing.T) *replay {
	t.Helper()
	e := enginetest.New(t, enginetest.Options{Scripts: enginetest.ReadFolder(t, filepath.Join("..", "scripts"))})
	srv := httptest.NewServer(e.Handler)
	t.Cleanup(srv.Close)
	return &replay{
		T: t, engine: e, url: srv.URL, known: map[string]*v1.Pod{}, failed: map[string]bool{},
		beats: map[v1.NodeConditionType]v1.NodeCondition{}, played: map[string]int{},
	}
}

// calls says what must be true of each call's answer.
var calls = map[string]func(p *replay, r capture.Request, a answer){
	"/createPod":        (*replay).created,
	"/updatePod":        (*replay).updated,
	"/deletePod":        (*replay).deleted,
	"/getPod":           (*replay).gotPod,
	"/getPodStatus":     (*replay).gotStatus,
	"/getPods":          (*replay).gotPods,
	"/getContainerLogs": (*replay).gotLogs,
	"/capacity":         (*replay).gotCapacity,
	"/nodeConditions":   (*replay).gotConditions,
	"/nodeAddresses":    (*replay).gotAddresses,
}

func (p *replay) play(r capture.Request) {
	p.Helper()
	if d := enginetest.Start.Add(r.At).Sub(p.engine.Clock.Now()); d > 0 {
		p.engine.Pass(d)
	}
	path, _, _ := strings.Cut(r.Target, "?")
	check := calls[path]
	if check == nil {
		p.Fatalf("a call unknown to this test: %s", r.Target)
	}
	p.played[path]++
	check(p, r, exchange(p, r.Method, p.url+r.Target, string(r.Body), r.Header))
}

// want200 is true of an answer that both clients take as success with a body to be read.
func (p *replay) want200(a answer, what string) bool {
	p.Helper()
	if a.status != "200 OK" {
		p.Errorf("%s: %s: %s", what, a.status, a.body)
		return false
	}
	return true
}

// want404 is true of an answer that the last client takes for "no such pod". It compares the whole phrase.
func (p *replay) want404(a answer, what string) {
	p.Helper()
	if a.status != "404 Not Found" {
		p.Errorf("%s, which does not exist: %s: %s", what, a.status, a.body)
	}
}

func (p *replay) decode(a answer, into any) {
	p.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		p.Fatalf("the clients cannot read it: %v: %s", err, a.body)
	}
}

func (p *replay) sent(r capture.Request) *v1.Pod {
	p.Helper()
	pod := &v1.Pod{}
	if err := json.Unmarshal(r.Body, pod); err != nil {
		p.Fatal(err)
	}
	return pod
}

func name(pod *v1.Pod) string { return pod.Namespace + "/" + pod.Name }

func query(r capture.Request) (pod string, q url.Values) {
	u, err := url.ParseRequestURI(r.Target)
	if err != nil {
		panic(err)
	}
	q = u.Query()
	return q.Get("namespace") + "/" + q.Get("name") + q.Get("podName"), q
}

func (p *replay) created(r capture.Request, a answer) {
	pod := p.sent(r)
	if p.want200(a, "create "+name(pod)) {
		p.known[name(pod)] = pod
		p.wantListed(name(pod), true) // at once, or the clients create it again
	}
}

func (p *replay) updated(r capture.Request, a answer) {
	pod := p.sent(r)
	if !p.want200(a, "update "+name(pod)) {
		return
	}
	if p.known[name(pod)] != nil && pod.Status.Phase == v1.PodFailed {
		p.failed[name(pod)] = true
	}
	p.known[name(pod)] = pod
	p.wantListed(name(pod), true)
}

func (p *replay) deleted(r capture.Request, a answer) {
	pod := p.sent(r)
	if p.known[name(pod)] == nil {
		p.want404(a, "delete "+name(pod))
		return
	}
	if !p.want200(a, "delete "+name(pod)) {
		return
	}
	delete(p.known, name(pod))
	delete(p.failed, name(pod))
	p.want404(p.get("/getPod?"+podQuery(pod)), "getPod after delete of "+name(pod))
	p.wantListed(name(pod), false)
}

func podQuery(pod *v1.Pod) string {
	return url.Values{"namespace": {pod.Namespace}, "name": {pod.Name}}.Encode()
}

func (p *replay) get(target string) answer {
	p.Helper()
	return exchange(p, http.MethodGet, p.url+target, "", nil)
}

func (p *replay) wantListed(pod string, want bool) {
	p.Helper()
	var list []v1.Pod
	p.decode(p.get("/getPods"), &list)
	if slices.ContainsFunc(list, func(one v1.Pod) bool { return name(&one) == pod }) != want {
		p.Errorf("%s is in getPods: %v, want %v", pod, !want, want)
	}
}

func (p *replay) gotPod(r capture.Request, a answer) {
	pod, _ := query(r)
	if p.known[pod] == nil {
		p.want404(a, pod)
		return
	}
	if p.want200(a, "getPod "+pod) {
		var got v1.Pod
		p.decode(a, &got)
		p.sane(&got)
	}
}

// sane checks a pod against what was sent, and its status against what the clients write to Kubernetes as it is.
func (p *replay) sane(got *v1.Pod) {
	p.Helper()
	sent := p.known[name(got)]
	if sent == nil {
		p.Errorf("%s is served, and nobody sent it", name(got))
		return
	}
	if diff := cmp.Diff(sent.Spec, got.Spec); diff != "" {
		p.Errorf("%s: the spec is not as it was sent (-sent +got):\n%s", name(got), diff)
	}
	if sent.UID != "" && got.UID != sent.UID || got.UID == "" {
		p.Errorf("%s: uid %q, sent %q", name(got), got.UID, sent.UID)
	}
	p.saneStatus(name(got), &got.Status)
}

func (p *replay) saneStatus(pod string, s *v1.PodStatus) {
	p.Helper()
	want := v1.PodRunning
	switch {
	case p.failed[pod]:
		want = v1.PodFailed
	case s.StartTime == nil || p.engine.Clock.Now().Sub(s.StartTime.Time) < 2*time.Second:
		want = v1.PodPending // its image is being pulled
	}
	if s.Phase != want {
		p.Errorf("%s is %q, want %s", pod, s.Phase, want)
	}
	for _, c := range p.known[pod].Spec.Containers { // one without an entry kills the lab's page
		if !slices.ContainsFunc(s.ContainerStatuses, func(x v1.ContainerStatus) bool { return x.Name == c.Name && x.State != v1.ContainerState{} }) {
			p.Errorf("%s: container %s has no status: %+v", pod, c.Name, s.ContainerStatuses)
		}
	}
	for _, kind := range []v1.PodConditionType{v1.PodReady, v1.PodInitialized, v1.PodScheduled} {
		if !slices.ContainsFunc(s.Conditions, func(c v1.PodCondition) bool { return c.Type == kind && !c.LastTransitionTime.IsZero() }) {
			p.Errorf("%s: no condition %s: %+v", pod, kind, s.Conditions)
		}
	}
	if s.StartTime == nil || s.HostIP == "" || s.PodIP == "" || s.QOSClass == "" {
		p.Errorf("%s: startTime %v, hostIP %q, podIP %q, qosClass %q", pod, s.StartTime, s.HostIP, s.PodIP, s.QOSClass)
	}
}

func (p *replay) gotStatus(r capture.Request, a answer) {
	pod, _ := query(r)
	if p.known[pod] == nil {
		p.want404(a, pod)
		return
	}
	if p.want200(a, "getPodStatus "+pod) {
		var s v1.PodStatus
		p.decode(a, &s)
		p.saneStatus(pod, &s)
	}
}

func (p *replay) gotPods(_ capture.Request, a answer) {
	if !p.want200(a, "getPods") {
		return
	}
	if !strings.HasPrefix(a.body, "[") {
		p.Errorf("getPods is no bare array: %.60s", a.body)
	}
	var list []*v1.Pod
	p.decode(a, &list)
	if len(list) != len(p.known) {
		p.Errorf("%d pods are listed, %d are known", len(list), len(p.known))
	}
	for _, one := range list {
		p.sane(one)
	}
}

func (p *replay) gotLogs(r capture.Request, a answer) {
	pod, q := query(r)
	if p.known[pod] == nil {
		p.want404(a, "the log of "+pod)
		return
	}
	if !p.want200(a, "the log of "+pod) {
		return
	}
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") {
		p.Errorf("the log of %s is %s", pod, kind)
	}
	tail, err := strconv.Atoi(q.Get("tail"))
	if err != nil {
		p.Fatal(err)
	}
	running := int(p.engine.Clock.Now().Sub(p.startOf(pod)) / time.Second) // default.lua writes a line each second
	want := running
	if tail >= 0 {
		want = min(want, tail)
	}
	if got := strings.Count(a.body, "\n"); got != want {
		p.Errorf("tail=%d of %d lines: got %d:\n%s", tail, running, got, a.body)
	}
}

// startOf is when the pod's container began to run; now, if it does not.
func (p *replay) startOf(pod string) time.Time {
	namespace, name, _ := strings.Cut(pod, "/")
	var s v1.PodStatus
	p.decode(p.get("/getPodStatus?"+url.Values{"namespace": {namespace}, "name": {name}}.Encode()), &s)
	if running := s.ContainerStatuses[0].State.Running; running != nil {
		return running.StartedAt.Time
	}
	return p.engine.Clock.Now()
}

// The clients panic on anything but 200 and a body they can read from the three that follow.

func (p *replay) gotCapacity(_ capture.Request, a answer) {
	if !p.want200(a, "capacity") {
		return
	}
	var list v1.ResourceList
	p.decode(a, &list)
	if list.Cpu().IsZero() || list.Memory().IsZero() || list.Pods().IsZero() {
		p.Errorf("capacity lacks cpu, memory or pods: %s", a.body)
	}
}

func (p *replay) gotConditions(_ capture.Request, a answer) {
	if !p.want200(a, "nodeConditions") {
		return
	}
	var list []v1.NodeCondition
	p.decode(a, &list)
	now := p.engine.Clock.Now().Truncate(time.Second)
	for _, c := range list {
		if !c.LastHeartbeatTime.Time.Equal(now) {
			p.Errorf("%s: heartbeat %s at %s", c.Type, c.LastHeartbeatTime, now)
		}
		if before, ok := p.beats[c.Type]; ok && !before.LastTransitionTime.Equal(&c.LastTransitionTime) {
			p.Errorf("%s: its transition moved from %s to %s", c.Type, before.LastTransitionTime, c.LastTransitionTime)
		}
		p.beats[c.Type] = c
	}
	if p.beats[v1.NodeReady].Status != v1.ConditionTrue {
		p.Errorf("the node is not ready: %s", a.body)
	}
}

func (p *replay) gotAddresses(_ capture.Request, a answer) {
	if !p.want200(a, "nodeAddresses") {
		return
	}
	var list []v1.NodeAddress
	p.decode(a, &list)
	if !slices.ContainsFunc(list, func(x v1.NodeAddress) bool { return x.Type == v1.NodeInternalIP && x.Address != "" }) {
		p.Errorf("without an InternalIP kubectl logs cannot work: %s", a.body)
	}
}

// A client that found an orphan deletes it with the very pod it was served: v0.5.2 takes it from getPods, the last one
// from getPod.
func TestOrphanIsDeletedWithWhatWasServed(t *testing.T) {
	for from, list := range map[string]bool{"getPods": true, "getPod": false} {
		t.Run(from, func(t *testing.T) {
			p := newReplay(t)
			p.send(http.MethodPost, "/createPod", lab(t, "pod.json"))
			p.engine.Pass(time.Hour)
			body := p.get("/getPod?namespace=default&name=helloworld").body
			if list {
				body = strings.Trim(p.get("/getPods").body, "[]")
			}
			p.send(http.MethodDelete, "/deletePod", body)
			if got := p.get("/getPods").body; got != "[]" {
				t.Errorf("left: %s", got)
			}
			p.want404(p.get("/getPod?namespace=default&name=helloworld"), "the orphan")
		})
	}
}

func (p *replay) send(method, path, body string) {
	p.Helper()
	p.want200(exchange(p, method, p.url+path, body, http.Header{"Content-Type": {"application/json"}}), method+" "+path)
}

// lab reads one of the workshop's pods.
func lab(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("server", "testdata", "pods", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// The last client sends its own copy of the pod back after every change of status. What it says is old.
func TestStaleStatusDoesNotMoveAStoppedPodBack(t *testing.T) {
	p := newReplay(t)
	p.send(http.MethodPost, "/createPod", lab(t, "pod.json"))
	p.engine.Pass(time.Minute)
	stale := p.get("/getPod?namespace=default&name=helloworld").body
	stopped := stop(t, stale)
	p.send(http.MethodPut, "/updatePod", stopped)
	want := p.get("/getPodStatus?namespace=default&name=helloworld").body

	for range 3 {
		p.engine.Pass(5 * time.Second)
		p.send(http.MethodPut, "/updatePod", stale)
		if got := p.get("/getPodStatus?namespace=default&name=helloworld").body; got != want {
			t.Fatalf("a stale status moved it (-stopped +now):\n%s", cmp.Diff(want, got))
		}
	}
	p.engine.Pass(24 * time.Hour)
	if got := p.get("/getPodStatus?namespace=default&name=helloworld").body; got != want {
		t.Errorf("it moved by itself (-stopped +a day later):\n%s", cmp.Diff(want, got))
	}
	p.send(http.MethodPost, "/createPod", stale) // a duplicate create is harmless
	if got := p.get("/getPodStatus?namespace=default&name=helloworld").body; got != want {
		t.Errorf("a duplicate create moved it (-stopped +now):\n%s", cmp.Diff(want, got))
	}
}

// A pod that was served ready before is not made unready, nor younger, by an old copy of itself.
func TestStaleStatusDoesNotMoveARunningPodBack(t *testing.T) {
	p := newReplay(t)
	p.send(http.MethodPost, "/createPod", lab(t, "pod.json"))
	pending := p.get("/getPod?namespace=default&name=helloworld").body
	p.engine.Pass(time.Minute)
	want := p.get("/getPod?namespace=default&name=helloworld").body
	p.send(http.MethodPut, "/updatePod", pending)
	if got := p.get("/getPod?namespace=default&name=helloworld").body; got != want {
		t.Errorf("a stale copy changed it (-before +after):\n%s", cmp.Diff(want, got))
	}
}

// stop does what the lab's page does to the copy of the pod that it took when the pod was selected.
func stop(t *testing.T, pod string) string {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal([]byte(pod), &p); err != nil {
		t.Fatal(err)
	}
	status := p["status"].(map[string]any)
	status["phase"] = "Failed"
	var stopped []any
	for _, c := range status["containerStatuses"].([]any) {
		c := c.(map[string]any)
		stopped = append(stopped, map[string]any{
			"name": c["name"], "image": c["image"], "ready": false, "restartCount": 100,
			"state": map[string]any{"terminated": map[string]any{"exitCode": -1, "message": "terminated by web ui"}},
		})
	}
	status["containerStatuses"] = stopped
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The lab's page in a browser, on an origin of its own: it polls, one selects a pod and stops it.
func TestLabPageAgainstARunningMoonlet(t *testing.T) {
	const origin = "http://localhost:8080"
	e := run(t, settings{"CORS_ORIGINS": origin, "SCRIPTS": filepath.Join("..", "scripts")})
	from := http.Header{"Origin": {origin}}
	for _, pod := range []string{"pod.json", "lab-pod.json"} {
		if a := exchange(t, http.MethodPost, e.URL()+"/createPod", lab(t, pod), nil); a.code != http.StatusOK {
			t.Fatalf("%s: %s: %s", pod, a.status, a.body)
		}
	}
	var selected string
	eventually(t, "the page shows helloworld running", func() bool {
		a := exchange(t, http.MethodGet, e.URL()+"//getPods", "", from)
		if a.code != http.StatusOK || a.header.Get("Access-Control-Allow-Origin") != origin {
			t.Fatalf("poll: %s, %v", a.status, a.header)
		}
		pods := pageOf(t, a.body)
		selected = pods["default/helloworld"]
		return strings.Contains(selected, `"running"`)
	})

	preflight := exchange(t, http.MethodOptions, e.URL()+"//updatePod", "", http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {"PUT"}, "Access-Control-Request-Headers": {"content-type"},
	})
	if preflight.code/100 != 2 {
		t.Errorf("preflight: %s", preflight.status)
	}
	for header, want := range map[string]string{
		"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "content-type",
	} {
		if got := preflight.header.Get(header); !strings.Contains(strings.ToLower(got), strings.ToLower(want)) {
			t.Errorf("preflight: %s is %q, want %q in it", header, got, want)
		}
	}

	from.Set("Content-Type", "application/json")
	if a := exchange(t, http.MethodPut, e.URL()+"//updatePod", stop(t, selected), from); a.code != http.StatusOK || a.header.Get("Access-Control-Allow-Origin") != origin {
		t.Fatalf("stop: %s, %v: %s", a.status, a.header, a.body)
	}
	after := pageOf(t, exchange(t, http.MethodGet, e.URL()+"//getPods", "", from).body)["default/helloworld"]
	for _, want := range []string{`"phase":"Failed"`, `"exitCode":-1`, `"message":"terminated by web ui"`, `"restartCount":100`} {
		if !strings.Contains(after, want) {
			t.Errorf("after Stop pod the page does not find %s in %s", want, after)
		}
	}
}

// pageOf reads a list as the page does, by namespace/name. It dereferences these fields unguarded: one that is
// missing leaves the page blank.
func pageOf(t *testing.T, body string) map[string]string {
	t.Helper()
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(body), &raw); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, one := range raw {
		var pod struct {
			Metadata struct{ Namespace, Name *string }
			Spec     struct {
				Containers []struct {
					Name, Image *string
					Ports       *[]any
				}
			}
			Status *struct {
				Phase             *string
				ContainerStatuses []struct {
					Name         *string
					Ready        *bool
					RestartCount *int
					State        map[string]any
				}
			}
		}
		if err := json.Unmarshal(one, &pod); err != nil {
			t.Fatal(err)
		}
		if pod.Metadata.Namespace == nil || pod.Metadata.Name == nil || pod.Status == nil || pod.Status.Phase == nil || len(pod.Spec.Containers) == 0 {
			t.Fatalf("the page goes blank over this pod: %s", one)
		}
		states := map[string]bool{}
		for _, c := range pod.Status.ContainerStatuses {
			states[*c.Name] = c.Ready != nil && c.RestartCount != nil && len(c.State) > 0
		}
		for _, c := range pod.Spec.Containers {
			if c.Name == nil || c.Image == nil || c.Ports == nil || !states[*c.Name] {
				t.Fatalf("the page goes blank when this pod is selected: container %v, ports %v: %s", *c.Name, c.Ports, one)
			}
		}
		out[*pod.Metadata.Namespace+"/"+*pod.Metadata.Name] = string(one)
	}
	return out
}

// The last client cuts an answer at 1,000,000 bytes and then cannot parse it: what a list can do without is left out.
func TestListStaysUnderAMillionBytesWhereAnnotationsAllow(t *testing.T) {
	p := newReplay(t)
	const pods = 100
	for n := range pods {
		applied := strings.Repeat("x", 20_000)
		p.send(http.MethodPost, "/createPod", fmt.Sprintf(
			`{"metadata":{"name":"web-%d","namespace":"default","annotations":{"kubectl.kubernetes.io/last-applied-configuration":%q,"moonlet.dev/script":"job","team":"a"}},"spec":{"containers":[{"name":"c","image":"i"}]}}`, n, applied))
	}
	a := p.get("/getPods")
	if len(a.body) >= 1_000_000 {
		t.Errorf("%d bytes", len(a.body))
	}
	var list []v1.Pod
	p.decode(a, &list)
	if len(list) != pods {
		t.Fatalf("%d pods of %d", len(list), pods)
	}
	if got := list[0].Annotations; got["moonlet.dev/script"] != "job" || got["team"] != "a" || len(got) != 2 {
		t.Errorf("annotations: %v", got)
	}
	var one v1.Pod
	p.decode(p.get("/getPod?namespace=default&name=web-0"), &one)
	if len(one.Annotations) != 3 {
		t.Errorf("getPod leaves annotations out: %d", len(one.Annotations))
	}
}
