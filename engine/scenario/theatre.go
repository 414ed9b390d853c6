package scenario

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/nearest"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Theatre is the scenario runs of one process. Its methods may be called from any goroutine.
type Theatre struct {
	Stage   Stage                  // required
	Runtime *script.Runtime        // required
	Seed    int64                  // of runs that name none
	Library func() []script.Source // the scripts that serve, which files may require; nil: none
	Config  func() map[string]any  // what scripts see as config; nil: nothing

	mu   sync.Mutex
	born int
	runs []*playing // guarded by mu
}

// ErrNoRun says that no run of that name is under way.
var ErrNoRun = fmt.Errorf("no such scenario run: %w", state.ErrNotFound)

// bad is the error of a request that is at fault: [state.ErrInvalid], with its own words alone.
type bad struct{ error }

func (b *bad) Unwrap() []error { return []error{b.error, state.ErrInvalid} }

// missing is that of a file that lacks the scenario that is wanted.
type missing struct{ error }

func (m *missing) Unwrap() []error { return []error{m.error, state.ErrNotFound} }

// Run loads a file and tells its scenarios, or the one that is named, one after the other. It returns when they have
// ended and are undone; ctx ends them. The error is that of a file that cannot run, and wraps [state.ErrInvalid], or of one that
// has no scenario of that name, and wraps [state.ErrNotFound]; how the runs went, their verdicts say.
func (t *Theatre) Run(ctx context.Context, r api.ScenarioRequest, progress func(api.ScenarioEvent)) error {
	o := Options{Runtime: t.Runtime, Params: r.Params}
	if t.Library != nil {
		o.Library = t.Library()
	}
	if t.Config != nil {
		o.Config = t.Config()
	}
	f, err := Load(script.Source{Name: cmp.Or(r.File, "scenario.lua"), Text: []byte(r.Text)}, o)
	if err != nil {
		return &bad{err}
	}
	names, err := f.names(r.Name)
	if err != nil {
		return &missing{err}
	}
	seed := t.Seed
	if r.Seed != nil {
		seed = *r.Seed
	}
	for _, name := range names {
		verdict, err := t.run(ctx, f, name, Telling{Stage: t.Stage, Seed: seed, By: r.By, Note: f.idle(o.Library), Progress: progress})
		if err != nil || verdict.Ended != "" {
			return err // whoever ends one of them means them all
		}
	}
	return nil
}

// idle says that the file has hooks that do not serve, because it is not among the scripts that do.
func (f *File) idle(serving []script.Source) string {
	hooks := f.Hooks()
	if len(hooks) == 0 || slices.ContainsFunc(serving, func(s script.Source) bool { return s.Name == f.file.Name && bytes.Equal(s.Text, f.file.Text) }) {
		return ""
	}
	return fmt.Sprintf("its hooks (%s) do not serve: for that, put the file into the scripts folder", strings.Join(hooks, ", "))
}

// names are the scenarios that are wanted.
func (f *File) names(one string) ([]string, error) {
	if one != "" {
		return []string{one}, f.has(one)
	}
	var all []string
	for _, s := range f.file.Scenarios {
		all = append(all, s.Name)
	}
	return all, nil
}

func (t *Theatre) run(ctx context.Context, f *File, name string, how Telling) (api.ScenarioVerdict, error) {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	p := &playing{
		end: end, over: make(chan struct{}),
		run: api.ScenarioRun{File: f.file.Name, Scenario: name, By: how.By, Began: t.Stage.Now()},
	}
	how.Run = t.enter(p)
	defer t.leave(p)
	tell := how.Progress
	how.Progress = func(e api.ScenarioEvent) {
		p.note(e)
		if tell != nil {
			tell(e)
		}
	}
	return f.Run(ctx, name, how)
}

// enter gives a run its name, and lists it.
func (t *Theatre) enter(p *playing) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.born++
	p.name = Slug(p.run.Scenario) + "-" + strconv.Itoa(t.born)
	p.run.Run = p.name
	t.runs = append(t.runs, p)
	return p.name
}

// leave takes a run that is over from the list.
func (t *Theatre) leave(p *playing) {
	t.mu.Lock()
	t.runs = slices.DeleteFunc(t.runs, func(o *playing) bool { return o == p })
	t.mu.Unlock()
	close(p.over)
}

// Runs lists the runs under way, oldest first.
func (t *Theatre) Runs() []api.ScenarioRun {
	runs, _ := t.find("")
	return t.views(runs)
}

func (t *Theatre) views(runs []*playing) []api.ScenarioRun {
	now := t.Stage.Now()
	out := make([]api.ScenarioRun, len(runs))
	for i, p := range runs {
		out[i] = p.view(now)
	}
	return out
}

// End ends a run, or all where none is named, and lists those. Whoever runs them gets their verdicts once all is undone; End
// waits for that only if it is told to, and no longer than ctx: then the list says what was undone.
func (t *Theatre) End(ctx context.Context, e api.ScenarioEnd) ([]api.ScenarioRun, error) {
	runs, err := t.find(e.Run)
	if err != nil {
		return nil, err
	}
	for _, p := range runs {
		p.stop(fmt.Errorf("ended by %s", cmp.Or(e.By, "user")))
	}
	for _, p := range runs {
		if !e.Wait {
			break
		}
		select {
		case <-p.over:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return t.views(runs), nil
}

// find gives the run of that name, or all where it is empty.
func (t *Theatre) find(run string) ([]*playing, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if run == "" {
		return slices.Clone(t.runs), nil
	}
	names := make([]string, len(t.runs))
	for i, p := range t.runs {
		if names[i] = p.name; p.name == run {
			return []*playing{p}, nil
		}
	}
	if near := nearest.To(run, names); near != "" {
		return nil, fmt.Errorf("%q: %w, did you mean %q?", run, ErrNoRun, near)
	}
	return nil, fmt.Errorf("%q: %w", run, ErrNoRun)
}
