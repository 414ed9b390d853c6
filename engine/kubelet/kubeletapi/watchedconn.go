package kubeletapi

import (
	"bytes"
	"io"
	"net"
	"sync"
)

// readAhead is how many bytes of a client's wait for the streaming library at most; beyond that the client waits.
const readAhead = 64 << 10

// watchedConn is a connection that is always being read, so that it is known when the client has left. The streaming
// library alone would not know: it stops reading when the client says farewell, or when a provider reads no stdin.
type watchedConn struct {
	net.Conn
	gone func() // called once, when nothing more can come

	mu     sync.Mutex
	change sync.Cond
	ahead  bytes.Buffer // read and not yet asked for; guarded by mu
	err    error        // what comes after ahead; guarded by mu
	closed bool         // guarded by mu
}

func newWatchedConn(conn net.Conn, gone func()) *watchedConn {
	c := &watchedConn{Conn: conn, gone: gone}
	c.change.L = &c.mu
	return c
}

// pump reads from, which is the connection and what was buffered of it, until it ends or is closed.
func (c *watchedConn) pump(from io.Reader) {
	defer c.gone()
	chunk := make([]byte, readAhead/2)
	for {
		n, err := from.Read(chunk)
		if !c.put(chunk[:n], err) {
			return
		}
	}
}

// put keeps what was read, once there is room. It says whether to go on.
func (c *watchedConn) put(p []byte, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.ahead.Len()+len(p) > readAhead && !c.closed {
		c.change.Wait()
	}
	_, _ = c.ahead.Write(p)
	c.err = err
	c.change.Broadcast()
	return err == nil && !c.closed
}

// Read implements net.Conn.
func (c *watchedConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.ahead.Len() == 0 && c.err == nil && !c.closed {
		c.change.Wait()
	}
	switch {
	case c.ahead.Len() > 0:
		c.change.Broadcast()
		return c.ahead.Read(p)
	case c.err != nil:
		return 0, c.err
	}
	return 0, net.ErrClosed
}

// Close implements net.Conn.
func (c *watchedConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.change.Broadcast()
	c.mu.Unlock()
	return c.Conn.Close()
}
