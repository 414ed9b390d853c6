package watch

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Limits bound what is read. What is beyond them is an error, not a part of the folder.
type Limits struct {
	Files      int   // 0: 4,096
	FileBytes  int64 // 0: 4 MiB
	TotalBytes int64 // 0: 64 MiB
	Depth      int   // of sub-folders; 0: 16
}

func (l Limits) withDefaults() Limits {
	if l.Files == 0 {
		l.Files = 4096
	}
	if l.FileBytes == 0 {
		l.FileBytes = 4 << 20
	}
	if l.TotalBytes == 0 {
		l.TotalBytes = 64 << 20
	}
	if l.Depth == 0 {
		l.Depth = 16
	}
	return l
}

// ErrLimit says that a folder holds more than the limits allow.
var ErrLimit = errors.New("over the limit")

// File is one file of a folder.
type File struct {
	Name string // slash path below the folder
	Text []byte
}

// Snapshot is what a folder held.
type Snapshot struct {
	Files []File // sorted by name
	Hash  string // of all names and texts
}

// Read returns what a folder holds now: the files that keep wants by their slash path below dir (nil: all). Sub-folders
// belong to it, and so does what symbolic links in it point to; names that begin with a dot do not. Files that vanish
// meanwhile and links that point nowhere are left out.
//
// Files are read one after the other: if somebody writes meanwhile, the snapshot may be a state the folder never had,
// which [Watcher] rules out by reading twice.
func Read(dir string, keep func(name string) bool, limits Limits) (Snapshot, error) {
	seen, err := folder{Dir: dir, Keep: keep, Limits: limits}.look()
	return seen.Snapshot, err
}

// folder says which files matter, as Options do.
type folder struct {
	Dir    string
	Keep   func(name string) bool
	Flat   bool
	Limits Limits
}

// sight is a snapshot together with the folders in which a change of it would show.
type sight struct {
	Snapshot
	folders []string
}

func (f folder) look() (sight, error) {
	r := reader{folder: f, limits: f.Limits.withDefaults()}
	err := r.walk("", nil)
	if err != nil {
		err = fmt.Errorf("read folder %s: %w", f.Dir, err)
	}
	slices.SortFunc(r.files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(r.folders)
	return sight{Snapshot{r.files, hash(r.files)}, slices.Compact(r.folders)}, err
}

// hash is the same for the same names and texts only: lengths keep neighbours apart.
func hash(files []File) string {
	sum := sha256.New()
	for _, f := range files {
		var lengths [16]byte
		binary.LittleEndian.PutUint64(lengths[:8], uint64(len(f.Name)))
		binary.LittleEndian.PutUint64(lengths[8:], uint64(len(f.Text)))
		sum.Write(lengths[:])
		sum.Write([]byte(f.Name))
		sum.Write(f.Text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// reader is one reading of a folder.
type reader struct {
	folder  folder
	limits  Limits
	files   []File
	total   int64
	folders []string
}

// walk reads one folder; above are the folders it lies in, by which loops of links are noticed.
func (r *reader) walk(name string, above []os.FileInfo) error {
	dir := filepath.Join(r.folder.Dir, filepath.FromSlash(name))
	info, err := os.Stat(dir)
	if err != nil {
		r.watch(filepath.Dir(dir)) // there it would come back
		return r.skipVanished(name, err)
	}
	if slices.ContainsFunc(above, func(a os.FileInfo) bool { return os.SameFile(a, info) }) {
		return nil
	}
	if len(above) > r.limits.Depth {
		return fmt.Errorf("%w: %s lies more than %d folders deep", ErrLimit, name, r.limits.Depth)
	}
	r.watchBehind(dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return r.skipVanished(name, err)
	}
	for _, e := range entries {
		if err := r.entry(path.Join(name, e.Name()), e, append(above, info)); err != nil {
			return err
		}
	}
	return nil
}

// skipVanished forgives what is gone again, except the folder itself.
func (r *reader) skipVanished(name string, err error) error {
	if name != "" && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// watchBehind notes a folder by its real path: a link can be made to point elsewhere, a watch follows the folder.
// For a link, the folder in which it lies is where that shows.
func (r *reader) watchBehind(dir string) {
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		r.watch(filepath.Dir(dir))
	}
	r.watch(dir)
}

func (r *reader) watch(dir string) {
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		r.folders = append(r.folders, target)
	}
}

// entry reads one name of a folder.
func (r *reader) entry(name string, e os.DirEntry, above []os.FileInfo) error {
	if strings.HasPrefix(e.Name(), ".") && !r.folder.Flat {
		return nil
	}
	file := filepath.Join(r.folder.Dir, filepath.FromSlash(name))
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && e.Type()&fs.ModeSymlink != 0 && !r.kept(name):
		return nil // such as a link to itself
	case err != nil:
		return err
	case info.IsDir() && !r.folder.Flat:
		return r.walk(name, above)
	case !info.Mode().IsRegular() || !r.kept(name): // opening a pipe would wait for a writer
		return nil
	}
	if e.Type()&fs.ModeSymlink != 0 {
		if target, err := filepath.EvalSymlinks(file); err == nil {
			r.watch(filepath.Dir(target))
		}
	}
	return r.read(name, file)
}

func (r *reader) kept(name string) bool { return r.folder.Keep == nil || r.folder.Keep(name) }

// read takes one file in, never more of it than the limits allow.
func (r *reader) read(name, file string) error {
	opened, err := os.Open(file)
	if err != nil {
		return r.skipVanished(name, err)
	}
	defer opened.Close()
	text, err := io.ReadAll(io.LimitReader(opened, r.limits.FileBytes+1))
	if err != nil {
		return err
	}
	r.total += int64(len(text))
	switch {
	case int64(len(text)) > r.limits.FileBytes:
		return fmt.Errorf("%w: %s is longer than %d bytes", ErrLimit, name, r.limits.FileBytes)
	case len(r.files) == r.limits.Files:
		return fmt.Errorf("%w: more than %d files", ErrLimit, r.limits.Files)
	case r.total > r.limits.TotalBytes:
		return fmt.Errorf("%w: more than %d bytes in all", ErrLimit, r.limits.TotalBytes)
	}
	r.files = append(r.files, File{Name: name, Text: text})
	return nil
}
