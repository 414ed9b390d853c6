package command

import (
	"runtime"
	"testing"
)

func TestHalfOfTheProcessorsAreLeftToAControlPlaneBeside(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, test := range []struct {
		near             bool
		asked            string // $GOMAXPROCS
		processors, want int
	}{
		{true, "", 8, 4},
		{true, "", 5, 3},
		{true, "", 2, 1},
		{true, "", 1, 1},
		{true, "8", 8, 8},
		{false, "", 8, 8},
	} {
		t.Setenv("GOMAXPROCS", test.asked)
		runtime.GOMAXPROCS(test.processors)
		makeRoom(test.near)
		if got := runtime.GOMAXPROCS(0); got != test.want {
			t.Errorf("near %v, $GOMAXPROCS %q: %d of %d processors, want %d", test.near, test.asked, got, test.processors, test.want)
		}
	}
}
