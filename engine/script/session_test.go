package script_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// endless gives as much as is asked for, for ever, without an end of line.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// session is a hook whose argument is io.
func session(tb testing.TB, rt *script.Runtime, body string) *script.Set {
	tb.Helper()
	return mustLoad(tb, rt, "flaky.lua", "function on_start(io)\n"+body+"\nend")
}

// talk runs a session and flushes what it wrote.
func talk(ctx context.Context, set *script.Set, limit time.Duration, io *script.IO) error {
	err := set.Call(ctx, &script.Call{File: set.File("flaky"), Hook: "on_start", Now: storyTime, Limit: limit, IO: io}, nil)
	return errors.Join(err, io.Flush())
}

func TestSessionsReadAndWrite(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	for name, c := range map[string]struct{ body, in, out, err string }{
		"a line at a time":              {`io:write("<", io:read(), ">", io:read("l"), "|", tostring(io:read()))`, "one\ntwo\n", "<one>two|nil", ""},
		"a last line without an end":    {`io:read() io:write(io:read(), tostring(io:read()))`, "one\ntwo", "twonil", ""},
		"all that there is":             {`io:write(#io:read("a"), io:read("*a"))`, "one\ntwo\n", "8", ""},
		"some bytes":                    {`io:write(io:read(2), "-", io:read(100), "-", tostring(io:read(1)))`, "abcd", "ab-cd-nil", ""},
		"line by line":                  {`for line in io:lines() do io:write(line:upper(), ".") end`, "a\n\nb\n", "A..B.", ""},
		"no input at all":               {`io:write(tostring(io:read()), tostring(io:read(3)), io:read("a"))`, "-", "nilnil", ""},
		"numbers as Lua prints them":    {`io:write(1, " ", 1.5):write(" ", 2)`, "", "1 1.5 2", ""},
		"errors apart":                  {`io:write("fine") io:error("not ", "fine")`, "", "fine", "not fine"},
		"no terminal":                   {`io:write(tostring(io.tty), tostring(io.attach), tostring((io:size())))`, "", "falsefalsenil", ""},
		"more than is gathered at once": {`for i = 1, 20000 do io:write("0123456789") end`, "", strings.Repeat("0123456789", 20000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			client := &script.IO{In: strings.NewReader(c.in), Out: &out, Err: &errs}
			if c.in == "-" {
				client.In = nil
			}
			if err := talk(t.Context(), session(t, rt, c.body), time.Minute, client); err != nil {
				t.Fatal(err)
			}
			if out.String() != c.out || errs.String() != c.err {
				t.Errorf("wrote %q and %q, want %q and %q", out.String(), errs.String(), c.out, c.err)
			}
		})
	}
}

func TestATerminalHasASizeAndOneStream(t *testing.T) {
	var out bytes.Buffer
	width := 0
	client := &script.IO{In: endless{}, Out: &out, TTY: true, Attach: true, Size: func() (int, int) { return width, 2 * width }}
	set := session(t, newRuntime(t, script.Options{}), `
		local function show() local w, h = io:size() io:error(w, "x", h, " ") end
		show() io:read(1) show() io:write(tostring(io.tty), tostring(io.attach))`)
	client.Now = func() time.Time { width = 50; return storyTime }
	if err := talk(t.Context(), set, time.Minute, client); err != nil || out.String() != "80x24 50x100 truetrue" {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
}

func TestWhatAClientMayNotBeAskedFor(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	for body, want := range map[string]string{
		`io:raed()`:                              "io has no 'raed', did you mean 'read'?",
		`io.read()`:                              "call it with a colon: io:read()",
		`io:read("x")`:                           `must be "l" for a line`,
		`io:read(0)`:                             "at least 1",
		`io:read(1.5)`:                           "whole number",
		`io:write({})`:                           "must be text or a number, not a table",
		`io:write("a", nil)`:                     "must be text or a number, not nil",
		`io.tty = true`:                          "io is read-only",
		`local t = io:lines(1) t() error("end")`: "end",
	} {
		err := talk(t.Context(), session(t, rt, body), time.Minute, &script.IO{In: strings.NewReader("")})
		wantError(t, err, want)
		if e := scriptError(t, err); e.Line != 2 || e.Script != "flaky.lua" {
			t.Errorf("%s: %+v", body, e)
		}
	}
}

// Whatever a session does, it ends, and says why.
func TestBombsInSessionsEnd(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	for name, c := range map[string]struct{ body, want string }{
		"busy loop":                  {`while true do end`, "took longer than"},
		"busy loop after a line":     {`io:read(1) while true do pcall(function() while true do end end) end`, "took longer than"},
		"endless output":             {`while true do io:write(("x"):rep(100000)) end`, "more than 64 MiB"},
		"endless output under pcall": {`while true do pcall(io.write, io, "x") end`, "took longer than"},
		"endless small output":       {`while true do io:write("x") end`, "took longer than"},
		"endless input":              {`while true do io:read("a") end`, "more than 1 MiB"},
		"endless input in pieces":    {`while true do io:read(32768) end`, "more than 64 MiB"},
		"reading past the end":       {`io:read("a") while true do io:read() end`, "took longer than"},
		"growing between reads":      {`local t = {} while true do t = { t, {}, {}, {} } end`, "too much memory"},
	} {
		t.Run(name, func(t *testing.T) {
			limit := time.Minute
			if strings.Contains(c.want, "took longer") {
				limit = 100 * time.Millisecond
			}
			var in io.Reader = endless{}
			if strings.Contains(name, "past the end") {
				in = strings.NewReader("")
			}
			err := talk(t.Context(), session(t, rt, c.body), limit, &script.IO{In: in, Out: io.Discard})
			wantError(t, err, c.want)
			if e := scriptError(t, err); strings.Contains(c.want, "took longer") && e.Kind != script.Limit {
				t.Errorf("kind %s", e.Kind)
			}
		})
	}
}

// blocked is a client that says nothing until it is let go.
type blocked struct {
	ctx     context.Context
	reached chan struct{}
}

func (b blocked) Read([]byte) (int, error) {
	close(b.reached)
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func TestSessionsThatWaitHoldNoPlace(t *testing.T) {
	rt := newRuntime(t, script.Options{Slots: 1})
	waiting := session(t, rt, `io:read()`)
	ctx, leave := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 20 {
		client := blocked{ctx, make(chan struct{})}
		wg.Go(func() {
			if err := talk(ctx, waiting, time.Minute, &script.IO{In: client}); !errors.Is(err, context.Canceled) {
				t.Errorf("the client left, and the error is %v", err)
			}
		})
		<-client.reached
	}
	quick := hook(t, `return 1`)
	if got, err := call(t, quick, script.Call{}); got != 1.0 || err != nil {
		t.Errorf("beside 20 sessions that wait a hook answers %v, %v", got, err)
	}
	beside := mustLoad(t, rt, "flaky.lua", `function on_start() return 2 end`)
	if got, err := call(t, beside, script.Call{}); got != 2.0 || err != nil {
		t.Errorf("in the only place a hook answers %v, %v", got, err)
	}
	leave()
	wg.Wait()
}

// started says when the hook has begun to run.
type started struct{ begun chan struct{} }

func (s started) Write(p []byte) (int, error) {
	close(s.begun)
	return len(p), nil
}

func TestAClientThatLeavesEndsABusyHookAtOnce(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	for name, loop := range map[string]string{
		"a loop":                   `while true do end`,
		"a loop that catches":      `while true do pcall(function() while true do end end) end`,
		"reading":                  `while true do pcall(io.read, io, 1) end`,
		"writing under protection": `while true do pcall(io.write, io, ("y"):rep(100000)) end`,
	} {
		t.Run(name, func(t *testing.T) {
			set := session(t, rt, `io:write("begun") io:read(1) `+loop)
			ctx, leave := context.WithCancelCause(t.Context())
			gone := errors.New("the client is gone")
			out := started{make(chan struct{})}
			go func() {
				<-out.begun
				leave(gone)
			}()
			err := talk(ctx, set, time.Hour, &script.IO{In: endless{}, Out: &onlyFirst{to: out}})
			if !errors.Is(err, gone) {
				t.Errorf("ended with %v, want the cause", err)
			}
			if got, err := call(t, hook(t, `return 1`), script.Call{}); got != 1.0 || err != nil {
				t.Errorf("afterwards a hook answers %v, %v", got, err)
			}
		})
	}
}

// onlyFirst passes on the first write and swallows the others.
type onlyFirst struct {
	to    io.Writer
	wrote bool
}

func (o *onlyFirst) Write(p []byte) (int, error) {
	if o.wrote {
		return len(p), nil
	}
	o.wrote = true
	return o.to.Write(p)
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAWriterThatFailsEndsTheSession(t *testing.T) {
	set := session(t, newRuntime(t, script.Options{}), `while true do pcall(function() io:write("y\n") io:read(1) end) end`)
	err := set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start", Limit: time.Hour, IO: &script.IO{In: endless{}, Out: brokenPipe{}}}, nil)
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("ended with %v", err)
	}
}

// patient says something again and again until the hook has run for long enough.
type patient struct {
	endless
	client *script.IO
	enough time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	if p.client.Ran() > p.enough {
		return 0, io.EOF
	}
	return p.endless.Read(b)
}

// A session that hears from its client again and again may go on for longer than the limit.
func TestEachInputBeginsANewStretch(t *testing.T) {
	const limit = 200 * time.Millisecond
	set := session(t, newRuntime(t, script.Options{}), `while io:read(32768) do for j = 1, 20000 do local x = j end end`)
	client := &script.IO{}
	client.In = &patient{client: client, enough: 2 * limit}
	if err := talk(t.Context(), set, limit, client); err != nil {
		t.Fatal(err)
	}
	if took := client.Ran(); took < 2*limit {
		t.Errorf("it ran for %v only", took)
	}
}
