package state

import (
	"slices"
	"time"
)

// listing is one answer of List or Before.
type listing struct {
	revision uint64    // of List
	at       time.Time // of Before
	pods     []*Pod
}

// order keeps the pods sorted, so that a commit which changes no name costs no sorting.
type order struct {
	sorted  []*entry
	added   []*entry // since sorted was made, in no order
	removed bool     // some of sorted are gone
}

// refresh brings sorted up to date.
func (o *order) refresh() []*entry {
	if len(o.added) == 0 && !o.removed {
		return o.sorted
	}
	gone := func(e *entry) bool { return e.gone }
	added := slices.DeleteFunc(o.added, gone)
	slices.SortFunc(added, byKey)
	o.sorted = merge(slices.DeleteFunc(o.sorted, gone), added)
	o.added, o.removed = nil, false
	return o.sorted
}

func byKey(a, b *entry) int { return a.pod.Compare(b.pod.Key) }

// merge joins two sorted lists.
func merge(a, b []*entry) []*entry {
	if len(b) == 0 {
		return a
	}
	all := make([]*entry, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if byKey(a[0], b[0]) < 0 {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// List returns all pods of one moment, sorted by namespace and name. The slice is shared: it must not be changed.
func (s *Store) List() []*Pod {
	if l := s.listed.Load(); l != nil && l.revision == s.revision.Load() {
		return l.pods
	}
	s.listMu.Lock()
	defer s.listMu.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.list()
}

// list is List for callers that hold listMu, and mu for reading.
func (s *Store) list() []*Pod {
	revision := s.revision.Load()
	if l := s.listed.Load(); l != nil && l.revision == revision {
		return l.pods
	}
	sorted := s.order.refresh()
	pods := make([]*Pod, len(sorted))
	for i, e := range sorted {
		pods[i] = e.pod
	}
	s.listed.Store(&listing{revision: revision, pods: pods})
	return pods
}

// instant is the undo log of the story's present moment: on a held clock many changes share one.
type instant struct {
	at  time.Time
	was map[Key]*Pod // before the first change at that moment; nil: did not exist
}

// note remembers what c is about to change.
func (i *instant) note(c *Change) {
	if c.At.IsZero() {
		return
	}
	if i.was == nil || c.At.After(i.at) {
		i.at, i.was = c.At, map[Key]*Pod{}
	}
	if _, known := i.was[c.Key]; !known {
		i.was[c.Key] = c.Old
	}
}

// Before returns the pods as they were before any change committed at the story time t, sorted like List and just as
// shared. Only the latest moment is remembered: for a later t this is [Store.List], for an earlier one it is what
// was before the latest moment.
func (s *Store) Before(t time.Time) []*Pod {
	s.listMu.Lock()
	defer s.listMu.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.instant.was == nil || t.After(s.instant.at) {
		return s.list()
	}
	if s.before.pods == nil || !s.before.at.Equal(s.instant.at) {
		s.before = listing{at: s.instant.at, pods: s.instant.undo(s.list())}
	}
	return s.before.pods
}

// undo returns pods as they were before the moment's changes.
func (i *instant) undo(pods []*Pod) []*Pod {
	before := make([]*Pod, 0, len(pods))
	for _, p := range pods {
		if _, touched := i.was[p.Key]; !touched {
			before = append(before, p)
		}
	}
	for _, p := range i.was {
		if p != nil {
			before = append(before, p)
		}
	}
	slices.SortFunc(before, func(a, b *Pod) int { return a.Compare(b.Key) })
	return before
}
