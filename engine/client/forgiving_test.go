package client_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

// Several samples take updatePod, and one deletePod, as POST.
func TestPostIsTriedWhereTheMethodFindsNobody(t *testing.T) {
	for name, c := range map[string]struct {
		put, post int
		calls     string // of two calls
		code      int    // of the error; 0: none
	}{
		"the method works":        {200, 500, "PUT PUT", 0},
		"only POST, 404":          {404, 200, "PUT POST POST", 0},
		"only POST, 405":          {405, 204, "PUT POST POST", 0},
		"only POST, 501":          {501, 200, "PUT POST POST", 0},
		"only POST, which breaks": {404, 500, "PUT POST POST", 500},
		"neither: unknown":        {404, 405, "PUT POST PUT POST", 404},
		"it breaks":               {500, 200, "PUT PUT", 500},
	} {
		t.Run(name, func(t *testing.T) {
			var calls []string
			p := provider(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if !strings.Contains(string(body), `"web"`) {
					t.Errorf("%s has the body %s", r.Method, body)
				}
				method := r.Method
				if method == http.MethodDelete {
					method = http.MethodPut
				}
				calls = append(calls, method)
				w.WriteHeader(map[string]int{http.MethodPut: c.put, http.MethodPost: c.post}[method])
			}, "http://HOST", client.Options{})
			for _, call := range []string{"updatePod", "deletePod"} {
				calls = nil
				for range 2 {
					err := every[call](t.Context(), p)
					e, _ := errors.AsType[*client.Error](err)
					if (err == nil) != (c.code == 0) || e != nil && e.Code != c.code {
						t.Errorf("%s: %v", call, err)
					}
				}
				if got := strings.Join(calls, " "); got != c.calls {
					t.Errorf("%s: %s, want %s", call, got, c.calls)
				}
			}
		})
	}
}

func TestLogsInQuotes(t *testing.T) {
	for name, c := range map[string]struct{ kind, body, want string }{
		"plain":                      {"text/plain", "a\n\"b\"\n", "a\n\"b\"\n"},
		"one string":                 {"", `"a\nb \"c\""`, "a\nb \"c\""},
		"one string, as JSON":        {"application/json; charset=utf-8", "\"a\\n\"\n", "a\n"},
		"a line in quotes":           {"text/plain", "\"a\"\n", "\"a\"\n"},
		"two strings":                {"application/json", `"a" "b"`, `"a" "b"`},
		"something else, as JSON":    {"application/json", `{"log":"a"}`, `{"log":"a"}`},
		"no string, though it looks": {"", `"a\q"`, `"a\q"`},
		"a quote":                    {"application/json", `"`, `"`},
		"nothing":                    {"", "", ""},
	} {
		p := provider(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			_, _ = io.WriteString(w, c.body)
		}, "http://HOST", client.Options{})
		if log, err := p.GetContainerLogs(t.Context(), api.LogRequest{}); err != nil || string(log) != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, log, err, c.want)
		}
	}
}

// respond is a transport that answers by itself.
type respond func() *http.Response

func (r respond) RoundTrip(*http.Request) (*http.Response, error) { return r(), nil }

// A log that was made one string comes out as it was, and every other as it is.
func FuzzLogs(f *testing.F) {
	f.Add("a\n\"b\"\n", "text/plain")
	f.Add(`"a"`, "")
	f.Add("\"\xff\"", "application/json")
	f.Fuzz(func(t *testing.T, text, kind string) {
		get := func(body, kind string) string {
			c, err := client.New("http://h", client.Options{Transport: respond(func() *http.Response {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}
			})})
			if err != nil {
				t.Fatal(err)
			}
			log, err := c.GetContainerLogs(t.Context(), api.LogRequest{})
			if err != nil {
				t.Fatal(err)
			}
			return string(log)
		}
		if quoted, err := json.Marshal(text); err == nil && utf8.ValidString(text) {
			if got := get(string(quoted), kind); got != text {
				t.Fatalf("quoted: got %q, want %q", got, text)
			}
		}
		if got := get(text, kind); got != text && !strings.HasPrefix(text, `"`) {
			t.Fatalf("got %q, want %q", got, text)
		}
	})
}

func TestAnUnreadablePodHidesNoOther(t *testing.T) {
	p := provider(t, answer(200, `[{"metadata":{"namespace":"x","name":"bad","uid":"1"},"status":{"containerStatuses":[{"restartCount":"1"}]}},{"metadata":{"name":"good"}}]`), "http://HOST", client.Options{})
	pods, err := p.GetPods(t.Context())
	if err != nil || len(pods) != 2 || pods[0].Namespace != "x" || pods[0].UID != "1" || pods[1].Name != "good" {
		t.Errorf("%v, %v", pods, err)
	}
	nameless := provider(t, answer(200, `[{"metadata":{"labels":7}}]`), "http://HOST", client.Options{})
	if _, err := nameless.GetPods(t.Context()); err == nil || !strings.Contains(err.Error(), "the answer does not decode: json:") {
		t.Errorf("%v", err)
	}
}

func TestAuthoritiesOfItsOwn(t *testing.T) {
	srv := httptest.NewTLSServer(answer(200, "[]"))
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	write := func(text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}))
	for name, c := range map[string]struct{ file, want string }{"given": {file, ""}, "the system's": {"", "certificate"}} {
		p, err := client.New(srv.URL, client.Options{CAFile: c.file})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.GetPods(t.Context())
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		p.Close()
	}
	write([]byte("nothing"))
	if _, err := client.New(srv.URL, client.Options{CAFile: file}); err == nil || !strings.Contains(err.Error(), "holds no PEM certificate") {
		t.Errorf("%v", err)
	}
}

// A pod carries secrets: they do not go where nobody is asked who he is.
func TestPodsDoNotLeaveHTTPS(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it got there") }))
	defer plain.Close()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, plain.URL+"/createPod?token=secret", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	p, err := client.New(srv.URL, client.Options{Transport: srv.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.CreatePod(t.Context(), web); err == nil || !strings.HasSuffix(err.Error(), "redirected from https to http") {
		t.Errorf("%v", err)
	}
}

func TestARefusedRedirectSaysWhereTo(t *testing.T) {
	p := provider(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere/x/createPod?token=secret", http.StatusFound)
	}, "http://HOST", client.Options{})
	err := p.CreatePod(t.Context(), web)
	if err == nil || !strings.HasSuffix(err.Error(), "/createPod: 302 Found: a redirect to http://elsewhere/x/createPod that would make it a GET: have the URL point to where the provider answers") {
		t.Errorf("%v", err)
	}
}

// Whoever calls has to know whether a call may be repeated.
func TestWhatBecameOfACallThatGotNoAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for name, c := range map[string]struct {
		h             http.HandlerFunc
		sent, dropped bool
	}{
		"refused": {nil, false, true},
		"dropped": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true, true},
		"hanging": {hang, true, false},
	} {
		base := "http://HOST"
		if c.h == nil {
			base = "http://" + nobody
		}
		p := provider(t, c.h, base, client.Options{Timeout: 50e6})
		e, ok := errors.AsType[*client.Unanswered](p.CreatePod(t.Context(), web))
		if !ok || e.Sent != c.sent || e.Dropped() != c.dropped {
			t.Errorf("%s: %v, sent %v, dropped %v", name, e, e.Sent, e.Dropped())
		}
	}
}
