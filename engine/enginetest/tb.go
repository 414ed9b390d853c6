package enginetest

import (
	"context"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// scenarioTB lets [New] be used inside a scenario: what it reports ends the scenario.
type scenarioTB struct {
	testing.TB // nil: only what New uses is there
	ts         *testscript.TestScript
	cleanups   []func()
}

func (t *scenarioTB) Helper()                      {}
func (t *scenarioTB) Context() context.Context     { return context.Background() }
func (t *scenarioTB) Cleanup(f func())             { t.cleanups = append(t.cleanups, f) }
func (t *scenarioTB) Fatal(args ...any)            { t.ts.Fatalf("%v", args) }
func (t *scenarioTB) Fatalf(f string, args ...any) { t.ts.Fatalf(f, args...) }
func (t *scenarioTB) Error(args ...any)            { t.ts.Logf("%v", args) }

func (t *scenarioTB) cleanup() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
	t.cleanups = nil
}
