package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScenarios plays testdata/*.txtar. Beside the commands of testscript there are:
//
//	kubectl ARGS…               the real kubectl, in the scenario's own namespace
//	start NAME PROGRAM ARGS…    runs a program in the background; its output is in the files NAME.out and NAME.err
//	node NAME ARGS…             starts moonlet kubelet --nodename NAME as "NAME", and waits until its node is Ready
//	await NAME REGEXP           waits until NAME.out or NAME.err matches; the first group becomes $GOT
//	end NAME [INT|TERM|KILL]    ends it; TERM unless it says otherwise
//	until REGEXP ARGS…          repeats kubectl ARGS… until what it prints matches
//	never SECONDS REGEXP ARGS…  watches kubectl ARGS… for so long, and wants it not to match
func TestScenarios(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"kubectl": kubectl, "start": start, "node": node, "await": await, "end": endProgram, "until": until, "never": never,
		},
		RequireExplicitExec: true,
	})
}

// patience is how long a scenario waits for what must come. It decides nothing but when to give up.
const patience = 90 * time.Second

type backgroundKey struct{}

// background are the programs that a scenario started.
type background map[string]*exec.Cmd

func setUp(e *testscript.Env) error {
	name := namespaceOf(e)
	running := background{}
	e.Values[backgroundKey{}] = running
	e.Defer(running.kill)
	root, err := filepath.Abs("../../..")
	if err != nil {
		return err
	}
	for _, assignment := range theLab.env() {
		key, value, _ := strings.Cut(assignment, "=")
		if strings.HasPrefix(key, "APISERVER_") || key == "PATH" {
			e.Setenv(key, value)
		}
	}
	config := filepath.Join(e.WorkDir, ".kubeconfig")
	e.Setenv("KUBECONFIG", config)
	e.Setenv("NAMESPACE", name)
	e.Setenv("ROOT", root)
	e.Setenv("MOONLET_LAB_DIR", theLab.dir)
	bin := filepath.Join(e.WorkDir, ".bin")
	e.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	return errors.Join(tools(bin), ownNamespace(config, name))
}

// tools makes a folder of the programs that scenarios exec.
func tools(bin string) error {
	if err := os.Mkdir(bin, 0o755); err != nil {
		return err
	}
	kubectl := fmt.Sprintf("#!/bin/sh\nexec %q kubectl \"$@\"\n", labBinary)
	return errors.Join(
		os.Symlink(moonletBinary, filepath.Join(bin, "moonlet")),
		os.Symlink(labBinary, filepath.Join(bin, "moonlet-lab")),
		os.WriteFile(filepath.Join(bin, "kubectl"), []byte(kubectl), 0o755),
	)
}

func namespaceOf(e *testscript.Env) string {
	return strings.ReplaceAll(strings.TrimPrefix(filepath.Base(e.WorkDir), "script-"), "_", "-")
}

// ownNamespace makes a namespace, and a kubeconfig whose commands mean it.
func ownNamespace(config, name string) error {
	admin, err := os.ReadFile(theLab.kubeconfig())
	if err != nil {
		return err
	}
	if err := os.WriteFile(config, admin, 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"create", "namespace", name},
		{"config", "set-context", "--current", "--namespace", name},
		{"wait", "--for=create", "serviceaccount/default", "--timeout=30s"}, // without it no pod can be created
	} {
		cmd := theLab.command(append([]string{"kubectl", "--kubeconfig", config}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func (b background) kill() {
	for _, cmd := range b {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// runKubectl runs kubectl and returns what it printed on both streams.
func runKubectl(ts *testscript.TestScript, args []string) (stdout, stderr string, err error) {
	cmd := exec.Command(labBinary, append([]string{"kubectl"}, args...)...)
	cmd.Env, cmd.Dir = environ(ts), ts.MkAbs(".")
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	err = cmd.Run()
	return out.String(), problems.String(), err
}

func environ(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, key := range []string{"KUBECONFIG", "NAMESPACE", "ROOT", "PATH", "APISERVER_CERT_LOCATION", "APISERVER_KEY_LOCATION", "WEB_ENDPOINT_URL", "HOME"} {
		env = append(env, key+"="+ts.Getenv(key))
	}
	return append(env, "MOONLET_LAB_DIR="+theLab.dir)
}

func kubectl(ts *testscript.TestScript, neg bool, args []string) {
	out, problems, err := runKubectl(ts, args)
	fmt.Fprint(ts.Stdout(), out)
	fmt.Fprint(ts.Stderr(), problems)
	switch exit := (*exec.ExitError)(nil); {
	case err != nil && !errors.As(err, &exit):
		ts.Fatalf("kubectl: %v", err)
	case err != nil && !neg:
		ts.Fatalf("kubectl exited with %d\n%s%s", exit.ExitCode(), out, problems)
	case err == nil && neg:
		ts.Fatalf("kubectl succeeded\n%s%s", out, problems)
	case err != nil:
		ts.Setenv("EXIT", fmt.Sprint(exit.ExitCode()))
	}
}

// start is the command of that name.
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM ARGS…")
	}
	launch(ts, args[0], args[1], args[2:])
}

func launch(ts *testscript.TestScript, name, program string, args []string) {
	running := ts.Value(backgroundKey{}).(background)
	if running[name] != nil {
		ts.Fatalf("%s runs already", name)
	}
	switch program {
	case "moonlet":
		program = moonletBinary
	case "kubectl":
		program, args = labBinary, append([]string{"kubectl"}, args...)
	}
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir = environ(ts), ts.MkAbs(".")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	defer out.Close()
	problems, err := os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	defer problems.Close()
	cmd.Stdout, cmd.Stderr = out, problems
	ts.Check(cmd.Start())
	running[name] = cmd
}

// node is the command of that name.
func node(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: node NAME ARGS…")
	}
	name := args[0]
	launch(ts, name, "moonlet", append([]string{
		"kubelet", "--nodename", name, "--namespace", ts.Getenv("NAMESPACE"), "--kubelet-port", "0", "--metrics-addr", "127.0.0.1:0",
		"--listen", "127.0.0.1:0", "--state", "memory", "--seed", "1", "--scripts", ts.MkAbs("scripts"),
	}, args[1:]...))
	ts.Check(os.MkdirAll(ts.MkAbs("scripts"), 0o755))
	look(ts, "Try it:", func() string { return ts.ReadFile(name + ".out") })
	look(ts, `(?m)^\S+ +Ready `, func() string {
		out, _, _ := runKubectl(ts, []string{"get", "nodes", "--no-headers", "--ignore-not-found", name, name + "-0"})
		return out
	})
}

// await is the command of that name.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await NAME REGEXP")
	}
	got := look(ts, args[1], func() string { return ts.ReadFile(args[0]+".out") + ts.ReadFile(args[0]+".err") })
	ts.Setenv("GOT", got)
}

// look looks until what it sees matches, and returns the first group, or the whole match.
func look(ts *testscript.TestScript, pattern string, see func() string) string {
	want, err := regexp.Compile(pattern)
	ts.Check(err)
	seen := ""
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		seen = see()
		if m := want.FindStringSubmatch(seen); m != nil {
			return m[len(m)-1]
		}
	}
	ts.Fatalf("after %s still no %s in\n%s", patience, pattern, seen)
	return ""
}

// endProgram is the command end.
func endProgram(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: end NAME [INT|TERM|KILL]")
	}
	running := ts.Value(backgroundKey{}).(background)
	cmd := running[args[0]]
	if cmd == nil {
		ts.Fatalf("%s does not run", args[0])
	}
	signal := syscall.SIGTERM
	if len(args) == 2 {
		signal = map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[1]]
	}
	ts.Check(cmd.Process.Signal(signal))
	err := cmd.Wait()
	delete(running, args[0])
	ts.Logf("%s ended: %v", args[0], err)
}

// until is the command of that name.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP ARGS…")
	}
	seen := ""
	got := look(ts, "(?s)"+args[0], func() string {
		out, problems, _ := runKubectl(ts, args[1:])
		seen = out + problems
		return seen
	})
	ts.Setenv("GOT", got)
	fmt.Fprint(ts.Stdout(), seen)
}

// never is the command of that name.
func never(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: never SECONDS REGEXP ARGS…")
	}
	span, err := time.ParseDuration(args[0] + "s")
	ts.Check(err)
	unwanted, err := regexp.Compile(args[1])
	ts.Check(err)
	for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if out, _, _ := runKubectl(ts, args[2:]); unwanted.MatchString(out) {
			ts.Fatalf("%s came up in\n%s", args[1], out)
		}
	}
}
