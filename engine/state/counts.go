package state

import (
	"container/list"

	"k8s.io/apimachinery/pkg/types"
)

// maxCounts is how many names that have no pod are remembered.
const maxCounts = 65_536

// Count is what numbers the questions to scripts: it must go on where it was when a name comes back.
type Count struct {
	Incarnation int       `json:"incarnation"`        // UIDs that had this name
	Attempt     int       `json:"attempt"`            // create attempts of the latest incarnation
	UID         types.UID `json:"uid,omitempty"`      // of the latest incarnation
	Rejected    bool      `json:"rejected,omitempty"` // the latest incarnation never became a pod: its creates were refused
}

// countRecord is a Count in the file. Order tells which names to forget first.
type countRecord struct {
	Count
	Order uint64 `json:"order"`
	key   Key
}

// counts remembers the names without a pod, the latest last.
type counts struct {
	byKey map[Key]*list.Element // of countRecord
	order *list.List
	last  uint64 // Order given last
}

func newCounts() counts { return counts{byKey: map[Key]*list.Element{}, order: list.New()} }

// put remembers c and returns its record, and the key that had to be forgotten for it, if any.
func (c *counts) put(k Key, n Count) (countRecord, *Key) {
	c.drop(k)
	c.last++
	record := countRecord{Count: n, Order: c.last, key: k}
	c.byKey[k] = c.order.PushBack(record)
	if len(c.byKey) <= maxCounts {
		return record, nil
	}
	oldest := c.order.Front().Value.(countRecord).key
	c.drop(oldest)
	return record, &oldest
}

// drop forgets a key and says whether it was known.
func (c *counts) drop(k Key) bool {
	e, known := c.byKey[k]
	if known {
		c.order.Remove(e)
		delete(c.byKey, k)
	}
	return known
}

// Count returns the counters of the pod of that name, or those its last pod left behind; zero: never heard of it.
// The 65,536 names deleted last are remembered.
func (s *Store) Count(k Key) Count {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entries[k]; e != nil {
		return countOf(e.pod)
	}
	if p := s.past[k]; p != nil {
		return countOf(p)
	}
	if e := s.counts.byKey[k]; e != nil {
		return e.Value.(countRecord).Count
	}
	return Count{}
}

func countOf(p *Pod) Count { return Count{Incarnation: p.Incarnation, Attempt: p.Attempt, UID: p.UID} }

// SetCount remembers the counters of a name that has no pod, such as one whose creation was rejected. It does not
// wait for the file. A name that has a pod carries its counters in the pod: the call then does nothing.
func (s *Store) SetCount(k Key, n Count) error {
	if err := k.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(false); err != nil {
		return err
	}
	if s.entries[k] == nil {
		s.dropRemembered(k) // another incarnation has the name now
		s.keepCount(k, n)
		s.enqueued("", false)
	}
	return nil
}

// keepCount remembers the counters of a name that lost its pod. Callers hold mu.
func (s *Store) keepCount(k Key, n Count) {
	record, forgotten := s.counts.put(k, n)
	if s.file == nil {
		return
	}
	s.queue.put(bucketCounts, podRecord(k), record)
	if forgotten != nil {
		s.queue.put(bucketCounts, podRecord(*forgotten), nil)
	}
}

// forgetCount leaves the counting to the pod that has the name now. Callers hold mu.
func (s *Store) forgetCount(k Key) {
	if s.counts.drop(k) && s.file != nil {
		s.queue.put(bucketCounts, podRecord(k), nil)
	}
}
