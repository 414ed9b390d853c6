package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/enginetest/capture"
	"github.com/moonlet-dev/moonlet/engine/server"
)

// seeds are all bodies we know: recorded ones, the lab's, and odd ones.
func seeds(f *testing.F) []string {
	f.Helper()
	all := []string{
		web, "", "null", "{}", "[]", `"x"`, "{\"metadata\":{\"name\":\"web\"", web + "x", `{"metadata":{"name":"web","name":"two"}}`,
		`{"METADATA":{"Name":"web"}}`, `{"metadata":{"name":"\ud800"}}`, `{"metadata":{"creationTimestamp":"2018-08-30T13:25:37.123Z"}}`,
		`{"spec":{"containers":[{"resources":{"limits":{"cpu":1.5,"memory":"1Gi"}},"ports":[{"containerPort":80}]}]}}`,
		`{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":"http"}}}],"volumes":[{"name":"v","emptyDir":{}}]}}`,
		`{"status":{"containerStatuses":[{"restartCount":1e2}]}}`, `{"metadata":{"managedFields":[{"fieldsV1":{"f:a":{}}}]}}`,
		`{"spec":{"containers":null,"hostNetwork":null}}`, `{"spec":{"activeDeadlineSeconds":9223372036854775808}}`,
	}
	for _, name := range []string{capture.Client, capture.OldVK, capture.LastVK} {
		requests, err := capture.Load(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, r := range requests {
			if len(r.Body) > 0 {
				all = append(all, string(r.Body))
			}
		}
	}
	for _, name := range []string{"pod.json", "podn.json", "pod-sample.json", "stopped.json"} {
		all = append(all, readFile(f, "testdata/pods/"+name))
	}
	return all
}

// The fast decoder may only be faster: what is taken and what is refused is as encoding/json has it.
func FuzzDecodePod(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		kept := string(body)
		got, err := server.DecodePod(body)
		want := new(v1.Pod)
		wantErr := json.Unmarshal([]byte(kept), want)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("got %v, encoding/json says %v", err, wantErr)
		}
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "body: ") || strings.Contains(text, "\n") {
				t.Errorf("the error is not one line about the body: %q", text)
			}
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decoded otherwise than by encoding/json (-want +got):\n%s", diff)
		}
		if string(body) != kept {
			t.Error("the body was changed")
		}
	})
}

// Our own scan of a query finds what net/url finds: seen through what the provider is asked for.
func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"", "namespace=default&name=web", "name=web&namespace=default", "name=a&name=b", "name=&name=b", "n%61me=x", "name=c%2Fd+e%25%C3%A9",
		"name=%zz&name=b", "name", "name=a;b&name=c", "&&name=x", "NAME=x", "podName=a&containerName=b&tail=10", "tail=-1", "tail=%31", "tail=x&podName=a", "tail=+5", "previous=1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if strings.Count(raw, "&") > 1000 {
			t.Skip("net/url has a limit of its own")
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = raw
		q := r.URL.Query()
		for _, c := range []struct{ path, name string }{{"/getPod", "name"}, {"/getContainerLogs", "podName"}} {
			r.URL.Path = c.path
			p := newFake()
			p.logs = nil
			w := httptest.NewRecorder()
			newServer(p).ServeHTTP(w, r)
			checkLookup(t, w, q, c.name, p)
		}
	})
}

func checkLookup(t *testing.T, w *httptest.ResponseRecorder, q url.Values, name string, p *fake) {
	t.Helper()
	namespace := q.Get("namespace")
	if namespace == "" {
		namespace = "default"
	}
	_, err := strconv.Atoi(q.Get("tail"))
	badTail := name == "podName" && q.Get("tail") != "" && err != nil && !strings.Contains(err.Error(), "range")
	switch {
	case q.Get(name) == "" || (name == "podName" && q.Get("containerName") == "") || badTail:
		if w.Code != http.StatusBadRequest {
			t.Errorf("%v: %d %s", q, w.Code, w.Body)
		}
	case w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), " pod "+namespace+"/"+q.Get(name)+":"):
		t.Errorf("%v: %d %q", q, w.Code, w.Body)
	case name == "podName":
		if got := p.logs[0]; got.Container != q.Get("containerName") || (got.Tail != nil && *got.Tail < 0) {
			t.Errorf("%v: asked %+v", q, got)
		}
	}
}

// Whatever the body: an answer, and never our fault.
func FuzzBodies(f *testing.F) {
	targets := []struct{ method, path string }{
		{"POST", "/createPod"},
		{"PUT", "/updatePod"},
		{"DELETE", "/deletePod"},
		{"PUT", "/api/v1/params/flaky/crash_rate"},
		{"POST", "/api/v1/scripts/flaky/check"},
		{"POST", "/api/v1/actions"},
	}
	for _, s := range append(seeds(f), `{"value":1}`, `{"value":{}}`, "match = true",
		`{"verb":"unready","on":"pod","lasts":"5m","select":{"names":["a/b"],"share":0.5}}`, `{"verb":"capacity","on":"node","args":{"resources":{"cpu":[1]}}}`,
		`{"verb":"crash","on":"pod","args":{"code":1e300}}`, `{"verb":"crash","on":"pod","select":{"draw":-1}}`,
	) {
		for i := range targets {
			f.Add(uint8(i), s)
		}
	}
	f.Fuzz(func(t *testing.T, target uint8, body string) {
		to := targets[int(target)%len(targets)]
		r := do(newServer(newFake()), to.method, to.path, body)
		if r.StatusCode/100 != 2 && r.StatusCode/100 != 4 {
			t.Errorf("%s %s: %s", to.method, to.path, r.Status)
		}
	})
}
