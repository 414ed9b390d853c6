package connect

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// deadAfter is how long nothing must have been answered before connections count as dead.
const deadAfter = 10 * time.Second

// redial closes all connections when they seem dead. HTTP/2 sends all requests through one connection, and a
// connection whose other end vanished without a word is found out only by pings, half a minute later: too late for a
// lease.
type redial struct {
	next     http.RoundTripper
	closeAll func()
	answered atomic.Int64 // when there was an answer last, or the connections were closed; Unix nanoseconds
}

func newRedial(next http.RoundTripper, closeAll func()) *redial {
	r := &redial{next: next, closeAll: closeAll}
	r.answered.Store(machineTime())
	return r
}

// machineTime is about the machine's connections, and no clock of a story moves those.
func machineTime() int64 { return time.Now().UnixNano() } //nolint:forbidigo // see above

// RoundTrip sends a request.
func (r *redial) RoundTrip(request *http.Request) (*http.Response, error) {
	began := machineTime()
	response, err := r.next.RoundTrip(request)
	switch {
	case err == nil:
		r.answered.Store(machineTime())
	case errors.Is(request.Context().Err(), context.DeadlineExceeded):
		r.suspect(began)
	}
	return response, err
}

// suspect closes the connections unless one of them answered, or was closed, since a request began that ran into
// its deadline, or shortly before.
func (r *redial) suspect(began int64) {
	last, now := r.answered.Load(), machineTime()
	if last > began || time.Duration(now-last) < deadAfter {
		return
	}
	if r.answered.CompareAndSwap(last, now) {
		r.closeAll()
	}
}

// WrappedRoundTripper returns the transport below, for those who look for it.
func (r *redial) WrappedRoundTripper() http.RoundTripper { return r.next }
