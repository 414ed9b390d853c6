// Package cli is what the user of moonlet-lab types and reads: one file for each subcommand. The entry is Run. Data goes
// to standard output, everything else to standard error. Exit codes: 0 done, 1 failure, 2 usage (command, flag), 3 a lab
// is not up and well (status), 130 interrupted; kubectl has its own.
//
// It knows nothing of how a lab works, which is package lab's. Goroutines: one for signals, and one that passes on the
// words of a lab that starts in the background; both end before Run does.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Exit codes beside 0.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitNotWell     = 3
	exitInterrupted = 130
)

// Linked is what main has linked in and this package only hands on.
type Linked struct {
	Kubernetes string // its version, with the v
	// Kubectl runs kubectl with the arguments after its name and returns its exit code, or ends the process with it.
	Kubectl func(args []string) int
}

// Run runs the command of the arguments and returns its exit code.
func Run(args []string, linked Linked, stdout, stderr io.Writer) int {
	ctx, stop := interruptible(context.Background(), os.Exit)
	defer stop()
	root := rootCommand(linked)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if kubectl, ok := errors.AsType[handOver](err); ok {
		stop() // Ctrl-C is kubectl's now
		return linked.Kubectl(kubectl.args)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted) || errors.Is(err, errTerminated) {
		err = nil // it ended as it was asked to
	}
	switch {
	case err != nil:
		return tell(stderr, cmd.CommandPath(), err)
	case errors.Is(context.Cause(ctx), errInterrupted):
		return exitInterrupted
	}
	return 0
}

// tell prints an error, a line for each thing wrong, and returns its exit code. An error without words was told already.
func tell(stderr io.Writer, command string, err error) int {
	code := exitCode(err)
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(stderr, "moonlet-lab: "+strings.TrimRight(line, "\n"))
	}
	if code == exitUsage {
		fmt.Fprintf(stderr, "See %s --help\n", command)
	}
	return code
}

// coded is an error that knows the exit code it deserves.
type coded struct {
	error
	code int
}

func (c coded) Unwrap() error { return c.error }

func usageError(format string, args ...any) error {
	return coded{fmt.Errorf(format, args...), exitUsage}
}

// silent ends the command with a code and no words.
func silent(code int) error { return coded{errors.New(""), code} }

func exitCode(err error) int {
	if c, ok := errors.AsType[coded](err); ok {
		return c.code
	}
	return exitFailure
}
