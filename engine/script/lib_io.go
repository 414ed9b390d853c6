package script

import (
	"bytes"
	"errors"
	"io"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// ioView shows an IO to its hook.
type ioView struct{ io *IO }

var ioMethods = map[lua.LString]lua.LValue{
	"read":  goFunction(ioRead),
	"lines": goFunction(ioLines),
	"write": goFunction(ioWrite),
	"error": goFunction(ioError),
	"size":  goFunction(ioSize),
}

var ioNames = []string{"read", "lines", "write", "error", "size", "tty", "attach"}

func (v ioView) get(l *lua.LState, key lua.LValue) lua.LValue {
	name, _ := key.(lua.LString)
	switch m, ok := ioMethods[name]; {
	case ok:
		return m
	case name == "tty":
		return lua.LBool(v.io.TTY)
	case name == "attach":
		return lua.LBool(v.io.Attach)
	}
	l.RaiseError("io has no '%s'%s: use io:read() io:lines() io:write(…) io:error(…) io:size() io.tty io.attach", shorten(keyText(key), 60), didYouMean(keyText(key), ioNames))
	return lua.LNil
}

func (ioView) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, "io", key) }

func (ioView) list(*lua.LState) (int, bool) { return 0, false }

func (ioView) keys(*lua.LState) []lua.LValue { return textKeys([]string{"tty", "attach"}) }

func checkIO(l *lua.LState, what string) *IO {
	v, ok := objectOf(l.Get(1)).(ioView)
	if !ok {
		l.RaiseError("call it with a colon: io:%s", what)
	}
	return v.io
}

// ioRead is io:read(): a line, at most n bytes, or with "a" all there is; nil at the end of the input.
func ioRead(l *lua.LState) int {
	t := checkIO(l, "read()")
	r := t.reader()
	var text []byte
	more := true
	switch what := l.Get(2).(type) {
	case *lua.LNilType:
		text, more = r.line(l)
	case lua.LNumber:
		if n := float64(what); n < 1 || n != math.Trunc(n) {
			l.ArgError(2, "must be a whole number of bytes, at least 1")
		}
		text, more = r.atMost(l, int(min(what, flushAt)))
	case lua.LString:
		switch what {
		case "l", "*l":
			text, more = r.line(l)
		case "a", "*a":
			text = r.all(l)
		default:
			l.ArgError(2, `must be "l" for a line, "a" for all, or a number of bytes`)
		}
	default:
		l.ArgError(2, `must be "l" for a line, "a" for all, or a number of bytes`)
	}
	if !more {
		l.Push(lua.LNil)
		return 1
	}
	return pushText(l, string(text))
}

// ioLines is io:lines(): an iterator over the lines of the input.
func ioLines(l *lua.LState) int {
	t := checkIO(l, "lines()")
	l.Push(goFunction(func(l *lua.LState) int {
		text, more := t.reader().line(l)
		if !more {
			l.Push(lua.LNil)
			return 1
		}
		return pushText(l, string(text))
	}))
	return 1
}

func ioWrite(l *lua.LState) int {
	t := checkIO(l, "write(…)")
	return t.write(l, &t.out)
}

func ioError(l *lua.LState) int {
	t := checkIO(l, "error(…)")
	if t.Err == nil {
		return t.write(l, &t.out)
	}
	return t.write(l, &t.err)
}

// write gathers the arguments and returns io, so that calls can be chained.
func (t *IO) write(l *lua.LState, to *output) int {
	for i := 2; i <= l.GetTop(); i++ {
		v := l.Get(i)
		if !lua.LVCanConvToString(v) {
			l.ArgError(i, "must be text or a number, not "+describe(v))
		}
		text := toText(l, v)
		if to.wrote += len(text); to.wrote > sessionBytes {
			stateOf(l).exhausted = true
			l.RaiseError("the session wrote more than %s", sizeText(sessionBytes))
		}
		to.text = append(to.text, text...)
		if len(to.text) >= flushAt {
			t.drain(l)
		}
	}
	l.SetTop(1)
	return 1
}

// ioSize is io:size(): width and height in characters, 80 by 24 until the terminal told; nil without one.
func ioSize(l *lua.LState) int {
	t := checkIO(l, "size()")
	if t.Size == nil {
		l.Push(lua.LNil)
		return 1
	}
	width, height := t.Size()
	if width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	l.Push(lua.LNumber(width))
	l.Push(lua.LNumber(height))
	return 2
}

// lineReader is the input of a session, read as far as the hook asked.
type lineReader struct {
	io   *IO
	have []byte // read, and not given out yet
	got  int
}

func (t *IO) reader() *lineReader {
	if t.input == nil {
		t.input = &lineReader{io: t}
	}
	return t.input
}

// fill waits for more input; false: there is none.
func (r *lineReader) fill(l *lua.LState) bool {
	t := r.io
	t.drain(l)
	if t.In == nil {
		return false
	}
	chunk := make([]byte, flushAt) // a reader that was given up may still write to it
	n, err := 0, error(nil)
	t.visit.wait(func() { n, err = t.In.Read(chunk) })
	if err != nil && !errors.Is(err, io.EOF) && t.visit.ctx.Err() != nil {
		t.visit.cut()
		t.visit.state.leash.check(l)
	}
	if n == 0 {
		return err == nil
	}
	t.visit.refresh(t)
	if r.got += n; r.got > sessionBytes {
		l.RaiseError("the session read more than %s", sizeText(sessionBytes))
	}
	r.have = append(r.have, chunk[:n]...)
	return true
}

// line is the next line without its end; false: there is none.
func (r *lineReader) line(l *lua.LState) ([]byte, bool) {
	for seen := 0; ; {
		if i := bytes.IndexByte(r.have[seen:], '\n'); i >= 0 {
			line := r.have[:seen+i]
			r.have = r.have[seen+i+1:]
			return line, true
		}
		seen = len(r.have)
		r.bound(l)
		if !r.fill(l) {
			line := r.have
			r.have = nil
			return line, len(line) > 0
		}
	}
}

// atMost is what there is, up to n bytes; it waits for one.
func (r *lineReader) atMost(l *lua.LState, n int) ([]byte, bool) {
	for len(r.have) == 0 {
		if !r.fill(l) {
			return nil, false
		}
	}
	n = min(n, len(r.have))
	text := r.have[:n]
	r.have = r.have[n:]
	return text, true
}

// all is what comes until the input ends.
func (r *lineReader) all(l *lua.LState) []byte {
	for r.fill(l) {
		r.bound(l)
	}
	text := r.have
	r.have = nil
	return text
}

// bound raises when what must be kept is longer than any text may be.
func (r *lineReader) bound(l *lua.LState) {
	if limit := stateOf(l).set.rt.opts.StringBytes; len(r.have) > limit {
		l.RaiseError("the client sent more than %s without an end of line", sizeText(limit))
	}
}
