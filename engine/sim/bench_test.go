package sim_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
)

func shipped(tb testing.TB) (out []script.Source) {
	tb.Helper()
	files, err := filepath.Glob("../../scripts/*.lua")
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range files {
		if !script.Loadable(f) {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, script.Source{Name: filepath.Base(f), Text: text})
	}
	return out
}

// BenchmarkLike is what it costs where another has loaded the scripts.
func BenchmarkLike(b *testing.B) {
	first, err := sim.New(b.Context(), sim.Options{Scripts: shipped(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer first.Close()
	for b.Loop() {
		s, err := sim.New(b.Context(), sim.Options{Like: first})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkNew is what one more test of the shipped scripts costs before its first pod.
func BenchmarkNew(b *testing.B) {
	sources := shipped(b)
	for b.Loop() {
		s, err := sim.New(b.Context(), sim.Options{Scripts: sources})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
