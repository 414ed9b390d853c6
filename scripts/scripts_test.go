package scripts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim/suite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestScripts plays the scenario of every shipped script on a held clock.
func TestScripts(t *testing.T) {
	enginetest.Run(t, enginetest.Scenarios{Dir: "testdata", Scripts: "."})
}

func TestEveryScriptHasAScenarioAndTests(t *testing.T) {
	for _, s := range scripts(t) {
		name := strings.TrimSuffix(s, ".lua")
		for _, file := range []string{filepath.Join("testdata", name+".txtar"), name + "_test.lua"} {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s is not tested: %v", s, err)
			}
		}
	}
}

// scripts are those that are shipped.
func scripts(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("*.lua")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if script.Loadable(f) {
			names = append(names, f)
		}
	}
	return names
}

// The tests of the shipped scripts hold whatever the seed is, and reach nearly every line.
func TestTestsOfScripts(t *testing.T) {
	tests, err := suite.FindTests(".")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := engine.ReadScripts(".")
	if err != nil {
		t.Fatal(err)
	}
	report, err := suite.Run(t.Context(), suite.Options{
		Folder: suite.Folder{Scripts: shipped, Tests: tests}, Seed: 1, Seeds: 20, Coverage: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() {
		var b strings.Builder
		if err := report.Text(&b, suite.Look{Again: "moonlet script test"}); err != nil {
			t.Fatal(err)
		}
		t.Error(b.String())
	}
	for _, f := range report.Coverage {
		if f.Ran*100 < f.Lines*90 {
			t.Errorf("%s: the tests do not reach lines %v", f.File, f.Missed)
		}
	}
}
