package main

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata")

// leakChecked runs the tests and then looks for goroutines they left. testscript.Main ends the process itself, so the
// check cannot come after it.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left:", err)
			return 1
		}
	}
	return code
}

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"moonlet": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			// Without it, every moonlet built with -race waits a second before it ends.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Values[servedKey{}] = &served{env: env.Vars}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCodeIs, "serve": serveInBackground, "until": untilAnswered, "end": endServing, "damage": damageFile,
			"create": createPod, "tidy": tidyOutput,
		},
	})
}

// exitCodeIs is the command: code N ARGS…, which runs moonlet and wants it to exit with N.
func exitCodeIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: code N ARGS…")
	}
	got := 0
	if err := ts.Exec("moonlet", args[1:]...); err != nil {
		exit, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("moonlet: %v", err)
		}
		got = exit.ExitCode()
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("moonlet exited with %d, want %s", got, args[0])
	}
}
