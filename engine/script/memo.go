package script

import (
	"maps"
	"math"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// Memo is what a script remembers: a small JSON tree that Go owns. Tree is not changed by a call; what the hook wrote
// is in Set and Deleted after it, by top-level keys.
type Memo struct {
	Tree    map[string]any
	Set     map[string]any // whole values, nested writes included
	Deleted []string       // sorted
}

const (
	memoBytes = 16 << 10 // of the whole memo, as JSON
	memoDepth = 8
)

// lookup is the value of a top-level key as the hook sees it now.
func (m *Memo) lookup(key string) any {
	if m == nil {
		return nil
	}
	if v, ok := m.Set[key]; ok {
		return v
	}
	if slices.Contains(m.Deleted, key) {
		return nil
	}
	return m.Tree[key]
}

func (m *Memo) keys() []string {
	if m == nil {
		return nil
	}
	keys := slices.Collect(maps.Keys(m.Set))
	for k := range m.Tree {
		if _, set := m.Set[k]; !set && !slices.Contains(m.Deleted, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (m *Memo) put(key string, value any) {
	if i := slices.Index(m.Deleted, key); i >= 0 {
		m.Deleted = slices.Delete(m.Deleted, i, i+1)
	}
	if value != nil {
		if m.Set == nil {
			m.Set = map[string]any{}
		}
		m.Set[key] = value
		return
	}
	delete(m.Set, key)
	if _, had := m.Tree[key]; had {
		at, _ := slices.BinarySearch(m.Deleted, key)
		m.Deleted = slices.Insert(m.Deleted, at, key)
	}
}

// size is the length of the memo as JSON, near enough.
func (m *Memo) size() int {
	n := 2
	for _, k := range m.keys() {
		n += len(k) + 4 + treeSize(m.lookup(k))
	}
	return n
}

func treeSize(v any) int {
	switch v := v.(type) {
	case string:
		return len(v) + 2
	case map[string]any:
		n := 2
		for k, e := range v {
			n += len(k) + 4 + treeSize(e)
		}
		return n
	case []any:
		n := 2
		for _, e := range v {
			n += 1 + treeSize(e)
		}
		return n
	}
	return 8
}

// memoView shows a memo, or what lies at a path in it. It looks its value up at every access, because a write replaces
// the tree above it.
type memoView struct {
	memo *Memo
	name string // "pod.memo"
	path []any  // of string and int (from 0)
}

func newMemoView(m *Memo, name string) lua.LValue { return newView(&memoView{memo: m, name: name}) }

// value is what the view stands on; nil: it was deleted meanwhile.
func (m *memoView) value() any {
	if len(m.path) == 0 {
		return nil
	}
	v := m.memo.lookup(m.path[0].(string))
	for _, step := range m.path[1:] {
		v = child(v, step)
	}
	return v
}

func child(v, step any) any {
	switch v := v.(type) {
	case map[string]any:
		if k, ok := step.(string); ok {
			return v[k]
		}
	case []any:
		if i, ok := step.(int); ok && i >= 0 && i < len(v) {
			return v[i]
		}
	}
	return nil
}

// step turns a Lua key into a path step.
func step(key lua.LValue) any {
	switch k := key.(type) {
	case lua.LString:
		return string(k)
	case lua.LNumber:
		if f := float64(k); f == math.Trunc(f) && math.Abs(f) < 1<<31 {
			return int(f) - 1
		}
	}
	return nil
}

func (m *memoView) get(l *lua.LState, key lua.LValue) lua.LValue {
	at := step(key)
	var v any
	if len(m.path) == 0 {
		if name, ok := at.(string); ok {
			v = m.memo.lookup(name)
		}
	} else {
		v = child(m.value(), at)
	}
	switch v.(type) {
	case map[string]any, []any:
		return newView(&memoView{m.memo, m.name, append(slices.Clone(m.path), at)})
	}
	return stateOf(l).show(v)
}

func (m *memoView) set(l *lua.LState, key, value lua.LValue) {
	s := stateOf(l)
	switch {
	case s.call == nil || !s.call.Writable:
		l.RaiseError("cannot set %s.%s here: memos are written in on_* hooks only", m.name, shorten(keyText(key), 60))
	case m.memo == nil:
		l.RaiseError("cannot set %s.%s: this object has no memo", m.name, shorten(keyText(key), 60))
	}
	tree, err := treeOf(l, value, memoDepth-len(m.path)-1)
	if err != nil {
		l.RaiseError("cannot set %s.%s: %s", m.name, shorten(keyText(key), 60), err)
	}
	before := *m.memo
	before.Set, before.Deleted = maps.Clone(before.Set), slices.Clone(before.Deleted)
	if why := m.write(step(key), tree); why != "" {
		l.RaiseError("cannot set %s.%s: %s", m.name, shorten(keyText(key), 60), why)
	}
	if n := m.memo.size(); n > memoBytes {
		*m.memo = before
		l.RaiseError("cannot set %s.%s: the memo would have %d bytes, more than %s", m.name, shorten(keyText(key), 60), n, sizeText(memoBytes))
	}
}

// write puts a value at the view's path, in fresh copies of all above it.
func (m *memoView) write(at, value any) (why string) {
	if len(m.path) == 0 {
		name, ok := at.(string)
		if !ok {
			return "its keys are texts"
		}
		m.memo.put(name, value)
		return ""
	}
	top := m.path[0].(string)
	tree, why := replaced(m.memo.lookup(top), append(slices.Clone(m.path[1:]), at), value)
	if why == "" {
		m.memo.put(top, tree)
	}
	return why
}

// replaced copies v with the value at path changed; nil removes it.
func replaced(v any, path []any, value any) (out any, why string) {
	if len(path) == 0 {
		return value, ""
	}
	switch v := v.(type) {
	case map[string]any:
		return replacedInMap(v, path, value)
	case []any:
		return replacedInList(v, path, value)
	}
	return nil, "it was removed meanwhile"
}

func replacedInMap(v map[string]any, path []any, value any) (any, string) {
	k, ok := path[0].(string)
	if !ok && len(v) == 0 {
		return replacedInList(nil, path, value) // {} was neither yet
	}
	if !ok {
		return nil, "its keys are texts"
	}
	inner, why := replaced(v[k], path[1:], value)
	if why != "" {
		return nil, why
	}
	v = maps.Clone(v)
	if inner == nil {
		delete(v, k)
	} else {
		v[k] = inner
	}
	return v, ""
}

func replacedInList(v []any, path []any, value any) (any, string) {
	i, ok := path[0].(int)
	if !ok || i < 0 || i > len(v) || i == len(v) && len(path) > 1 {
		return nil, "a list takes the next number only"
	}
	var old any
	if i < len(v) {
		old = v[i]
	}
	inner, why := replaced(old, path[1:], value)
	switch v = slices.Clone(v); {
	case why != "":
		return nil, why
	case inner != nil && i == len(v):
		return append(v, inner), ""
	case inner != nil:
		v[i] = inner
		return v, ""
	case i >= len(v)-1:
		return v[:min(i, len(v))], ""
	}
	return nil, "only the last of a list can be removed"
}

func (m *memoView) list(*lua.LState) (int, bool) {
	v, is := m.value().([]any)
	return len(v), is
}

func (m *memoView) keys(*lua.LState) []lua.LValue {
	if len(m.path) == 0 {
		return textKeys(m.memo.keys())
	}
	switch v := m.value().(type) {
	case map[string]any:
		return textKeys(slices.Collect(maps.Keys(v)))
	case []any:
		return numberKeys(len(v))
	}
	return nil
}
