package provider

import (
	"sync"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// fairQueue hands out the pods that are due, one script after the other, so that ten thousand pods of one script do
// not make the one pod of another wait.
type fairQueue struct {
	mu     sync.Mutex
	news   *sync.Cond
	owners []string               // those with something to do, in turn; guarded by mu
	keys   map[string][]state.Key // by owner; guarded by mu
	closed bool                   // guarded by mu
}

func newFairQueue() *fairQueue {
	q := &fairQueue{keys: map[string][]state.Key{}}
	q.news = sync.NewCond(&q.mu)
	return q
}

func (q *fairQueue) push(owner string, key state.Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.keys[owner]) == 0 {
		q.owners = append(q.owners, owner)
	}
	q.keys[owner] = append(q.keys[owner], key)
	q.news.Signal()
}

// pop waits for the next pod; false once the queue is closed.
func (q *fairQueue) pop() (state.Key, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.owners) == 0 && !q.closed {
		q.news.Wait()
	}
	if q.closed {
		return state.Key{}, false
	}
	owner := q.owners[0]
	q.owners = q.owners[1:]
	key := q.keys[owner][0]
	if rest := q.keys[owner][1:]; len(rest) > 0 {
		q.keys[owner] = rest
		q.owners = append(q.owners, owner)
	} else {
		delete(q.keys, owner)
	}
	return key, true
}

func (q *fairQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.news.Broadcast()
}
