package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/config"
)

// A child is a Moonlet in a process of its own: this test binary, run again to do nothing but what `moonlet serve` does. What
// it costs and whether it lives can be told apart from whoever drives it.
type child struct {
	url, bare string // of the engine, and of handlers to compare it with
	pid       int
	asks      io.WriteCloser
	answers   *bufio.Reader
	errors    tail
	ended     chan struct{} // closed at its end
}

const asChild = "MOONLET_TEST_CHILD"

// startChild starts one with config given as MOONLET_ variables, "MOONLET_SCRIPTS=…". It ends with the test.
func startChild(tb testing.TB, env ...string) *child {
	tb.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeAsChild$", "-test.timeout=0", "-test.cpuprofile="+os.Getenv("MOONLET_CHILD_PROFILE"))
	cmd.Env = append(os.Environ(), asChild+"=1", "MOONLET_LISTEN=127.0.0.1:0", "MOONLET_STATE=memory", "MOONLET_SEED=1")
	cmd.Env = append(cmd.Env, env...)
	c := &child{ended: make(chan struct{})}
	cmd.Stderr = &c.errors
	in, err := cmd.StdinPipe()
	must(tb, err)
	out, err := cmd.StdoutPipe()
	must(tb, err)
	must(tb, cmd.Start())
	c.asks, c.answers, c.pid = in, bufio.NewReader(out), cmd.Process.Pid
	urls := strings.Fields(c.ask(tb, ""))
	if len(urls) != 2 {
		tb.Fatalf("the child did not start: %s", c.errors.String())
	}
	c.url, c.bare = urls[0], urls[1]
	go func() {
		defer close(c.ended)
		_ = cmd.Wait() // how it ended shows in its errors
	}()
	tb.Cleanup(func() {
		in.Close()
		select {
		case <-c.ended:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill() //nolint:errcheck // it has just ended, then
			<-c.ended
		}
	})
	return c
}

// ask sends the child a word and returns the line it answers.
func (c *child) ask(tb testing.TB, word string) string {
	tb.Helper()
	if word != "" {
		if _, err := fmt.Fprintln(c.asks, word); err != nil {
			tb.Fatalf("the child is gone: %v\n%s", err, c.errors.String())
		}
	}
	line, err := c.answers.ReadString('\n')
	if err != nil {
		tb.Fatalf("the child is gone: %v\n%s", err, c.errors.String())
	}
	return strings.TrimSpace(line)
}

// cpu is the processor time the child has used, in user and kernel.
func (c *child) cpu(tb testing.TB) time.Duration {
	tb.Helper()
	d, err := time.ParseDuration(c.ask(tb, "cpu"))
	must(tb, err)
	return d
}

// heap is what the child's live objects take, after a collection, in bytes.
func (c *child) heap(tb testing.TB) int64 {
	tb.Helper()
	n, err := strconv.ParseInt(c.ask(tb, "heap"), 10, 64)
	must(tb, err)
	return n
}

// memory reads a field of /proc/PID/status, "VmRSS" or "VmHWM", in bytes; 0 where the child is gone.
func (c *child) memory(tb testing.TB, field string) int64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid))
	if err != nil {
		tb.Skipf("this system does not tell the memory of processes: %v", err)
	}
	found := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(text)
	if found == nil {
		return 0
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	must(tb, err)
	return kib << 10
}

// forgetPeak gives back what is not needed and makes VmHWM begin anew.
func (c *child) forgetPeak(tb testing.TB) {
	tb.Helper()
	c.heap(tb)
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", c.pid), []byte("5"), 0); err != nil {
		tb.Logf("the peak of memory is that of all so far: %v", err)
	}
}

// alive says whether the child still runs.
func (c *child) alive() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// tail keeps the last that was written to it.
type tail struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - 8<<10; over > 0 {
		t.text = bytes.Clone(t.text[over:])
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// TestServeAsChild is the child; on its own it tests nothing.
func TestServeAsChild(t *testing.T) {
	if os.Getenv(asChild) == "" {
		t.Skip("runs only as the child of other tests")
	}
	store, err := config.Open(config.Options{})
	must(t, err)
	e, err := engine.New(context.Background(), engine.Options{Config: store, NoJournal: &childMute})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	bare := serveBare(t)
	fmt.Println(e.URL(), bare)
	go func() {
		defer stop()
		for asks := bufio.NewScanner(os.Stdin); asks.Scan(); {
			fmt.Println(answerAsChild(asks.Text()))
		}
	}()
	must(t, e.Run(ctx))
}

// childMute keeps the child from writing journals.
var childMute atomic.Bool

func answerAsChild(ask string) string {
	switch ask {
	case "journals off", "journals on":
		childMute.Store(ask == "journals off")
		return "done"
	case "cpu":
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return err.Error()
		}
		return (time.Duration(u.Utime.Nano()) + time.Duration(u.Stime.Nano())).String()
	case "gc":
		runtime.GC()
		return "done"
	case "heap":
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return strconv.FormatUint(m.HeapAlloc, 10)
	default:
		return "what?"
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// getJSON reads an answer of the child's /api/v1.
func (c *child) getJSON(tb testing.TB, path string, into any) {
	tb.Helper()
	_, body := get(tb, c.url+path)
	if err := json.Unmarshal(body, into); err != nil {
		tb.Fatalf("%s: %v: %s", path, err, body)
	}
}
