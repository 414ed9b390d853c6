package watch

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// notices are the system's notifications about a set of folders. The zero value has none, and never will.
type notices struct {
	watcher *fsnotify.Watcher      // nil: none
	watched map[string]os.FileInfo // what lay at the path when the watch was added
	partial bool                   // some folder could not be watched
}

// newNotifier is what start gets outside tests. The buffer lets a burst pass while a folder is read.
func newNotifier() (*fsnotify.Watcher, error) { return fsnotify.NewBufferedWatcher(256) }

// start gets ready for follow.
func (n *notices) start(open func() (*fsnotify.Watcher, error)) (err error) {
	n.watched = map[string]os.FileInfo{}
	n.watcher, err = open()
	return err
}

func (n *notices) close() {
	if n.watcher != nil {
		_ = n.watcher.Close()
	}
}

// blind says that a change may happen without a notice.
func (n *notices) blind() bool { return n.watcher == nil || n.partial }

// events is nil, which nobody ever sends on, where there are none.
func (n *notices) events() <-chan fsnotify.Event {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Events
}

func (n *notices) errors() <-chan error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Errors
}

// heard takes the end of the events for what it is: fsnotify gave up, and no more will come.
func (n *notices) heard(open bool) {
	if !open {
		n.close()
		n.watcher = nil
	}
}

// drain forgets what was noticed so far and says whether that was anything.
func (n *notices) drain() bool {
	touched := false
	for {
		select {
		case _, open := <-n.events():
			n.heard(open)
			touched = true
		default:
			return touched
		}
	}
}

// follow watches exactly these folders. It adds watches that were lost, and those at whose path another folder lies
// now: a watch belongs to the folder, not to the path.
func (n *notices) follow(folders []string) error {
	if n.watcher == nil {
		return nil
	}
	for path := range n.watched {
		if !slices.Contains(folders, path) {
			n.forget(path)
		}
	}
	alive := n.watcher.WatchList()
	var problem error
	for _, path := range folders {
		if err := n.add(path, slices.Contains(alive, path)); err != nil {
			problem = err
		}
	}
	n.partial = problem != nil
	return problem
}

func (n *notices) add(path string, alive bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return ignoreVanished(err)
	}
	if was := n.watched[path]; alive && was != nil && os.SameFile(was, info) {
		return nil
	}
	n.forget(path)
	if err := n.watcher.Add(path); err != nil {
		return ignoreVanished(err)
	}
	n.watched[path] = info
	return nil
}

func (n *notices) forget(path string) {
	_ = n.watcher.Remove(path) // an error says that the watch is gone already
	delete(n.watched, path)
}

// ignoreVanished forgives a folder that is gone: the next reading will not name it.
func ignoreVanished(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
