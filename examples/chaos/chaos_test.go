// Package chaos_test plays the scenarios of this folder on held clocks.
package chaos_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/stage"
)

// told is what came of one telling: the verdict, and the journals of all pods.
type told struct {
	verdict  api.ScenarioVerdict
	journals string
	took     time.Duration // of ours
}

// play tells the first scenario of a file.
func play(tb testing.TB, file string, scripts []script.Source, seed int64) told {
	tb.Helper()
	began := time.Now()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	rt := sim.NewRuntime(nil)
	defer rt.Close()
	f, err := scenario.Load(script.Source{Name: file, Text: text}, scenario.Options{Runtime: rt, Library: scripts})
	if err != nil {
		tb.Fatal(err)
	}
	s, err := stage.New(tb.Context(), stage.Options{Sim: sim.Options{Runtime: rt, Seed: uint64(seed), Scripts: f.Scripts(scripts)}, Given: f.Given()})
	if err != nil {
		tb.Fatal(err)
	}
	var out told
	out.verdict, err = f.Run(tb.Context(), f.Scenarios()[0].Name, scenario.Telling{Stage: s, Run: "run-1", Seed: seed})
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range s.World().Pods() {
		out.journals += p.Object.Name + "\n" + s.JournalText(p.Object.Namespace, p.Object.Name)
	}
	if left := s.Faults(); len(left) > 0 {
		tb.Errorf("left behind: %+v", left)
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	out.took = time.Since(began)
	return out
}

// Each scenario passes on a held clock, whatever the seed, in less than a second, and the same seed tells the same story.
func TestScenariosPassOnAHeldClock(t *testing.T) {
	files, err := filepath.Glob("*.lua")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	scripts, err := engine.ReadScripts("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			first := play(t, file, scripts, 1)
			if !first.verdict.Passed || len(first.verdict.Steps) == 0 || len(first.verdict.Expectations) < 2 {
				t.Errorf("verdict: %s", encode(t, first.verdict))
			}
			if limit := time.Second; first.took > limit && !testing.Short() {
				t.Errorf("it took %v of ours", first.took)
			}
			again := play(t, file, scripts, 1)
			if diff := cmp.Diff(first.verdict, again.verdict); diff != "" {
				t.Errorf("the same seed had another verdict:\n%s", diff)
			}
			if diff := cmp.Diff(first.journals, again.journals); diff != "" {
				t.Errorf("the same seed had other journals:\n%s", diff)
			}
			for seed := range int64(5) {
				if other := play(t, file, scripts, seed+2); !other.verdict.Passed {
					t.Errorf("seed %d: %s", seed+2, encode(t, other.verdict))
				}
			}
		})
	}
}

// A scenario that no seed changes would be one in which nothing is drawn; those of this folder draw whom they hit.
func TestSeedsTellDifferentStories(t *testing.T) {
	scripts, err := engine.ReadScripts("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for seed := range int64(6) {
		seen[encode(t, play(t, "split-brain.lua", scripts, seed).verdict.Steps)] = true
	}
	if len(seen) < 2 {
		t.Error("all seeds hit the same node")
	}
}

// A file of the folder that is tested replaces that of the same name in --scripts: the pods would lack their script.
func TestNoScenarioIsCalledAsAScript(t *testing.T) {
	scripts, err := engine.ReadScripts("../../scripts")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	for _, s := range scripts {
		if _, err := os.Stat(s.Name); err == nil {
			t.Errorf("%s is a scenario, and a script", s.Name)
		}
	}
}

// They are stories one reads at a glance.
func TestScenariosAreShort(t *testing.T) {
	files, _ := filepath.Glob("*.lua")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n < 10 || n > 40 {
			t.Errorf("%s has %d lines", file, n)
		}
	}
}

func encode(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}
