package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// strike plays the part of a fault that comes before the answer: it waits, or answers in place of the call. It
// gives the code of the call if that is over, else 0.
func (s *Server) strike(w http.ResponseWriter, r *http.Request, f fault.Fault) int {
	if f.Latency > 0 && !s.await(r.Context(), f.Latency) {
		return codeLeft
	}
	if f.Hang != 0 && !s.await(r.Context(), f.Hang) {
		return codeLeft
	}
	switch {
	case f.Drop:
		return codeDropped
	case f.Code != 0:
		return s.serveError(w, r, f)
	}
	return 0
}

// await waits for d on the story clock, for ever if d is negative. False: the client left or the server goes down.
func (s *Server) await(ctx context.Context, d time.Duration) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	if d < 0 {
		<-ctx.Done()
		return false
	}
	return s.opts.Clock.Sleep(ctx, d) == nil
}

// serveError answers a status that was asked for. Its message is the body and, as old clients show nothing else,
// the reason phrase.
func (s *Server) serveError(w http.ResponseWriter, r *http.Request, f fault.Fault) int {
	code := f.Code
	if code < 200 || code > 599 {
		code = http.StatusInternalServerError
	}
	message := f.Message
	if message == "" {
		message = http.StatusText(code)
	}
	a := text(code, message)
	// Old clients know an unknown pod by the exact words "404 Not Found".
	if phrase := reasonPhrase(f.Message); phrase != "" && code != http.StatusNotFound && writeWithPhrase(w, r, a, phrase) {
		return code
	}
	return write(w, a)
}

// spoil applies the part of a fault that hits the body.
func spoil(f fault.Fault, a reply) reply {
	if f.Garble {
		a.body = garbled(a.body)
	}
	a.cut = f.Cut
	return a
}

// garbled changes every eighth byte, the first one too, to one that no JSON text may hold there.
func garbled(body []byte) []byte {
	if len(body) == 0 {
		return []byte{0xff}
	}
	bad := slices.Clone(body)
	for i := 0; i < len(bad); i += 8 {
		bad[i] ^= 0x80
	}
	return bad
}
