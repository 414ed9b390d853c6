package state

import (
	"container/heap"
	"time"
)

// dueHeap has the pod that changes first on top; at the same moment, in name order.
type dueHeap []*entry

func (h dueHeap) Len() int { return len(h) }

func (h dueHeap) Less(i, j int) bool {
	if c := h[i].due.Compare(h[j].due); c != 0 {
		return c < 0
	}
	return byKey(h[i], h[j]) < 0
}

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i, j
}

// Push is for container/heap.
func (h *dueHeap) Push(x any) {
	e := x.(*entry)
	e.slot = len(*h)
	*h = append(*h, e)
}

// Pop is for container/heap.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.slot = -1
	return e
}

func (h *dueHeap) drop(e *entry) {
	if e.slot >= 0 {
		heap.Remove(h, e.slot)
	}
}

// first is the earliest due time; zero: none.
func (h dueHeap) first() time.Time {
	if len(h) == 0 {
		return time.Time{}
	}
	return h[0].due
}

// schedule puts e where its pod's due time wants it, and wakes the waiter if that is earlier than all others.
// Callers hold mu.
func (s *Store) schedule(e *entry) {
	before := s.due.first()
	e.due = e.pod.Due
	switch {
	case e.pod.Due.IsZero():
		s.due.drop(e)
	case e.slot >= 0:
		heap.Fix(&s.due, e.slot)
	default:
		heap.Push(&s.due, e)
	}
	if now := s.due.first(); !now.IsZero() && (before.IsZero() || now.Before(before)) {
		signal(s.wake)
	}
}

// signal leaves a message where none lies yet.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// PopDue takes the pods that are due at now out of the order of due times and returns them: the longest overdue
// first, at the same moment in name order. Their next commit puts them back; see also [Store.Requeue].
func (s *Store) PopDue(now time.Time) []*Pod {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pods []*Pod
	for len(s.due) > 0 && !s.due[0].due.After(now) {
		pods = append(pods, heap.Pop(&s.due).(*entry).pod)
	}
	return pods
}

// Requeue puts a pod that was popped back without a commit. A pod that is gone or never due is left alone.
func (s *Store) Requeue(k Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[k]; e != nil {
		s.schedule(e)
	}
}

// NextDue is the earliest due time of a pod that was not popped; zero: none.
func (s *Store) NextDue() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.due.first()
}

// Wake delivers a message after [Store.NextDue] moved to an earlier time, or got one at all. There is one channel,
// for one waiter.
func (s *Store) Wake() <-chan struct{} { return s.wake }

// Rouse delivers that message for a due time that the store does not know of.
func (s *Store) Rouse() { signal(s.wake) }
