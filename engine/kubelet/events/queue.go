package events

import (
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// How many events may wait.
const (
	mostOfNode = 1024
	mostOfAll  = 4096
)

// item is an event that waits.
type item struct {
	node  string
	about v1.ObjectReference
	event kubelet.Event
	at    time.Time
}

// queue holds the events of each node in order, and serves the nodes in turn.
type queue struct {
	perNode float64
	wake    chan struct{}

	mu    sync.Mutex
	nodes map[string]*lane // those that were ever told of; guarded by mu
	turn  []*lane          // those with events, whose turn is next first; guarded by mu
	size  int              // guarded by mu
}

// lane is the events of one node.
type lane struct {
	waiting []item
	inTurn  bool
	budget  bucket
}

func newQueue(perNode float64) *queue {
	return &queue{perNode: perNode, nodes: map[string]*lane{}, wake: make(chan struct{}, 1)}
}

// push adds an event and returns how many fell out for it: the oldest of its node, or of the node whose turn is next.
func (q *queue) push(i item) (lost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.nodes[i.node]
	if l == nil {
		l = &lane{budget: newBucket(q.perNode)}
		q.nodes[i.node] = l
	}
	switch {
	case len(l.waiting) >= mostOfNode, q.size >= mostOfAll && len(l.waiting) > 0:
		q.shift(l)
		lost = 1
	case q.size >= mostOfAll:
		q.next(0)
		lost = 1
	}
	l.waiting = append(l.waiting, i)
	q.size++
	if !l.inTurn {
		l.inTurn = true
		q.turn = append(q.turn, l)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return lost
}

// shift takes the oldest event of a node. mu is held.
func (q *queue) shift(l *lane) item {
	i := l.waiting[0]
	l.waiting[0] = item{}
	l.waiting = l.waiting[1:]
	q.size--
	return i
}

// next takes the oldest event of the node at a place in turn, and puts the node behind the others. mu is held.
func (q *queue) next(place int) item {
	l := q.turn[place]
	q.turn = slices.Delete(q.turn, place, place+1)
	i := q.shift(l)
	l.inTurn = len(l.waiting) > 0
	if l.inTurn {
		q.turn = append(q.turn, l)
	}
	return i
}

// pop takes the next event whose node has budget. If there is none, wait is when a node will have; zero: there is none.
func (q *queue) pop(now time.Time) (next item, wait time.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for place, l := range q.turn {
		until := l.budget.until(now)
		if until.IsZero() {
			l.budget.take(now)
			return q.next(place), time.Time{}, true
		}
		if wait.IsZero() || until.Before(wait) {
			wait = until
		}
	}
	return item{}, wait, false
}

// any takes the next event, whatever the budgets say.
func (q *queue) any() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.turn) == 0 {
		return item{}, false
	}
	return q.next(0), true
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size
}

// bucket is a budget of so many per second, of which one second's may be spent at once.
type bucket struct {
	rate, left float64
	at         time.Time
}

func newBucket(rate float64) bucket { return bucket{rate: rate, left: max(rate, 1)} }

// until is when there is something left to spend; zero: now.
func (b *bucket) until(now time.Time) time.Time {
	if !b.at.IsZero() {
		b.left = min(max(b.rate, 1), b.left+now.Sub(b.at).Seconds()*b.rate)
	}
	b.at = now
	if b.left >= 1 {
		return time.Time{}
	}
	return now.Add(time.Duration((1-b.left)/b.rate*float64(time.Second)) + time.Microsecond)
}

// take spends one.
func (b *bucket) take(now time.Time) {
	b.until(now)
	b.left--
}
