package state

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"

	"go.etcd.io/bbolt"
)

// inspect reads the whole file without being able to change it, and says why it cannot be used.
func (f *file) inspect(known formatSet) error {
	content, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer content.Close()
	// To open for reading takes the lock and reads the head pages only, unless PreLoadFreelist is set.
	db, err := openBolt(f.path, bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	if err := checkStructure(content, db.Info().PageSize); err != nil {
		return err
	}
	return guard(func() error {
		return db.View(func(tx *bbolt.Tx) error { return check(tx, known) })
	})
}

// check goes from the cheap to the dear: whose file, which format, every record, every page.
func check(tx *bbolt.Tx, known formatSet) error {
	format, err := formatOf(tx)
	if err != nil {
		return err
	}
	if err := known.accepts(format); err != nil {
		return err
	}
	if err := tx.ForEach(checkBucket); err != nil {
		return err
	}
	return checkPages(tx)
}

// formatOf returns the format number of a file that is ours.
func formatOf(tx *bbolt.Tx) (int, error) {
	meta := tx.Bucket([]byte(bucketMeta))
	if meta == nil || string(meta.Get(keyMagic)) != magic {
		return 0, ErrForeign
	}
	format, err := strconv.Atoi(string(meta.Get(keyFormat)))
	if err != nil {
		return 0, fmt.Errorf("%w: format number %q", ErrDamaged, meta.Get(keyFormat))
	}
	return format, nil
}

// checkBucket holds every record against its checksum, which all formats have, and looks each up by its key.
func checkBucket(name []byte, b *bbolt.Bucket) error {
	return b.ForEach(func(key, sealed []byte) error {
		if !bytes.Equal(b.Get(key), sealed) {
			return fmt.Errorf("%w: record %q is not found where it belongs", ErrDamaged, key)
		}
		if string(name) == bucketMeta {
			return nil
		}
		_, err := unseal(string(name), string(key), sealed)
		return err
	})
}

// checkPages finds pages that are lost and keys out of order: writing to such a file would destroy records. It may
// only follow checkStructure, for it runs in a goroutine of bbolt's, where no guard helps.
func checkPages(tx *bbolt.Tx) error {
	var first error
	for err := range tx.Check(bbolt.WithKVStringer(quiet{})) {
		if first == nil {
			first = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return first
}

// quiet keeps bbolt from printing keys, which may be garbage of any length.
type quiet struct{}

// KeyToString implements bbolt.KVStringer.
func (quiet) KeyToString([]byte) string { return "a key" }

// ValueToString implements bbolt.KVStringer.
func (quiet) ValueToString([]byte) string { return "a value" }

// hasBuckets says whether all buckets of the present format are there.
func hasBuckets(tx *bbolt.Tx) error {
	missing := func(name string) bool { return tx.Bucket([]byte(name)) == nil }
	if slices.ContainsFunc(recordBuckets, missing) {
		return fmt.Errorf("%w: a bucket is missing", ErrDamaged)
	}
	return nil
}
