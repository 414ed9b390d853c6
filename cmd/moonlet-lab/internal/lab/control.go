package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	// stopLimit is longer than a supervisor needs in the worst case: each of three stages may take killAfter.
	stopLimit  = 3*killAfter + 5*time.Second
	watchEvery = 20 * time.Millisecond
)

// ErrNotRunning says that there is no supervisor in a folder.
var ErrNotRunning = errors.New("no lab runs")

// Stop ends the lab of a folder and waits until nothing of it runs. Where none runs, the error is ErrNotRunning.
func Stop(ctx context.Context, dir Dir) error {
	pid, err := dir.Supervisor()
	if err != nil {
		return err
	}
	if pid == 0 {
		return fmt.Errorf("%w in %s", ErrNotRunning, dir)
	}
	if err := send(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("end the lab's supervisor: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, stopLimit)
	defer cancel()
	err = poll(limited, func() (bool, error) { return gone(dir, pid) })
	if err == nil || ctx.Err() != nil {
		return err
	}
	// Its programs end with it.
	if err := send(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("kill the lab's supervisor: %w", err)
	}
	return poll(ctx, func() (bool, error) { return gone(dir, pid) })
}

func gone(dir Dir, supervisor int) (bool, error) {
	pid, err := dir.Supervisor()
	return pid != supervisor, err
}

// Await waits until the lab of a folder has started, and returns its state. It is an error when its supervisor ends before that.
func Await(ctx context.Context, dir Dir) (State, error) {
	var state State
	err := poll(ctx, func() (bool, error) {
		pid, err := dir.Supervisor()
		if err != nil {
			return false, err
		}
		if pid == 0 {
			return false, fmt.Errorf("the lab in %s ended while it started: look into %s", dir, dir.Log("supervisor"))
		}
		state, err = dir.State()
		return err == nil && state.Supervisor == pid && state.Ready, nil
	})
	return state, err
}

// Restart ends one program of a running lab with a signal, and waits until its supervisor has started it again and it is
// healthy.
func Restart(ctx context.Context, dir Dir, name string, with syscall.Signal) (Component, error) {
	before, err := running(dir, name)
	if err != nil {
		return Component{}, err
	}
	if err := send(before.PID, with); err != nil {
		return Component{}, fmt.Errorf("end %s: %w", before.Name, err)
	}
	var after Component
	err = poll(ctx, func() (bool, error) {
		after, err = running(dir, name)
		if err != nil && !errors.Is(err, errDown) {
			return false, err
		}
		return after.Ready && after.PID != before.PID, nil
	})
	return after, err
}

var errDown = errors.New("is not running at this moment")

// running finds a program that has a process.
func running(dir Dir, name string) (Component, error) {
	pid, err := dir.Supervisor()
	if err != nil {
		return Component{}, err
	}
	if pid == 0 {
		return Component{}, fmt.Errorf("%w in %s: start one with moonlet-lab up", ErrNotRunning, dir)
	}
	state, err := dir.State()
	if err != nil {
		return Component{}, err
	}
	component, ok := state.Component(name)
	if !ok || component.PID == 0 || state.Supervisor != pid {
		return Component{}, fmt.Errorf("%s %w: see moonlet-lab status", name, errDown)
	}
	return component, nil
}

// Names are those of the programs.
func Names() []string { return []string{etcd, apiServer, controllerManager, scheduler} }

// FullName finds the program that a user may call by its name without kube-.
func FullName(name string) (string, error) {
	for _, full := range Names() {
		if name == full || "kube-"+name == full {
			return full, nil
		}
	}
	return "", fmt.Errorf("no component %q: there are %s", name, strings.Join(Names(), ", "))
}

func send(pid int, s syscall.Signal) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// poll asks until the answer is yes or an error. The end of the context is an error too.
func poll(ctx context.Context, ask func() (bool, error)) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		if done, err := ask(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
