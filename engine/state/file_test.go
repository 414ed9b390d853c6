package state_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/moonlet-dev/moonlet/engine/state"
)

func TestNewFileAndItsFolderArePrivate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	file := filepath.Join(folder, "moonlet.db")
	opened(t, state.Options{Path: file})
	for name, want := range map[string]os.FileMode{file: 0o600, folder: 0o700 | os.ModeDir, filepath.Dir(folder): 0o700 | os.ModeDir} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v (%v), want the file alone", entries, err)
	}
}

func TestMemoryWritesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, where := range []string{"", "memory"} {
		create(t, opened(t, state.Options{Path: where}), "web")
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 0 {
		t.Errorf("the folder holds %v (%v), want nothing", entries, err)
	}
}

// goodFile is a closed state file with some pods in it.
func goodFile(tb testing.TB) string {
	tb.Helper()
	file := path(tb)
	s := opened(tb, state.Options{Path: file})
	for i := range 40 {
		create(tb, s, fmt.Sprintf("pod-%d", i))
	}
	for i := range 20 { // leaves pages on the free list
		k := key(fmt.Sprintf("pod-%d", 2*i))
		commit(tb, s, state.Change{Key: k, Old: s.Get(k), Wait: true})
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return file
}

// edit changes a closed state file by way of bbolt.
func edit(tb testing.TB, file string, fn func(*bbolt.Tx) error) {
	tb.Helper()
	db, err := bbolt.Open(file, 0o600, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(db.Update(fn), db.Close()); err != nil {
		tb.Fatal(err)
	}
}

func setMeta(key, value string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error { return tx.Bucket([]byte("moonlet")).Put([]byte(key), []byte(value)) }
}

// firstRecord changes the first value of a bucket.
func firstRecord(bucket string, change func([]byte) []byte) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		k, v := b.Cursor().First()
		return b.Put(bytes.Clone(k), change(bytes.Clone(v)))
	}
}

func flipLast(v []byte) []byte { v[len(v)-1] ^= 1; return v }

// TestUnusableFileIsRefusedAndLeftAlone breaks a file in every way and looks at its bytes afterwards.
func TestUnusableFileIsRefusedAndLeftAlone(t *testing.T) {
	truncate := func(bytes int64) func(testing.TB, string) {
		return func(tb testing.TB, file string) {
			tb.Helper()
			if err := os.Truncate(file, bytes); err != nil {
				tb.Fatal(err)
			}
		}
	}
	used := func(tb testing.TB, file string) (bytes int64) {
		tb.Helper()
		edit(tb, file, func(tx *bbolt.Tx) error { bytes = tx.Size(); return nil })
		return bytes
	}
	through := func(fn func(*bbolt.Tx) error) func(testing.TB, string) {
		return func(tb testing.TB, file string) { tb.Helper(); edit(tb, file, fn) }
	}
	garbage := strings.Repeat("garbage!", 1024)
	for name, c := range map[string]struct {
		spoil func(testing.TB, string)
		want  error
	}{
		"empty":             {truncate(0), state.ErrForeign},
		"a few bytes":       {truncate(100), state.ErrForeign},
		"one page":          {truncate(4096), state.ErrForeign},
		"two pages":         {truncate(8192), state.ErrDamaged},
		"cut in the middle": {truncate(20000), state.ErrDamaged},
		"the last byte in use is missing": {func(tb testing.TB, file string) {
			tb.Helper()
			truncate(used(tb, file)-1)(tb, file)
		}, state.ErrDamaged},
		"a page in use is listed as free": {freeUsedPage, state.ErrDamaged},
		"text":                            {overwrite(0, garbage), state.ErrForeign},
		"both checksums bad": {func(tb testing.TB, file string) {
			tb.Helper()
			overwrite(16+50, "x")(tb, file)
			overwrite(4096+16+50, "x")(tb, file)
		}, state.ErrDamaged},
		"a bad page":                {spoilRootPage, state.ErrDamaged},
		"zeroes after the head":     {overwrite(2*4096, strings.Repeat("\x00", 4*4096)), state.ErrDamaged},
		"newer format":              {through(setMeta("format", "4")), state.ErrFormat},
		"format this old is gone":   {through(setMeta("format", "0")), state.ErrFormat},
		"format is no number":       {through(setMeta("format", "x")), state.ErrDamaged},
		"revision is no number":     {through(setMeta("revision", "x")), state.ErrDamaged},
		"another program's magic":   {through(setMeta("magic", "someone")), state.ErrForeign},
		"another program's buckets": {through(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("moonlet")) }), state.ErrForeign},
		"a bucket is missing":       {through(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("facts")) }), state.ErrDamaged},
		"a bucket in a bucket": {through(func(tx *bbolt.Tx) error {
			_, err := tx.Bucket([]byte("facts")).CreateBucket([]byte("x"))
			return err
		}), state.ErrDamaged},
		"a flipped bit in an object": {through(firstRecord("objects", flipLast)), state.ErrDamaged},
		"a flipped bit in a life":    {through(firstRecord("lives", flipLast)), state.ErrDamaged},
		"a record without checksum":  {through(firstRecord("lives", func([]byte) []byte { return []byte("x") })), state.ErrDamaged},
		"an object without life": {through(func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket([]byte("lives")).Cursor().First()
			return tx.Bucket([]byte("lives")).Delete(bytes.Clone(k))
		}), state.ErrDamaged},
		"a life without object": {through(func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket([]byte("objects")).Cursor().Last()
			return tx.Bucket([]byte("objects")).Delete(bytes.Clone(k))
		}), state.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			file := goodFile(t)
			c.spoil(t, file)
			mustRefuse(t, file, c.want)
		})
	}
}

// freeUsedPage puts the page of the root bucket on the free list: writing to such a file would destroy it.
func freeUsedPage(tb testing.TB, file string) {
	tb.Helper()
	text, head := readHead(tb, file)
	list := number(text, head+boltFree) * boltPage
	if number(text, list+boltIDs) == 0 {
		tb.Fatal("the free list is empty")
	}
	binary.NativeEndian.PutUint64(text[list+boltIDs:], number(text, head+boltRoot))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// overwrite writes over a file at an offset.
func overwrite(offset int64, text string) func(testing.TB, string) {
	return func(tb testing.TB, file string) {
		tb.Helper()
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			tb.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte(text), offset); err != nil {
			tb.Fatal(err)
		}
	}
}

// spoilRootPage writes nonsense over the page of the root bucket: any other page may be free.
func spoilRootPage(tb testing.TB, file string) {
	tb.Helper()
	text, head := readHead(tb, file)
	overwrite(int64(number(text, head+boltRoot)*boltPage), strings.Repeat("garbage!", boltPage/8))(tb, file)
}

// Where bbolt keeps what a test spoils, in bytes.
const boltPage, boltRoot, boltFree, boltPages, boltTransaction, boltSum, boltIDs = 4096, 32, 48, 56, 64, 72, 16

func number(text []byte, at uint64) uint64 { return binary.NativeEndian.Uint64(text[at:]) }

// readHead reads a state file and finds the newer of its two heads.
func readHead(tb testing.TB, file string) (text []byte, head uint64) {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	if number(text, boltPage+boltTransaction) > number(text, boltTransaction) {
		head = boltPage
	}
	return text, head
}

// mustRefuse opens a file that cannot be used and compares it before and after.
func mustRefuse(t *testing.T, file string, want error) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(state.Options{Path: file})
	if err == nil {
		s.Close()
		t.Fatal("opened")
	}
	if !errors.Is(err, want) {
		t.Errorf("error %q, want one that is %q", err, want)
	}
	for _, part := range []string{file, "move it away or give another file with --state"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	after, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(file)); len(entries) != 1 {
		t.Errorf("something was left in the folder: %v", entries)
	}
}

// TestAnyDamageIsFoundOrHarmless flips bytes all over a file: it is refused unchanged, or everything is there.
func TestAnyDamageIsFoundOrHarmless(t *testing.T) {
	file := goodFile(t)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	step := len(good)/400 | 1
	if testing.Short() {
		step *= 8
	}
	for at := 0; at < len(good); at += step {
		bad := bytes.Clone(good)
		bad[at] ^= 0xff
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := state.Open(state.Options{Path: file})
		if err != nil {
			if after, _ := os.ReadFile(file); !bytes.Equal(after, bad) {
				t.Errorf("byte %d: refused with %v, and changed", at, err)
			}
			continue
		}
		if s.Len() != 20 {
			t.Errorf("byte %d: opened with %d pods, want 20", at, s.Len())
		}
		if err := s.Close(); err != nil {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

func TestWrongKindOfPathIsRefused(t *testing.T) {
	folder := t.TempDir()
	socket := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(socket, 0o600); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(folder, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"a folder":           folder,
		"a pipe":             socket,
		"below a plain file": filepath.Join(plain, "x", "moonlet.db"),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := state.Open(state.Options{Path: file})
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), file) {
				t.Errorf("error %q does not name %s", err, file)
			}
		})
	}
}

func TestTwoStoresCannotShareAFile(t *testing.T) {
	file := path(t)
	s := opened(t, state.Options{Path: file})
	create(t, s, "web")
	out, err := play(t, "open", file)
	if err == nil || !strings.Contains(out, "in use by another Moonlet") || !strings.Contains(out, file) {
		t.Errorf("another process got %q, %v", out, err)
	}
	if _, err := state.Open(state.Options{Path: file}); !errors.Is(err, state.ErrLocked) {
		t.Errorf("a second store of this process got %v, want ErrLocked", err)
	}
	create(t, s, "db") // the first one is not disturbed
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := play(t, "open", file); err != nil || out != "2 pods\n" {
		t.Errorf("after the first let go: %q, %v", out, err)
	}
}

func TestUnreadableFileIsRefused(t *testing.T) {
	folder, err := os.MkdirTemp("", "moonlet-state") //nolint:usetesting // t.TempDir lies in a folder another user cannot enter
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "moonlet.db")
	s := opened(t, state.Options{Path: file})
	create(t, s, "web")
	if err := errors.Join(s.Close(), os.Chmod(folder, 0o755)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod(file, 0); err != nil {
			t.Fatal(err)
		}
	}
	out, err := play(t, "open as nobody", file)
	if err == nil || !strings.Contains(out, "permission denied") || !strings.Contains(out, file) {
		t.Errorf("got %q, %v", out, err)
	}
}

// play runs this test binary as another process and returns what it printed.
func play(tb testing.TB, part, arg string) (string, error) {
	tb.Helper()
	cmd := helperCommand(tb, part, arg)
	out, err := cmd.Output()
	return string(out), err
}

func helperCommand(tb testing.TB, part, arg string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Args[0], arg)
	cmd.Env = append(os.Environ(), helperEnv+"="+part, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	return cmd
}

func openHelper(file string) error {
	s, err := state.Open(state.Options{Path: file})
	if err != nil {
		return err
	}
	fmt.Printf("%d pods\n", s.Len())
	return s.Close()
}

// openAsNobodyHelper gives up the rights that would open anything.
func openAsNobodyHelper(file string) error {
	if os.Geteuid() == 0 {
		if err := syscall.Setuid(65534); err != nil {
			return err
		}
	}
	return openHelper(file)
}

// fullHelper commits until the file may not grow any more, then makes room again.
func fullHelper(file string) error {
	limit := syscall.Rlimit{Cur: 256 << 10, Max: math.MaxUint64}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	told := make(chan error, 10)
	s, err := state.Open(state.Options{Path: file, OnError: func(err error) { told <- err }})
	if err != nil {
		return err
	}
	go func() { _ = s.Run(context.Background()) }() // Close waits for it
	defer s.Close()

	acknowledged, err := fillUp(s)
	if !errors.Is(err, state.ErrUnwritten) || !strings.Contains(err.Error(), file) {
		return fmt.Errorf("full file: commit got %w", err)
	}
	if problem := <-told; !errors.Is(problem, state.ErrUnwritten) || !errors.Is(s.Err(), state.ErrUnwritten) {
		return fmt.Errorf("full file: told %w, Err %w", problem, s.Err())
	}
	refused := key("refused")
	if _, err := s.Commit(context.Background(), state.Change{Key: refused, New: newPod(refused.Name), Wait: true}); !errors.Is(err, state.ErrUnwritten) || s.Get(refused) != nil {
		return fmt.Errorf("full file: a durable commit got %w, its pod is %v", err, s.Get(refused))
	}
	sub := s.Subscribe(16)
	tick := key("tick")
	if _, err := s.Commit(context.Background(), state.Change{Key: tick, New: newPod(tick.Name)}); err != nil {
		return fmt.Errorf("full file: a commit in memory got %w", err)
	}
	// The commit that found the file full is told after its error is returned, so it may be told to this reader first.
	for e := range sub.C() {
		if e.Pod.Key == tick {
			break
		}
		if e.Pod.Key == refused {
			return fmt.Errorf("full file: told %v, which was refused", e)
		}
	}

	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if problem := <-told; problem != nil || s.Err() != nil {
		return fmt.Errorf("room again: told %w, Err %w", problem, s.Err())
	}
	fmt.Println(acknowledged)
	return nil
}

// fillUp creates pods until one is refused and returns how many were not.
func fillUp(s *state.Store) (int, error) {
	for i := 0; ; i++ {
		name := fmt.Sprintf("pod-%04d", i)
		if _, err := s.Commit(context.Background(), state.Change{Key: key(name), New: newPod(name), Wait: true}); err != nil {
			return i, err
		}
	}
}

// TestFullDiskStopsDurableCommitsUntilThereIsRoom lets a process with a limit on its file size find out.
func TestFullDiskStopsDurableCommitsUntilThereIsRoom(t *testing.T) {
	file := path(t)
	cmd := helperCommand(t, "full", file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	printed, _ := io.ReadAll(out)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	var acknowledged int
	if _, err := fmt.Sscan(string(printed), &acknowledged); err != nil || acknowledged == 0 {
		t.Fatalf("printed %q", printed)
	}
	s := opened(t, state.Options{Path: file})
	// One more than acknowledged: the commit whose write failed stood in memory and was written later.
	if want := acknowledged + 2; s.Len() != want || s.Get(key("tick")) == nil {
		t.Errorf("%d pods, want %d with the one from the bad time", s.Len(), want)
	}
}
