package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// TestSystemWithoutNotificationsIsPolled also covers a system that runs out of watches, which shows the same way.
func TestSystemWithoutNotificationsIsPolled(t *testing.T) {
	none := errors.New("no watches left")
	for name, notify := range map[string]func() (*fsnotify.Watcher, error){
		"no notifier": func() (*fsnotify.Watcher, error) { return nil, none },
		"no watches": func() (*fsnotify.Watcher, error) {
			w, err := fsnotify.NewWatcher()
			if err == nil {
				err = w.Close() // whose Add then fails
			}
			return w, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			changes, problems := make(chan Snapshot, 100), make(chan error, 100)
			w := New(Options{
				Dir: dir, Rescan: 10 * time.Millisecond,
				OnChange: func(s Snapshot) { changes <- s }, OnError: func(err error) { problems <- err },
			})
			w.notify = notify
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- w.Run(ctx) }()
			<-changes
			for _, text := range []string{"1", "2"} {
				if err := os.WriteFile(filepath.Join(dir, "a.lua"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				for got := ""; got != text; { // the file may be seen empty first
					if s := <-changes; len(s.Files) == 1 {
						got = string(s.Files[0].Text)
					}
				}
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if len(problems) != 1 {
				t.Fatalf("%d reports, want 1", len(problems))
			}
			if err := <-problems; !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "10ms") {
				t.Errorf("report %q does not name the folder and the interval", err)
			}
		})
	}
}
