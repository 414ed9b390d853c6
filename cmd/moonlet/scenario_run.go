package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// runFlags are what a person may say of a run.
type runFlags struct {
	seed   int64
	seeded bool
	name   string
	speed  string
	pods   []string
	params []string
	format *string
	remote *remote
}

// player runs the scenarios of a file, and tells what happens.
type player interface {
	play(ctx context.Context, file script.Source, tell func(api.ScenarioEvent)) error
}

func scenarioRunCommand() *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run FILE|DIR …",
		Short: "Tell the scenarios of files, and say how they ended",
		Long: `Tells the scenarios of a file, or of all files of a folder, one after the other: on the Moonlet that runs (see --server), or,
with --speed, on a clock of its own, without any server: then the pods are those that the file names with given{…} and
those of --pod. Whatever a scenario did is undone when it ends, breaks or is interrupted with Ctrl-C.

Exit code 3 if an expectation failed, 1 if a scenario broke.`,
		Example: `  moonlet scenario run examples/chaos/zone-outage.lua --speed max
  moonlet scenario run examples/chaos --speed max -o junit > report.xml
  moonlet scenario run examples/chaos/zone-outage.lua            in the Moonlet that runs here
  moonlet scenario run story.lua --speed 60x --pod examples/chaos/web.yaml --seed 7`,
		Args: arguments(1, 100, "the scenario's file, or a folder"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"lua"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	settingFlags(cmd, "scripts.dir")
	cmd.Flags().Int64Var(&f.seed, "seed", 1, "seed of what is drawn (default: that of the running Moonlet; with --speed 1)")
	cmd.Flags().StringVar(&f.name, "name", "", "only the scenario of that name")
	cmd.Flags().StringVar(&f.speed, "speed", "", "play without a server, so many times as fast as life: 1x, 60x, max (31 days of the story at most)")
	cmd.Flags().StringArrayVar(&f.pods, "pod", nil, "with --speed: manifest of pods and deployments to play with")
	cmd.Flags().StringArrayVar(&f.params, "param", nil, "turn a param of the file: name=value; with --speed also script.name=value")
	complete(cmd, "speed", "1x", "10x", "60x", "max")
	f.format = outputFlag(cmd, "text", "json", "junit")
	f.remote = remoteFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) }
	return cmd
}

func (f *runFlags) run(cmd *cobra.Command, args []string) error {
	f.seeded = cmd.Flags().Changed("seed")
	files, err := scenarioFiles(args)
	if err != nil {
		return err
	}
	player, err := f.player(cmd)
	if err != nil {
		return err
	}
	var verdicts []api.ScenarioVerdict
	var absent error // what the last file said that lacks the scenario that is wanted
	progress := newProgress(cmd.ErrOrStderr(), f.pace())
	for _, file := range files {
		err := player.play(cmd.Context(), file, func(e api.ScenarioEvent) {
			if e.Verdict != nil {
				verdicts = append(verdicts, *e.Verdict)
			}
			progress.tell(e)
		})
		progress.rest()
		if f.name != "" && client.NotFound(err) {
			absent = err
			continue
		}
		if err != nil && len(verdicts) > 0 {
			return errors.Join(err, f.report(cmd.OutOrStdout(), verdicts)) // those before it are not lost
		}
		if err != nil {
			return err
		}
		if cmd.Context().Err() != nil {
			break
		}
	}
	if len(verdicts) == 0 && f.name != "" && cmd.Context().Err() == nil {
		if len(files) == 1 && absent != nil {
			return usageError("%w", absent)
		}
		return usageError("no scenario there is called %q; to see which there are: moonlet scenario list %s", f.name, strings.Join(args, " "))
	}
	if err := f.report(cmd.OutOrStdout(), verdicts); err != nil {
		return err
	}
	if err := cmd.Context().Err(); err != nil {
		return err // as main tells it: interrupted
	}
	return judge(verdicts)
}

// pace is how fast the story's time goes, for the countdown; 0: too fast for one.
func (f *runFlags) pace() float64 {
	if f.speed == "" {
		return 1
	}
	speed, _ := parseSpeed(f.speed) // checked by then
	return speed
}

// player is the one that the flags ask for.
func (f *runFlags) player(cmd *cobra.Command) (player, error) {
	own, others, err := splitParams(f.params)
	switch {
	case err != nil:
		return nil, err
	case f.speed != "":
		return f.heldPlayer(cmd, own, others)
	case len(f.pods) > 0:
		return nil, usageError("--pod is for --speed: in a running Moonlet the pods are those that are there")
	case len(others) > 0:
		return nil, usageError("--param %s: a param of another script is turned by: moonlet param set", one(others))
	}
	return &livePlayer{flags: f, params: own}, nil
}

func one(m map[string]string) string {
	for k := range m {
		return k
	}
	return ""
}

// splitParams tells params of the file itself, name=value, from those of scripts, script.name=value.
func splitParams(flags []string) (own, others map[string]string, err error) {
	own, others = map[string]string{}, map[string]string{}
	for _, flag := range flags {
		name, value, ok := strings.Cut(flag, "=")
		switch {
		case !ok || name == "":
			return nil, nil, usageError("--param %q: write name=value", flag)
		case strings.Contains(name, "."):
			others[name] = value
		default:
			own[name] = value
		}
	}
	return own, others, nil
}

// parseSpeed reads 60x, 60 or max; 0 is as fast as it can.
func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(n > 0 && n <= 1e6) {
		return 0, usageError("--speed %q: write how many times as fast as life, such as 10x, or max", text)
	}
	return n, nil
}

// judge makes the exit code of the verdicts. A scenario that was interrupted is nobody's fault.
func judge(verdicts []api.ScenarioVerdict) error {
	failed := 0
	for _, v := range verdicts {
		if p := v.Problem; p != nil {
			return fmt.Errorf("scenario %q broke at %s:%d: %s", v.Scenario, p.Script, p.Line, p.Text)
		}
		for _, e := range v.Expectations {
			if !e.Held {
				failed++
			}
		}
	}
	if failed > 0 {
		return checkError("%s failed", count(failed, "expectation"))
	}
	for _, v := range verdicts {
		if v.Ended != "" {
			return fmt.Errorf("scenario %q did not come to its end: %s", v.Scenario, v.Ended)
		}
	}
	return nil
}
