package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/server"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// sentinels are all errors that state names, with their status.
var sentinels = map[string]struct {
	err  error
	code int
}{
	"ErrNotFound":  {state.ErrNotFound, 404},
	"ErrExists":    {state.ErrExists, 409},
	"ErrConflict":  {state.ErrConflict, 409},
	"ErrInvalid":   {state.ErrInvalid, 400},
	"ErrTooOld":    {state.ErrTooOld, 500},
	"ErrClosed":    {state.ErrClosed, 500},
	"ErrUnwritten": {state.ErrUnwritten, 500},
	"ErrLocked":    {state.ErrLocked, 500},
	"ErrForeign":   {state.ErrForeign, 500},
	"ErrDamaged":   {state.ErrDamaged, 500},
	"ErrFormat":    {state.ErrFormat, 500},
}

func TestEverySentinelHasItsStatus(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../state/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok {
			if _, known := sentinels[v.Names[0].Name]; !known {
				t.Errorf("state.%s is not in this test: decide its status", v.Names[0])
			}
		}
		return true
	})
	for name, c := range sentinels {
		f := newFake()
		f.fails[api.CreatePod] = fmt.Errorf("create pod default/web: %w", c.err)
		want := "create pod default/web: " + c.err.Error() + "\n"
		if c.code == 500 {
			want = "internal error: the log of moonlet says more\n"
		}
		r := do(newServer(f), "POST", "/createPod", web)
		if got := r.Body; r.StatusCode != c.code || got != want {
			t.Errorf("%s: %s %q, want %d %q", name, r.Status, got, c.code, want)
		}
	}
}

// What is not in the table stays inside: the client learns that, the log learns what.
func TestAnUnknownErrorStaysInside(t *testing.T) {
	var log bytes.Buffer
	f := newFake()
	f.fails[api.Capacity] = errors.New("the disk burns")
	s := server.New(server.Options{Provider: f, Log: slog.New(slog.NewTextHandler(&log, nil))})
	r := do(s, "GET", "/capacity", "")
	if got := r.Body; r.StatusCode != http.StatusInternalServerError || got != "internal error: the log of moonlet says more\n" {
		t.Errorf("%s %q", r.Status, got)
	}
	if !strings.Contains(log.String(), `err="the disk burns"`) {
		t.Errorf("log: %s", &log)
	}
}

func TestErrorsOfV1AreJSON(t *testing.T) {
	s, _ := withWeb(t)
	for _, c := range []struct {
		method, target, body string
		code                 int
		want                 api.Error
	}{
		{"GET", "/api/v1/pods/default/nosuch", "", 404, api.Error{Error: "get pod default/nosuch: not found"}},
		{"GET", "/api/v1/pods/default/nosuch/journal", "", 404, api.Error{Error: "journal of pod default/nosuch: not found"}},
		{"GET", "/api/v1/pods?limit=-1", "", 400, api.Error{Error: `limit: want a whole number from 0 up, got "-1"`, Field: "limit", Hint: "0 means all"}},
		{"GET", "/api/v1/scripts/nosuch", "", 404, api.Error{Error: "script nosuch: not found"}},
		{"GET", "/api/v1/nosuch", "", 404, api.Error{Error: `nothing is served at "/api/v1/nosuch"`, Hint: "GET / lists what is"}},
		{"POST", "/api/v1/node", "", 405, api.Error{Error: `"/api/v1/node" does not take "POST"`, Hint: "use GET, HEAD, OPTIONS"}},
		{"PUT", "/api/v1/params/flaky/nosuch", `{"value":1}`, 404, api.Error{Error: "set param flaky.nosuch: not found"}},
		{"PUT", "/api/v1/params/flaky/crash_rate", `{"value":"x"}`, 400, api.Error{Error: "set param flaky.crash_rate: want a number: invalid"}},
		{"PUT", "/api/v1/params/flaky/crash_rate", `{}`, 400, api.Error{Error: "value: want a number, a string, true or false", Field: "value", Hint: `send {"value": 0.5}`}},
		{"PUT", "/api/v1/params/flaky/crash_rate", `{"value":[1]}`, 400, api.Error{Error: "value: want a number, a string, true or false", Field: "value", Hint: `send {"value": 0.5}`}},
		{"PUT", "/api/v1/params/flaky/crash_rate", `7`, 400, api.Error{Error: "body: want an object, got a number", Field: "body"}},
		{"PUT", "/api/v1/params/flaky/crash_rate", ``, 400, api.Error{Error: "body: not JSON: it ends too early, after 0 bytes (line 1, column 0)", Field: "body"}},
		{"POST", "/api/v1/scripts/flaky/check", "\xff", 400, api.Error{Error: "body: not UTF-8", Field: "body", Hint: "send the script's text as it is in the file"}},
		{"GET", "/api/v1/events", "", 400, api.Error{Error: `Last-Event-Id: want the id of an event, got "x"`, Field: "Last-Event-Id", Hint: "send the last one received, or none"}},
	} {
		r := do(s, c.method, c.target, c.body, api.HeaderLastEvent, "x")
		var got api.Error
		body := r.Body
		if err := json.Unmarshal([]byte(body), &got); err != nil || r.StatusCode != c.code || got != c.want || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %s %s\nwant %+v", c.method, c.target, r.Status, body, c.want)
		}
	}
}

// One recover: the client gets a 500, the log the stack, the next request its answer.
func TestAPanicIsA500(t *testing.T) {
	var log bytes.Buffer
	f := newFake()
	s := server.New(server.Options{Provider: panicking{f}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	r := do(s, "GET", "/nodeAddresses", "")
	if got := r.Body; r.StatusCode != http.StatusInternalServerError || got != "internal error: the log of moonlet says more\n" {
		t.Errorf("%s %q", r.Status, got)
	}
	if !strings.Contains(log.String(), "panic while serving") || !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "errors_test.go") {
		t.Errorf("log: %s", &log)
	}
	if r := do(s, "GET", "/capacity", ""); r.StatusCode != http.StatusOK {
		t.Errorf("the next request: %s", r.Status)
	}
}

// The request log is for debugging, and never holds a body or a query.
func TestTheRequestLog(t *testing.T) {
	for level, want := range map[slog.Level]bool{slog.LevelDebug: true, slog.LevelInfo: false} {
		var log bytes.Buffer
		s := server.New(server.Options{Provider: newFake(), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: level}))})
		do(s, "POST", "/createPod", strings.Replace(web, `"image"`, `"env":[{"name":"P","value":"hunter2"}],"image"`, 1))
		do(s, "POST", "/createPod", `{"hunter2":`)
		do(s, "GET", "/getPod?name=hunter2", "")
		do(s, "GET", "/api/v1/node", "")
		do(s, "GET", "/hunter", "")
		if got := strings.Count(log.String(), "msg=request") == 5; got != want {
			t.Errorf("at %s: %s", level, &log)
		}
		if want && !strings.Contains(log.String(), "method=POST path=/createPod code=200 took=") {
			t.Errorf("log: %s", &log)
		}
		if strings.Contains(log.String(), "hunter2") {
			t.Errorf("the log tells what it must not: %s", &log)
		}
	}
}

// A call that ends because its client has gone is no error of ours, and gets no answer that a proxy might keep.
func TestAClientThatHasGoneGetsNoAnswer(t *testing.T) {
	var log bytes.Buffer
	f := newFake()
	f.fails[api.CreatePod] = context.Canceled
	s := server.New(server.Options{Provider: f, Log: slog.New(slog.NewTextHandler(&log, nil))})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("ended in %v", err)
			}
		}()
		s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, "/createPod", strings.NewReader(web)))
	}()
	if w.Body.Len() > 0 || log.Len() > 0 {
		t.Errorf("answer %q, log %s", w.Body, &log)
	}
	if text := do(s, "GET", "/metrics", "").Body; !strings.Contains(text, `moonlet_provider_requests_total{call="createPod",code="left"} 1`) {
		t.Errorf("not counted:\n%s", text)
	}
}
