package lab

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A supervisor of a test, in a process of its own.
type child struct {
	dir  Dir
	cmd  *exec.Cmd
	said bytes.Buffer // to be read when it has ended
	done chan error
}

func startSupervisor(t *testing.T, dir Dir, environment ...string) *child {
	t.Helper()
	c := &child{dir: dir, cmd: exec.Command(os.Args[0], supervisorMode, string(dir)), done: make(chan error, 1)}
	c.cmd.Stdout, c.cmd.Stderr = &c.said, &c.said
	c.cmd.WaitDelay = time.Minute
	c.cmd.Env = append(os.Environ(), environment...)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.done <- c.cmd.Wait() }()
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	return c
}

// ready starts a lab and waits for it.
func ready(t *testing.T, dir Dir) (*child, State) {
	t.Helper()
	c := startSupervisor(t, dir)
	for {
		pid, err := dir.Supervisor()
		if err != nil {
			t.Fatal(err)
		}
		if pid != 0 {
			break
		}
		select {
		case err := <-c.done:
			t.Fatalf("the supervisor ended (%v):\n%s", err, c.said.String())
		case <-time.After(time.Millisecond):
		}
	}
	state, err := Await(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return c, state
}

// alive are the components whose process is there.
func alive(components []Component) []string {
	var names []string
	for _, c := range components {
		if syscall.Kill(c.PID, 0) == nil {
			names = append(names, c.Name)
		}
	}
	return names
}

// awaitDead waits until none of the processes is there.
func awaitDead(t *testing.T, components []Component) {
	t.Helper()
	err := poll(t.Context(), func() (bool, error) { return len(alive(components)) == 0, nil })
	if err != nil {
		t.Fatal(err)
	}
}

func TestLabStartsInOrderAndEndsInReverse(t *testing.T) {
	c, state := ready(t, Dir(t.TempDir()))
	if diff := cmp.Diff(Names(), alive(state.Components)); diff != "" {
		t.Errorf("programs that run:\n%s", diff)
	}
	report, err := Inspect(t.Context(), c.dir)
	if err != nil {
		t.Fatal(err)
	}
	if !report.Ready || report.Supervisor != c.cmd.Process.Pid {
		t.Errorf("report %+v", report)
	}
	if err := Stop(t.Context(), c.dir); err != nil {
		t.Fatal(err)
	}
	if left := alive(state.Components); left != nil {
		t.Errorf("left running: %v", left)
	}
	if err := <-c.done; err != nil {
		t.Errorf("the supervisor ended with %v", err)
	}
	const want = `step certificates and ports true
step etcd true
step kube-apiserver true
step kube-controller-manager, kube-scheduler true
step namespace default true
ready
step end kube-controller-manager, kube-scheduler true
step end kube-apiserver true
step end etcd true
`
	if diff := cmp.Diff(want, c.said.String()); diff != "" {
		t.Error(diff)
	}
}

func TestPortsAndAuthorityOutliveTheLab(t *testing.T) {
	dir := Dir(t.TempDir())
	read := func() ([]byte, Ports) {
		t.Helper()
		_, state := ready(t, dir)
		ca, err := os.ReadFile(dir.CA().Cert)
		if err != nil {
			t.Fatal(err)
		}
		if err := Stop(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		return ca, state.Ports
	}
	ca, ports := read()
	caAgain, portsAgain := read()
	if !bytes.Equal(ca, caAgain) || ports != portsAgain {
		t.Errorf("ports %+v and then %+v, same authority: %v", ports, portsAgain, bytes.Equal(ca, caAgain))
	}
}

func TestNothingOutlivesASupervisorThatWasKilled(t *testing.T) {
	c, state := ready(t, Dir(t.TempDir()))
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-c.done; err == nil {
		t.Error("a supervisor that was killed ended as if all was well")
	}
	awaitDead(t, state.Components)
	report, err := Inspect(t.Context(), c.dir)
	if err != nil || report.Running {
		t.Errorf("report %+v, %v", report, err)
	}
	// What it left must not be in the way.
	ready(t, c.dir)
	if err := Stop(t.Context(), c.dir); err != nil {
		t.Fatal(err)
	}
}

func TestProgramThatEndsIsStartedAgain(t *testing.T) {
	c, state := ready(t, Dir(t.TempDir()))
	for _, with := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		before, _ := state.Component(apiServer)
		after, err := Restart(t.Context(), c.dir, apiServer, with)
		if err != nil {
			t.Fatal(err)
		}
		if after.PID == before.PID || after.Restarts != before.Restarts+1 || after.URL != before.URL {
			t.Errorf("%v: %+v became %+v", with, before, after)
		}
		if state, err = c.dir.State(); err != nil {
			t.Fatal(err)
		}
	}
	if err := Stop(t.Context(), c.dir); err != nil {
		t.Fatal(err)
	}
	if err := <-c.done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(c.said.String(), "kube-apiserver ended by signal: killed") {
		t.Errorf("the supervisor did not say so:\n%s", c.said.String())
	}
}

func TestProgramThatCannotStartEndsTheLab(t *testing.T) {
	c := startSupervisor(t, Dir(t.TempDir()), troubleVariable+"="+scheduler)
	if err := <-c.done; err == nil {
		t.Error("the supervisor ended as if all was well")
	}
	for _, want := range []string{"kube-scheduler ended with exit code 1", lastWords, c.dir.Log(scheduler), "step end etcd true"} {
		if !strings.Contains(c.said.String(), want) {
			t.Errorf("no %q in:\n%s", want, c.said.String())
		}
	}
	state, err := c.dir.State()
	if err != nil || state.Supervisor != 0 || state.Components != nil {
		t.Errorf("state %+v, %v", state, err)
	}
}

func TestSecondSupervisorIsRefused(t *testing.T) {
	c, _ := ready(t, Dir(t.TempDir()))
	_, err := c.dir.lock()
	running, ok := errors.AsType[*RunningError](err)
	if !ok || running.PID != c.cmd.Process.Pid {
		t.Errorf("error %v", err)
	}
	if err := c.dir.Purge(); err == nil {
		t.Error("a lab that runs was purged")
	}
	if err := Stop(t.Context(), c.dir); err != nil {
		t.Fatal(err)
	}
}

func TestControlWithoutALab(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := Stop(t.Context(), dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("stop: %v", err)
	}
	if _, err := Restart(t.Context(), dir, etcd, syscall.SIGTERM); !errors.Is(err, ErrNotRunning) {
		t.Errorf("restart: %v", err)
	}
	if _, err := Await(t.Context(), dir); err == nil {
		t.Error("a lab that nobody starts was waited for")
	}
}

func TestStartThatIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	supervisor := &Supervisor{
		Options: Options{Dir: Dir(t.TempDir())}, Executable: os.Args[0], Kubernetes: "v1.37.1",
		Steps: printedSteps{}, Log: func(string) {}, OnReady: func(State) { t.Error("ready") },
	}
	// The lock belongs to this process meanwhile, which the kernel does not count as another.
	if err := supervisor.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestPurgeLeavesWhatIsNotTheLabs(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := errors.Join(dir.create(), dir.writeState(State{})); err != nil {
		t.Fatal(err)
	}
	mine := dir.path("mine.txt")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dir.Purge(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(string(dir))
	if err != nil || len(left) != 1 || left[0].Name() != "mine.txt" {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestPurgeLeavesAFolderThatIsNoLab(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := os.Mkdir(dir.path("pki"), 0o700); err != nil { // as in /etc
		t.Fatal(err)
	}
	if err := dir.Purge(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	left, err := os.ReadDir(string(dir))
	if err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}
