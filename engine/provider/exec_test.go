package provider_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/state"
)

var app = provider.ContainerAsk{Namespace: "default", Pod: "web", Container: "app"}

// running is an engine with one script and the pod web, whose container runs.
func running(t *testing.T, lua string) *enginetest.Engine {
	t.Helper()
	e := enginetest.New(t, enginetest.Options{Seed: 1, Scripts: map[string]string{"a.lua": "match = true\n" + lua}})
	create(t, e, newPod("web"))
	return e
}

// shell runs a command and gives what it wrote.
func shell(t *testing.T, e *enginetest.Engine, in string, argv ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	exit, err := e.Exec(t.Context(), app, argv, provider.Streams{Stdin: strings.NewReader(in), Stdout: &out, Stderr: &errs})
	if err != nil {
		t.Fatal(err)
	}
	return exit, out.String(), errs.String()
}

func TestExecAnswersAsItsHookSays(t *testing.T) {
	for name, c := range map[string]struct {
		lua, in        string
		exit           int
		stdout, stderr string
	}{
		"output":                {`return "hello\n"`, "", 0, "hello\n", ""},
		"output and an exit":    {`return "no such file\n", 2`, "", 2, "no such file\n", ""},
		"an exit":               {`return 127`, "", 127, "", ""},
		"nothing":               {``, "", 0, "", ""},
		"a table":               {`return { stdout = "a", stderr = "b", exit = 3 }`, "", 3, "a", "b"},
		"the command":           {`return table.concat(argv, " ") .. #argv .. container.name .. pod.metadata.name`, "", 0, "echo a b3appweb", ""},
		"io before the answer":  {`io:write("1") io:error("2") return { stdout = "3", stderr = "4" }`, "", 0, "13", "24"},
		"input":                 {`for l in io:lines() do io:write(l:upper(), "\n") end`, "a\nb\n", 0, "A\nB\n", ""},
		"no terminal":           {`return tostring(io.tty) .. tostring(io.attach) .. tostring((io:size()))`, "", 0, "falsefalsenil", ""},
		"the time":              {`return rfc3339()`, "", 0, "2026-11-20T09:00:00.000Z", ""},
		"an error":              {`if argv[1] == "echo" then io:write("so far\n") return pod.spec.nothing end`, "", 1, "so far\n", "moonlet: a.lua:3: exec: PodSpec has no field 'nothing' (run error)\n"},
		"a bad exit code":       {`if argv[1] == "echo" then return 256 end`, "", 1, "", "moonlet: a.lua:2: exec: answer: exit code 256: want one from 0 to 255 (result error)\n"},
		"an exit with a point":  {`if argv[1] == "echo" then return "", 1.5 end`, "", 1, "", "moonlet: a.lua:2: exec: answer: exit code: must be a whole number, not 1.5 (result error)\n"},
		"a field that is not":   {`if argv[1] == "echo" then return { stdoud = "" } end`, "", 1, "", "moonlet: a.lua:2: exec: answer: unknown field 'stdoud', did you mean 'stdout'? (result error)\n"},
		"an answer of its own":  {`if argv[1] == "echo" then return true end`, "", 1, "", "moonlet: a.lua:2: exec: answer: a boolean is not the end of a command: return its output and its exit code, or { stdout = …, stderr = …, exit = … } (result error)\n"},
		"memo that is not ours": {`if argv[1] == "echo" then pod.memo.x = 1 end`, "", 1, "", "moonlet: a.lua:3: exec: cannot set pod.memo.x here: memos are written in on_* hooks only (run error)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e := running(t, "function exec(pod, container, argv, io)\n"+c.lua+"\nend")
			exit, stdout, stderr := shell(t, e, c.in, "echo", "a", "b")
			if exit != c.exit || stdout != c.stdout || stderr != c.stderr {
				t.Errorf("exit %d, %q, %q; want %d, %q, %q", exit, stdout, stderr, c.exit, c.stdout, c.stderr)
			}
		})
	}
}

func TestExecWithoutAScriptSaysWhatToDo(t *testing.T) {
	exit, stdout, stderr := shell(t, running(t, ""), "", "sh", "-c", "ls")
	if exit != 126 || stdout != "" || !strings.Contains(stderr, "sh -c ls: no script answers exec in this pod: write function exec(pod, container, argv, io)") {
		t.Errorf("exit %d, %q, %q", exit, stdout, stderr)
	}
}

func TestExecWhereThereIsNothingToRunIn(t *testing.T) {
	e := running(t, `function on_start(pod) if pod.metadata.name == "done" then return { exit = 0, after = 0 } end end
		function exec() return "never" end`)
	p := newPod("done")
	p.Spec.RestartPolicy = "Never"
	create(t, e, p)
	for _, c := range []provider.ContainerAsk{
		{Namespace: "default", Pod: "gone", Container: "app"}, {Namespace: "default", Pod: "web", Container: "other"}, {Namespace: "default", Pod: "done"},
	} {
		if _, err := e.Exec(t.Context(), c, []string{"ls"}, provider.Streams{}); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("exec in %v: %v", c, err)
		}
		if err := e.Attach(t.Context(), c, provider.Streams{}); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("attach to %v: %v", c, err)
		}
		if _, err := e.LogStream(t.Context(), c, provider.LogOptions{}); c.Pod != "done" && !errors.Is(err, state.ErrNotFound) {
			t.Errorf("log of %v: %v", c, err)
		}
	}
}

// The nth command draws as the nth does in another process with the same seed, and not as the one before.
func TestEachExecIsAQuestionOfItsOwn(t *testing.T) {
	const lua = `function exec() return tostring(uniform(0, 1)) end`
	draw := func(e *enginetest.Engine) string { _, out, _ := shell(t, e, "", "draw"); return out }
	a, b := running(t, lua), running(t, lua)
	first, second := draw(a), draw(a)
	if first == second || draw(b) != first || draw(b) != second {
		t.Errorf("draws %s and %s, and then others", first, second)
	}
}

// pipes are the ends of a session that stay open.
type pipes struct {
	provider.Streams
	in  *io.PipeWriter
	out *io.PipeReader
}

func newPipes(t *testing.T, tty bool) *pipes {
	t.Helper()
	in, typed := io.Pipe()
	shown, out := io.Pipe()
	t.Cleanup(func() {
		_ = typed.Close()
		_ = shown.Close()
	})
	return &pipes{Streams: provider.Streams{Stdin: in, Stdout: out, TTY: tty}, in: typed, out: shown}
}

func (p *pipes) send(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(p.in, text); err != nil {
		t.Fatal(err)
	}
}

// sees reads until the client has been shown exactly that.
func (p *pipes) sees(t *testing.T, text string) {
	t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(p.out, got); err != nil || string(got) != text {
		t.Fatalf("the client sees %q (%v), want %q", got, err, text)
	}
}

type verdict struct {
	exit int
	err  error
}

// begin runs a session beside the test.
func (p *pipes) begin(ctx context.Context, e *enginetest.Engine, argv ...string) <-chan verdict {
	over := make(chan verdict, 1)
	go func() {
		exit, err := e.Exec(ctx, app, argv, p.Streams)
		_ = p.Stdout.(io.Closer).Close()
		over <- verdict{exit, err}
	}()
	return over
}

const calculator = `function exec(pod, container, argv, io)
	while true do
		io:write("> ")
		local line = io:read()
		if not line then return "bye\n", 3 end
		local a, b = line:match("(%d+)%+(%d+)")
		io:write(a and a + b or "?", "\n")
	end
end`

func TestASessionTalksToAndFro(t *testing.T) {
	e := running(t, calculator)
	p := newPipes(t, false)
	over := p.begin(t.Context(), e, "sh")
	p.sees(t, "> ")
	p.send(t, "1+2\n")
	p.sees(t, "3\n> ")
	p.send(t, "what\n")
	p.sees(t, "?\n> ")
	_ = p.in.Close()
	p.sees(t, "bye\n")
	if v := <-over; v.exit != 3 || v.err != nil {
		t.Errorf("ended with %+v", v)
	}
}

func TestATerminalEchoesMendsAndInterrupts(t *testing.T) {
	e := running(t, calculator)
	p := newPipes(t, true)
	over := p.begin(t.Context(), e, "sh")
	p.sees(t, "> ")
	for _, c := range []struct{ keys, shown string }{
		{"1+2\r", "1+2\r\n3\r\n> "},
		{"1+ä\x7f9\x082\r", "1+ä\b \b9\b \b2\r\n3\r\n> "},
		{"nonsense\x15", "nonsense" + strings.Repeat("\b \b", 8)},
		{"\x1b[A\x1bOP\x01" + "4+4", "4+4"},
		{"\r", "\r\n8\r\n> "},
		{"\x04", "bye\r\n"},
	} {
		p.send(t, c.keys)
		p.sees(t, c.shown)
	}
	if v := <-over; v.exit != 3 || v.err != nil {
		t.Errorf("ended with %+v", v)
	}

	again := newPipes(t, true)
	over = again.begin(t.Context(), e, "sh")
	again.sees(t, "> ")
	again.send(t, "12\x03")
	again.sees(t, "12^C\r\n")
	if v := <-over; v.exit != 130 || v.err != nil {
		t.Errorf("after Ctrl-C: %+v", v)
	}
}

func TestCtrlCEndsAHookThatDoesNotListen(t *testing.T) {
	e := running(t, `function exec(pod, container, argv, io) io:write("begun") while argv[1] == "yes" do io:write("y\n") end end`)
	p := newPipes(t, true)
	over := p.begin(t.Context(), e, "yes")
	p.sees(t, "begun")
	go func() { _, _ = io.Copy(io.Discard, p.out) }()
	p.send(t, "\x03")
	if v := <-over; v.exit != 130 || v.err != nil {
		t.Errorf("after Ctrl-C: %+v", v)
	}
}

func TestATerminalHasASizeThatChanges(t *testing.T) {
	e := running(t, `function exec(pod, container, argv, io) repeat io:write(("%dx%d "):format(io:size())) until not io:read() end`)
	p := newPipes(t, true)
	sizes := make(chan provider.TerminalSize)
	p.Resize = sizes
	over := p.begin(t.Context(), e, "size")
	p.sees(t, "80x24 ")
	sizes <- provider.TerminalSize{Width: 100, Height: 50}
	sizes <- provider.TerminalSize{Width: 120, Height: 60} // taken, so the one before is kept
	p.send(t, "\r")
	p.sees(t, "\r\n1")
	close(sizes)
	go func() { _, _ = io.Copy(io.Discard, p.out) }()
	p.send(t, "\x04")
	<-over
}

func TestASessionEndsWithItsClient(t *testing.T) {
	e := running(t, calculator)
	p := newPipes(t, false)
	ctx, leave := context.WithCancelCause(t.Context())
	over := p.begin(ctx, e, "sh")
	p.sees(t, "> ")
	gone := errors.New("gone")
	leave(gone)
	if v := <-over; !errors.Is(v.err, gone) {
		t.Errorf("ended with %+v", v)
	}
}

func TestASessionEndsWithItsContainer(t *testing.T) {
	e := running(t, `function on_start(pod, container, run) if run.number == 1 then return { exit = 1, after = "10s" } end end`+"\n"+calculator)
	p := newPipes(t, false)
	over := p.begin(t.Context(), e, "sh")
	p.sees(t, "> ")
	e.Pass(5 * time.Second)
	p.send(t, "1+1\n")
	p.sees(t, "2\n> ")
	passUntil(t, e, over, func(v verdict) {
		if v.exit != 137 || v.err != nil {
			t.Errorf("ended with %+v", v)
		}
	})
}

// passUntil lets time pass until something is over: it may take its time to look at the clock.
func passUntil[T any](t *testing.T, e *enginetest.Engine, over <-chan T, check func(T)) {
	t.Helper()
	for {
		select {
		case v := <-over:
			check(v)
			return
		case <-time.After(time.Millisecond):
			e.Pass(time.Second)
		}
	}
}

// A session goes on with the scripts it began with; the next one has the new ones.
func TestASessionOutlivesAReload(t *testing.T) {
	e := running(t, calculator)
	p := newPipes(t, false)
	over := p.begin(t.Context(), e, "sh")
	p.sees(t, "> ")
	if problems := e.Swap("a.lua", `match = true function exec() return "new" end`); len(problems) > 0 {
		t.Fatal(problems)
	}
	if _, out, _ := shell(t, e, "", "sh"); out != "new" {
		t.Errorf("after the reload: %q", out)
	}
	p.send(t, "2+2\n")
	p.sees(t, "4\n> ")
	_ = p.in.Close()
	p.sees(t, "bye\n")
	<-over
}

// Sixty-four may talk at once; one more is told so, and none holds up the hooks.
func TestThereIsAnEndToSessions(t *testing.T) {
	e := running(t, calculator+"\nfunction logs() return \"still here\" end")
	for range 64 {
		p := newPipes(t, false)
		over := p.begin(t.Context(), e, "sh")
		p.sees(t, "> ")
		defer func() {
			_ = p.in.Close()
			p.sees(t, "bye\n")
			<-over
		}()
	}
	if _, err := e.Exec(t.Context(), app, []string{"sh"}, provider.Streams{}); !errors.Is(err, hook.ErrBusy) {
		t.Errorf("the sixty-fifth: %v", err)
	}
	log, err := e.LogStream(t.Context(), app, provider.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(log); string(text) != "still here\n" || err != nil {
		t.Errorf("beside them the log is %q, %v", text, err)
	}
}

func TestAttach(t *testing.T) {
	const logs = `function logs() return every("1s", function(n) return "line " .. n end) end`
	t.Run("shows the log from now on", func(t *testing.T) {
		e := running(t, logs+"\n"+calculator)
		e.Pass(10 * time.Second)
		p := newPipes(t, true)
		over := make(chan error, 1)
		go func() { over <- e.Attach(t.Context(), app, provider.Streams{Stdout: p.Stdout, TTY: true}) }()
		p.sees(t, "line 10\r\n")
		e.Pass(2 * time.Second)
		p.sees(t, "line 11\r\nline 12\r\n")
		if err := e.DeletePod(t.Context(), newPod("web")); err != nil {
			t.Fatal(err)
		}
		passUntil(t, e, over, func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("with input asks the hook", func(t *testing.T) {
		e := running(t, logs+`
			function exec(pod, container, argv, io) return tostring(io.attach) .. " " .. table.concat(argv, " ") .. " " .. io:read("a") end`)
		p := newPod("cat")
		p.Spec.Containers[0].Command, p.Spec.Containers[0].Args = []string{"cat"}, []string{"-n"}
		create(t, e, p)
		var out bytes.Buffer
		err := e.Attach(t.Context(), provider.ContainerAsk{Namespace: "default", Pod: "cat"}, provider.Streams{Stdin: strings.NewReader("hello"), Stdout: &out})
		if err != nil || out.String() != "true cat -n hello" {
			t.Errorf("%q, %v", out.String(), err)
		}
		out.Reset()
		if err := e.Attach(t.Context(), app, provider.Streams{Stdin: strings.NewReader("x"), Stdout: &out}); err != nil || out.String() != "true app x" {
			t.Errorf("without a command of its own: %q, %v", out.String(), err)
		}
	})
}

// Whatever exec does, its client gets an answer and the others get theirs.
func TestHostileExecs(t *testing.T) {
	lua := `function exec(pod, container, argv, io)
		if argv[1] == "output" then while true do io:write(("x"):rep(1000)) end end
		if argv[1] == "spin" then while true do io:read() end end
		if argv[1] == "busy" then while true do pcall(function() while true do end end) end end
		if argv[1] == "answer" then return ("x"):rep(1024 * 1024) end
		return "fine"
	end`
	e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"a.lua": "match = true\n" + lua}, Limits: hook.Limits{Exec: 200 * time.Millisecond}})
	var wg sync.WaitGroup
	for n, want := range map[string]string{"output": "limit error", "spin": "took longer than 200ms", "busy": "took longer than 200ms", "answer": ""} {
		create(t, e, newPod(n))
		try := func() {
			ask := provider.ContainerAsk{Namespace: "default", Pod: n}
			for range 3 {
				var errs bytes.Buffer
				exit, err := e.Exec(t.Context(), ask, []string{n}, provider.Streams{Stdout: io.Discard, Stderr: &errs})
				if err != nil || (exit == 1) != (want != "") || !strings.Contains(errs.String(), want) {
					t.Errorf("%s: exit %d, %q, %v", n, exit, errs.String(), err)
				}
			}
		}
		if n == "output" { // after the others: a heap that bursts is put on whoever runs longest
			defer try()
			continue
		}
		wg.Go(try)
	}
	wg.Wait()
	create(t, e, newPod("web"))
	var errs bytes.Buffer
	exit, err := e.Exec(t.Context(), provider.ContainerAsk{Namespace: "default", Pod: "spin"}, []string{"x"}, provider.Streams{Stderr: &errs})
	if exit != 1 || err != nil || !strings.Contains(errs.String(), "exec is switched off after limits ended it again and again") {
		t.Errorf("ended three times, and then: %d %q %v", exit, errs.String(), err)
	}
}

func TestAThousandSessionsAtOnce(t *testing.T) {
	e := running(t, `function exec(pod, container, argv, io) return io:read() .. argv[1] end`)
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered, busy := 0, 0
	for n := range 1000 {
		wg.Go(func() {
			var out bytes.Buffer
			_, err := e.Exec(t.Context(), app, []string{fmt.Sprint(n)}, provider.Streams{Stdin: strings.NewReader("no "), Stdout: &out})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && out.String() == fmt.Sprint("no ", n):
				answered++
			case errors.Is(err, hook.ErrBusy):
				busy++
			default:
				t.Errorf("session %d: %q, %v", n, out.String(), err)
			}
		})
	}
	wg.Wait()
	if answered < 64 || answered+busy != 1000 {
		t.Errorf("%d answered, %d told to wait", answered, busy)
	}
}
