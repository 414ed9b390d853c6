package state

import (
	"encoding/json"
	"fmt"
)

// memoJSON is a Memo in the file.
type memoJSON struct {
	Base map[string]any `json:"base,omitempty"`
	Asks []writes       `json:"asks,omitempty"`
}

// MarshalJSON writes all of the memo.
func (m *Memo) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("null"), nil
	}
	return json.Marshal(memoJSON{m.base, m.asks})
}

// UnmarshalJSON reads what MarshalJSON wrote. It is for a Memo nobody else has yet.
func (m *Memo) UnmarshalJSON(data []byte) error {
	var read memoJSON
	if err := json.Unmarshal(data, &read); err != nil {
		return fmt.Errorf("memo: %w", err)
	}
	for i := range read.Asks {
		read.Asks[i].size = read.Asks[i].measure()
	}
	*m = Memo{base: read.Base, asks: read.Asks}
	m.settle()
	return nil
}

// measure is the size of writes that were not just encoded.
func (w writes) measure() int {
	size := 0
	if len(w.Set) > 0 {
		size = jsonSize(w.Set)
	}
	for _, key := range w.Deleted {
		size += len(key)
	}
	return size
}

// jsonSize is how long a tree is that came from JSON.
func jsonSize(tree map[string]any) int {
	encoded, _ := json.Marshal(tree)
	return len(encoded)
}
