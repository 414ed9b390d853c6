package pods

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// reason is why a record is to be looked at; several may add up.
type reason uint8

const (
	moved reason = 1 << iota // Kubernetes has changed the pod
	news                     // the provider has changed its status
	again                    // a pause is over, or somebody wants it looked at once more
)

// line is a record's place in the queue.
type line struct {
	quick  bool      // the look will be a short one: it goes before the others
	why    reason    // since it was looked at last
	queued bool      // it is in ready
	busy   bool      // a worker has it
	due    time.Time // when it is to be looked at by itself; zero: never
	index  int       // in later, while due is not zero
}

// queue hands out records to workers: each to one at a time, in the order in which they came, however often they were
// added meanwhile. Those that need a short look only, as pods that are gone, do not wait behind those that need a write.
type queue struct {
	mu     sync.Mutex
	more   *sync.Cond
	quick  fifo    // guarded by mu
	ready  fifo    // guarded by mu
	later  delayed // guarded by mu
	closed bool    // guarded by mu
	wake   chan struct{}
}

// fifo is a list with its beginning at first.
type fifo struct {
	list  []*record
	first int
}

func (f *fifo) len() int { return len(f.list) - f.first }

func (f *fifo) push(r *record) {
	if f.first > 1024 && f.first > len(f.list)/2 {
		f.list = append(f.list[:0:0], f.list[f.first:]...)
		f.first = 0
	}
	f.list = append(f.list, r)
}

func (f *fifo) pop() *record {
	r := f.list[f.first]
	f.list[f.first] = nil
	f.first++
	if f.first == len(f.list) {
		f.list, f.first = f.list[:0], 0
	}
	return r
}

func newQueue() *queue {
	q := &queue{wake: make(chan struct{}, 1)}
	q.more = sync.NewCond(&q.mu)
	return q
}

// add asks for a look at a record. It never waits.
func (q *queue) add(r *record, why reason) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.line.why |= why
	q.push(r)
}

// hasten asks for a look at a record that will be a short one. It overtakes itself where it waits already: its other place
// is passed over when its turn comes.
func (q *queue) hasten(r *record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.line.why |= moved
	if !r.line.quick {
		r.line.quick, r.line.queued = true, false
		q.push(r)
	}
}

// push makes a record ready, unless it is or will be. mu is held.
func (q *queue) push(r *record) {
	if r.line.queued || r.line.busy {
		return
	}
	r.line.queued = true
	if r.line.quick {
		q.quick.push(r)
	} else {
		q.ready.push(r)
	}
	q.more.Signal()
}

// get waits for the next record. It is false once the queue is closed.
func (q *queue) get() (*record, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		for q.quick.len()+q.ready.len() == 0 && !q.closed {
			q.more.Wait()
		}
		if q.closed {
			return nil, false
		}
		from := &q.ready
		if q.quick.len() > 0 {
			from = &q.quick
		}
		if r := from.pop(); r.line.queued {
			r.line.queued, r.line.busy, r.line.quick, r.line.why = false, true, false, 0
			return r, true
		}
	}
}

// heard takes back one reason to look at a record that a worker has: it is about to look.
func (q *queue) heard(r *record, why reason) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.line.why &^= why
}

// done gives a record back, to be looked at again at a time; zero: when something happens.
func (q *queue) done(r *record, due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	r.line.busy = false
	if r.line.why != 0 {
		q.push(r)
	}
	q.schedule(r, due)
}

// schedule sets when a record is due by itself, in place of what was set before. mu is held.
func (q *queue) schedule(r *record, due time.Time) {
	if !r.line.due.IsZero() {
		heap.Remove(&q.later, r.line.index)
	}
	r.line.due = due
	if due.IsZero() {
		return
	}
	heap.Push(&q.later, r)
	if r.line.index == 0 {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
}

// run queues what falls due until ctx ends, and closes the queue then.
func (q *queue) run(ctx context.Context, c clock.Clock) {
	for ctx.Err() == nil {
		c.Wait(ctx, q.release(c.Now()), q.wake)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.more.Broadcast()
}

// release queues what is due, and says when there is more.
func (q *queue) release(now time.Time) (next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.later) > 0 {
		r := q.later[0]
		if r.line.due.After(now) {
			return r.line.due
		}
		heap.Pop(&q.later)
		r.line.due = time.Time{}
		r.line.why |= again
		q.push(r)
	}
	return time.Time{}
}

// len is how many records wait for a worker.
func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.quick.len() + q.ready.len()
}

// paused is how many records are due at some time.
func (q *queue) paused() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.later)
}

// delayed is a heap of records by due time.
type delayed []*record

func (d delayed) Len() int           { return len(d) }
func (d delayed) Less(i, j int) bool { return d[i].line.due.Before(d[j].line.due) }
func (d delayed) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].line.index, d[j].line.index = i, j
}

func (d *delayed) Push(x any) {
	r := x.(*record)
	r.line.index = len(*d)
	*d = append(*d, r)
}

func (d *delayed) Pop() any {
	old := *d
	last := len(old) - 1
	r := old[last]
	old[last] = nil
	*d = old[:last]
	return r
}
