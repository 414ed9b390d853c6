package provider

import (
	"bytes"
	"io"
	"sync"
	"unicode/utf8"
)

// A client with a terminal sends keys as they are pressed and shows nothing of them: what a kernel does between keys
// and a program — echo, lines that can be mended, Ctrl-C — is done here.

const (
	linesAhead = 64   // lines typed that nobody has read; more are dropped with a beep
	lineBytes  = 4096 // longest line, as in a kernel
)

// screen writes to a terminal, which wants a carriage return at each end of a line.
type screen struct {
	mu sync.Mutex // the keyboard echoes while the hook writes
	to io.Writer
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.to.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// keyboard makes lines of keys.
type keyboard struct {
	screen    io.Writer
	lines     chan<- []byte
	interrupt func()

	line   []byte
	escape escape
	echo   []byte
}

// escape is how far into the sequence of an arrow key or its like the keys are. Such keys mean nothing here.
type escape int

const (
	noEscape escape = iota
	escaped         // after ESC
	sequence        // after ESC [
)

const (
	keyInterrupt = 0x03 // Ctrl-C
	keyEnd       = 0x04 // Ctrl-D
	keyBackspace = 0x08
	keyKill      = 0x15 // Ctrl-U
	keyEscape    = 0x1b
	keyDelete    = 0x7f
)

// typed takes keys, and shows what they do.
func (k *keyboard) typed(keys []byte) {
	for _, b := range keys {
		k.press(b)
	}
	k.flush()
}

func (k *keyboard) flush() {
	_, _ = k.screen.Write(k.echo) // a terminal that is gone ends the session elsewhere
	k.echo = nil
}

func (k *keyboard) press(b byte) {
	if k.inSequence(b) {
		return
	}
	switch {
	case b == '\r' || b == '\n':
		k.show("\n")
		k.deliver(append(k.line, '\n'))
	case b == keyInterrupt:
		k.show("^C\n")
		k.flush()
		k.line = nil
		k.interrupt()
	case b == keyEnd:
		k.deliver(k.line)
	case b == keyBackspace || b == keyDelete:
		k.rub()
	case b == keyKill:
		for len(k.line) > 0 {
			k.rub()
		}
	case b < ' ' && b != '\t':
	case len(k.line) >= lineBytes:
		k.show("\a")
	default:
		k.line = append(k.line, b)
		k.echo = append(k.echo, b)
	}
}

func (k *keyboard) inSequence(b byte) bool {
	switch {
	case k.escape == noEscape && b != keyEscape:
		return false
	case k.escape == noEscape:
		k.escape = escaped
	case k.escape == escaped && (b == '[' || b == 'O'):
		k.escape = sequence
	case k.escape == escaped || b >= '@' && b <= '~':
		k.escape = noEscape
	}
	return true
}

// rub takes the last character back.
func (k *keyboard) rub() {
	if len(k.line) == 0 {
		return
	}
	_, size := utf8.DecodeLastRune(k.line)
	k.line = k.line[:len(k.line)-size]
	k.show("\b \b")
}

// deliver gives a line to whoever reads, once it is shown: what he writes comes after it. An empty one is the end of
// the input.
func (k *keyboard) deliver(line []byte) {
	k.flush()
	k.line = nil
	select {
	case k.lines <- line:
	default:
		k.show("\a")
	}
}

func (k *keyboard) show(s string) { k.echo = append(k.echo, s...) }
