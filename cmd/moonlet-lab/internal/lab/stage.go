package lab

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The first thing that a user's pod needs, and the last that a fresh control plane makes.
const firstServiceAccount = "/api/v1/namespaces/default/serviceaccounts/default"

// A stage is some programs that start and end together.
type stage struct {
	names  string
	size   int
	ready  chan struct{} // gets one value for each program that is healthy
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// supervise starts the stages one after the other. It ends them in reverse order, when the context ends or when a program
// cannot be kept running; only then it returns an error.
func (s *Supervisor) supervise(asked context.Context, stages [][]program, template keeper) error {
	ctx, giveUp := context.WithCancelCause(asked)
	defer giveUp(nil)
	var started []*stage
	defer func() { s.end(started) }()
	for _, programs := range stages {
		stage := startStage(ctx, programs, template, giveUp)
		started = append(started, stage)
		if !s.await(ctx, stage) {
			return failure(asked, ctx)
		}
	}
	if !s.awaitServiceAccount(ctx, template.client) {
		return failure(asked, ctx)
	}
	s.OnReady(s.change(func(state *State) { state.Ready = true }))
	<-ctx.Done()
	return failure(asked, ctx)
}

// failure tells an end that was asked for from a program that cannot be kept running.
func failure(asked, ctx context.Context) error {
	if asked.Err() != nil {
		return nil //nolint:nilerr // the end is what was asked for
	}
	return context.Cause(ctx)
}

// startStage starts a keeper for each program. They do not end with the context, for stages end one after the other.
func startStage(ctx context.Context, programs []program, template keeper, giveUp func(error)) *stage {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var names []string
	started := &stage{size: len(programs), ready: make(chan struct{}, len(programs)), cancel: cancel}
	for _, program := range programs {
		names = append(names, program.Name)
		keeper := template
		keeper.program = program
		started.wg.Go(func() {
			if err := keeper.run(ctx, func() { started.ready <- struct{}{} }); err != nil {
				giveUp(err)
			}
		})
	}
	started.names = strings.Join(names, ", ")
	return started
}

// await reports a stage's start as a step, and whether all its programs are healthy.
func (s *Supervisor) await(ctx context.Context, starting *stage) bool {
	done := s.Steps.Step(starting.names)
	for range starting.size {
		select {
		case <-starting.ready:
		case <-ctx.Done():
			done(context.Cause(ctx))
			return false
		}
	}
	done(nil)
	return true
}

// awaitServiceAccount waits until a pod could be created. It reports false when the context ended first.
func (s *Supervisor) awaitServiceAccount(ctx context.Context, client *http.Client) bool {
	done := s.Steps.Step("namespace default")
	s.mu.Lock()
	url := s.state.Server + firstServiceAccount
	s.mu.Unlock()
	if err := awaitOK(ctx, client, url, nil); err != nil {
		done(context.Cause(ctx))
		return false
	}
	done(nil)
	return true
}

// end ends what has started, in reverse order.
func (s *Supervisor) end(started []*stage) {
	for _, stage := range slices.Backward(started) {
		done := s.Steps.Step("end " + stage.names)
		stage.cancel()
		stage.wg.Wait()
		done(nil)
	}
}
