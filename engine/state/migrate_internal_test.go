package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	v1 "k8s.io/api/core/v1"
)

// older makes a closed file of the present format with one pod and one fact.
func older(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "moonlet.db")
	s, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	web := Key{"default", "web"}
	if _, err := s.Commit(context.Background(), Change{Key: web, New: &Pod{Key: web, Object: &v1.Pod{}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// renameFact is what a step to a new format may look like.
func renameFact(from, to string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucketFacts))
		if from != "" && b.Get([]byte(from)) == nil {
			return errors.New("step out of order")
		}
		return errors.Join(b.Delete([]byte(from)), b.Put([]byte(to), seal(bucketFacts, to, []byte("1"))))
	}
}

func TestOlderFormatIsCopiedThenMigratedStepByStep(t *testing.T) {
	path := older(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	later := formatSet{current: 5, steps: map[int]func(*bbolt.Tx) error{3: renameFact("", "two"), 4: renameFact("two", "three")}}
	f, err := openFile(path, false, later)
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	err = f.db.View(func(tx *bbolt.Tx) error {
		if format, err := formatOf(tx); err != nil || format != 5 {
			t.Errorf("format %d, %v; want 5", format, err)
		}
		facts := tx.Bucket([]byte(bucketFacts))
		if facts.Get([]byte("three")) == nil || facts.Get([]byte("two")) != nil {
			t.Error("the steps were not taken")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	backup := path + ".format-3.bak"
	copied, err := os.ReadFile(backup)
	if err != nil || string(copied) != string(before) {
		t.Errorf("the copy differs from the file before (%v)", err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode() != 0o600 {
		t.Errorf("the copy has mode %v (%v), want 0600", info.Mode(), err)
	}
}

func TestMigrationThatFailsChangesNothing(t *testing.T) {
	path := older(t)
	broken := formatSet{current: 5, steps: map[int]func(*bbolt.Tx) error{
		3: renameFact("", "two"),
		4: func(*bbolt.Tx) error { panic("a step that breaks") },
	}}
	f, err := openFile(path, false, broken)
	if err == nil {
		f.close()
		t.Fatal("opened")
	}
	if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "a step that breaks") {
		t.Errorf("error %q", err)
	}
	s, err := Open(Options{Path: path}) // still the older format
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Len() != 1 || len(s.Facts().All()) != 0 {
		t.Errorf("%d pods, facts %v; want the file as it was", s.Len(), s.Facts().All())
	}
}

// TestFormatOneGetsTheBucketsThatCameLater opens a file as the first Moonlets wrote it.
func TestFormatOneGetsTheBucketsThatCameLater(t *testing.T) {
	path := older(t)
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(tx.DeleteBucket([]byte(bucketFaults)), tx.DeleteBucket([]byte(bucketJournals)), tx.Bucket([]byte(bucketMeta)).Put(keyFormat, decimal(1)))
	})
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 1 {
		t.Errorf("%d pods", s.Len())
	}
	if err := errors.Join(s.Faults().Set("f1", []byte("1")), s.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(Options{Path: path}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if kept, ok := s.Faults().Get("f1"); !ok || string(kept) != "1" {
		t.Errorf("kept %q, %v", kept, ok)
	}
}
