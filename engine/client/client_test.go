package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var web = &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}, Spec: v1.PodSpec{Containers: []v1.Container{{Name: "nginx", Image: "nginx"}}}}

// provider answers everything with h; the client is for base, below the server's address.
func provider(t *testing.T, h http.HandlerFunc, base string, o client.Options) *client.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := client.New(strings.Replace(base, "HOST", srv.Listener.Addr().String(), 1), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func answer(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// every is each call of the client, as a function of nothing but its error.
var every = map[string]func(context.Context, *client.Client) error{
	"createPod":    func(ctx context.Context, c *client.Client) error { return c.CreatePod(ctx, web) },
	"updatePod":    func(ctx context.Context, c *client.Client) error { return c.UpdatePod(ctx, web) },
	"deletePod":    func(ctx context.Context, c *client.Client) error { return c.DeletePod(ctx, web) },
	"getPod":       func(ctx context.Context, c *client.Client) error { _, err := c.GetPod(ctx, "a", "b"); return err },
	"getPodStatus": func(ctx context.Context, c *client.Client) error { _, err := c.GetPodStatus(ctx, "a", "b"); return err },
	"getPods":      func(ctx context.Context, c *client.Client) error { _, err := c.GetPods(ctx); return err },
	"getContainerLogs": func(ctx context.Context, c *client.Client) error {
		_, err := c.GetContainerLogs(ctx, api.LogRequest{})
		return err
	},
	"capacity":       func(ctx context.Context, c *client.Client) error { _, err := c.Capacity(ctx); return err },
	"nodeConditions": func(ctx context.Context, c *client.Client) error { _, err := c.NodeConditions(ctx); return err },
	"nodeAddresses":  func(ctx context.Context, c *client.Client) error { _, err := c.NodeAddresses(ctx); return err },
}

// What each call sends, as recorded from the old client: method, path, query, content type, body.
func TestRequestsAreThoseOfTheOldClient(t *testing.T) {
	ten := 10
	pod := `{"metadata":{"name":"web","namespace":"default"},"spec":{"containers":[{"name":"nginx","image":"nginx","resources":{}}]},"status":{}}`
	for name, want := range map[string]string{
		"createPod": "POST /createPod " + pod, "updatePod": "PUT /updatePod " + pod, "deletePod": "DELETE /deletePod " + pod,
		"getPod": "GET /getPod?name=b&namespace=a ", "getPodStatus": "GET /getPodStatus?name=b&namespace=a ", "getPods": "GET /getPods ",
		"getContainerLogs": "GET /getContainerLogs?containerName=&namespace=&podName= ",
		"capacity":         "GET /capacity ", "nodeConditions": "GET /nodeConditions ", "nodeAddresses": "GET /nodeAddresses ",
	} {
		var got string
		c := provider(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = r.Method + " " + r.RequestURI + " " + string(body)
			if r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s: content type %q", name, r.Header.Get("Content-Type"))
			}
			w.WriteHeader(http.StatusTeapot)
		}, "http://HOST", client.Options{})
		_ = every[name](t.Context(), c)
		if got != want {
			t.Errorf("%s: sent %q\nwant %q", name, got, want)
		}
	}
	var query string
	c := provider(t, func(_ http.ResponseWriter, r *http.Request) { query = r.URL.RawQuery }, "http://HOST", client.Options{})
	_, _ = c.GetContainerLogs(t.Context(), api.LogRequest{Namespace: "a&b", Pod: "c/d e%é", Container: "x", Tail: &ten, Previous: true})
	if want := "containerName=x&namespace=a%26b&podName=c%2Fd+e%25%C3%A9&previous=true&tail=10"; query != want {
		t.Errorf("logs: sent %q, want %q", query, want)
	}
}

func TestPathQueryAndUserOfTheURLAreKept(t *testing.T) {
	for base, want := range map[string]string{
		"http://HOST":                       "/getPod?name=b&namespace=a ",
		"http://HOST/":                      "/getPod?name=b&namespace=a ",
		"http://HOST/prefix":                "/prefix/getPod?name=b&namespace=a ",
		"http://HOST/a%20b/?token=abc#frag": "/a%20b/getPod?token=abc&name=b&namespace=a ",
		"http://user:pa%40ss@HOST/":         "/getPod?name=b&namespace=a Basic dXNlcjpwYUBzcw==",
	} {
		var got string
		c := provider(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.RequestURI + " " + r.Header.Get("Authorization")
			_, _ = io.WriteString(w, "{}")
		}, base, client.Options{})
		if _, err := c.GetPod(t.Context(), "a", "b"); err != nil || got != want {
			t.Errorf("%s: sent %q, %v; want %q", base, got, err, want)
		}
	}
}

// No answer makes the client panic, and each that cannot be used is an error that says why.
func TestOddAnswers(t *testing.T) {
	objects := []string{"getPod", "getPodStatus"}
	lists := []string{"getPods", "nodeConditions", "nodeAddresses"}
	for name, c := range map[string]struct {
		code  int
		body  string
		calls []string
		want  string // in the error; empty: none
	}{
		"created":            {201, "", []string{"createPod", "updatePod", "deletePod"}, ""},
		"no content":         {204, "", []string{"createPod", "getContainerLogs"}, ""},
		"no content, JSON":   {204, "", append(lists, "getPod", "capacity"), "answered 204 No Content with an empty body instead of JSON"},
		"empty":              {200, "", append(lists, "getPod", "capacity"), "answered 200 OK with an empty body instead of JSON"},
		"cut":                {200, `{"cpu":`, []string{"getPod", "capacity"}, "the answer does not decode: unexpected end of JSON input"},
		"null object":        {200, " null\n", objects, "the answer is null"},
		"null list":          {200, "null", append(lists, "capacity"), ""},
		"null in a list":     {200, "[null]", lists, ""},
		"a page":             {200, "\n<html>", append(lists, objects...), "answered 200 OK with HTML instead of JSON: <html>"},
		"an object as list":  {200, `{"kind":"PodList","items":[]}`, lists, "cannot unmarshal object"},
		"strings as pods":    {200, `["{}"]`, []string{"getPods"}, "cannot unmarshal string"},
		"a bad quantity":     {200, `{"cpu":"lots"}`, []string{"capacity"}, "quantities must match"},
		"a bad time":         {200, `[{"lastHeartbeatTime":""}]`, []string{"nodeConditions"}, "cannot parse"},
		"numbers as amounts": {200, `{"cpu":20,"nvidia.com/gpu":"1"}`, []string{"capacity"}, ""},
		"too early":          {302, "", []string{"createPod", "getPods"}, "302 Found"},
	} {
		for _, call := range c.calls {
			t.Run(name+"/"+call, func(t *testing.T) {
				err := every[call](t.Context(), provider(t, answer(c.code, c.body), "http://HOST", client.Options{}))
				switch {
				case c.want == "" && err != nil:
					t.Errorf("got %v", err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/"+call+": ")):
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		}
	}
}

func TestANullPodIsLeftOut(t *testing.T) {
	pods, err := provider(t, answer(200, `[null,{"metadata":{"name":"web"}},null]`), "http://HOST", client.Options{}).GetPods(t.Context())
	if err != nil || len(pods) != 1 || pods[0].Name != "web" {
		t.Errorf("%v, %v", pods, err)
	}
}

// An error has what kubectl users need, on one line, and no secret.
func TestAnErrorTellsMethodURLStatusAndReason(t *testing.T) {
	c := provider(t, answer(503, "\n  out of capacity\x00: 3 of 3\nstack…\n"), "http://user:secret@HOST/p?token=secret", client.Options{})
	for name, call := range every {
		err := call(t.Context(), c)
		var e *client.Error
		if !errors.As(err, &e) || e.Code != 503 || client.NotFound(err) {
			t.Fatalf("%s: %v", name, err)
		}
		want := e.Method + " " + e.URL + ": 503 Service Unavailable: out of capacity: 3 of 3"
		if e.Error() != want || strings.Contains(want, "secret") || !strings.HasSuffix(e.URL, "/p/"+name) {
			t.Errorf("got %q\nwant %q", e.Error(), want)
		}
	}
}

func TestWhatIsNotKnownIsNotFound(t *testing.T) {
	c := provider(t, answer(404, "Pod not found"), "http://HOST", client.Options{})
	for name, call := range every {
		if err := call(t.Context(), c); !client.NotFound(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if client.NotFound(nil) || client.NotFound(errors.New("not found")) {
		t.Error("another error is not found, too")
	}
}

func TestLongAnswers(t *testing.T) {
	body := `[{"metadata":{"name":"web","annotations":{"a":"` + strings.Repeat("x", 3<<20) + `"}}}]`
	if pods, err := provider(t, answer(200, body), "http://HOST", client.Options{}).GetPods(t.Context()); err != nil || len(pods) != 1 {
		t.Errorf("3 MiB: %d pods, %v", len(pods), err)
	}
	limited := provider(t, answer(200, body), "http://HOST", client.Options{AnswerLimit: 1000})
	if _, err := limited.GetPods(t.Context()); err == nil || !strings.Contains(err.Error(), "longer than 1000 bytes") {
		t.Errorf("over the limit: %v", err)
	}
	exact := provider(t, answer(200, "12345"), "http://HOST", client.Options{AnswerLimit: 5})
	if log, err := exact.GetContainerLogs(t.Context(), api.LogRequest{}); err != nil || string(log) != "12345" {
		t.Errorf("at the limit: %q, %v", log, err)
	}
}

func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the client leave
	<-r.Context().Done()
}

func TestAProviderThatHangsIsGivenUp(t *testing.T) {
	c := provider(t, hang, "http://HOST/?token=secret", client.Options{Timeout: 20 * time.Millisecond})
	for name, call := range every {
		var late interface{ Timeout() bool }
		if err := call(t.Context(), c); !errors.As(err, &late) || !late.Timeout() || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := provider(t, hang, "http://HOST", client.Options{Timeout: -1}).CreatePod(ctx, web); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestADroppedOrCutAnswerIsAnError(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"dropped": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"cpu":`)
		},
	} {
		c := provider(t, h, "http://HOST/?token=secret", client.Options{})
		if err := every["capacity"](t.Context(), c); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// 301 and 302 turn a POST into a GET; taking its success for the POST's would lose the pod.
func TestRedirectsKeepTheMethod(t *testing.T) {
	for code, want := range map[int]string{301: "POST /createPod", 302: "POST /createPod", 307: "POST /createPod, POST /x/createPod", 308: "POST /createPod, POST /x/createPod"} {
		var seen []string
		c := provider(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if len(body) == 0 {
				t.Errorf("%d: %s without its body", code, r.URL)
			}
			seen = append(seen, r.Method+" "+r.URL.Path)
			if !strings.HasPrefix(r.URL.Path, "/x/") {
				http.Redirect(w, r, "/x"+r.URL.Path, code)
			}
		}, "http://HOST", client.Options{})
		err := c.CreatePod(t.Context(), web)
		if got := strings.Join(seen, ", "); got != want || (err == nil) != (code >= 307) {
			t.Errorf("%d: %s, %v; want %s", code, got, err, want)
		}
	}
	endless := provider(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/getPods", http.StatusFound) }, "http://HOST", client.Options{})
	if _, err := endless.GetPods(t.Context()); err == nil || !strings.Contains(err.Error(), "redirected more than five times") {
		t.Errorf("endless: %v", err)
	}
}

func TestBadURLs(t *testing.T) {
	for _, address := range []string{
		"", "127.0.0.1:3000", "localhost:3000", "ftp://h", "http://", "/x?token=secret", "ftp://u:secret@h", "http://u:secret@h:x/", "http://h\x7f",
	} {
		_, err := client.New(address, client.Options{})
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "want one like http://127.0.0.1:3000") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestAnswersAreDecoded(t *testing.T) {
	pod, err := provider(t, answer(200, `{"metadata":{"name":"web"},"status":{"phase":"Running"}}`), "http://HOST", client.Options{}).GetPod(t.Context(), "default", "web")
	if err != nil || pod.Name != "web" || pod.Status.Phase != v1.PodRunning {
		t.Errorf("%v, %v", pod, err)
	}
	addresses, err := provider(t, answer(200, `[{"type":"InternalIP","address":"1.2.3.4"}]`), "http://HOST", client.Options{}).NodeAddresses(t.Context())
	if diff := cmp.Diff([]v1.NodeAddress{{Type: v1.NodeInternalIP, Address: "1.2.3.4"}}, addresses); diff != "" || err != nil {
		t.Errorf("%s %v", diff, err)
	}
}
