package state

import (
	"sync"
	"sync/atomic"
)

// Kind says what happened to a pod.
type Kind string

// The kinds of events.
const (
	Added   Kind = "added"
	Changed Kind = "changed"
	Removed Kind = "removed"
)

// Event is one commit as subscribers see it, told after it was appended to the file.
type Event struct {
	Seq  uint64 // the revision of the commit; without gaps
	Kind Kind
	Pod  *Pod // the new snapshot; of a removed pod its last one
}

// ringSize is how many events are kept for subscribers that come back, unless Options say so.
const ringSize = 4096

// feed tells events in the order of their commits.
type feed struct {
	mu    sync.Mutex
	ring  []Event                    // guarded by mu; event n lies at n % its length
	first uint64                     // guarded by mu; events up to this one are gone
	last  uint64                     // guarded by mu; the event told last
	subs  map[*Subscription]struct{} // guarded by mu; nil: closed
}

func newFeed(revision uint64, kept int) *feed {
	return &feed{ring: make([]Event, kept), first: revision, last: revision, subs: map[*Subscription]struct{}{}}
}

// tell keeps the events and passes them on to those who keep up.
func (f *feed) tell(events ...Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		kept := uint64(len(f.ring))
		f.ring[e.Seq%kept] = e
		f.last = e.Seq
		if f.last-f.first > kept {
			f.first = f.last - kept
		}
		for sub := range f.subs {
			f.pass(e, sub)
		}
	}
}

// pass lets a subscriber go whose buffer is full. Callers hold mu.
func (f *feed) pass(e Event, sub *Subscription) {
	select {
	case sub.events <- e:
	default:
		sub.dropped.Store(true)
		f.drop(sub)
	}
}

// drop forgets a subscriber, once. Callers hold mu.
func (f *feed) drop(sub *Subscription) {
	if _, open := f.subs[sub]; open {
		delete(f.subs, sub)
		close(sub.events)
	}
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for sub := range f.subs {
		f.drop(sub)
	}
	f.subs = nil
}

// since returns the events after one. Callers hold mu.
func (f *feed) since(after uint64) ([]Event, error) {
	if after < f.first || after > f.last {
		return nil, ErrTooOld
	}
	events := make([]Event, 0, f.last-after)
	for seq := after + 1; seq <= f.last; seq++ {
		events = append(events, f.ring[seq%uint64(len(f.ring))])
	}
	return events, nil
}

// subscribe opens a subscription that begins with the events missed. Callers hold mu.
func (f *feed) subscribe(missed []Event, buffer int) *Subscription {
	sub := &Subscription{feed: f, events: make(chan Event, len(missed)+max(buffer, 1))}
	for _, e := range missed {
		sub.events <- e
	}
	if f.subs == nil {
		close(sub.events)
		return sub
	}
	f.subs[sub] = struct{}{}
	return sub
}

// Subscription is one reader of events.
type Subscription struct {
	feed    *feed
	events  chan Event
	dropped atomic.Bool
}

// C delivers the events. It is closed after Close, when the store closes, and when the reader did not keep up.
func (s *Subscription) C() <-chan Event { return s.events }

// Dropped says whether the channel was closed because the reader did not keep up: it must list again.
func (s *Subscription) Dropped() bool { return s.dropped.Load() }

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.feed.drop(s)
}

// Subscribe delivers all events told from now on. A reader that falls behind by more than buffer events is let go.
// Who wants a list and what follows it subscribes first, then lists, then ignores events whose Seq is not above the
// Revision of the pod in the list: with a file, an event is told a little after List shows it.
func (s *Store) Subscribe(buffer int) *Subscription {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.feed.subscribe(nil, buffer)
}

// Resume is Subscribe that begins with the events after one, or [ErrTooOld]. A Seq is worth nothing in a store
// without a file that was opened anew.
func (s *Store) Resume(after uint64, buffer int) (*Subscription, error) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	missed, err := s.feed.since(after)
	if err != nil {
		return nil, err
	}
	return s.feed.subscribe(missed, buffer), nil
}

// Since returns the events after one, oldest first; [ErrTooOld] if they are not all kept any more.
func (s *Store) Since(after uint64) ([]Event, error) {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.feed.since(after)
}

// Seq is the number of the event told last.
func (s *Store) Seq() uint64 {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.feed.last
}
