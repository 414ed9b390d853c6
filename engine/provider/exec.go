package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Exit codes of commands that did not end by themselves, as a shell and a kubelet count them.
const (
	exitCannotRun   = 126
	exitInterrupted = 130
	exitKilled      = 137
)

// Why a session was ended.
var (
	errInterrupted = errors.New("interrupted")
	errStopped     = errors.New("the container stopped")
	errSessionOver = errors.New("the session is over")
)

// stopCheck is how soon a session notices that its container stopped, as in a kubelet.
const stopCheck = time.Second

// visited is the container somebody talks to, as it was when he came.
type visited struct {
	one       *state.Pod
	gen       *hook.Generation
	owner     *script.File
	container *v1.Container
	run       *pod.Run
}

// visit finds a container that runs.
func (p *Provider) visit(c ContainerAsk) (*visited, error) {
	one := p.store.Get(state.Key{Namespace: c.Namespace, Name: c.Pod})
	if one == nil {
		return nil, fmt.Errorf("pod %s/%s: %w", c.Namespace, c.Pod, state.ErrNotFound)
	}
	container, err := containerOf(one.Object, c.Container)
	if err != nil {
		return nil, err
	}
	run := running(one, container.Name)
	if run == nil {
		return nil, fmt.Errorf("container %q in pod %s does not run: %w", container.Name, one.Key, state.ErrNotFound)
	}
	gen := p.hooks.Current()
	return &visited{one: one, gen: gen, owner: gen.File(one.Owner), container: container, run: run}, nil
}

// running is the run of a container that has not ended; nil: there is none.
func running(one *state.Pod, container string) *pod.Run {
	if run, _ := one.Life.Run(container); run != nil && run.Finished.IsZero() {
		return run
	}
	return nil
}

// Exec runs a command in a container, as hook exec answers it, until it ends or ctx does, and reports its exit code.
// Where no script answers, or one broke, the client reads why. An error means that nothing was run: an unknown pod or
// container, or one that does not run, is [state.ErrNotFound].
func (p *Provider) Exec(ctx context.Context, c ContainerAsk, argv []string, s Streams) (exit int, err error) {
	v, err := p.visit(c)
	if err != nil {
		return exitCannotRun, err
	}
	return p.session(ctx, v, s, func(ctx context.Context, c *client) (int, error) {
		if !v.gen.Asks(v.owner, hook.Exec) {
			c.say("moonlet: %s: no script answers exec in this pod: write function exec(pod, container, argv, io)", strings.Join(argv, " "))
			return exitCannotRun, nil
		}
		return p.exec(ctx, v, c, argv, c.io(s))
	})
}

// Attach joins a container's main process until it or ctx ends. With input, and a script that answers exec, that is
// the hook, whose argv is the container's own command, or its name where it has none; else it is the container's log
// from now on.
func (p *Provider) Attach(ctx context.Context, c ContainerAsk, s Streams) error {
	v, err := p.visit(c)
	if err != nil {
		return err
	}
	_, err = p.session(ctx, v, s, func(ctx context.Context, one *client) (int, error) {
		if s.Stdin == nil || !v.gen.Asks(v.owner, hook.Exec) {
			return 0, p.attachLog(ctx, c, one)
		}
		client := one.io(s)
		client.Attach = true
		return p.exec(ctx, v, one, mainProcess(v.container), client)
	})
	return err
}

// mainProcess is the command of a container, or its name where only the image knows more: it always has a first word.
func mainProcess(c *v1.Container) []string {
	if argv := slices.Concat(c.Command, c.Args); len(argv) > 0 {
		return argv
	}
	return []string{c.Name}
}

func (p *Provider) attachLog(ctx context.Context, c ContainerAsk, to *client) error {
	log, err := p.LogStream(ctx, c, LogOptions{Follow: true, Since: p.clock.Now()})
	if err != nil {
		return err
	}
	_, err = io.Copy(to.out, log)
	return errors.Join(err, log.Close())
}

// session lets talk go on with a client until it is done, the client leaves or the container stops.
func (p *Provider) session(ctx context.Context, v *visited, s Streams, talk func(context.Context, *client) (int, error)) (int, error) {
	ctx, end := context.WithCancelCause(ctx)
	c := newClient(ctx, s, func() { end(errInterrupted) })
	var wg sync.WaitGroup
	wg.Go(func() { p.watchStop(ctx, v, end) })
	if s.Resize != nil {
		wg.Go(func() { c.watchSize(s.Resize) })
	}
	exit, err := talk(ctx, c)
	cause := context.Cause(ctx)
	end(errSessionOver)
	wg.Wait()
	switch {
	case cause == nil:
		return exit, err
	case errors.Is(cause, errInterrupted):
		return exitInterrupted, nil
	case errors.Is(cause, errStopped):
		return exitKilled, nil
	}
	return exitKilled, cause
}

// watchStop ends a session when the run it is about is over.
func (p *Provider) watchStop(ctx context.Context, v *visited, end context.CancelCauseFunc) {
	for ctx.Err() == nil {
		p.clock.Wait(ctx, p.clock.Now().Add(stopCheck), nil)
		one := p.store.Get(v.one.Key)
		if one == nil || one.Incarnation != v.one.Incarnation {
			end(errStopped)
			return
		}
		if run := running(one, v.container.Name); run == nil || run.Number != v.run.Number {
			end(errStopped)
			return
		}
	}
}

// exec asks the hook and gives the client the rest of what it said.
func (p *Provider) exec(ctx context.Context, v *visited, c *client, argv []string, client *script.IO) (int, error) {
	client.Now = p.clock.Now
	answer, asked := p.hooks.Exec(ctx, p.reader(v.gen, v.one), hook.ExecAsk{
		Container: v.container, Argv: argv, At: p.clock.Now(), IO: client,
		Number: p.asks.next(p.store, v.one, hook.Exec+"/"+v.container.Name),
	})
	err := client.Flush()
	switch {
	case ctx.Err() != nil:
		return exitKilled, context.Cause(ctx)
	case asked.Err != nil:
		return sayBroken(c, asked.Err)
	case err != nil:
		return exitKilled, fmt.Errorf("write to the client: %w", err)
	}
	_, outErr := io.WriteString(c.out, answer.Stdout)
	_, errErr := io.WriteString(c.err, answer.Stderr)
	return answer.Exit, errors.Join(outErr, errErr)
}

// sayBroken tells the person at the other end what is wrong with the script.
func sayBroken(c *client, err error) (int, error) {
	if errors.Is(err, hook.ErrBusy) {
		return exitCannotRun, err
	}
	if broken, ok := errors.AsType[*script.Error](err); ok {
		c.say("moonlet: %s (%s error)", broken, broken.Kind)
		return 1, nil
	}
	c.say("moonlet: %s", err)
	return 1, nil
}
