package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/preview"
)

// previewFlags are what a person may say of a preview.
type previewFlags struct {
	pod    string
	length time.Duration
	seed   uint64
	runs   int
	params []string
	format *string
}

func scriptPreviewCommand() *cobra.Command {
	f := &previewFlags{}
	cmd := &cobra.Command{
		Use:   "preview FILE",
		Short: "Show what would become of a pod",
		Long: `Plays the life of one pod under a script on a clock that need not be waited for, and shows it: what the pod and its
containers are when, which runs end, and how often each end comes among many seeds. No cluster, nothing running.

The other scripts of the file's folder are there, too, as in serve; the pod belongs to FILE, whatever its match says.
Without --pod it is a pod with one container.`,
		Example: `  moonlet script preview scripts/flaky.lua
  moonlet script preview scripts/flaky.lua --pod examples/pod.yaml --for 6h --runs 500
  moonlet script preview scripts/crash-loop.lua --param heals_after=3
  moonlet script preview scripts/flaky.lua -o svg > flaky.svg`,
		Args: arguments(1, 1, "the script's file"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"lua"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	cmd.Flags().StringVar(&f.pod, "pod", "", "manifest of the pod, YAML or JSON")
	cmd.Flags().DurationVar(&f.length, "for", time.Hour, "how long the pod is watched, a year at most")
	cmd.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the life that is shown, and the first of all runs")
	cmd.Flags().IntVar(&f.runs, "runs", 100, "how many lives the outcomes are of")
	cmd.Flags().StringArrayVar(&f.params, "param", nil, "turn a param of the script: name=value, or script.name=value")
	f.format = outputFlag(cmd, "table", "json", "svg")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := f.preview(cmd, args[0])
		if err != nil {
			return err
		}
		return f.print(cmd, p)
	}
	return cmd
}

// mostRuns bounds the lives of a preview, which are all kept until they are counted, and longestLife how long each is watched: nobody
// would wait for the end of more.
const (
	mostRuns    = 1_000_000
	longestLife = 366 * 24 * time.Hour
)

func (f *previewFlags) preview(cmd *cobra.Command, file string) (*preview.Preview, error) {
	switch {
	case f.length <= 0:
		return nil, usageError("--for %s: watch it for some time, such as 1h", f.length)
	case f.length > longestLife:
		return nil, usageError("--for %s: a year is the most, %s", f.length, longestLife)
	case f.runs < 1 || f.runs > mostRuns:
		return nil, usageError("--runs %d: from 1 to %d lives are played", f.runs, mostRuns)
	}
	debug.SetGCPercent(sim.GCPercent)
	name := strings.TrimSuffix(filepath.Base(file), ".lua")
	scripts, err := engine.ReadScripts(filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	if !slices.ContainsFunc(scripts, func(s script.Source) bool { return s.Name == filepath.Base(file) }) {
		return nil, usageError("%s is no script: the file of one ends in .lua, and not in _test.lua", file)
	}
	params, err := paramFlags(f.params, name)
	if err != nil {
		return nil, err
	}
	pod, err := f.readPod(name)
	if err != nil {
		return nil, err
	}
	return preview.Make(cmd.Context(), preview.Options{
		Sim: sim.Options{Seed: f.seed, Scripts: scripts, Params: params}, Pod: pod, For: f.length, Runs: f.runs,
	})
}

// paramFlags reads name=value, where a name alone is one of the script's.
func paramFlags(flags []string, script string) (map[string]string, error) {
	params := map[string]string{}
	for _, one := range flags {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, usageError("--param %q: write name=value", one)
		}
		if !strings.Contains(name, ".") {
			name = script + "." + name
		}
		params[name] = value
	}
	return params, nil
}

// readPod reads the manifest, and gives the pod to the script.
func (f *previewFlags) readPod(script string) (*v1.Pod, error) {
	p := &v1.Pod{}
	p.Name = script
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	if f.pod != "" {
		text, err := os.ReadFile(f.pod)
		if err != nil {
			return nil, fmt.Errorf("read the pod: %w", err)
		}
		if p, err = podIn(text); err != nil {
			return nil, fmt.Errorf("read the pod: %s %w", f.pod, err)
		}
	}
	if p.Annotations == nil {
		p.Annotations = map[string]string{}
	}
	p.Annotations[hook.Annotation] = script
	return p, nil
}

// podIn reads a manifest. What kind it is counts before its fields do: those of others are unknown.
func podIn(text []byte) (*v1.Pod, error) {
	var is struct{ Kind string }
	p := &v1.Pod{}
	switch err := yaml.Unmarshal(text, &is); {
	case err != nil:
		return nil, fmt.Errorf("does not parse: %w", err)
	case is.Kind != "" && is.Kind != "Pod":
		return nil, fmt.Errorf("is a %s, not a Pod with containers", is.Kind)
	}
	if err := yaml.UnmarshalStrict(text, p); err != nil {
		return nil, fmt.Errorf("does not fit: %w", err)
	}
	if len(p.Spec.Containers) == 0 {
		return nil, errors.New("is no Pod with containers")
	}
	return p, nil
}

func (f *previewFlags) print(cmd *cobra.Command, p *preview.Preview) error {
	switch *f.format {
	case "json":
		return printJSON(cmd.OutOrStdout(), p)
	case "svg":
		return p.SVG(cmd.OutOrStdout())
	}
	s := screenOf(cmd.OutOrStdout())
	return p.Text(cmd.OutOrStdout(), preview.Look{Width: s.width, Color: s.color})
}
