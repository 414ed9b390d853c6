package state

import (
	"context"
	"fmt"
)

// Commit applies one change if the pod is still what c.Old says (the same pointer, as Get returned it), and returns
// c.New with its new revision: nil after a removal. The errors are [ErrExists], [ErrNotFound], [ErrConflict],
// [ErrInvalid], [ErrClosed], and for a durable change [ErrUnwritten]; after all of these the pod is as it was.
//
// With c.Wait Commit returns when the change is in the file. If ctx ends before that, or the write fails, it returns
// c.New together with the error: the change stands in memory and is written as soon as that is possible.
func (s *Store) Commit(ctx context.Context, c Change) (*Pod, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	written, err := s.apply(&c)
	if err != nil {
		return nil, err
	}
	return c.New, await(ctx, written)
}

// await waits for the writer; nil: there is nothing to wait for.
func await(ctx context.Context, written <-chan error) error {
	if written == nil {
		return nil
	}
	select {
	case err := <-written:
		return err
	case <-ctx.Done():
		return fmt.Errorf("wait for the state file: %w", ctx.Err())
	}
}

// apply does the change in memory and queues it for the writer.
func (s *Store) apply(c *Change) (<-chan error, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(c.Wait); err != nil {
		return nil, err
	}
	if err := s.compare(c); err != nil {
		return nil, err
	}
	s.instant.note(c)
	revision := s.revision.Add(1)
	told := c.New
	if told == nil {
		told = c.Old
	} else {
		told.Revision = revision
	}
	s.replace(c)
	event := Event{Seq: revision, Kind: c.kind(), Pod: told}
	switch {
	case s.file == nil:
		s.feed.tell(event)
		return nil, nil
	case s.lean: // what the file has of a pod is no promise to those who listen
		s.feed.tell(event)
		s.queue.rememberPod(c)
	default:
		s.queue.pod(c)
		s.queue.events = append(s.queue.events, event)
	}
	return s.enqueued(podRecord(c.Key), c.Wait), nil
}

// open says whether a change can be taken. Callers hold mu.
func (s *Store) open(durable bool) error {
	switch {
	case s.closed:
		return ErrClosed
	case durable && s.writeErr != nil:
		return s.writeErr
	default:
		return nil
	}
}

// compare holds what the caller read against what is. Callers hold mu.
func (s *Store) compare(c *Change) error {
	e := s.entries[c.Key]
	switch {
	case e == nil && c.Old != nil:
		return ErrNotFound
	case e != nil && c.Old == nil:
		return ErrExists
	case e != nil && e.pod != c.Old:
		return ErrConflict
	default:
		return nil
	}
}

// replace brings map, heap, list order and counters up to date. Callers hold mu.
func (s *Store) replace(c *Change) {
	e := s.entries[c.Key]
	switch {
	case e == nil:
		e = s.add(c.New)
		delete(s.past, c.Key)
		s.forgetCount(c.Key)
	case c.New == nil:
		delete(s.entries, c.Key)
		e.gone = true
		s.order.removed = true
		s.due.drop(e)
		s.keepCount(c.Key, countOf(c.Old))
		return
	}
	e.pod = c.New
	s.schedule(e)
}

// add makes room for a pod that was not there. Callers hold mu.
func (s *Store) add(p *Pod) *entry {
	e := &entry{pod: p, slot: -1}
	s.entries[p.Key] = e
	s.order.added = append(s.order.added, e)
	return e
}
