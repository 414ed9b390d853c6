package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

const (
	// MaxMemo is how many bytes of JSON a memo may show to a script.
	MaxMemo = 16 << 10
	// MaxAsks is how many asks can be open in one memo; the oldest is folded for the next.
	MaxAsks = 256
	// maxBook is how many bytes all writes of open asks may take together.
	maxBook = 4 * MaxMemo
)

// Memo is what scripts remember of a pod or a node: a small tree of JSON values, and the writes of every ask that
// can still be asked again. Such an ask starts without its own writes and replaces them; when its answer is
// committed for good, its writes are folded into the tree. A Memo never changes: methods return another one. The nil
// Memo is empty.
type Memo struct {
	base map[string]any
	asks []writes       // in the order in which they were first recorded
	tree map[string]any // base with all writes
}

// writes are what one ask changed. Only whole top-level values are set or deleted.
type writes struct {
	Ask     string         `json:"ask,omitempty"` // empty: folded, and waiting for an older ask to be
	Set     map[string]any `json:"set,omitempty"`
	Deleted []string       `json:"deleted,omitempty"`
	size    int
}

func (w writes) apply(tree map[string]any) {
	for _, key := range w.Deleted {
		delete(tree, key)
	}
	maps.Copy(tree, w.Set)
}

// Tree is what an ask finds: the tree with the writes of all others. The empty ask finds everything. The tree is
// shared and must not be changed; it is never nil.
func (m *Memo) Tree(exceptAsk string) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	if m.find(exceptAsk) < 0 {
		return m.tree
	}
	return m.overlay(exceptAsk)
}

// overlay applies all writes but those of one ask.
func (m *Memo) overlay(except string) map[string]any {
	tree := maps.Clone(m.base)
	if tree == nil {
		tree = map[string]any{}
	}
	for _, w := range m.asks {
		if w.Ask == "" || w.Ask != except {
			w.apply(tree)
		}
	}
	return tree
}

func (m *Memo) find(ask string) int {
	if m == nil || ask == "" {
		return -1
	}
	return slices.IndexFunc(m.asks, func(w writes) bool { return w.Ask == ask })
}

// Asks are the open asks that wrote something, oldest first.
func (m *Memo) Asks() []string {
	var open []string
	if m == nil {
		return nil
	}
	for _, w := range m.asks {
		if w.Ask != "" {
			open = append(open, w.Ask)
		}
	}
	return open
}

// Record replaces what an ask wrote: the top-level keys it set, with values of JSON, and those it deleted. The values
// are copied. It returns m itself where that changes nothing. [ErrInvalid], and m itself, is the answer to a value
// that is not JSON, to an ask without name and to a memo of more than [MaxMemo] bytes.
func (m *Memo) Record(ask string, set map[string]any, deleted []string) (*Memo, error) {
	if ask == "" {
		return m, fmt.Errorf("memo: %w: the ask has no name", ErrInvalid)
	}
	written, err := newWrites(ask, set, deleted)
	if err != nil {
		return m, fmt.Errorf("memo: %w: %w", ErrInvalid, err)
	}
	if m.has(written) {
		return m, nil
	}
	next := m.with(written)
	if size := jsonSize(next.tree); max(size, written.size) > MaxMemo {
		return m, fmt.Errorf("memo: %w: %d bytes of JSON, %d are allowed", ErrInvalid, max(size, written.size), MaxMemo)
	}
	return next, nil
}

// newWrites copies by way of JSON: nobody else holds the copy, and it is what a later process will read.
func newWrites(ask string, set map[string]any, deleted []string) (writes, error) {
	w := writes{Ask: ask}
	if len(set) > 0 {
		encoded, err := json.Marshal(set)
		if err != nil {
			return w, err
		}
		if err := json.Unmarshal(encoded, &w.Set); err != nil {
			return w, err
		}
		w.size = len(encoded)
	}
	for _, key := range deleted {
		w.Deleted = append(w.Deleted, key)
		w.size += len(key)
	}
	slices.Sort(w.Deleted)
	w.Deleted = slices.Compact(w.Deleted)
	return w, nil
}

func (w writes) empty() bool { return len(w.Set) == 0 && len(w.Deleted) == 0 }

// has says whether an ask's writes are recorded already.
func (m *Memo) has(w writes) bool {
	at := m.find(w.Ask)
	if at < 0 {
		return w.empty()
	}
	a, _ := json.Marshal(m.asks[at])
	b, _ := json.Marshal(w)
	return bytes.Equal(a, b)
}

// with returns m with one ask's writes replaced where they are, or added at the end.
func (m *Memo) with(w writes) *Memo {
	next := &Memo{}
	if m != nil {
		next.base, next.asks = m.base, slices.Clone(m.asks)
	}
	switch at := next.find(w.Ask); {
	case at < 0:
		next.asks = append(next.asks, w)
	case w.empty():
		next.asks = slices.Delete(next.asks, at, at+1)
	default:
		next.asks[at] = w
	}
	return next.limit().settle()
}

// Fold ends an ask: it cannot be asked again and its writes stay. An unknown ask returns m itself.
func (m *Memo) Fold(ask string) *Memo {
	at := m.find(ask)
	if at < 0 {
		return m
	}
	next := &Memo{base: m.base, asks: slices.Clone(m.asks)}
	next.asks[at].Ask = ""
	return next.settle()
}

// limit folds the oldest asks until the rest is within bounds. It changes m, which nobody else has yet.
func (m *Memo) limit() *Memo {
	open, size := 0, 0
	for _, w := range m.asks {
		size += w.size
		if w.Ask != "" {
			open++
		}
	}
	for i := range m.asks {
		if open <= MaxAsks && size <= maxBook {
			break
		}
		if m.asks[i].Ask != "" {
			m.asks[i].Ask = ""
			open--
		}
		size -= m.asks[i].size
	}
	return m
}

// settle moves folded writes that no open ask precedes into the base, joins neighbours among the other folded ones,
// and makes the tree. It changes m, which nobody else has yet.
func (m *Memo) settle() *Memo {
	base := maps.Clone(m.base)
	if base == nil {
		base = map[string]any{}
	}
	var kept []writes
	for _, w := range m.asks {
		switch last := len(kept) - 1; {
		case w.Ask == "" && last < 0:
			w.apply(base)
		case w.Ask == "" && kept[last].Ask == "":
			kept[last] = kept[last].join(w)
		default:
			kept = append(kept, w)
		}
	}
	m.base, m.asks = base, kept
	m.tree = m.overlay("")
	return m
}

// join is w followed by later, as one.
func (w writes) join(later writes) writes {
	joined := writes{Set: map[string]any{}}
	maps.Copy(joined.Set, w.Set)
	later.apply(joined.Set)
	for _, key := range slices.Concat(w.Deleted, later.Deleted) {
		if _, set := joined.Set[key]; !set {
			joined.Deleted = append(joined.Deleted, key)
		}
	}
	slices.Sort(joined.Deleted)
	joined.Deleted = slices.Compact(joined.Deleted)
	joined.size = joined.measure()
	return joined
}
