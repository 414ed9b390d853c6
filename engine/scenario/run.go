package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Telling is how a scenario is run.
type Telling struct {
	Stage Stage  // required
	Run   string // names the run: what it does is undone by that name
	Seed  int64  // of its draws
	By    string // who runs it; empty: nobody in particular
	Note  string // said right after the begin; empty: nothing
	// Progress is told of everything that happens, one call after the other; nil: nobody is.
	Progress func(api.ScenarioEvent)
}

// restoreTime is how long undoing a run may take, also when its context has ended.
const restoreTime = 30 * time.Second

// Run tells one scenario and undoes all that it did. A scenario that breaks, or is ended by ctx, has a verdict, too; the
// error says only that there is no such scenario.
func (f *File) Run(ctx context.Context, name string, t Telling) (api.ScenarioVerdict, error) {
	if err := f.has(name); err != nil {
		return api.ScenarioVerdict{}, err
	}
	r := &run{telling: t, stage: t.Stage, began: t.Stage.Now(), name: name}
	r.verdict = api.ScenarioVerdict{
		Run: t.Run, File: f.file.Name, Scenario: name, Seed: t.Seed, Began: r.began,
		Steps: []api.ScenarioDeed{}, Expectations: []api.ScenarioExpectation{},
	}
	r.tell(api.ScenarioEvent{Type: api.ScenarioBegan, Text: f.file.Name})
	if t.Note != "" {
		r.Say(0, t.Note)
	}
	err := f.set.Tell(ctx, &script.Story{
		File: f.file, Name: name, Stage: r, Params: f.params,
		Draws: script.NewDraws(uint64(t.Seed), "scenario", base(f.file.Name), name), //nolint:gosec // the seed's bits
	})
	r.conclude(ctx, err)
	return r.verdict, nil
}

// run is one telling. Its methods are called by one goroutine at a time.
type run struct {
	telling Telling
	stage   Stage
	name    string
	began   time.Time
	verdict api.ScenarioVerdict
}

// conclude undoes what the run did and gives its verdict.
func (r *run) conclude(ctx context.Context, err error) {
	r.verdict.Took = r.after()
	held := true
	for _, e := range r.verdict.Expectations {
		held = held && e.Held
	}
	r.verdict.Passed = err == nil && held
	if broken, ok := errors.AsType[*script.Error](err); ok {
		r.verdict.Problem = problem(broken)
	} else if err != nil {
		r.verdict.Ended = err.Error()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	faults, err := r.stage.ResetFaults(ctx, r.telling.Run, r.by())
	r.verdict.Undone = undone(faults, r.stage.DropParams(ctx, r.telling.Run, r.by()))
	r.verdict.Restored = len(r.verdict.Undone)
	if err != nil && r.verdict.Ended == "" {
		r.verdict.Ended, r.verdict.Passed = fmt.Sprintf("not everything could be undone: %v", err), false
	}
	if r.verdict.Restored > 0 {
		r.tell(api.ScenarioEvent{Type: api.ScenarioRestored, Text: fmt.Sprintf("%d undone", r.verdict.Restored)})
	}
	r.tell(api.ScenarioEvent{Type: api.ScenarioEnded, Verdict: &r.verdict})
}

// undone says faults and params that have ended with their run: "pod unready for 5m0s of default/web-0 (fault f2)".
func undone(faults []fault.Active, params []string) []string {
	var out []string
	for _, f := range faults {
		text := what(f.Order)
		if len(f.Hits) > 0 {
			text += " of " + some(f.Hits)
		}
		out = append(out, text+" (fault "+f.ID+")")
	}
	for _, key := range params {
		out = append(out, "param "+key)
	}
	return out
}

// some names the first few of many.
func some(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}

func problem(e *script.Error) *api.Problem {
	return &api.Problem{Script: e.Script, Line: e.Line, Column: e.Col, Hook: e.Hook, Kind: string(e.Kind), Text: e.Text, Source: e.Source}
}

// by is who did it, for journals: the story, and who told it.
func (r *run) by() string {
	if r.telling.By == "" {
		return "scenario " + r.name
	}
	return fmt.Sprintf("scenario %s (%s)", r.name, r.telling.By)
}

// after is the story's time so far, in seconds.
func (r *run) after() float64 { return r.stage.Now().Sub(r.began).Seconds() }

func (r *run) tell(e api.ScenarioEvent) {
	if r.telling.Progress == nil {
		return
	}
	e.Run, e.Scenario, e.At, e.After = r.telling.Run, r.name, r.stage.Now(), r.after()
	r.telling.Progress(e)
}
