package server

import (
	"net/http"
	"strconv"
	"sync/atomic"
)

// Content types, as header values made once: they are shared by all answers and never changed.
var (
	typeJSON = []string{"application/json"}
	typeText = []string{"text/plain; charset=utf-8"}
)

// Outcomes that are no HTTP status: the connection is dropped without an answer.
const (
	codeDropped = -1 // a fault wanted it
	codeLeft    = -2 // the client has gone, or the server goes
)

// reply is one answer.
type reply struct {
	code int
	kind []string // Content-Type
	body []byte
	cut  float64 // share of the body that is sent before the connection closes; 0: all
}

// text is an answer of one plain line.
func text(code int, line string) reply {
	return reply{code: code, kind: typeText, body: []byte(line + "\n")}
}

// write sends the answer and gives back its code. A cut body is announced whole: net/http then closes the connection.
func write(w http.ResponseWriter, a reply) int {
	h := w.Header()
	h["Content-Type"] = a.kind
	h["Content-Length"] = lengthHeader(len(a.body))
	if a.code != http.StatusOK {
		w.WriteHeader(a.code)
	}
	body := a.body
	if a.cut > 0 {
		body = body[:int(float64(len(body))*min(a.cut, 1))]
	}
	_, _ = w.Write(body) // fails when the client has gone, which is not ours to mend
	return a.code
}

// lengths are values of Content-Length, made at first use and shared: the status call is to allocate nothing.
var lengths [8 << 10]atomic.Pointer[[]string]

func lengthHeader(n int) []string {
	if n >= len(lengths) {
		return []string{strconv.Itoa(n)}
	}
	if made := lengths[n].Load(); made != nil {
		return *made
	}
	made := []string{strconv.Itoa(n)}
	lengths[n].Store(&made)
	return made
}

// codeLabel is a code for metrics and the log: a closed set of words beside the HTTP statuses.
func codeLabel(code int) string {
	switch code {
	case codeDropped:
		return "dropped"
	case codeLeft:
		return "left"
	}
	return strconv.Itoa(code)
}
