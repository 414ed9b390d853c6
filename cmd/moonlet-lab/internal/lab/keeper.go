package lab

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// startLimit is how long a program may take until it is healthy; on a busy machine the API server needs half a minute.
	startLimit = 2 * time.Minute
	// A program that dies so often without once being healthy will not do better the next time.
	startTries = 3
)

// A keeper keeps one program running: when it ends, it starts it again.
type keeper struct {
	program program
	launch  launcher
	client  *http.Client
	changed func(name string, change func(*Component))
	log     func(line string)
}

// run returns nil when the context ended and the program with it, and an error when the program cannot be kept running.
// It calls ready once, when the program is healthy for the first time; before that, it is given one try only.
func (k *keeper) run(ctx context.Context, ready func()) error {
	tries := 1
	for failures := 0; ; {
		process, err := k.start(ctx)
		if err != nil {
			return err
		}
		if err = k.awaitHealthy(ctx, process); err == nil {
			failures, tries = 0, startTries
			ready()
			ready = func() {}
			<-process.done
		}
		k.changed(k.program.Name, func(c *Component) { c.PID, c.Ready = 0, false })
		if ctx.Err() != nil {
			return nil //nolint:nilerr // that it ended is what was asked for
		}
		if err == nil {
			err = process.ending()
		} else if failures++; failures == tries {
			return err
		}
		k.changed(k.program.Name, func(c *Component) { c.Restarts++ })
		k.log(err.Error() + "\nstarting " + k.program.Name + " again")
	}
}

func (k *keeper) start(ctx context.Context) (*process, error) {
	process, err := k.launch.start(ctx, k.program)
	if err != nil {
		return nil, err
	}
	k.changed(k.program.Name, func(c *Component) { c.PID, c.Since = process.cmd.Process.Pid, time.Now() })
	return process, nil
}

// awaitHealthy returns nil when the program answers that it is well. With an error, the process has ended.
func (k *keeper) awaitHealthy(ctx context.Context, p *process) error {
	limited, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err := awaitOK(limited, k.client, k.program.HealthURL, p.done)
	if err == nil {
		k.changed(k.program.Name, func(c *Component) { c.Ready = true })
		return nil
	}
	if limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s is not healthy after %s: %w\nits log: %s", k.program.Name, startLimit, err, k.program.Log)
		_ = p.cmd.Process.Kill()
		<-p.done
		return err
	}
	<-p.done
	return p.ending()
}
