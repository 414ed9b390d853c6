package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/server"
)

const web = `{"metadata":{"name":"web","namespace":"default"},"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}`

// answer is what came back.
type answer struct {
	StatusCode int
	Status     string // "404 Not Found"
	Header     http.Header
	Body       string
}

// do asks h.
func do(h http.Handler, method, target, body string, header ...string) answer {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{w.Code, strconv.Itoa(w.Code) + " " + http.StatusText(w.Code), w.Header(), w.Body.String()}
}

// read gives the whole body of an answer off a real connection, and closes it.
func read(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newServer(f *fake) *server.Server { return server.New(server.Options{Provider: f}) }

// withWeb is a server that holds the pod default/web.
func withWeb(t *testing.T) (*server.Server, *fake) {
	t.Helper()
	f := newFake()
	s := newServer(f)
	if r := do(s, "POST", "/createPod", web); r.StatusCode != http.StatusOK {
		t.Fatalf("create: %s: %s", r.Status, r.Body)
	}
	return s, f
}

// golden compares with a file of testdata/golden, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s\nif it is meant: go test ./engine/server -update", name, diff)
	}
}

// Each call, asked once as on the wire; the files hold request and reply.
func TestGoldenCalls(t *testing.T) {
	for _, c := range []struct{ name, method, target, body string }{
		{"createPod", "POST", "/createPod", strings.ReplaceAll(web, "web", "new")},
		{"createPod_again", "POST", "/createPod", web},
		{"createPod_no_name", "POST", "/createPod", `{"metadata":{}}`},
		{"createPod_wrong_type", "POST", "/createPod", `{"metadata":{"name":"web"},"status":{"containerStatuses":[{"restartCount":"1"}]}}`},
		{"updatePod", "PUT", "/updatePod", web},
		{"updatePod_unknown", "PUT", "/updatePod", strings.ReplaceAll(web, "web", "new")},
		{"deletePod", "DELETE", "/deletePod", web},
		{"deletePod_unknown", "DELETE", "/deletePod", strings.ReplaceAll(web, "web", "new")},
		{"getPod", "GET", "/getPod?namespace=default&name=web", ""},
		{"getPod_unknown", "GET", "/getPod?namespace=default&name=nosuch", ""},
		{"getPodStatus", "GET", "/getPodStatus?namespace=default&name=web", ""},
		{"getPodStatus_unknown", "GET", "/getPodStatus?namespace=default&name=nosuch", ""},
		{"getPods", "GET", "/getPods", ""},
		{"getContainerLogs", "GET", "/getContainerLogs?namespace=default&podName=web&containerName=nginx&tail=2", ""},
		{"getContainerLogs_unknown_container", "GET", "/getContainerLogs?namespace=default&podName=web&containerName=x&tail=2", ""},
		{"capacity", "GET", "/capacity", ""},
		{"nodeConditions", "GET", "/nodeConditions", ""},
		{"nodeAddresses", "GET", "/nodeAddresses", ""},
		{"nodeDaemonEndpoints", "GET", "/nodeDaemonEndpoints", ""},
		{"operatingSystem", "GET", "/operatingSystem", ""},
		{"welcome", "GET", "/", ""},
		{"unknown_path", "GET", "/nosuch", ""},
		{"wrong_method", "POST", "/getPods", ""},
		{"v1_unknown_pod", "GET", "/api/v1/pods/default/nosuch", ""},
		{"v1_bad_selector", "GET", "/api/v1/pods?labels=!!", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := withWeb(t)
			r := do(s, c.method, c.target, c.body)
			var header bytes.Buffer
			if err := r.Header.Write(&header); err != nil {
				t.Fatal(err)
			}
			text := c.method + " " + c.target + "\n" + c.body + "\n\n" + r.Status + "\n" +
				strings.ReplaceAll(header.String(), "\r\n", "\n") + "\n" + r.Body
			golden(t, c.name+".txt", []byte(strings.TrimRight(text, "\n")+"\n"))
		})
	}
}

func TestAnEmptyNodeListsNoPods(t *testing.T) {
	if got := do(newServer(newFake()), "GET", "/getPods", "").Body; got != "[]" {
		t.Errorf("got %q, want a bare empty array", got)
	}
}

func TestDoubleSlashesAreServed(t *testing.T) {
	s, _ := withWeb(t)
	for _, c := range []struct{ method, target, body string }{
		{"GET", "//getPods", ""},
		{"GET", "///getPod?namespace=default&name=web", ""},
		{"PUT", "//updatePod", web},
		{"GET", "/api//v1//pods", ""},
	} {
		if r := do(s, c.method, c.target, c.body); r.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %s", c.method, c.target, r.Status)
		}
	}
}

func TestPathsAreNeverMended(t *testing.T) {
	s, _ := withWeb(t)
	for _, target := range []string{"/getpods", "/GETPODS", "/getPods/", "/api/v1/pods/", "/./getPods", "/x/../getPods", "/get%50ods/"} {
		if r := do(s, "GET", target, ""); r.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: %s, want 404", target, r.Status)
		}
	}
}

func TestAWrongMethodNamesTheRightOnes(t *testing.T) {
	s, _ := withWeb(t)
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/createPod", "OPTIONS, POST"},
		{"POST", "/updatePod", "OPTIONS, PUT"},
		{"POST", "//getPods", "GET, HEAD, OPTIONS"},
		{"DELETE", "/api/v1/pods/a/b", "GET, HEAD, OPTIONS"},
		{"GET", "/api/v1/params/a/b", "OPTIONS, PUT"},
	} {
		r := do(s, c.method, c.target, web)
		if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != c.want {
			t.Errorf("%s %s: %s, Allow %q, want 405 and %q", c.method, c.target, r.Status, r.Header.Get("Allow"), c.want)
		}
	}
}

func TestHeadIsServedWhereGetIs(t *testing.T) {
	srv := httptest.NewServer(newServer(newFake()))
	defer srv.Close()
	for _, path := range []string{"/", "/getPods", "/capacity", "/livez", "/api/v1/params"} {
		r, err := srv.Client().Head(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		if body := read(t, r); r.StatusCode != http.StatusOK || r.ContentLength <= 0 || body != "" {
			t.Errorf("HEAD %s: %s, length %d, body %q", path, r.Status, r.ContentLength, body)
		}
	}
}

func TestAnyContentTypeIsTaken(t *testing.T) {
	for _, kind := range []string{"", "application/json", "application/x-www-form-urlencoded", "text/plain", "nonsense;;"} {
		if r := do(newServer(newFake()), "POST", "/createPod", web, "Content-Type", kind); r.StatusCode != http.StatusOK {
			t.Errorf("%q: %s", kind, r.Status)
		}
	}
}

func TestAPodWithoutNamespaceIsInDefault(t *testing.T) {
	s := newServer(newFake())
	do(s, "POST", "/createPod", strings.Replace(web, `,"namespace":"default"`, "", 1))
	for _, target := range []string{"/getPod?name=web", "/getPod?namespace=&name=web", "/getPod?namespace=default&name=web", "/getContainerLogs?podName=web&containerName=nginx"} {
		if r := do(s, "GET", target, ""); r.StatusCode != http.StatusOK {
			t.Errorf("GET %s: %s", target, r.Status)
		}
	}
	if r := do(s, "DELETE", "/deletePod", `{"metadata":{"name":"web"}}`); r.StatusCode != http.StatusOK {
		t.Errorf("delete: %s", r.Status)
	}
}

func TestTheBodyNamesThePodAndNotTheQuery(t *testing.T) {
	s, f := withWeb(t)
	do(s, "DELETE", "/deletePod?namespace=other&name=other", web)
	if len(f.pods) != 0 {
		t.Error("the pod is still there")
	}
}

func TestTheGenerationIsOnEveryAnswer(t *testing.T) {
	s, f := withWeb(t)
	for _, gen := range []string{"1", "42"} {
		f.gen = gen
		for _, target := range []string{"/", "/getPods", "/getPod?name=nosuch", "/nosuch", "/livez", "/readyz", "/metrics", "/api/v1/node"} {
			if got := do(s, "GET", target, "").Header.Get(api.HeaderGeneration); got != gen {
				t.Errorf("GET %s: generation %q, want %q", target, got, gen)
			}
		}
	}
}

func TestTailReachesTheProvider(t *testing.T) {
	for _, c := range []struct {
		query string
		want  any
	}{
		{"", nil},
		{"&tail=", nil},
		{"&tail=-1", nil},
		{"&tail=0", 0},
		{"&tail=10", 10},
		{"&tail=99999999999999999999", 1<<63 - 1},
		{"&tail=-99999999999999999999", nil},
	} {
		s, f := withWeb(t)
		do(s, "GET", "/getContainerLogs?namespace=default&podName=web&containerName=nginx"+c.query, "")
		if len(f.logs) != 1 {
			t.Fatalf("%q: asked %d times", c.query, len(f.logs))
		}
		var got any
		if tail := f.logs[0].Tail; tail != nil {
			got = *tail
		}
		if got != c.want {
			t.Errorf("%q: got %v, want %v", c.query, got, c.want)
		}
	}
}

func TestPreviousReachesTheProvider(t *testing.T) {
	s, f := withWeb(t)
	do(s, "GET", "/getContainerLogs?podName=web&containerName=nginx&previous=true", "")
	do(s, "GET", "/getContainerLogs?podName=web&containerName=nginx", "")
	if !f.logs[0].Previous || f.logs[1].Previous {
		t.Errorf("asked %+v", f.logs)
	}
}

func TestEverySettingIsServed(t *testing.T) {
	s := server.New(server.Options{Provider: newFake(), OS: "Windows", KubeletPort: 10250, BodyLimit: 10})
	if got := do(s, "GET", "/operatingSystem", "").Body; got != "Windows" {
		t.Errorf("operatingSystem: %q", got)
	}
	if got := do(s, "GET", "/nodeDaemonEndpoints", "").Body; got != `{"kubeletEndpoint":{"Port":10250}}` {
		t.Errorf("nodeDaemonEndpoints: %q", got)
	}
	if r := do(s, "POST", "/createPod", web); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("body limit: %s", r.Status)
	}
}
