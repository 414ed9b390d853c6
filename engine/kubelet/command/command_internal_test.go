package command

import (
	"log/slog"
	"runtime"
	"testing"
)

func TestHalfOfTheProcessorsAreLeftToAControlPlaneBeside(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, test := range []struct {
		asked            string // $GOMAXPROCS
		processors, want int
	}{
		{"", 8, 4},
		{"", 5, 3},
		{"", 2, 1},
		{"", 1, 1},
		{"8", 8, 8},
	} {
		t.Setenv("GOMAXPROCS", test.asked)
		runtime.GOMAXPROCS(test.processors)
		makeRoom(slog.New(slog.DiscardHandler))
		if got := runtime.GOMAXPROCS(0); got != test.want {
			t.Errorf("$GOMAXPROCS %q: %d of %d processors, want %d", test.asked, got, test.processors, test.want)
		}
	}
}
