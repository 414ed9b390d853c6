package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Options say what to watch and whom to tell.
type Options struct {
	// Dir is the folder; see [Read] for what belongs to it.
	Dir string
	// Keep chooses files by their slash path below Dir; nil: all.
	Keep func(name string) bool
	// Flat leaves sub-folders alone and lets Keep choose dot files too: for one file in a folder with much else in it.
	Flat   bool
	Limits Limits
	// Settle is how long nothing may have changed before the folder is read; 0: 50 ms. After ten times that it is
	// read although somebody still writes.
	Settle time.Duration
	// Rescan is how often the folder is read although nothing was noticed; 0: 2 s.
	Rescan time.Duration
	// Poll relies on Rescan alone, for file systems that send no notifications.
	Poll bool
	// Known is the hash of the content the caller has already; empty: the first content is delivered too.
	Known string
	// OnChange is called with every new content of the folder, from Run's goroutine.
	OnChange func(Snapshot)
	// OnError is called, from Run's goroutine, when the folder cannot be read (once for the same text), with nil when
	// it can be again, and once when changes will be noticed by Rescan only. Run goes on. nil: nobody is told.
	OnError func(error)
}

// Watcher watches one folder.
type Watcher struct {
	options   Options
	notify    func() (*fsnotify.Watcher, error) // newNotifier, except in tests
	look      func() (sight, error)             // of the folder, except in tests
	notices   notices
	delivered string // hash
	pending   string // hash that the last reading found
	problem   string // told to OnError last
	toldBlind bool   // OnError knows that notifications are missing
}

// New returns a watcher that does nothing yet.
func New(o Options) *Watcher {
	if o.Settle <= 0 {
		o.Settle = 50 * time.Millisecond
	}
	if o.Rescan <= 0 {
		o.Rescan = 2 * time.Second
	}
	f := folder{Dir: o.Dir, Keep: o.Keep, Flat: o.Flat, Limits: o.Limits}
	return &Watcher{options: o, notify: newNotifier, look: f.look, delivered: o.Known}
}

// Run watches until ctx ends, then returns nil. It returns an error only if the folder cannot be read when it
// starts. It may be called once.
func (w *Watcher) Run(ctx context.Context) error {
	first, err := w.look()
	if err != nil {
		return err
	}
	if !w.options.Poll {
		w.tellBlind(w.notices.start(w.notify))
		defer w.notices.close()
	}
	w.tellBlind(w.notices.follow(first.folders))
	w.loop(ctx)
	return nil
}

// tellBlind reports once that changes will show later than they could.
func (w *Watcher) tellBlind(err error) {
	if err == nil || w.toldBlind || w.options.OnError == nil {
		return
	}
	w.toldBlind = true
	w.options.OnError(fmt.Errorf("watch folder %s: %w: looking every %v instead", w.options.Dir, err, w.options.Rescan))
}

// loop waits for news, lets them settle and looks. Settling is about editors, so it takes the machine's time.
func (w *Watcher) loop(ctx context.Context) {
	settle := time.NewTimer(0) //nolint:forbidigo // the first look follows at once; see above
	defer settle.Stop()
	rescan := time.NewTicker(w.options.Rescan) //nolint:forbidigo // see above
	defer rescan.Stop()
	var since time.Time // the first change that is not settled
	for {
		restless := false
		select {
		case <-ctx.Done():
			return
		case _, open := <-w.notices.events():
			restless = true
			w.notices.heard(open)
		case err, open := <-w.notices.errors():
			restless = true
			w.notices.heard(open)
			if open && !errors.Is(err, fsnotify.ErrEventOverflow) { // an overflow lost nothing that looking does not find
				w.report(fmt.Errorf("watch folder %s: %w", w.options.Dir, err))
			}
		case <-rescan.C:
			restless = since.IsZero() && !w.rescan()
		case <-settle.C:
			if restless = !w.settled(!since.IsZero() && w.overdue(since)); !restless {
				since = time.Time{}
			}
		}
		if restless {
			if since.IsZero() {
				since = time.Now() //nolint:forbidigo // see above
			}
			settle.Reset(w.patience(since))
		}
	}
}

func (w *Watcher) overdue(since time.Time) bool { return time.Since(since) >= 10*w.options.Settle }

// patience is how long to wait for quiet: ever less, so that who saves all the time cannot hold the others up.
func (w *Watcher) patience(since time.Time) time.Duration {
	left := 10*w.options.Settle - time.Since(since)
	return min(w.options.Settle, max(left, w.options.Settle/10))
}

// rescan looks without having been told to. It returns false where something changed that has to settle first.
func (w *Watcher) rescan() bool {
	seen, err := w.look()
	w.tellBlind(w.notices.follow(seen.folders))
	w.pending = seen.Hash
	if w.failed(err) {
		return true
	}
	if seen.Hash == w.delivered {
		w.well()
		return true
	}
	return false
}

// settled reads the folder and delivers what is new. It returns false while the folder is not at rest: two readings
// differ, or something happened during them that is not overdue.
func (w *Watcher) settled(overdue bool) bool {
	seen, err := w.look()
	w.tellBlind(w.notices.follow(seen.folders))
	if w.failed(err) {
		return true
	}
	again, err := w.look()
	if w.failed(err) {
		return true
	}
	touched := w.notices.drain()
	// Without notifications only time shows whether somebody still writes: the reading before this one counts too.
	moved := w.notices.blind() && w.pending != seen.Hash && again.Hash != w.delivered
	w.pending = again.Hash
	if seen.Hash != again.Hash || (touched || moved) && !overdue {
		return false
	}
	w.well()
	if again.Hash != w.delivered {
		w.delivered = again.Hash
		w.options.OnChange(again.Snapshot)
	}
	return true
}

// failed reports a reading that went wrong and says so.
func (w *Watcher) failed(err error) bool {
	if err != nil {
		w.report(err)
	}
	return err != nil
}

func (w *Watcher) report(err error) {
	if w.options.OnError != nil && err.Error() != w.problem {
		w.options.OnError(err)
	}
	w.problem = err.Error()
}

// well takes back what was reported.
func (w *Watcher) well() {
	if w.options.OnError != nil && w.problem != "" {
		w.options.OnError(nil)
	}
	w.problem = ""
}
