// Command moonlet is a virtual kubelet whose behaviour is written in Lua.
//
// There is one file for each subcommand. Data goes to standard output, everything else to standard error. Exit codes:
// 0 done, 1 failure, 2 usage (command, flag, configuration), 3 a check found something wrong or nothing fits a selector,
// 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/config"
)

// Exit codes beside 0.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitCheck       = 3
	exitInterrupted = 130
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := interruptible(context.Background(), os.Exit)
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if errors.Is(err, context.Canceled) {
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

// tell prints an error, a line for each thing wrong, and returns its exit code.
func tell(stderr io.Writer, command string, err error) int {
	code := exitCode(err)
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(stderr, "moonlet: "+strings.TrimSpace(line))
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

func checkError(format string, args ...any) error {
	return coded{fmt.Errorf(format, args...), exitCheck}
}

func exitCode(err error) int {
	if c, ok := errors.AsType[coded](err); ok {
		return c.code
	}
	if _, ok := config.AsProblems(err); ok {
		return exitUsage
	}
	return exitFailure
}
