package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockWait is how long another process may take to let go of the file.
const lockWait = 500 * time.Millisecond

// smallest is what bbolt's two head pages take. It would make a new file of an empty one.
const smallest = 8192

// magic in the meta bucket tells our files from other programs' bbolt files.
const magic = "moonlet state"

var (
	keyMagic    = []byte("magic")
	keyFormat   = []byte("format")
	keyRevision = []byte("revision")
)

// file is the open state file. It belongs to the writer; only load reads from it.
type file struct {
	path string
	db   *bbolt.DB
}

// openFile opens the file at path, or makes a new one. Before anything is opened for writing the whole file is
// checked, so that one which cannot be used stays byte for byte as it is.
func openFile(path string, fsync bool, known formatSet) (*file, error) {
	f := &file{path: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = create(path, known.current)
	case err == nil && !info.Mode().IsRegular():
		return nil, fmt.Errorf("state file %s: it is no regular file (%s): give another file with --state", path, info.Mode().Type())
	case err == nil && info.Size() < smallest:
		return nil, f.refuse(fmt.Errorf("%w: it has %d bytes", ErrForeign, info.Size()))
	}
	if err != nil {
		return nil, fmt.Errorf("state file %s: %w", path, err)
	}
	if err := f.inspect(known); err != nil {
		return nil, f.refuse(err)
	}
	if f.db, err = openBolt(path, bbolt.Options{NoSync: !fsync}); err != nil {
		return nil, f.refuse(err)
	}
	if err := f.migrate(known); err != nil {
		return nil, errors.Join(fmt.Errorf("state file %s: %w", path, err), f.close())
	}
	return f, nil
}

// openBolt is bbolt.Open for files that may be damaged: bbolt panics on some of them, and leaves them open.
func openBolt(path string, o bbolt.Options) (db *bbolt.DB, err error) {
	o.Timeout, o.FreelistType = lockWait, bbolt.FreelistMapType
	var opened *os.File
	o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		// The file exists: a new one is only ever made by create.
		opened, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
		return opened, err
	}
	err = guard(func() error {
		db, err = bbolt.Open(path, 0o600, &o)
		return err
	})
	if err != nil && opened != nil {
		_ = opened.Close() // a second close after bbolt's own does no harm
	}
	return db, err
}

// guard turns a panic into an error, also the fault that reading a mapped file beyond its end is.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	return fn()
}

// refuse says what is wrong with the file as a whole, and what to do.
func (f *file) refuse(err error) error {
	const moveAway = "move it away or give another file with --state"
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("state file %s is %w: stop that one or give another file with --state", f.path, ErrLocked)
	case errors.Is(err, ErrForeign), errors.Is(err, ErrDamaged), errors.Is(err, ErrFormat):
		return fmt.Errorf("state file %s: %w: %s", f.path, err, moveAway)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("state file %s: %w (%w): %s", f.path, ErrForeign, err, moveAway)
	case errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, errChecksum):
		return fmt.Errorf("state file %s: %w (%w): %s", f.path, ErrDamaged, err, moveAway)
	default:
		return fmt.Errorf("state file %s: %w", f.path, err)
	}
}

// create makes an empty state file that appears at path as a whole or not at all.
func create(path string, format int) error {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	fresh, err := os.CreateTemp(folder, "."+filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(fresh.Name())
	if err := fresh.Close(); err != nil {
		return err
	}
	if err := fill(fresh.Name(), format); err != nil {
		return err
	}
	// A link, unlike a rename, never takes the place of a file that another process made meanwhile.
	if err := os.Link(fresh.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}

// fill makes a file of no bytes an empty state file.
func fill(path string, format int) error {
	db, err := openBolt(path, bbolt.Options{})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range recordBuckets {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		meta, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return err
		}
		return errors.Join(meta.Put(keyMagic, []byte(magic)), meta.Put(keyFormat, decimal(format)))
	})
	return errors.Join(err, db.Close())
}

func decimal(n int) []byte { return strconv.AppendInt(nil, int64(n), 10) }

// syncFolder makes a new name in a folder survive power loss.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// write puts records into the file in one transaction.
func (f *file) write(records []record, revision uint64) error {
	err := guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			for _, r := range records {
				if err := put(tx.Bucket([]byte(r.bucket)), r); err != nil {
					return err
				}
			}
			return tx.Bucket([]byte(bucketMeta)).Put(keyRevision, strconv.AppendUint(nil, revision, 10))
		})
	})
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnwritten, f.path, err)
	}
	return nil
}

func put(b *bbolt.Bucket, r record) error {
	if r.sealed == nil {
		return b.Delete([]byte(r.key))
	}
	return b.Put([]byte(r.key), r.sealed)
}

func (f *file) close() error {
	if f.db == nil {
		return nil
	}
	return f.db.Close()
}
