package hook

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// HTTPRequest is a request that came through a forwarded port, as http sees it.
type HTTPRequest struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`  // decoded, without the query
	Query   map[string]string `json:"query"` // the first value of each name
	Host    string            `json:"host"`
	Headers map[string]string `json:"headers"` // names in lower case; several values are joined by ", "
	Body    string            `json:"body"`
}

// HTTPAnswer is what is sent back.
type HTTPAnswer struct {
	Status  int
	Headers map[string]string
	Body    string
	Refused bool // nothing listens there
}

// HTTPAsk is one request to a port of a pod.
type HTTPAsk struct {
	Port    int32
	Number  int // nth request to that port, from 1
	At      time.Time
	Request *HTTPRequest
}

// HTTP asks for the answer to a request. It reports false where the built-in page is to be shown: no script answers,
// or it had nothing to say, or it broke.
func (h *Hooks) HTTP(ctx context.Context, s Subject, q HTTPAsk) (answer HTTPAnswer, asked Asked, ok bool) {
	said, asked := put(ctx, h, question{
		subject: s, hook: HTTP, container: fmt.Sprint(q.Port), number: q.Number, at: q.At,
		args: []any{s.Pod, int(q.Port), q.Request},
	}, httpAnswer)
	if said == nil {
		return HTTPAnswer{}, asked, false
	}
	return *said, asked, true
}

// httpAnswer reads the answer of http; nil: it has none.
func httpAnswer(a script.Answer) (*HTTPAnswer, error) {
	v := value(a, 0)
	switch {
	case v.Kind() == script.Nil:
		return nil, nil
	case v.Kind() == script.Text:
		return &HTTPAnswer{Status: 200, Body: v.Text()}, nil
	case v.Kind() == script.Bool && !v.Bool():
		return &HTTPAnswer{Refused: true}, nil
	case v.Tag() == "reject":
		asked, err := rejection(v)
		if err != nil {
			return nil, err
		}
		return &HTTPAnswer{Status: asked.Fault.Code, Body: asked.Fault.Message + "\n"}, nil
	case v.Kind() == script.Table:
		return httpTable(v)
	}
	return nil, fmt.Errorf("answer: %s is not an HTTP answer: return text, { status = 200, headers = {…}, body = \"…\" } or reject(code, why)", describe(v))
}

func httpTable(v script.Value) (*HTTPAnswer, error) {
	t := struct {
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    string            `json:"body"`
	}{Status: 200}
	if err := v.Decode("answer", &t); err != nil {
		return nil, err
	}
	if t.Status < 200 || t.Status > 599 {
		return nil, fmt.Errorf("answer.status: want an HTTP status from 200 to 599, got %d", t.Status)
	}
	for name := range maps.Keys(t.Headers) {
		if !headerName(name) || strings.ContainsAny(t.Headers[name], "\r\n\x00") {
			return nil, fmt.Errorf("answer.headers[%q]: is not a header: a name has letters, digits and dashes, a value is one line", name)
		}
	}
	return &HTTPAnswer{Status: t.Status, Headers: t.Headers, Body: t.Body}, nil
}

func headerName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}
