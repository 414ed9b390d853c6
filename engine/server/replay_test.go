package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/enginetest/capture"
	"github.com/moonlet-dev/moonlet/engine/server"
)

// Everything the real clients sent is sent again, over a real connection, and answered so that they can read it.
func TestReplayOfTheRecordings(t *testing.T) {
	for _, name := range []string{capture.Client, capture.OldVK, capture.LastVK} {
		t.Run(name, func(t *testing.T) {
			requests, err := capture.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			srv := httptest.NewServer(newServer(newFake()))
			defer srv.Close()
			known := map[string]bool{}
			for _, r := range requests {
				replay(t, srv, r, known)
			}
		})
	}
}

func replay(t *testing.T, srv *httptest.Server, r capture.Request, known map[string]bool) {
	t.Helper()
	req, err := r.HTTP(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := wantStatus(t, r, known); resp.Status != want {
		t.Errorf("%s %s: %q, want %q: %s", r.Method, r.Target, resp.Status, want, body)
	} else if resp.StatusCode == http.StatusOK {
		readable(t, r, body)
	}
}

// wantStatus keeps the book of a client: what exists after which request.
func wantStatus(t *testing.T, r capture.Request, known map[string]bool) string {
	t.Helper()
	pod := podOf(t, r)
	found := known[pod]
	path, _, _ := strings.Cut(r.Target, "?")
	switch path {
	case "/createPod", "/updatePod":
		known[pod] = true
		found = true
	case "/deletePod":
		delete(known, pod)
	case "/getPod", "/getPodStatus", "/getContainerLogs":
	default:
		found = true
	}
	if !found {
		return "404 Not Found" // the exact words: anything else means "it exists" to them
	}
	return "200 OK"
}

func podOf(t *testing.T, r capture.Request) string {
	t.Helper()
	if len(r.Body) > 0 {
		var p v1.Pod
		if err := json.Unmarshal(r.Body, &p); err != nil {
			t.Fatal(err)
		}
		return key(p.Namespace, p.Name)
	}
	u, err := url.Parse(r.Target)
	if err != nil {
		t.Fatal(err)
	}
	return key(u.Query().Get("namespace"), u.Query().Get("name")+u.Query().Get("podName"))
}

// readable decodes an answer as the clients do.
func readable(t *testing.T, r capture.Request, body []byte) {
	t.Helper()
	path, _, _ := strings.Cut(r.Target, "?")
	into := map[string]any{
		"/getPod": new(v1.Pod), "/getPodStatus": new(v1.PodStatus), "/getPods": new([]*v1.Pod), "/capacity": new(v1.ResourceList),
		"/nodeConditions": new([]v1.NodeCondition), "/nodeAddresses": new([]v1.NodeAddress),
	}[path]
	if into == nil {
		return
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Errorf("%s %s: %v: %s", r.Method, r.Target, err, body)
	}
}

// The odd cases were recorded by their first lines only: their bodies are gone, so what must hold is that nothing
// breaks and nothing is redirected.
func TestReplayOfTheOddCases(t *testing.T) {
	requests, err := capture.Heads()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range requests {
		want := http.StatusBadRequest // a body is missing
		switch {
		case strings.HasPrefix(r.Target, "/x/"):
			want = http.StatusNotFound
		case r.Target == "/getPods":
			want = http.StatusOK
		case strings.HasPrefix(r.Target, "/getPod?"):
			want = http.StatusNotFound
		}
		got := do(newServer(newFake()), r.Method, r.Target, "", "Authorization", r.Header.Get("Authorization"))
		if got.StatusCode != want {
			t.Errorf("%s %s: %s, want %d", r.Method, r.Target, got.Status, want)
		}
	}
}

// What the lab's page does in a browser on another origin: poll, select, Stop pod.
func TestTheLabPage(t *testing.T) {
	const origin = "http://localhost:8080"
	s := server.New(server.Options{Provider: newFake(), Origins: []string{origin}})
	do(s, "POST", "/createPod", readFile(t, "testdata/pods/podn.json"))

	poll := do(s, "GET", "//getPods", "", "Origin", origin)
	if poll.StatusCode != http.StatusOK || poll.Header.Get("Access-Control-Allow-Origin") != origin {
		t.Fatalf("poll: %s, %v", poll.Status, poll.Header)
	}
	var pods []struct {
		Metadata struct{ Namespace, Name string }
		Status   struct {
			Phase             string
			ContainerStatuses []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(poll.Body), &pods); err != nil || len(pods) != 1 || pods[0].Status.Phase != "Running" {
		t.Fatalf("poll: %+v, %v", pods, err)
	}

	preflight := do(s, "OPTIONS", "//updatePod", "", "Origin", origin, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "content-type")
	if preflight.StatusCode/100 != 2 {
		t.Errorf("preflight: %s", preflight.Status)
	}
	for name, want := range map[string]string{"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "PUT", "Access-Control-Allow-Headers": "Content-Type"} {
		if got := preflight.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("preflight: %s is %q, want %q in it", name, got, want)
		}
	}

	stop := do(s, "PUT", "//updatePod", readFile(t, "testdata/pods/stopped.json"), "Origin", origin, "Content-Type", "application/json")
	if stop.StatusCode != http.StatusOK || stop.Header.Get("Access-Control-Allow-Origin") != origin {
		t.Fatalf("stop: %s, %v", stop.Status, stop.Header)
	}
	status := do(s, "GET", "/getPodStatus?namespace=default&name=helloworld", "").Body
	if !strings.Contains(status, `"phase":"Failed"`) || !strings.Contains(status, `terminated by web ui`) {
		t.Errorf("after stop: %s", status)
	}
}

func TestThePodsOfTheLabAreTaken(t *testing.T) {
	for _, name := range []string{"pod.json", "podn.json", "pod-sample.json", "stopped.json", "lab-pod.json"} {
		if r := do(newServer(newFake()), "POST", "/createPod", readFile(t, "testdata/pods/"+name)); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s: %s", name, r.Status, r.Body)
		}
	}
}

func readFile(tb testing.TB, path string) string {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
