package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moonlet-dev/moonlet/engine/server"
)

var changing = []struct{ method, path string }{{"POST", "/createPod"}, {"PUT", "/updatePod"}, {"DELETE", "/deletePod"}}

// Every bad body is a 400 that names field and reason, on each call that takes one, and nothing changes.
func TestBadBodies(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"empty":                    {"", "body: empty: send the pod as JSON"},
		"only blanks":              {" \n\t", "body: empty: send the pod as JSON"},
		"a form":                   {"name=web&image=nginx", "body: not JSON at line 1, column 2: invalid character 'a' in literal null (expecting 'u')"},
		"a page":                   {"<html>", "body: not JSON at line 1, column 1: invalid character '<' looking for beginning of value"},
		"cut off":                  {web[:60], "body: not JSON: it ends too early, after 60 bytes (line 1, column 60)"},
		"cut in a string":          {"{\n  \"metadata\": {\"na", "body: not JSON: it ends too early, after 20 bytes (line 2, column 18)"},
		"something after it":       {web + "x", "body: not JSON at line 1, column 107: invalid character 'x' after top-level value"},
		"two pods":                 {web + web, "body: not JSON at line 1, column 107: invalid character '{' after top-level value"},
		"a list":                   {"[" + web + "]", "body: want an object, got an array"},
		"a string":                 {`"web"`, "body: want an object, got a string"},
		"null":                     {"null", "metadata.name: missing: a pod is known by its name"},
		"an empty object":          {"{}", "metadata.name: missing: a pod is known by its name"},
		"no name":                  {`{"metadata":{"namespace":"a"}}`, "metadata.name: missing: a pod is known by its name"},
		"null name":                {`{"metadata":{"name":null}}`, "metadata.name: missing: a pod is known by its name"},
		"a name that is none":      {`{"metadata":{"name":"Web_1"}}`, `metadata.name: "Web_1" is not a pod's name: a lowercase RFC 1123 subdomain must consist of`},
		"a namespace that is none": {`{"metadata":{"name":"web","namespace":"a.b"}}`, `metadata.namespace: "a.b" is not a namespace: `},
		"name is a number":         {`{"metadata":{"name":1}}`, "body: metadata.name: want a string, got a number"},
		"metadata is a list":       {`{"metadata":[]}`, "body: metadata: want an object, got an array"},
		"string for a number":      {`{"metadata":{"name":"web"},"status":{"containerStatuses":[{},{"restartCount":"1"}]}}`, "body: status.containerStatuses[1].restartCount: want a number, got a string"},
		"fraction for a number":    {`{"metadata":{"name":"web"},"spec":{"containers":[{"ports":[{"containerPort":8.5}]}]}}`, "body: spec.containers[0].ports[0].containerPort: want a number, got the number 8.5"},
		"number too large":         {`{"metadata":{"name":"web"},"spec":{"containers":[{"ports":[{"containerPort":1e99}]}]}}`, "body: spec.containers[0].ports[0].containerPort: want a number, got the number 1e99"},
		"object for a list":        {`{"metadata":{"name":"web"},"spec":{"containers":{"name":"a"}}}`, "body: spec.containers: want an array, got an object"},
		"bool for a string":        {`{"metadata":{"name":"web"},"status":{"conditions":[{"type":"Ready","status":true}]}}`, "body: status.conditions[0].status: want a string, got true or false"},
		"string for a bool":        {`{"metadata":{"name":"web"},"spec":{"hostNetwork":"yes"}}`, "body: spec.hostNetwork: want true or false, got a string"},
		"a label that is none":     {`{"metadata":{"name":"web","labels":{"a":"b","c":1}}}`, "body: metadata.labels.c: want a string, got a number"},
		"a bad quantity":           {`{"metadata":{"name":"web"},"spec":{"containers":[{"resources":{"requests":{"cpu":"lots"}}}]}}`, "body: spec.containers[0].resources.requests.cpu: quantities must match"},
		"a bad time":               {`{"metadata":{"name":"web","creationTimestamp":"2018-08-30 13:25:37"}}`, `body: metadata.creationTimestamp: want a time like 2018-08-30T13:25:37Z, got "2018-08-30 13:25:37"`},
		"a field in odd case":      {`{"Metadata":{"NAME":5}}`, "body: metadata.name: want a string, got a number"},
		"a bad volume":             {`{"metadata":{"name":"web"},"spec":{"volumes":[{"name":"v","secret":{"defaultMode":"0644"}}]}}`, "body: spec.volumes[0].secret.defaultMode: want a number, got a string"},
	} {
		for _, call := range changing {
			t.Run(name+call.path, func(t *testing.T) {
				f := newFake()
				refused(t, newServer(f), call.method, call.path, c.body, c.want)
				if len(f.pods) != 0 {
					t.Errorf("something was stored: %v", f.pods)
				}
			})
		}
	}
}

func refused(t *testing.T, s http.Handler, method, target, body, want string) {
	t.Helper()
	r := do(s, method, target, body)
	if got := r.Body; r.StatusCode != http.StatusBadRequest || !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "\n") {
		t.Errorf("%s: %q\nwant 400 and %q", r.Status, got, want)
	}
}

// What is to be kept must have containers with names of their own; what is to go need not.
func TestBadContainers(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"none":             {`{}`, "spec.containers: missing: a pod runs at least one container"},
		"null":             {`{"containers":null}`, "spec.containers: missing"},
		"without name":     {`{"containers":[{"image":"i"}]}`, "spec.containers[0].name: missing"},
		"with a bad name":  {`{"containers":[{"name":"A b"}]}`, `spec.containers[0].name: "A b" is not a container's name: `},
		"twice":            {`{"containers":[{"name":"a"},{"name":"a"}]}`, `spec.containers[1].name: "a" is there twice`},
		"as init and main": {`{"initContainers":[{"name":"a"}],"containers":[{"name":"a"}]}`, `spec.containers[0].name: "a" is there twice`},
		"init unnamed":     {`{"initContainers":[{}],"containers":[{"name":"a"}]}`, `spec.initContainers[0].name: missing`},
	} {
		t.Run(name, func(t *testing.T) {
			body := `{"metadata":{"name":"web"},"spec":` + c.spec + `}`
			s, _ := withWeb(t)
			refused(t, s, "POST", "/createPod", body, c.want)
			refused(t, s, "PUT", "/updatePod", body, c.want)
			if r := do(s, "DELETE", "/deletePod", body); r.StatusCode != http.StatusOK {
				t.Errorf("delete: %s", r.Status)
			}
		})
	}
}

func TestBadQueries(t *testing.T) {
	s, _ := withWeb(t)
	for target, want := range map[string]string{
		"/getPod":                                                "name: missing: ask for ?namespace=default&name=web",
		"/getPodStatus?namespace=default":                        "name: missing",
		"/getContainerLogs?namespace=default":                    "podName: missing",
		"/getContainerLogs?podName=web":                          "containerName: missing",
		"/getContainerLogs?podName=web&containerName=a&tail=abc": `tail: want a whole number, got "abc"`,
		"/getContainerLogs?podName=web&containerName=a&tail=1.5": `tail: want a whole number, got "1.5"`,
		"/getContainerLogs?podName=web&containerName=a&tail=%0a": `tail: want a whole number, got "\n"`,
	} {
		refused(t, s, "GET", target, "", want)
	}
}

func TestABodyOverTheLimit(t *testing.T) {
	const limit = 4 << 20
	for _, call := range changing {
		over := web + strings.Repeat(" ", limit)
		for name, body := range map[string]io.Reader{"announced": strings.NewReader(over), "not announced": io.MultiReader(strings.NewReader(over))} {
			f := newFake()
			w := httptest.NewRecorder()
			newServer(f).ServeHTTP(w, httptest.NewRequest(call.method, call.path, body))
			if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "4194304 bytes") || len(f.pods) != 0 {
				t.Errorf("%s %s: %d %s", call.path, name, w.Code, w.Body)
			}
		}
		fits := web + strings.Repeat(" ", limit-len(web))
		s, _ := withWeb(t)
		if r := do(s, call.method, call.path, fits); r.StatusCode != http.StatusOK {
			t.Errorf("%s at the limit: %s", call.path, r.Status)
		}
	}
}

func TestABodyThatIsAnnouncedTooLargeIsNotRead(t *testing.T) {
	body := strings.NewReader(strings.Repeat(" ", 5<<20))
	before := body.Len()
	newServer(newFake()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/createPod", body))
	if body.Len() != before {
		t.Errorf("%d bytes were read", before-body.Len())
	}
}

// Whoever opens a request and never ends it does not keep the connection.
func TestABodyThatDoesNotComeIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, server.Options{Provider: newFake()})
		conn, err := s.client.Transport.(*http.Transport).DialContext(t.Context(), "tcp", "")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		began := time.Now()
		if _, err := io.WriteString(conn, "POST /createPod HTTP/1.1\r\nHost: moonlet\r\nContent-Length: 100\r\n\r\n"+web[:20]); err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(conn)
		if err != nil || time.Since(began) > time.Minute {
			t.Errorf("the connection ends in %v after %s", err, time.Since(began))
		}
		if r, err := parse(t, string(all)); err != nil || r.StatusCode != http.StatusRequestTimeout || r.Body != "body: not there after 30s\n" {
			t.Errorf("%s %q %v", r.Status, r.Body, err)
		}
	})
}

func TestABodyThatBreaksOff(t *testing.T) {
	body := io.MultiReader(strings.NewReader(web[:20]), errReader{})
	w := httptest.NewRecorder()
	newServer(newFake()).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/createPod", body))
	if got := w.Body.String(); w.Code != http.StatusBadRequest || got != "body: cut off: unexpected EOF\n" {
		t.Errorf("%d %q", w.Code, got)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Pods carry secrets in clear: neither an error nor the log may repeat what a field holds.
func TestValuesAreNotRepeated(t *testing.T) {
	body := `{"metadata":{"name":"web"},"spec":{"containers":[{"name":"a","env":[{"name":"P","value":"hunter2"}],"tty":"hunter2"}]}}`
	if got := do(newServer(newFake()), "POST", "/createPod", body).Body; strings.Contains(got, "hunter2") || !strings.Contains(got, "spec.containers[0].tty") {
		t.Errorf("got %q", got)
	}
}

func TestNullsAndUnknownFieldsAreTaken(t *testing.T) {
	body := `{"kind":null,"metadata":{"name":"web","namespace":null,"creationTimestamp":null,"labels":null,"nosuch":{"a":[1]}},` +
		`"SPEC":{"Containers":[{"NAME":"a","env":null,"resources":{}}],"new":1},"status":{"conditions":[{"lastProbeTime":null}]}}`
	if r := do(newServer(newFake()), "POST", "/createPod", body); r.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", r.Status, r.Body)
	}
}

func TestDecodedPodsShareNothingWithTheBody(t *testing.T) {
	body := []byte(strings.Replace(web, "{", `{"metadata":{"managedFields":[{"fieldsV1":{"f:a":{}}}]},`, 1))
	p, err := server.DecodePod(body)
	if err != nil {
		t.Fatal(err)
	}
	before := string(encode(p))
	for i := range body {
		body[i] = 'x'
	}
	if got := string(encode(p)); got != before {
		t.Errorf("the pod changed with the buffer: %s", got)
	}
}
