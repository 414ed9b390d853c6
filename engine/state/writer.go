package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// retryAfter is how long a file that could not be written is left alone.
const retryAfter = time.Second

// gatherFor is how long a lean store keeps changes in memory that nobody waits for.
const gatherFor = time.Second

// slot is the place of one value in the file.
type slot struct{ bucket, key string }

// queue is what the file does not have yet. Values are immutable; of several for one slot the last one counts.
type queue struct {
	writes   map[slot]any // nil value: removed
	waiters  []waiter
	events   []Event
	revision uint64 // of the store when the queue was taken
}

// waiter is a commit that waits until the records of one key are in the file.
type waiter struct {
	key  string
	done chan error // buffered
}

func (q *queue) put(bucket, key string, value any) {
	if q.writes == nil {
		q.writes = map[slot]any{}
	}
	q.writes[slot{bucket, key}] = value
}

// pod queues what a change of a pod changes in the file.
func (q *queue) pod(c *Change) {
	key := podRecord(c.Key)
	if c.New == nil {
		q.put(bucketObjects, key, nil)
		q.put(bucketLives, key, nil)
		return
	}
	if c.Old == nil || c.Old.Object != c.New.Object {
		q.put(bucketObjects, key, c.New.Object)
	}
	if c.Old == nil || lifeOf(c.Old) != lifeOf(c.New) {
		q.put(bucketLives, key, lifeOf(c.New))
	}
}

// enqueued calls the writer, and returns where it will answer if wait is set. Without a file nothing is queued and
// nobody needs to wait. Callers hold mu.
func (s *Store) enqueued(key string, wait bool) <-chan error {
	if s.file == nil {
		s.queue = queue{}
		return nil
	}
	signal(s.work)
	if !wait {
		return nil
	}
	signal(s.hurry)
	done := make(chan error, 1)
	s.queue.waiters = append(s.queue.waiters, waiter{key, done})
	return done
}

// write is the writer's loop.
func (s *Store) write(ctx context.Context) {
	retry := make(chan struct{}, 1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.stop:
			return
		case <-s.work:
			s.gather(ctx)
			if s.flush(s.Err() == nil) {
				continue
			}
		case <-s.keep:
			if s.writeNews() {
				continue
			}
		case <-retry:
			if s.flush(true) {
				continue
			}
		}
		time.AfterFunc(retryAfter, func() { signal(retry) })
	}
}

// gather lets changes come together that a lean store need not write one by one.
func (s *Store) gather(ctx context.Context) {
	if !s.lean {
		return
	}
	over := make(chan struct{})
	defer time.AfterFunc(gatherFor, func() { close(over) }).Stop()
	select {
	case <-over:
	case <-s.hurry:
	case <-ctx.Done():
	case <-s.stop:
	}
}

// take empties the queue. A file that is not to be tried now keeps its writes queued.
func (s *Store) take(try bool) queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.queue
	taken.revision = s.revision.Load()
	s.queue = queue{}
	if !try {
		s.queue.writes, s.queue.waiters = taken.writes, taken.waiters
		taken.writes, taken.waiters = nil, nil
	}
	return taken
}

// flush writes all that is queued in one transaction, answers who waits and tells the subscribers. It returns false
// if the file could not be written and should be tried again.
func (s *Store) flush(try bool) bool {
	if s.file == nil {
		return true
	}
	batch := s.take(try)
	if !try {
		s.feed.tell(batch.events...)
		return true
	}
	records, unfit := encodeAll(batch.writes)
	var err error
	if len(records) > 0 {
		err = s.file.write(records, batch.revision)
	}
	s.wrote(batch, err, unfit)
	for _, w := range batch.waiters {
		w.done <- errors.Join(err, unfit[w.key])
	}
	s.feed.tell(batch.events...)
	return err == nil
}

// record is one slot's new content, ready for the file.
type record struct {
	slot
	sealed []byte // nil: removed
}

// encodeAll makes the records, in the file's order. What cannot be encoded is left out: the file keeps what it has
// under those keys, and the error says so.
func encodeAll(writes map[slot]any) ([]record, map[string]error) {
	records := make([]record, 0, len(writes))
	var unfit map[string]error
	for at, value := range writes {
		if value == nil {
			records = append(records, record{slot: at})
			continue
		}
		encoded, err := encode(value)
		if err != nil {
			if unfit == nil {
				unfit = map[string]error{}
			}
			unfit[at.key] = fmt.Errorf("%w: %s of %q cannot be encoded: %w", ErrInvalid, at.bucket, at.key, err)
			continue
		}
		records = append(records, record{at, seal(at.bucket, at.key, encoded)})
	}
	slices.SortFunc(records, func(a, b record) int {
		if c := strings.Compare(a.bucket, b.bucket); c != 0 {
			return c
		}
		return strings.Compare(a.key, b.key)
	})
	return records, unfit
}

// wrote notes how a batch went. What did not reach the file is queued again, except where something newer is.
func (s *Store) wrote(batch queue, err error, unfit map[string]error) {
	s.mu.Lock()
	was := s.writeErr
	s.writeErr = err
	if err != nil {
		for at, value := range batch.writes {
			_, newer := s.queue.writes[at]
			if !newer && unfit[at.key] == nil {
				s.queue.put(at.bucket, at.key, value)
			}
		}
	}
	s.mu.Unlock()

	for _, problem := range unfit {
		s.report(problem)
	}
	if (err == nil) != (was == nil) {
		s.report(err)
	}
}

func (s *Store) report(err error) {
	if s.onError != nil {
		s.onError(err)
	}
}
