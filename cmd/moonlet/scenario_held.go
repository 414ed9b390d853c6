package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/stage"
)

// heldPlayer tells scenarios in this process, each on a new stage with a clock of its own.
type heldPlayer struct {
	flags   *runFlags
	speed   float64 // 0: as fast as it can
	scripts []script.Source
	pods    []stage.Pods
	own     map[string]string // params of the file
	others  map[string]string // of the scripts
}

func (f *runFlags) heldPlayer(cmd *cobra.Command, own, others map[string]string) (player, error) {
	p := &heldPlayer{flags: f, own: own, others: others}
	var err error
	if p.speed, err = parseSpeed(f.speed); err != nil {
		return nil, err
	}
	if p.pods, err = readPods(f.pods); err != nil {
		return nil, err
	}
	dir, err := scriptsDir(cmd, nil)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) && !cmd.Flags().Changed("scripts") {
		return p, nil // the built-in behaviour will do
	}
	p.scripts, err = engine.ReadScripts(dir)
	return p, err
}

func (p *heldPlayer) play(ctx context.Context, file script.Source, tell func(api.ScenarioEvent)) error {
	rt := sim.NewRuntime(nil)
	defer rt.Close()
	f, err := scenario.Load(file, scenario.Options{Runtime: rt, Library: p.scripts, Params: p.own})
	if broken, ok := errors.AsType[*scenario.Broken](err); ok {
		return checkError("%w", broken)
	}
	if err != nil {
		return err
	}
	for _, s := range f.Scenarios() {
		if p.flags.name != "" && s.Name != p.flags.name {
			continue
		}
		if err := p.tell(ctx, rt, f, s.Name, tell); err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// tell tells one scenario. Its file is among the scripts, for it may hold hooks beside.
func (p *heldPlayer) tell(ctx context.Context, rt *script.Runtime, f *scenario.File, name string, tell func(api.ScenarioEvent)) error {
	s, err := stage.New(ctx, stage.Options{
		Sim:   sim.Options{Seed: uint64(p.flags.seed), Scripts: f.Scripts(p.scripts), Params: p.others, Runtime: rt}, //nolint:gosec // the seed's bits
		Given: f.Given(), Pods: p.pods, Pace: p.pace(),
	})
	if err != nil {
		return err
	}
	_, err = f.Run(ctx, name, scenario.Telling{Stage: p.bound(s), Run: scenario.Slug(name) + "-1", Seed: p.flags.seed, Progress: tell})
	return errors.Join(err, s.Close())
}

// bound has a story end that nobody watches.
func (p *heldPlayer) bound(s *stage.Stage) scenario.Stage {
	if p.speed == 0 {
		return stage.Bound(s, stage.LongestStory)
	}
	return s
}

// pace makes the story last; nil where it need not.
func (p *heldPlayer) pace() func(context.Context, time.Duration) error {
	if p.speed == 0 {
		return nil
	}
	return func(ctx context.Context, step time.Duration) error {
		return clock.Real().Sleep(ctx, time.Duration(float64(step)/p.speed))
	}
}
