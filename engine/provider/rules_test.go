package provider_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestScenarios plays testdata/*.txtar: the rules that hold the model together, one file each, and the hooks.
func TestScenarios(t *testing.T) {
	enginetest.Run(t, enginetest.Scenarios{Dir: "testdata"})
}
