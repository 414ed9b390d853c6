package provider_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/state"
)

const counting = `function logs(pod, container, opts) return every("1s", function(n) return "line " .. n end) end`

// readLog reads a log that does not follow.
func readLog(t *testing.T, e *enginetest.Engine, o provider.LogOptions) string {
	t.Helper()
	log, err := e.LogStream(t.Context(), app, o)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	text, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLogOptionsSelectAsAKubeletDoes(t *testing.T) {
	at := func(s float64) time.Time { return enginetest.Start.Add(time.Duration(s * float64(time.Second))) }
	const list = `function logs() return { "one", "two", "three" } end`
	for name, c := range map[string]struct {
		lua  string
		o    provider.LogOptions
		want string
	}{
		"all":                         {counting, provider.LogOptions{}, "line 1\nline 2\nline 3\nline 4\nline 5\n"},
		"the last":                    {counting, provider.LogOptions{Tail: new(2)}, "line 4\nline 5\n"},
		"none":                        {counting, provider.LogOptions{Tail: new(0)}, ""},
		"since a line":                {counting, provider.LogOptions{Since: at(4)}, "line 4\nline 5\n"},
		"since between lines":         {counting, provider.LogOptions{Since: at(3.5)}, "line 4\nline 5\n"},
		"since before the run":        {counting, provider.LogOptions{Since: at(-9)}, "line 1\nline 2\nline 3\nline 4\nline 5\n"},
		"since the future":            {counting, provider.LogOptions{Since: at(60)}, ""},
		"of the last, those since":    {counting, provider.LogOptions{Tail: new(3), Since: at(4.5)}, "line 5\n"},
		"with times":                  {counting, provider.LogOptions{Tail: new(1), Timestamps: true}, "2026-11-20T09:00:05.000000000Z line 5\n"},
		"the first bytes":             {counting, provider.LogOptions{LimitBytes: 10}, "line 1\nlin"},
		"the first bytes of the last": {counting, provider.LogOptions{Tail: new(2), LimitBytes: 3}, "lin"},
		"bytes with times":            {counting, provider.LogOptions{Timestamps: true, LimitBytes: 33}, "2026-11-20T09:00:01.000000000Z lin"[:33]},
		"more bytes than there are":   {counting, provider.LogOptions{LimitBytes: 1000, Tail: new(1)}, "line 5\n"},
		"a list":                      {list, provider.LogOptions{Tail: new(2)}, "two\nthree\n"},
		"a list since its start":      {list, provider.LogOptions{Since: at(0)}, "one\ntwo\nthree\n"},
		"a list since later":          {list, provider.LogOptions{Since: at(0.1)}, ""},
		"a list with times":           {list, provider.LogOptions{Tail: new(1), Timestamps: true}, "2026-11-20T09:00:00.000000000Z three\n"},
		"a text":                      {`function logs() return "a\nb\n" end`, provider.LogOptions{Timestamps: true}, "2026-11-20T09:00:00.000000000Z a\n2026-11-20T09:00:00.000000000Z b\n"},
		"lines of several":            {`function logs() return every("5s", function() return "a\n b" end) end`, provider.LogOptions{Timestamps: true}, "2026-11-20T09:00:05.000000000Z a\n2026-11-20T09:00:05.000000000Z  b\n"},
		"nothing":                     {`function logs() end`, provider.LogOptions{}, ""},
		"no hook":                     {``, provider.LogOptions{}, ""},
		"no follower of the past":     {`function on_start() return { exit = 0, after = "3s" } end ` + counting, provider.LogOptions{Follow: true, Previous: true}, "line 1\nline 2\nline 3\n"},
	} {
		t.Run(name, func(t *testing.T) {
			e := running(t, c.lua)
			e.Pass(5*time.Second + 300*time.Millisecond)
			if got := readLog(t, e, c.o); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What a tail does not want is not made: of a year's log one line calls the script once.
func TestTheTailOfAMillionLinesMakesNoOthers(t *testing.T) {
	e := running(t, `function logs(pod) return every("1s", function(n) assert(pod.metadata.name ~= "web" or n >= 31535999, "made line " .. n) return "line " .. n end) end`)
	e.Pass(365 * 24 * time.Hour)
	if got := readLog(t, e, provider.LogOptions{Tail: new(2)}); got != "line 31535999\nline 31536000\n" {
		t.Errorf("got %q", got)
	}
	if got := readLog(t, e, provider.LogOptions{Since: e.Clock.Now()}); got != "line 31536000\n" {
		t.Errorf("got %q", got)
	}
}

func TestLogsThatAreNotThere(t *testing.T) {
	e := running(t, `function on_pull(pod) if pod.metadata.name == "slow" then return "1h" end end`+"\n"+counting)
	create(t, e, newPod("slow"))
	for name, c := range map[string]struct {
		pod string
		o   provider.LogOptions
	}{
		"of the run before the first": {"web", provider.LogOptions{Previous: true}},
		"of a container that waits":   {"slow", provider.LogOptions{Follow: true}},
	} {
		if _, err := e.LogStream(t.Context(), provider.ContainerAsk{Namespace: "default", Pod: c.pod}, c.o); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAScriptThatBreaksIsAnErrorOfItsLog(t *testing.T) {
	e := running(t, `function logs() return every("1s", function(n) if n == 3601 then error("out of ink") end return "line " .. n end) end`)
	e.Pass(3601 * time.Second)
	if _, err := e.LogStream(t.Context(), app, provider.LogOptions{Tail: new(1)}); err == nil || !strings.Contains(err.Error(), `log of container "app" in pod default/web: a.lua:2: logs: out of ink`) {
		t.Errorf("error %v", err)
	}
}

// following is a log that is being followed.
type following struct {
	io.Closer
	lines *bufio.Reader
}

func follow(ctx context.Context, t *testing.T, e *enginetest.Engine, o provider.LogOptions) *following {
	t.Helper()
	o.Follow = true
	log, err := e.LogStream(ctx, app, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return &following{log, bufio.NewReader(log)}
}

func (f *following) sees(t *testing.T, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if got, err := f.lines.ReadString('\n'); got != want+"\n" || err != nil {
			t.Fatalf("the follower sees %q, %v; want %q", got, err, want)
		}
	}
}

// ends lets time pass until the log is over, and wants nothing more to come.
func (f *following) ends(t *testing.T, e *enginetest.Engine) {
	t.Helper()
	over := make(chan error, 1)
	go func() {
		text, err := io.ReadAll(f.lines)
		if len(text) > 0 {
			err = fmt.Errorf("there came %q", text)
		}
		over <- err
	}()
	passUntil(t, e, over, func(err error) {
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAFollowerSeesEachLineWhenItIsDue(t *testing.T) {
	e := running(t, counting)
	e.Pass(10 * time.Second)
	log := follow(t.Context(), t, e, provider.LogOptions{Tail: new(2), Timestamps: true})
	log.sees(t, "2026-11-20T09:00:09.000000000Z line 9", "2026-11-20T09:00:10.000000000Z line 10")
	for n := 11; n < 15; n++ {
		e.Pass(time.Second)
		log.sees(t, fmt.Sprintf("2026-11-20T09:00:%02d.000000000Z line %d", n, n))
	}
	e.Pass(3 * time.Second)
	log.sees(t, "2026-11-20T09:00:15.000000000Z line 15", "2026-11-20T09:00:16.000000000Z line 16", "2026-11-20T09:00:17.000000000Z line 17")
}

func TestAFollowerOfALimitEndsWithIt(t *testing.T) {
	e := running(t, counting)
	e.Pass(time.Second)
	log := follow(t.Context(), t, e, provider.LogOptions{LimitBytes: 10})
	log.sees(t, "line 1")
	e.Pass(time.Second)
	if rest, err := io.ReadAll(log.lines); string(rest) != "lin" || err != nil {
		t.Errorf("the rest is %q, %v", rest, err)
	}
}

func TestAFollowerLosesNothingOfARush(t *testing.T) {
	e := running(t, `function logs() return every("1ms", function(n) return n .. "" end) end`)
	log := follow(t.Context(), t, e, provider.LogOptions{})
	e.Pass(30 * time.Second)
	for n := 1; n <= 30_000; n++ {
		log.sees(t, fmt.Sprint(n))
	}
}

func TestAFollowerEndsWithItsRun(t *testing.T) {
	e := running(t, `function on_start(pod, container, run) return { exit = 1, after = "5s" } end`+"\n"+counting)
	log := follow(t.Context(), t, e, provider.LogOptions{})
	e.Pass(time.Hour)
	log.sees(t, "line 1", "line 2", "line 3", "line 4", "line 5")
	log.ends(t, e)
}

func TestAFollowerEndsWithItsPod(t *testing.T) {
	e := running(t, `function logs() return "started" end`)
	log := follow(t.Context(), t, e, provider.LogOptions{})
	log.sees(t, "started")
	if err := e.DeletePod(t.Context(), newPod("web")); err != nil {
		t.Fatal(err)
	}
	create(t, e, newPod("web"))
	log.ends(t, e)
}

func TestAFollowerEndsWithItsClient(t *testing.T) {
	e := running(t, counting)
	ctx, leave := context.WithCancel(t.Context())
	log := follow(ctx, t, e, provider.LogOptions{})
	over := make(chan error, 1)
	go func() { _, err := log.lines.ReadString('\n'); over <- err }()
	leave()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Errorf("after its client left: %v", err)
	}
	log = follow(t.Context(), t, e, provider.LogOptions{})
	go func() { _, err := log.lines.ReadString('\n'); over <- err }()
	_ = log.Close()
	if err := <-over; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("after Close: %v", err)
	}
}

// A reload changes the lines to come, and none that were read.
func TestAFollowerGoesOnWithTheNextScripts(t *testing.T) {
	e := running(t, counting)
	e.Pass(2 * time.Second)
	log := follow(t.Context(), t, e, provider.LogOptions{})
	log.sees(t, "line 1", "line 2")
	swap := func(lua string) {
		t.Helper()
		if problems := e.Swap("a.lua", "match = true\n"+lua); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	swap(`function logs() return every("2s", function(n) return "new " .. n end) end`)
	e.Pass(2 * time.Second)
	log.sees(t, "new 2")
	swap(`function logs() return { "all", "at", "once" } end`)
	e.Pass(10 * time.Second)
	e.Pass(2 * time.Second)
	swap(counting)
	e.Pass(2 * time.Second)
	got, err := log.lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(got, "line ") || got <= "line 12" {
		t.Errorf("after a list of the past the follower sees %q, %v", got, err)
	}
}
