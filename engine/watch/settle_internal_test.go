package watch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// script makes a watcher that sees these hashes one after the other, and that has notifications.
func script(t *testing.T, delivered *[]string, hashes ...string) *Watcher {
	t.Helper()
	w := New(Options{Dir: t.TempDir(), OnChange: func(s Snapshot) { *delivered = append(*delivered, s.Hash) }})
	if err := w.notices.start(w.notify); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.notices.close)
	w.look = func() (sight, error) {
		seen := sight{Snapshot: Snapshot{Hash: hashes[0]}}
		hashes = hashes[1:]
		return seen, nil
	}
	return w
}

func TestOnlyWhatWasReadTwiceAlikeIsDelivered(t *testing.T) {
	var delivered []string
	w := script(t, &delivered, "half", "whole", "whole", "whole")
	if w.settled(false) || len(delivered) != 0 {
		t.Fatalf("settled between two states, delivered %q", delivered)
	}
	if !w.settled(false) || !slices.Equal(delivered, []string{"whole"}) {
		t.Errorf("delivered %q, want the whole", delivered)
	}
}

func TestNoticeDuringReadingPutsDeliveryOff(t *testing.T) {
	var delivered []string
	w := script(t, &delivered, "a", "a", "a", "a", "b", "b")
	quiet := w.look
	w.look = func() (sight, error) {
		w.notices.watcher.Events <- fsnotify.Event{}
		return quiet()
	}
	if w.settled(false) || len(delivered) != 0 {
		t.Fatalf("settled while something happened, delivered %q", delivered)
	}
	if !w.settled(true) || !slices.Equal(delivered, []string{"a"}) {
		t.Errorf("overdue: delivered %q, want a", delivered)
	}
	w.look = quiet
	if !w.settled(false) || !slices.Equal(delivered, []string{"a", "b"}) {
		t.Errorf("quiet again: delivered %q, want a and b", delivered)
	}
}

func TestPatienceShrinksUnderConstantSaving(t *testing.T) {
	w := New(Options{Settle: time.Minute})
	now := time.Now()
	if got := w.patience(now); got != time.Minute {
		t.Errorf("at first %v, want a minute", got)
	}
	if got := w.patience(now.Add(-time.Hour)); got != 6*time.Second || !w.overdue(now.Add(-time.Hour)) {
		t.Errorf("after an hour %v, want six seconds and to be overdue", got)
	}
}

// TestWatchFollowsThePathNotTheFolder moves a folder above away, which a watch below does not notice.
func TestWatchFollowsThePathNotTheFolder(t *testing.T) {
	above := filepath.Join(t.TempDir(), "above")
	dir := filepath.Join(above, "scripts")
	var n notices
	if err := n.start(newNotifier); err != nil {
		t.Fatal(err)
	}
	defer n.close()
	for _, step := range []func() error{
		func() error { return os.MkdirAll(dir, 0o700) },
		func() error { return n.follow([]string{dir}) },
		func() error { return os.Rename(above, above+".old") },
		func() error { return os.MkdirAll(dir, 0o700) },
		func() error { return n.follow([]string{dir}) },
		func() error { return os.WriteFile(filepath.Join(dir, "a.lua"), nil, 0o600) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-n.events():
	case <-time.After(20 * time.Second):
		t.Error("the folder that lies there now is not watched")
	}
}
