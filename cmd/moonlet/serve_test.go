package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// served is the moonlet that a scenario left serving.
type served struct {
	env []string
	cmd *exec.Cmd
}

type servedKey struct{}

// patience is how long a scenario waits for what must come. It decides nothing but when to give up.
const patience = 20 * time.Second

// waitFor looks every few milliseconds until look finds what it looks for.
func waitFor(ts *testscript.TestScript, what string, look func() bool) {
	deadline := time.After(patience)
	for !look() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			ts.Fatalf("after %s still not: %s", patience, what)
		}
	}
}

var servedURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// serveInBackground is the command: serve ARGS…, which runs moonlet serve on a free port, its output in the files out
// and err, and sets $URL and $ADDRESS.
func serveInBackground(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(servedKey{}).(*served)
	if neg || s.cmd != nil {
		ts.Fatalf("usage: serve ARGS…, one at a time")
	}
	s.cmd = exec.Command(inPath(ts, "moonlet"), append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	s.cmd.Env, s.cmd.Dir = s.env, ts.MkAbs(".")
	for name, stream := range map[string]*io.Writer{"out": &s.cmd.Stdout, "err": &s.cmd.Stderr} {
		f, err := os.Create(ts.MkAbs(name))
		ts.Check(err)
		defer f.Close()
		*stream = f
	}
	ts.Check(s.cmd.Start())
	ts.Defer(func() {
		if s.cmd != nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
		}
	})
	waitFor(ts, "moonlet says where it serves", func() bool {
		url := servedURL.FindString(ts.ReadFile("out") + ts.ReadFile("err"))
		ts.Setenv("URL", url)
		ts.Setenv("ADDRESS", strings.TrimPrefix(url, "http://"))
		return url != ""
	})
}

func inPath(ts *testscript.TestScript, program string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(dir, program)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	ts.Fatalf("no %s in the path", program)
	return ""
}

// untilAnswered is the command: until URL REGEXP, which asks until the answer matches, and prints it.
func untilAnswered(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: until URL REGEXP")
	}
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	body := ""
	waitFor(ts, args[0]+" answers "+args[1], func() bool {
		body = fetch(ts, args[0])
		return want.MatchString(body)
	})
	fmt.Fprintln(ts.Stdout(), body)
}

func fetch(ts *testscript.TestScript, url string) string {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	ts.Check(err)
	r.Close = true
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	return string(body)
}

// endServing is the command: end SIGNAL CODE, which sends INT or TERM to the moonlet that serves and wants it to exit
// with CODE.
func endServing(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(servedKey{}).(*served)
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || s.cmd == nil || signals[args[0]] == 0 {
		ts.Fatalf("usage: end INT|TERM|KILL CODE, after serve")
	}
	ts.Check(s.cmd.Process.Signal(signals[args[0]]))
	err := s.cmd.Wait()
	code := s.cmd.ProcessState.ExitCode()
	s.cmd = nil
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		ts.Fatalf("wait: %v", err)
	}
	if strconv.Itoa(code) != args[1] {
		ts.Fatalf("moonlet exited with %d, want %s\n%s", code, args[1], ts.ReadFile("err"))
	}
}

// damageFile is the command: damage FILE, which overwrites the second half of it.
func damageFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FILE")
	}
	text := ts.ReadFile(args[0])
	half := len(text) / 2
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text[:half]+strings.Repeat("\xff", len(text)-half)), 0o600))
}
