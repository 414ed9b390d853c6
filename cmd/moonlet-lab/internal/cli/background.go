package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

// background is what a supervisor without a terminal is told, as JSON in its only argument. Until the lab is ready, it
// talks to whoever started it through a pipe; after that, to its log.
type background struct {
	Options lab.Options `json:"options"`
	Style   style       `json:"style"` // of the terminal at the other end of the pipe
}

// exitBeaten is a supervisor's exit code when another one took the folder first.
const exitBeaten = 4

// pipeFD is the supervisor's end of the pipe.
const pipeFD = 3

const superviseWord = "supervise"

// startInBackground starts a supervisor that outlives this process, and returns when its lab is ready.
func startInBackground(cmd *cobra.Command, options lab.Options) error {
	child, words, err := spawn(cmd, options)
	if err != nil {
		return fmt.Errorf("start the lab's supervisor: %w", err)
	}
	defer words.Close()
	stop := context.AfterFunc(cmd.Context(), func() { _ = child.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if _, err := io.Copy(cmd.ErrOrStderr(), words); err != nil {
		return err
	}
	// It closed the pipe: it is ready, or it has ended.
	state, err := options.Dir.State()
	if err == nil && state.Ready && state.Supervisor == child.Process.Pid {
		hint(cmd, state, "Try it:")
		return child.Process.Release()
	}
	err = child.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == exitBeaten {
		return alreadyUp(cmd, options)
	}
	return ending(cmd, options.Dir, err)
}

// ending explains a supervisor that ended before its lab was ready. The pipe has said why, where it knew.
func ending(cmd *cobra.Command, dir lab.Dir, err error) error {
	if cmd.Context().Err() != nil {
		return context.Cause(cmd.Context())
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if ok && exit.ExitCode() == exitFailure {
		return silent(exitFailure)
	}
	return fmt.Errorf("the lab's supervisor ended before the lab was ready (%w): look into %s", err, dir.Log("supervisor"))
}

func spawn(cmd *cobra.Command, options lab.Options) (child *exec.Cmd, words *os.File, err error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	told, err := json.Marshal(background{Options: options, Style: styleOf(cmd.ErrOrStderr())})
	if err != nil {
		return nil, nil, err
	}
	log, err := options.Dir.OpenLog("supervisor")
	if err != nil {
		return nil, nil, err
	}
	defer log.Close()
	words, pipe, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer pipe.Close()
	// Not with the command's context: the supervisor is to live on.
	child = exec.CommandContext(context.WithoutCancel(cmd.Context()), executable, superviseWord, string(told))
	child.Stdout, child.Stderr = log, log
	child.ExtraFiles = []*os.File{pipe}
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		return nil, nil, errors.Join(err, words.Close())
	}
	return child, words, nil
}

// superviseCommand is the process that startInBackground starts.
func superviseCommand(linked Linked) *cobra.Command {
	return &cobra.Command{
		Use:    superviseWord + " JSON",
		Hidden: true,
		Args:   arguments(1, 1, "what up --detach tells its supervisor"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var told background
			if err := json.Unmarshal([]byte(args[0]), &told); err != nil {
				return usageError("this is how up --detach starts a lab, and not for people: %w", err)
			}
			return supervise(cmd, told, linked)
		},
	}
}

func supervise(cmd *cobra.Command, told background, linked Linked) error {
	syscall.CloseOnExec(pipeFD)
	pipe := os.NewFile(pipeFD, "starter")
	steps := &progress{style: told.Style, w: pipe}
	supervisor, err := newSupervisor(told.Options, linked, steps)
	if err != nil {
		return err
	}
	ready := false
	supervisor.OnReady = func(state lab.State) {
		ready = true
		steps.ready(state)
		steps.redirect(cmd.ErrOrStderr())
		_ = pipe.Close() // the other side takes it for: ready
	}
	err = supervisor.Run(cmd.Context())
	if _, ok := errors.AsType[*lab.RunningError](err); ok {
		return silent(exitBeaten)
	}
	if err != nil && !ready {
		tell(pipe, cmd.CommandPath(), err)
		return silent(exitFailure)
	}
	return err
}
