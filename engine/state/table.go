package state

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
)

// Table is a small set of JSON values that is kept with the pods.
type Table struct {
	store  *Store
	bucket string
}

// Params holds what was set by hand for scripts, by "script/name".
func (s *Store) Params() Table { return Table{s, bucketParams} }

// Facts holds what the process must remember about itself, such as its seed.
func (s *Store) Facts() Table { return Table{s, bucketFacts} }

// Faults holds the faults in force, by their IDs.
func (s *Store) Faults() Table { return Table{s, bucketFaults} }

// Get returns the value of a key and whether there is one. The value must not be changed.
func (t Table) Get(key string) (json.RawMessage, bool) {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	value, known := t.store.tables[t.bucket][key]
	return value, known
}

// All returns a copy of the whole table.
func (t Table) All() map[string]json.RawMessage {
	t.store.mu.RLock()
	defer t.store.mu.RUnlock()
	return maps.Clone(t.store.tables[t.bucket])
}

// Put sets a key to a JSON value, or removes it where the value is nil, and returns when that is durable. Errors are
// those of [Store.Commit].
func (t Table) Put(ctx context.Context, key string, value json.RawMessage) error {
	if key == "" || (value != nil && !json.Valid(value)) {
		return fmt.Errorf("%s %q: %w: a key and a JSON value are needed", t.bucket, key, ErrInvalid)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	written, err := t.put(key, value, true)
	if err != nil {
		return err
	}
	return await(ctx, written)
}

// Set is [Table.Put] that does not wait until the change is durable.
func (t Table) Set(key string, value json.RawMessage) error {
	if key == "" || (value != nil && !json.Valid(value)) {
		return fmt.Errorf("%s %q: %w: a key and a JSON value are needed", t.bucket, key, ErrInvalid)
	}
	_, err := t.put(key, value, false)
	return err
}

func (t Table) put(key string, value json.RawMessage, wait bool) (<-chan error, error) {
	s := t.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(wait); err != nil {
		return nil, err
	}
	if value == nil {
		delete(s.tables[t.bucket], key)
		s.queue.put(t.bucket, key, nil)
	} else {
		s.tables[t.bucket][key] = value
		s.queue.put(t.bucket, key, value)
	}
	return s.enqueued(key, wait), nil
}

// NodeMemo returns what the scripts of a node remember; nil: nothing yet.
func (s *Store) NodeMemo(node string) *Memo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.nodes[node]
}

// NodeMemos returns what the scripts of all nodes remember, by node.
func (s *Store) NodeMemos() map[string]*Memo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.nodes)
}

// SetNodeMemo replaces a node's memo, by nil too, if it still is old, else it returns [ErrConflict]. It does not wait for the
// file.
func (s *Store) SetNodeMemo(node string, old, memo *Memo) error {
	if node == "" {
		return fmt.Errorf("node memo: %w: the node has no name", ErrInvalid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(false); err != nil {
		return err
	}
	if s.nodes[node] != old {
		return ErrConflict
	}
	if memo == old {
		return nil
	}
	if memo == nil {
		delete(s.nodes, node)
		s.queue.put(bucketNodes, node, nil)
	} else {
		s.nodes[node] = memo
		s.queue.put(bucketNodes, node, memo)
	}
	s.enqueued("", false)
	return nil
}
