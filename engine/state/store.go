package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Options say where the state lives.
type Options struct {
	// Path is the file; "" or "memory": nothing is written, and every commit counts as durable at once.
	Path string
	// Fsync makes durable commits survive power loss too. Without it they survive the end of the process only.
	Fsync bool
	// Lean says that somebody else keeps the pods themselves, as Kubernetes does: the file has of each only what a
	// restart must not lose of its runs, pods are known after Open only by [Store.Remembered], and changes that nobody
	// waits for gather for a second before they are written.
	Lean bool
	// Events is how many events are kept for subscribers that come back, each with its pod; 0: 4096.
	Events int
	// OnError is told from the writer's goroutine when the file becomes unwritable or a record cannot be encoded,
	// and with nil when all is well again; nil: nobody is told. It must not call Close.
	OnError func(error)
}

// Store holds the state of one node. All methods are safe for use from any goroutine.
type Store struct {
	onError func(error)
	file    *file // nil: memory only
	lean    bool

	mu       sync.RWMutex
	entries  map[Key]*entry      // guarded by mu
	due      dueHeap             // guarded by mu
	counts   counts              // guarded by mu
	past     map[Key]*Pod        // guarded by mu; what a lean file remembers of pods that are not taken in yet
	nodes    map[string]*Memo    // guarded by mu; node memos
	tables   map[string]entryset // guarded by mu; bucket → key → value
	instant  instant             // guarded by mu
	queue    queue               // guarded by mu; not yet in the file
	journals Journals            // guarded by mu; nil: nobody told of any
	batches  []Batch             // guarded by mu; journals from the file, until somebody takes them
	telling  atomic.Bool         // a write of journals is planned
	writeErr error               // guarded by mu; why the file lags behind
	running  chan struct{}       // guarded by mu; closed when Run has ended; nil: never ran
	closed   bool                // guarded by mu
	revision atomic.Uint64       // changed under mu only

	listMu sync.Mutex
	order  order                   // changed under mu, or under listMu with mu held for reading
	before listing                 // guarded by listMu; the last answer of Before
	listed atomic.Pointer[listing] // the last answer of List

	wake  chan struct{} // an earlier due time
	work  chan struct{} // something for the writer
	hurry chan struct{} // somebody waits for the writer
	keep  chan struct{} // journals have gathered
	stop  chan struct{} // closed by Close
	feed  *feed
}

type entryset map[string]json.RawMessage

// entry is the place of one pod in all the store's orders.
type entry struct {
	pod  *Pod
	due  time.Time // its place in the heap
	slot int       // in the heap; -1: not in it
	gone bool      // removed; the list order still has it
}

// Open returns the store that the file holds, or a new one where there is no file. Pods come back with what is
// persisted and nothing derived; committing them anew with the same Object, Life and Memo pointers writes nothing to
// the file. A file that cannot be used is never changed: the error says what to do about it, and is one of
// [ErrLocked], [ErrForeign], [ErrDamaged], [ErrFormat] where it is one of these.
//
// With a file, [Store.Run] must run for durable commits to return. The caller must [Store.Close] the store.
func Open(o Options) (*Store, error) {
	s := &Store{
		onError: o.OnError,
		lean:    o.Lean,
		entries: map[Key]*entry{},
		past:    map[Key]*Pod{},
		counts:  newCounts(),
		nodes:   map[string]*Memo{},
		tables:  map[string]entryset{bucketParams: {}, bucketFacts: {}, bucketFaults: {}},
		wake:    make(chan struct{}, 1),
		work:    make(chan struct{}, 1),
		hurry:   make(chan struct{}, 1),
		keep:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
	}
	if o.Path != "" && o.Path != "memory" {
		f, err := openFile(o.Path, o.Fsync, formats)
		if err != nil {
			return nil, err
		}
		if o.Lean {
			err = f.makeLean()
		}
		if err != nil {
			return nil, errors.Join(f.refuse(err), f.close())
		}
		if err := s.load(f); err != nil {
			return nil, errors.Join(f.refuse(err), f.close())
		}
		s.file = f
	}
	s.feed = newFeed(s.revision.Load(), cmp.Or(o.Events, ringSize))
	return s, nil
}

// Get returns the pod, or nil. It does not allocate.
func (s *Store) Get(k Key) *Pod {
	s.mu.RLock()
	e := s.entries[k]
	if e == nil {
		s.mu.RUnlock()
		return nil
	}
	p := e.pod
	s.mu.RUnlock()
	return p
}

// Len is the number of pods.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.entries)
}

// Err says why the file lags behind memory; nil: it does not. While it is not nil durable commits are refused with
// it, everything else goes on in memory, and the writer tries again every second.
func (s *Store) Err() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.writeErr
}

// Run writes to the file until ctx ends or [Store.Close] is called, then writes what is still pending and returns
// the error of that. It may run once. Without a file it only waits.
func (s *Store) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.closed || s.running != nil {
		s.mu.Unlock()
		return fmt.Errorf("run state: %w", ErrClosed)
	}
	s.running = make(chan struct{})
	defer close(s.running)
	s.mu.Unlock()

	s.write(ctx)
	return s.finish()
}

// finish refuses further changes and writes what is pending.
func (s *Store) finish() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for s.queueNews() {
	}
	s.flush(true)
	return s.Err()
}

// Close ends Run and waits for it, writes what is pending, lets the subscribers go and closes the file. It returns
// the error because of which something is missing from the file. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	select {
	case <-s.stop:
		s.mu.Unlock()
		return nil
	default:
		close(s.stop)
	}
	running := s.running
	s.closed = true
	s.mu.Unlock()

	if running != nil {
		<-running
	}
	err := s.finish()
	s.feed.close()
	if s.file == nil {
		return err
	}
	if closing := s.file.close(); err == nil {
		err = closing
	}
	return err
}
