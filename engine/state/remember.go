package state

import (
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// Remembered is what a lean file knows of a pod that was not taken in since Open: a Pod without Object, or nil.
// Committing a pod of that name takes its place.
func (s *Store) Remembered(k Key) *Pod {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.past[k]
}

// AllRemembered are all that [Store.Remembered] knows, by namespace and name.
func (s *Store) AllRemembered() []*Pod {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*Pod, 0, len(s.past))
	for _, p := range s.past {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Pod) int { return a.Compare(b.Key) })
	return all
}

// Unremember forgets what the file remembers of a pod that will never be taken in, but for its counters. It does not
// wait for the file.
func (s *Store) Unremember(k Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(false); err != nil {
		return err
	}
	if p := s.past[k]; p != nil {
		s.dropRemembered(k)
		s.keepCount(k, countOf(p))
		s.enqueued("", false)
	}
	return nil
}

// dropRemembered forgets what the file remembers of a name. Callers hold mu.
func (s *Store) dropRemembered(k Key) {
	if s.past[k] != nil {
		delete(s.past, k)
		s.queue.put(bucketRemembered, podRecord(k), nil)
	}
}

// rememberPod queues what a change of a pod changes in a lean file.
func (q *queue) rememberPod(c *Change) {
	switch {
	case c.New == nil:
		q.put(bucketRemembered, podRecord(c.Key), nil)
	case c.Old == nil || lifeOf(c.Old) != lifeOf(c.New):
		q.put(bucketRemembered, podRecord(c.Key), lifeOf(c.New))
	}
}

// makeLean makes room for what a lean store keeps. Stores that keep pods themselves leave it alone.
func (f *file) makeLean() error {
	return guard(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucketIfNotExists([]byte(bucketRemembered))
			return err
		})
	})
}

// loadRemembered reads what a lean file has of pods.
func (s *Store) loadRemembered(tx *bbolt.Tx) error {
	return each(tx, bucketRemembered, func(key string, value []byte) error {
		name, err := parsePodRecord([]byte(key))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		p, err := decodeLife(stored{key: name, life: value})
		if err != nil {
			return err
		}
		s.past[name] = p
		return nil
	})
}
