package suite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/stage"
)

// loadStories finds the scenarios of a script: each is a test, too.
func (r *runner) loadStories(f *File) {
	loaded, err := scenario.Load(f.Source, scenario.Options{Runtime: r.runtime, Library: r.Folder.Scripts})
	if errors.Is(err, scenario.ErrNoScenario) {
		return
	}
	if err != nil { // cannot be: the folder has loaded
		f.problems = append(f.problems, &script.Error{Script: f.Source.Name, Kind: script.Compile, Text: err.Error()})
		return
	}
	for _, one := range loaded.Scenarios() {
		r.add(&running{file: f, name: one.Name, line: one.Line, play: func(ctx context.Context, seed uint64) (time.Duration, *Failure) {
			return r.tell(ctx, f, loaded, one.Name, seed)
		}})
	}
}

// tell tells a scenario once, on a stage of its own.
func (r *runner) tell(ctx context.Context, f *File, loaded *scenario.File, name string, seed uint64) (time.Duration, *Failure) {
	s, err := stage.New(ctx, stage.Options{Sim: sim.Options{Seed: seed, Like: r.cast}, Given: loaded.Given()})
	if err != nil {
		return 0, failureOf(err, seed)
	}
	defer s.Close()
	began := s.Now()
	var said []string
	v, err := loaded.Run(ctx, name, scenario.Telling{
		Stage: stage.Bound(s, stage.LongestStory), Run: scenario.Slug(name) + "-test", Seed: int64(seed), By: "moonlet script test", //nolint:gosec // the seed's bits
		Progress: func(e api.ScenarioEvent) {
			if e.Type == api.ScenarioSaid {
				said = append(said, fmt.Sprintf("%d: %s", e.Line, e.Text))
			}
		},
	})
	story := s.Now().Sub(began)
	failure := failureOfVerdict(v, seed)
	switch {
	case ctx.Err() != nil:
		return story, nil
	case err != nil:
		failure = failureOf(err, seed)
	case failure == nil:
		if broken := brokenHook(s.Sim); broken != nil {
			failure = failureOf(broken, seed)
		}
	}
	if failure != nil {
		failure.At, failure.Pods, failure.Output = Seconds(story), rowsOf(s.Sim), said
		if failure.Script == f.Source.Name {
			failure.Script = f.Path
		}
	}
	return story, failure
}

// failureOfVerdict is nil where the scenario passed.
func failureOfVerdict(v api.ScenarioVerdict, seed uint64) *Failure {
	if v.Passed {
		return nil
	}
	f := &Failure{Seed: seed, Script: v.File, Text: v.Ended}
	if p := v.Problem; p != nil {
		f.Script, f.Line, f.Text, f.Source = p.Script, p.Line, p.Text, p.Source
		return f
	}
	for _, e := range v.Expectations {
		if e.Held {
			continue
		}
		f.Line, f.Text = e.Line, fmt.Sprintf("%q did not hold", e.What)
		if e.Found != "" {
			f.Text += ": " + e.Found
		}
		break
	}
	return f
}
