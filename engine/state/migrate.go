package state

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// formatSet is what a program can read: its own format, and older ones by steps that lead to it.
type formatSet struct {
	current int
	steps   map[int]func(*bbolt.Tx) error // from format n to n+1
}

// formats is what this program can read. A change of what the file holds raises current and adds a step.
//
//	1  pods, counts, node memos, params, facts
//	2  faults
//	3  journals
var formats = formatSet{current: 3, steps: map[int]func(*bbolt.Tx) error{1: addBucket(bucketFaults), 2: addBucket(bucketJournals)}}

// addBucket is the step to a format that has one bucket more.
func addBucket(name string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists([]byte(name))
		return err
	}
}

// accepts says whether a file of that format can be used.
func (s formatSet) accepts(format int) error {
	if format > s.current {
		return fmt.Errorf("%w: it has format %d, this Moonlet knows up to %d: use the newer Moonlet that wrote it",
			ErrFormat, format, s.current)
	}
	for n := format; n < s.current; n++ {
		if s.steps[n] == nil {
			return fmt.Errorf("%w: it has format %d, which this Moonlet cannot read any more", ErrFormat, format)
		}
	}
	return nil
}

// migrate brings an older file to the current format after copying it to NAME.format-N.bak. It does so as a whole or
// not at all.
func (f *file) migrate(known formatSet) error {
	return guard(func() error {
		var format int
		err := f.db.View(func(tx *bbolt.Tx) (err error) {
			format, err = formatOf(tx)
			return err
		})
		if err != nil || format == known.current {
			return err
		}
		if err := f.backup(format); err != nil {
			return fmt.Errorf("copy before migration from format %d: %w", format, err)
		}
		return f.db.Update(func(tx *bbolt.Tx) error { return known.climb(tx, format) })
	})
}

// climb goes all the steps from one format to the current one.
func (s formatSet) climb(tx *bbolt.Tx, format int) error {
	if err := s.accepts(format); err != nil {
		return err
	}
	for n := format; n < s.current; n++ {
		if err := s.steps[n](tx); err != nil {
			return fmt.Errorf("migrate from format %d to %d: %w", n, n+1, err)
		}
	}
	return tx.Bucket([]byte(bucketMeta)).Put(keyFormat, decimal(s.current))
}

// backup copies the file as it is. Nobody writes meanwhile: the lock is ours.
func (f *file) backup(format int) error {
	folder, name := filepath.Split(f.path)
	if folder == "" {
		folder = "."
	}
	target := filepath.Join(folder, fmt.Sprintf("%s.format-%d.bak", name, format))
	copied, err := os.CreateTemp(folder, "."+name+".bak-*")
	if err != nil {
		return err
	}
	defer os.Remove(copied.Name()) // gone already after the rename
	if err := copyFile(copied, f.path); err != nil {
		return err
	}
	if err := os.Rename(copied.Name(), target); err != nil {
		return err
	}
	return syncFolder(folder)
}

func copyFile(to *os.File, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return errors.Join(err, to.Close())
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Sync(), to.Close(), from.Close())
}
