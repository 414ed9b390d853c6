package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// killAfter is how long a program may take over a graceful end.
	killAfter = 10 * time.Second
	tailLines = 5
	tailBytes = 64 << 10

	// lifelineVariable tells a program that its file lifelineFD is a pipe from its supervisor.
	lifelineVariable = "MOONLET_LAB_LIFELINE"
	lifelineFD       = 3
)

// Tether ends this process when its supervisor is gone, even by kill -9: the kernel then closes the supervisor's end of
// the pipe. (Linux could send a signal instead, but it sends it at the end of the thread that started the process.)
// A process that no supervisor started is left alone. The goroutine lives as long as the process.
func Tether() {
	if os.Getenv(lifelineVariable) == "" {
		return
	}
	os.Unsetenv(lifelineVariable)
	syscall.CloseOnExec(lifelineFD)
	pipe := os.NewFile(lifelineFD, "lifeline")
	go func() {
		_, _ = io.Copy(io.Discard, pipe)
		os.Exit(1)
	}()
}

// A process is one life of a program.
type process struct {
	program program
	cmd     *exec.Cmd
	done    chan struct{} // closed when it has ended
	err     error         // what Wait said; to be read after done
	logFrom int64         // where in its log this life begins
}

// launcher starts programs.
type launcher struct {
	executable string   // this one
	lifeline   *os.File // the programs' end of the pipe
}

// start runs the program until the context ends; then it gets SIGTERM, and SIGKILL if that was not enough.
func (l launcher) start(ctx context.Context, p program) (*process, error) {
	log, err := os.OpenFile(p.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer log.Close()
	written, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	cmd := exec.CommandContext(ctx, l.executable, append([]string{p.Name}, p.args...)...) //nolint:gosec // it is this program
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = killAfter
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{l.lifeline}
	cmd.Env = append(environment(os.Environ()), lifelineVariable+"=yes")
	cmd.Env = append(cmd.Env, p.env...)
	// Ctrl-C reaches all processes of a terminal's foreground group; it is for the supervisor, which knows the order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	start := cmd.Start
	if p.aside {
		start = func() error { return StartAsBatch(cmd) }
	}
	if err := start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	started := &process{program: p, cmd: cmd, done: make(chan struct{}), logFrom: written}
	go func() {
		started.err = cmd.Wait()
		close(started.done)
	}()
	return started, nil
}

// environment leaves out what etcd would take for flags.
func environment(variables []string) []string {
	return slices.DeleteFunc(slices.Clone(variables), func(v string) bool { return strings.HasPrefix(v, "ETCD_") })
}

// ending says how a process that is done has ended, with its last words if it ended by itself.
func (p *process) ending() *EndedError {
	ended := &EndedError{Program: p.program.Name, How: p.how(), Log: p.program.Log}
	if exit, ok := errors.AsType[*exec.ExitError](p.err); ok && exit.Exited() {
		ended.Tail = tail(p.program.Log, p.logFrom)
	}
	return ended
}

func (p *process) how() string {
	exit, ok := errors.AsType[*exec.ExitError](p.err)
	switch {
	case p.err == nil:
		return "with exit code 0"
	case ok && exit.Exited():
		return fmt.Sprintf("with exit code %d", exit.ExitCode())
	case ok:
		return fmt.Sprintf("by %s", exit.ProcessState)
	}
	return fmt.Sprintf("(%v)", p.err)
}

// tail is the last few lines of a file after an offset, without those that only inform. It serves a message about
// something worse, so what cannot be read is left out.
func tail(path string, from int64) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	from = max(from, info.Size()-tailBytes)
	text, err := io.ReadAll(io.NewSectionReader(file, from, tailBytes))
	if err != nil {
		return nil
	}
	lines := slices.Collect(strings.Lines(string(text)))
	lines = slices.DeleteFunc(lines, informs.MatchString)
	return lines[max(0, len(lines)-tailLines):]
}

// informs matches klog's lines of level info, and empty ones.
var informs = regexp.MustCompile(`^(I\d{4} |\s*$)`)
