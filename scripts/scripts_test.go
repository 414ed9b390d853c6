package scripts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestScripts plays the scenario of every shipped script on a held clock.
func TestScripts(t *testing.T) {
	enginetest.Run(t, enginetest.Scenarios{Dir: "testdata", Scripts: "."})
}

func TestEveryScriptHasAScenario(t *testing.T) {
	scripts, err := filepath.Glob("*.lua")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts here", err)
	}
	for _, s := range scripts {
		if _, err := os.Stat(filepath.Join("testdata", strings.TrimSuffix(s, ".lua")+".txtar")); err != nil {
			t.Errorf("%s has no scenario: %v", s, err)
		}
	}
}
