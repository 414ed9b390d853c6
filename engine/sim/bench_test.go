package sim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

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
		text, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, script.Source{Name: filepath.Base(f), Text: text})
	}
	return out
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

// BenchmarkDay is a day of crash-looping pods.
func BenchmarkDay(b *testing.B) {
	sources := shipped(b)
	for b.Loop() {
		s, err := sim.New(b.Context(), sim.Options{Scripts: sources})
		if err != nil {
			b.Fatal(err)
		}
		for i := range 1000 {
			p := &v1.Pod{}
			p.Namespace, p.Name = "default", fmt.Sprintf("crash-%04d", i)
			p.Labels = map[string]string{"behaviour": "crash-loop"}
			p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
			if err := s.CreatePod(b.Context(), p); err != nil {
				b.Fatal(err)
			}
		}
		s.Pass(b.Context(), 24*time.Hour)
		s.Close()
	}
}
