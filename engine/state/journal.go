package state

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
)

// journalEvery is how long what journals tell gathers before it is written: nobody waits for it, and a pod that starts or
// crashes tells much within seconds.
const journalEvery = 3 * time.Second

// newsAtOnce is how many bytes of news one transaction takes: what a transaction costs by itself is shared by many batches, and
// a commit that waits behind it waits for some milliseconds.
const newsAtOnce = 1 << 20

// Journals tell what the file should keep of them, as a log of numbered batches. [Store.Run] asks.
type Journals interface {
	// News is the next batch, and the numbers of those that nobody needs once it is kept; no bytes: there is none. With
	// more it should be asked again soon.
	News() (number uint64, news []byte, over []uint64, more bool)
}

// Batch is one batch of a log of journals.
type Batch struct {
	Number uint64
	News   []byte
}

// Lasting says that there is a file.
func (s *Store) Lasting() bool { return s.file != nil }

// KeepJournals has the news of journals written within seconds: call it whenever there are any. They are always the same
// journals. It costs next to nothing.
func (s *Store) KeepJournals(j Journals) {
	if s.file == nil || s.telling.Swap(true) {
		return
	}
	s.mu.Lock()
	s.journals = j
	s.mu.Unlock()
	time.AfterFunc(journalEvery, func() { signal(s.keep) })
}

// TakeJournals hands over the batches that the file had, in the order of their numbers, once.
func (s *Store) TakeJournals() []Batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.batches
	s.batches = nil
	return taken
}

// queueNews queues the next batches of the journals for the file and says whether there are more.
func (s *Store) queueNews() (more bool) {
	s.mu.Lock()
	j := s.journals
	s.mu.Unlock()
	if j == nil {
		return false
	}
	s.telling.Store(false) // what is told from now on may come too late for these batches
	for size := 0; size < newsAtOnce; {
		news, more := s.queueBatch(j)
		if !more {
			return false
		}
		size += len(news)
	}
	return true
}

// queueBatch queues one batch.
func (s *Store) queueBatch(j Journals) (news []byte, more bool) {
	number, news, over, more := j.News()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range over {
		s.queue.put(bucketJournals, batchRecord(n), nil)
	}
	if len(news) > 0 {
		s.queue.put(bucketJournals, batchRecord(number), sealedText(news))
	}
	return news, more
}

// sealedText is bytes that are written as they are.
type sealedText []byte

// batchRecord is the key of a batch: sorted like the numbers.
func batchRecord(n uint64) string { return fmt.Sprintf("%016x", n) }

// writeNews writes the next batches, and makes that there is another time where there are more, or the file is not to be tried
// now.
func (s *Store) writeNews() bool {
	if s.Err() != nil {
		time.AfterFunc(journalEvery, func() { signal(s.keep) })
		return true
	}
	if s.queueNews() {
		signal(s.keep)
	}
	return s.flush(true)
}

func (s *Store) loadJournals(tx *bbolt.Tx) error {
	return each(tx, bucketJournals, func(key string, value []byte) error {
		n, err := strconv.ParseUint(key, 16, 64)
		if err != nil {
			return fmt.Errorf("%w: batch %q of the journals has no number", ErrDamaged, key)
		}
		s.batches = append(s.batches, Batch{n, slices.Clone(value)})
		return nil
	})
}
