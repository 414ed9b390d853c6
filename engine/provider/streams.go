package provider

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// ContainerAsk names one container. Without a name it is the pod's only one.
type ContainerAsk struct{ Namespace, Pod, Container string }

// Streams are the ends of a session. Those the client did not ask for are nil. Whoever made them closes them when the
// session is over: a read that is under way then, and a write that nobody takes, must end with that.
type Streams struct {
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer // nil with TTY: all goes to Stdout
	TTY    bool
	Resize <-chan TerminalSize // nil without TTY; closed at the end
}

// TerminalSize is the size of a terminal, in characters.
type TerminalSize struct{ Width, Height uint16 }

// client is the one who sits at the other end of a session: streams that give up when the session's ctx ends.
type client struct {
	ctx      context.Context //nolint:containedctx // it lives as long as its session
	stdin    io.Reader
	out, err io.Writer // never nil
	keys     *keyboard // nil: no terminal, or one that only looks
	once     sync.Once
	chunks   chan []byte // what was read; one without bytes is an end that more may follow
	rest     []byte
	size     atomic.Pointer[TerminalSize]
}

const chunkBytes = 32 << 10

// newClient begins to listen to a terminal, so that interrupt is called for Ctrl-C whatever the hook does. Other input
// is read when somebody asks for it.
func newClient(ctx context.Context, s Streams, interrupt func()) *client {
	c := &client{ctx: ctx, stdin: s.Stdin, out: patientWriter(ctx, s.Stdout), err: patientWriter(ctx, s.Stderr), chunks: make(chan []byte)}
	if !s.TTY {
		return c
	}
	screen := &screen{to: c.out}
	c.out, c.err = screen, screen
	if s.Stdin != nil {
		c.chunks = make(chan []byte, linesAhead)
		c.keys = &keyboard{screen: screen, lines: c.chunks, interrupt: interrupt}
		c.once.Do(func() { go c.listen() })
	}
	return c
}

// listen reads until the stream ends or the session does. Nobody waits for it: only whoever closes the stream can end
// a read.
func (c *client) listen() {
	defer close(c.chunks)
	for {
		chunk := make([]byte, chunkBytes)
		n, err := c.stdin.Read(chunk)
		if n > 0 && c.keys != nil {
			c.keys.typed(chunk[:n])
		} else if n > 0 && !c.pass(chunk[:n]) {
			return
		}
		if err != nil || c.ctx.Err() != nil {
			return
		}
	}
}

func (c *client) pass(chunk []byte) bool {
	select {
	case c.chunks <- chunk:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// Read gives what the client sent: of a terminal, whole lines.
func (c *client) Read(p []byte) (int, error) {
	c.once.Do(func() { go c.listen() })
	if len(c.rest) == 0 {
		select {
		case chunk, open := <-c.chunks:
			if !open || len(chunk) == 0 {
				return 0, io.EOF
			}
			c.rest = chunk
		case <-c.ctx.Done():
			return 0, context.Cause(c.ctx)
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// watchSize keeps the terminal's latest size until the session ends.
func (c *client) watchSize(sizes <-chan TerminalSize) {
	for {
		select {
		case s, open := <-sizes:
			if !open {
				return
			}
			c.size.Store(&s)
		case <-c.ctx.Done():
			return
		}
	}
}

// io is the client as a hook talks to it.
func (c *client) io(s Streams) *script.IO {
	x := &script.IO{Out: c.out, Err: c.err, TTY: s.TTY}
	if s.Stdin != nil {
		x.In = c
	}
	if s.TTY {
		x.Size = func() (int, int) {
			if s := c.size.Load(); s != nil {
				return int(s.Width), int(s.Height)
			}
			return 0, 0
		}
	}
	return x
}

// say writes a line of ours.
func (c *client) say(format string, args ...any) {
	fmt.Fprintf(c.err, format+"\n", args...)
}

// patient is a writer whose writes end when the session does, though the writer behind it hangs.
type patient struct {
	ctx context.Context //nolint:containedctx // it lives as long as its session
	to  io.Writer
}

func patientWriter(ctx context.Context, to io.Writer) io.Writer {
	if to == nil {
		return io.Discard
	}
	return patient{ctx, to}
}

// Write hands over p. After an error p belongs to the writer behind.
func (w patient) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil // to some streams an empty write is the end
	}
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := w.to.Write(p)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-w.ctx.Done():
		return 0, context.Cause(w.ctx)
	}
}
