package watch_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/moonlet-dev/moonlet/engine/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// generous is how long a test waits for what must come. It decides nothing but when to give up.
const generous = 20 * time.Second

func lua(name string) bool { return strings.HasSuffix(name, ".lua") }

// watched is a running watcher and what it says.
type watched struct {
	t       testing.TB
	dir     string
	changes chan watch.Snapshot
	errors  chan error
}

// start watches dir, by notifications alone unless edit says otherwise, and takes the first delivery.
func start(tb testing.TB, dir string, edit func(*watch.Options)) *watched {
	tb.Helper()
	w := &watched{t: tb, dir: dir, changes: make(chan watch.Snapshot, 1000), errors: make(chan error, 1000)}
	o := watch.Options{
		Dir:      dir,
		Keep:     lua,
		Rescan:   time.Hour,
		OnChange: func(s watch.Snapshot) { w.changes <- s },
		OnError:  func(err error) { w.errors <- err },
	}
	if edit != nil {
		edit(&o)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- watch.New(o).Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	w.next()
	return w
}

func text(s watch.Snapshot) string {
	var parts []string
	for _, f := range s.Files {
		parts = append(parts, f.Name+"="+string(f.Text))
	}
	return strings.Join(parts, " ")
}

// next is the next delivery.
func (w *watched) next() string {
	w.t.Helper()
	select {
	case s := <-w.changes:
		return text(s)
	case <-time.After(generous):
		w.t.Fatal("nothing was delivered")
		return ""
	}
}

// expect wants exactly this as the next delivery.
func (w *watched) expect(want string) {
	w.t.Helper()
	if got := w.next(); got != want {
		w.t.Fatalf("delivered %q, want %q", got, want)
	}
}

// trouble is the next report.
func (w *watched) trouble() error {
	w.t.Helper()
	select {
	case err := <-w.errors:
		return err
	case <-time.After(generous):
		w.t.Fatal("no error was reported")
		return nil
	}
}

func (w *watched) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *watched) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) save(name, text string) {
	w.t.Helper()
	w.must(os.WriteFile(w.path(name), []byte(text), 0o600))
}

// replace writes another file and renames it over name, as careful programs do.
func (w *watched) replace(name, text string) {
	w.t.Helper()
	w.save(name+".tmp", text)
	w.must(os.Rename(w.path(name+".tmp"), w.path(name)))
}

// folder is a new folder with one file, a.lua, that holds "0".
func folder(tb testing.TB) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "scripts")
	if err := os.Mkdir(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.lua"), []byte("0"), 0o600); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func TestEveryWayOfSavingIsNoticed(t *testing.T) {
	for name, story := range map[string]func(*watched){
		"plain save, twice": func(w *watched) {
			w.save("a.lua", "1")
			w.expect("a.lua=1")
			w.save("a.lua", "2")
			w.expect("a.lua=2")
		},
		"atomic rename, twice": func(w *watched) {
			w.replace("a.lua", "1")
			w.expect("a.lua=1")
			w.replace("a.lua", "2")
			w.expect("a.lua=2")
		},
		"vim: rename away, write anew, remove the old": func(w *watched) {
			for _, text := range []string{"1", "2"} {
				w.save("4913", "")
				w.must(os.Remove(w.path("4913")))
				w.must(os.Rename(w.path("a.lua"), w.path("a.lua~")))
				w.save("a.lua", text)
				w.must(os.Remove(w.path("a.lua~")))
				w.expect("a.lua=" + text)
			}
		},
		"removed file": func(w *watched) {
			w.must(os.Remove(w.path("a.lua")))
			w.expect("")
		},
		"renamed file": func(w *watched) {
			w.must(os.Rename(w.path("a.lua"), w.path("b.lua")))
			w.expect("b.lua=0")
		},
		"new sub-folder, then a file in it, then a change of that": func(w *watched) {
			w.must(os.MkdirAll(w.path("lib/deep"), 0o700))
			w.save("lib/deep/b.lua", "1")
			w.expect("a.lua=0 lib/deep/b.lua=1")
			w.save("lib/deep/b.lua", "2")
			w.expect("a.lua=0 lib/deep/b.lua=2")
		},
		"sub-folder replaced by another of the same name": func(w *watched) {
			w.must(os.Mkdir(w.path("lib"), 0o700))
			w.save("lib/b.lua", "1")
			w.expect("a.lua=0 lib/b.lua=1")
			w.must(os.Rename(w.path("lib"), w.path("old")))
			w.must(os.Mkdir(w.path("lib"), 0o700))
			w.save("lib/b.lua", "2")
			w.expect("a.lua=0 lib/b.lua=2 old/b.lua=1")
			w.save("lib/b.lua", "3")
			w.expect("a.lua=0 lib/b.lua=3 old/b.lua=1")
		},
		"chmod and the same text again are no change": func(w *watched) {
			w.must(os.Chmod(w.path("a.lua"), 0o644))
			w.save("a.lua", "0")
			w.save("junk.swp", "x")
			w.save("b.lua", "1")
			w.expect("a.lua=0 b.lua=1")
		},
		"folder deleted and made again, twice": func(w *watched) {
			for _, text := range []string{"1", "2"} {
				w.must(os.RemoveAll(w.dir))
				if err := w.trouble(); !errors.Is(err, fs.ErrNotExist) {
					w.t.Errorf("reported %v, want that the folder is gone", err)
				}
				w.must(os.Mkdir(w.dir, 0o700))
				w.save("a.lua", text)
				w.expect("a.lua=" + text)
				if err := w.trouble(); err != nil {
					w.t.Errorf("reported %v, want nil: all is well again", err)
				}
			}
		},
		"folder moved away and another put in its place": func(w *watched) {
			w.must(os.Mkdir(w.dir+".new", 0o700))
			w.must(os.WriteFile(w.dir+".new/a.lua", []byte("1"), 0o600))
			w.must(os.Rename(w.dir, w.dir+".old"))
			w.must(os.Rename(w.dir+".new", w.dir))
			w.expect("a.lua=1")
			w.save("a.lua", "2")
			w.expect("a.lua=2")
		},
		"a linked file changes where it lies": func(w *watched) {
			elsewhere := w.t.TempDir()
			w.must(os.WriteFile(elsewhere+"/b", []byte("1"), 0o600))
			w.must(os.Symlink(elsewhere+"/b", w.path("b.lua")))
			w.expect("a.lua=0 b.lua=1")
			w.must(os.WriteFile(elsewhere+"/b", []byte("2"), 0o600))
			w.expect("a.lua=0 b.lua=2")
		},
		"a linked folder is made to point elsewhere, twice": func(w *watched) {
			elsewhere := w.t.TempDir()
			for _, version := range []string{"1", "2", "3"} {
				dir := filepath.Join(elsewhere, version)
				w.must(os.Mkdir(dir, 0o700))
				w.must(os.WriteFile(dir+"/b.lua", []byte(version), 0o600))
				w.must(os.Symlink(dir, w.path("link.tmp")))
				w.must(os.Rename(w.path("link.tmp"), w.path("link")))
				w.expect("a.lua=0 link/b.lua=" + version)
				w.must(os.WriteFile(dir+"/b.lua", []byte("edited"), 0o600))
				w.expect("a.lua=0 link/b.lua=edited")
			}
		},
		"a hundred rapid saves end with the last": func(w *watched) {
			for i := range 100 {
				w.save("a.lua", fmt.Sprint(i))
			}
			for got := w.next(); got != "a.lua=99"; got = w.next() {
				w.t.Logf("on the way: %s", got)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, folder(t), nil)
			w.t = t
			story(w)
			if len(w.changes) > 0 {
				t.Errorf("delivered %q besides", w.next())
			}
		})
	}
}

// configMap writes a version the way a kubelet does and swaps ..data over to it.
func (w *watched) configMap(version string, files map[string]string) {
	w.t.Helper()
	folder := w.path(".." + version)
	w.must(os.Mkdir(folder, 0o700))
	for name, text := range files {
		w.must(os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		if err := os.Symlink("..data/"+name, w.path(name)); err != nil && !errors.Is(err, fs.ErrExist) {
			w.t.Fatal(err)
		}
	}
	old, _ := os.Readlink(w.path("..data"))
	w.must(os.Symlink(".."+version, w.path("..data_tmp")))
	w.must(os.Rename(w.path("..data_tmp"), w.path("..data")))
	if old != "" {
		w.must(os.RemoveAll(w.path(old)))
	}
}

func TestConfigMapSwapsAreNoticedAsWholes(t *testing.T) {
	dir := t.TempDir()
	(&watched{t: t, dir: dir}).configMap("2026_00", map[string]string{"a.lua": "0", "b.lua": "0"})
	w := start(t, dir, nil)
	for i := range 3 {
		version := fmt.Sprint(i + 1)
		w.configMap("2026_0"+version, map[string]string{"a.lua": version, "b.lua": version})
		w.expect("a.lua=" + version + " b.lua=" + version)
	}
	if len(w.changes) > 0 {
		t.Errorf("delivered %q besides", w.next())
	}
}

func TestLinkedFolderItselfMayBeSwapped(t *testing.T) {
	parent := t.TempDir()
	w := &watched{t: t, dir: parent}
	for _, version := range []string{"1", "2"} {
		w.must(os.Mkdir(w.path(version), 0o700))
		w.save(version+"/a.lua", version)
	}
	w.must(os.Symlink("1", w.path("current")))
	running := start(t, w.path("current"), nil)
	w.must(os.Symlink("2", w.path("tmp")))
	w.must(os.Rename(w.path("tmp"), w.path("current")))
	running.expect("a.lua=2")
}

func TestOneFileOfAFolderCanBeWatched(t *testing.T) {
	dir := t.TempDir()
	w := &watched{t: t, dir: dir}
	w.save(".moonlet.yaml", "1")
	w.must(os.Mkdir(w.path("sub"), 0o700))
	w.save("sub/.moonlet.yaml", "not mine")
	running := start(t, dir, func(o *watch.Options) {
		o.Flat, o.Keep = true, func(name string) bool { return name == ".moonlet.yaml" }
	})
	w.save("other", "x")
	w.replace(".moonlet.yaml", "2")
	running.expect(".moonlet.yaml=2")
	w.replace(".moonlet.yaml", "3")
	running.expect(".moonlet.yaml=3")
}

func TestPollingNoticesWithoutNotifications(t *testing.T) {
	w := start(t, folder(t), func(o *watch.Options) { o.Poll, o.Rescan = true, 10*time.Millisecond })
	w.save("a.lua", "1")
	w.expect("a.lua=1")
	w.must(os.RemoveAll(w.dir))
	if err := w.trouble(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reported %v, want that the folder is gone", err)
	}
	w.must(os.Mkdir(w.dir, 0o700))
	w.save("a.lua", "2")
	for got := w.next(); got != "a.lua=2"; got = w.next() {
		t.Logf("on the way: %q", got) // the folder may be seen empty first: that was a state, too
	}
}

func TestKnownContentIsNotDelivered(t *testing.T) {
	dir := folder(t)
	known, err := watch.Read(dir, lua, watch.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	changes := make(chan string, 10)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	o := watch.Options{Dir: dir, Keep: lua, Known: known.Hash, OnChange: func(s watch.Snapshot) { changes <- text(s) }}
	// Changed between the caller's reading and the start: must not be missed.
	if err := os.WriteFile(dir+"/a.lua", []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- watch.New(o).Run(ctx) }()
	if got := <-changes; got != "a.lua=1" {
		t.Errorf("delivered %q", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRunRefusesAMissingFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "nowhere")
	err := watch.New(watch.Options{Dir: dir}).Run(context.Background())
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want one that names %s", err, dir)
	}
}

// TestSeveralFilesSavedTogetherArriveTogether saves whole states file by file and wants no mixture.
func TestSeveralFilesSavedTogetherArriveTogether(t *testing.T) {
	dir := folder(t)
	w := start(t, dir, func(o *watch.Options) { o.Settle = 200 * time.Millisecond })
	const last = 10
	for i := 1; i <= last; i++ {
		for _, name := range []string{"a.lua", "b.lua", "c.lua", "d.lua"} {
			w.replace(name, fmt.Sprint(i))
		}
		for got := ""; ; {
			if got = w.next(); got == fmt.Sprintf("a.lua=%d b.lua=%d c.lua=%d d.lua=%d", i, i, i, i) {
				break
			}
			t.Errorf("delivered a mixture: %q", got)
		}
	}
}

func TestConstantSavingHoldsNobodyUp(t *testing.T) {
	w := start(t, folder(t), func(o *watch.Options) { o.Settle = 20 * time.Millisecond })
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
				w.replace("a.lua", fmt.Sprint("saved ", i))
			}
		}
	}()
	w.next()
	w.next()
	close(stop)
	<-stopped
}

// BenchmarkSaveToCall is what an editor's user waits for: settling takes 50 ms of it.
func BenchmarkSaveToCall(b *testing.B) {
	w := start(b, folder(b), nil)
	for i := 0; b.Loop(); i++ {
		w.save("a.lua", fmt.Sprint(i, "th text"))
		w.next()
	}
}
