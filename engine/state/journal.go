package state

import (
	"encoding"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// journalEvery is how long changed journals gather before they are written: nobody waits for them, and a pod that
	// starts or crashes changes its own many times within seconds.
	journalEvery = 3 * time.Second
	// journalsAtOnce is how many go into one transaction, so that a commit that somebody waits for is not held up.
	journalsAtOnce = 512
)

// journals is what the file has yet to learn of the pods' journals.
type journals struct {
	saved   map[Key][]byte                     // from the file, until somebody takes them
	changed map[string]encoding.BinaryAppender // by record; nil: no write is planned
}

// KeepJournal has a pod's journal written when some seconds have passed, as it is then. What j appends must stand for
// itself. Nothing is kept of a pod that is not there.
func (s *Store) KeepJournal(k Key, j encoding.BinaryAppender) {
	if s.file == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.entries[k] == nil {
		return
	}
	if s.journals.changed == nil {
		s.journals.changed = map[string]encoding.BinaryAppender{}
		time.AfterFunc(journalEvery, func() { signal(s.keep) })
	}
	s.journals.changed[podRecord(k)] = j
}

// TakeJournals hands over the journals that the file had, once.
func (s *Store) TakeJournals() map[Key][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.journals.saved
	s.journals.saved = nil
	return taken
}

// queueJournals queues up to so many changed journals for the file and says whether there are more; 0: all of them.
func (s *Store) queueJournals(most int) (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for record, j := range s.journals.changed {
		if n++; most > 0 && n > most {
			return true
		}
		s.queue.put(bucketJournals, record, j)
		delete(s.journals.changed, record)
	}
	s.journals.changed = nil
	return false
}

// dropJournal forgets a pod's journal. Callers hold mu.
func (s *Store) dropJournal(k Key) {
	if s.file == nil {
		return
	}
	delete(s.journals.changed, podRecord(k))
	s.queue.put(bucketJournals, podRecord(k), nil)
}

// loadJournals reads the journals of the pods that there are; others have no use any more.
func (s *Store) loadJournals(tx *bbolt.Tx) error {
	s.journals.saved = map[Key][]byte{}
	return each(tx, bucketJournals, func(key string, value []byte) error {
		name, err := parsePodRecord([]byte(key))
		if err != nil {
			return err
		}
		if s.entries[name] == nil && s.past[name] == nil {
			s.queue.put(bucketJournals, key, nil)
			return nil
		}
		s.journals.saved[name] = slices.Clone(value)
		return nil
	})
}
