package kubeletapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// silenceCheck is how soon a session notices that its node has fallen silent.
const silenceCheck = time.Second

var errGone = errors.New("the client has left")

// session is a call that may last: a log that is followed, an exec, a port-forward.
type session struct {
	node    string
	verdict bool // ends with a word from us; without one, clients take a broken connection for success
	cancel  context.CancelCauseFunc
	pumps   sync.WaitGroup

	mu     sync.Mutex
	lost   bool     // was cancelled when its node fell silent; guarded by mu
	conn   net.Conn // nil: not hijacked; guarded by mu
	closed bool     // guarded by mu
}

// sessions are those under way.
type sessions struct {
	mu   sync.Mutex
	open map[*session]bool // guarded by mu
}

// begin opens a session, whose context ends with it, with its client and when its node falls silent.
func (s *sessions) begin(ctx context.Context, one *session) context.Context {
	ctx, one.cancel = context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*session]bool{}
	}
	s.open[one] = true
	return ctx
}

// end closes a session, and waits for what it started.
func (s *sessions) end(one *session) {
	s.mu.Lock()
	delete(s.open, one)
	s.mu.Unlock()
	one.close(context.Canceled)
	one.pumps.Wait()
}

func (s *sessions) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.open {
		one.close(context.Canceled)
	}
}

// lose breaks off the sessions of silent nodes.
func (s *sessions) lose(silent func(node string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for one := range s.open {
		if silent(one.node) {
			one.lose()
		}
	}
}

// watchSilence ends the sessions of nodes that fall silent, until ctx ends.
func (s *Server) watchSilence(ctx context.Context) {
	for s.Clock.Sleep(ctx, silenceCheck) == nil {
		s.sessions.lose(s.Silent)
	}
}

// lose ends the context first. Where a verdict is due, the connection closes only when lose is called again.
func (s *session) lose() {
	s.cancel(errSilent)
	s.mu.Lock()
	wait := s.verdict && !s.lost
	s.lost = true
	s.mu.Unlock()
	if !wait {
		s.close(errSilent)
	}
}

func (s *session) close(why error) {
	s.cancel(why)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.conn != nil {
		_ = s.conn.Close()
	}
}

// keep takes a connection that ends with the session.
func (s *session) keep(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn = conn
	if s.closed {
		_ = conn.Close()
	}
}

// upgrade lets a connection be hijacked into a session, whose context ends when the connection does: net/http no longer
// sees to that. There is no Unwrap on purpose: the streaming library would reach past us.
type upgrade struct {
	inner   *recorder
	session *session
}

func (u *upgrade) Header() http.Header         { return u.inner.Header() }
func (u *upgrade) Write(p []byte) (int, error) { return u.inner.Write(p) }
func (u *upgrade) WriteHeader(code int)        { u.inner.WriteHeader(code) }

// Hijack implements http.Hijacker.
func (u *upgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(u.inner).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("take over the connection: %w", err)
	}
	u.inner.code = http.StatusSwitchingProtocols
	watched := newWatchedConn(conn, func() { u.session.cancel(errGone) })
	u.session.keep(watched)
	u.session.pumps.Go(func() { watched.pump(rw.Reader) })
	return watched, bufio.NewReadWriter(bufio.NewReader(watched), rw.Writer), nil
}
