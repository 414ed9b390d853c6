package provider_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/explain"
)

// explained is the explanation of a pod as a person reads it.
func (k *kubernetes) explained(name string) string {
	k.t.Helper()
	e, err := k.Explain("default", name)
	k.must(err)
	return explain.Text(e, explain.Options{})
}

func wantText(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in\n%s", part, got)
		}
	}
}

// crashSlowly crashes every ten seconds.
const crashSlowly = `function on_start(pod, c, run) return { exit = 3, after = "10s" } end`

func TestAnAdoptedPodIsExplained(t *testing.T) {
	k := cluster(t, script(crashSlowly))
	k.must(k.AdoptPod(t.Context(), crashing()))
	wantText(t, k.explained("web"), "Adopted: from its status", "restarts (back-off", "on_start of run ", "a.lua:2")
}

func TestAnExplanationOutlivesTheProcessInAClusterToo(t *testing.T) {
	o := script(crashSlowly)
	o.State = filepath.Join(t.TempDir(), "state.db")
	web := bound("web", "1")
	var before []string
	t.Run("first process", func(t *testing.T) {
		k := cluster(t, o)
		k.bind(web)
		k.bind(bound("lost", "9"))
		k.Pass(12 * time.Second)
		before = whats(t, k, "web")
	})
	t.Run("second process", func(t *testing.T) {
		k := cluster(t, o)
		k.must(k.AdoptPod(t.Context(), web))
		after := whats(t, k, "web")
		if len(before) < 5 || !slices.Equal(after[:len(before)], before) {
			t.Errorf("before %q\nafter  %q", before, after)
		}
		wantText(t, k.explained("web"), "Adopted: as it was left")
		newer := bound("lost", "10") // another pod of that name
		k.bind(newer)
		if told := whats(t, k, "lost"); slices.Contains(told, "Exited") || told[0] != "Created" {
			t.Errorf("another pod's story: %q", told)
		}
	})
}

func whats(t *testing.T, k *kubernetes, name string) []string {
	t.Helper()
	causes, err := k.Journal("default", name)
	k.must(err)
	words := make([]string, len(causes))
	for i, c := range causes {
		words[i] = c.What
	}
	return words
}

func TestTheSameSeedGivesTheSameExplanation(t *testing.T) {
	text := func(seed uint64) string {
		o := script(`function on_start(pod, c, run) return { exit = pick({ 1, 2, 137 }), after = exponential("20s") } end`)
		o.Seed = seed
		e := enginetest.New(t, o)
		web := newPod("web")
		web.UID = "1"
		if err := e.CreatePod(t.Context(), web); err != nil {
			t.Fatal(err)
		}
		e.Pass(10 * time.Minute)
		told, err := e.Explain("default", "web")
		if err != nil {
			t.Fatal(err)
		}
		return explain.Text(told, explain.Options{All: true})
	}
	first := text(1)
	if again := text(1); again != first {
		t.Errorf("one seed, two explanations:\n%s\n%s", first, again)
	}
	if first == text(2) {
		t.Error("two seeds, one explanation")
	}
}
