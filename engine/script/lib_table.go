package script

import (
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func tableEntries() []Entry {
	list := Arg{"list", "any[]", ""}
	e := func(name string, fn lua.LGFunction, returns, doc, example string, params ...Arg) Entry {
		return Entry{Name: "table." + name, Group: groupLua, fn: fn, Returns: returns, Doc: doc, Example: example, Params: params}
	}
	return []Entry{
		e("concat", tabConcat, "string", "The elements in one text.", `assert(table.concat({ 1, 2 }, ",") == "1,2")`, list, Arg{"separator", "string?", ""}, Arg{"from", "integer?", ""}, Arg{"to", "integer?", ""}),
		e("insert", tabInsert, "", "Adds an element, at the end or before position at.", `local t = { 1 } table.insert(t, 2) assert(#t == 2)`, list, Arg{"at", "integer?", ""}, Arg{"value", "any", ""}),
		e("remove", tabRemove, "any", "Takes an element out, the last one if at is left out.", `local t = { 1, 2 } assert(table.remove(t) == 2)`, list, Arg{"at", "integer?", ""}),
		e("sort", tabSort, "", "Sorts in place.", `local t = { 2, 1 } table.sort(t) assert(t[1] == 1)`, list, Arg{"less", "(fun(a: any, b: any): boolean)?", ""}),
	}
}

func tabConcat(l *lua.LState) int {
	list, n, sep := l.Get(1), checkList(l, 1), l.OptString(2, "")
	from, to := l.OptInt(3, 1), l.OptInt(4, n)
	bound := stateOf(l).set.rt.opts.StringBytes
	var b strings.Builder
	for i := from; i <= to; i++ {
		v := fieldOf(l, list, lua.LNumber(i))
		if !lua.LVCanConvToString(v) {
			l.RaiseError("table.concat: element %d is a %s: it must be text or a number", i, typeName(v))
		}
		if i > from {
			b.WriteString(sep)
		}
		b.WriteString(toText(l, v))
		if b.Len() > bound {
			break // charge says so
		}
	}
	return pushText(l, b.String())
}

// ownTable wants a table that may be changed.
func ownTable(l *lua.LState, what string) *lua.LTable {
	t, ok := l.Get(1).(*lua.LTable)
	switch {
	case !ok && objectOf(l.Get(1)) != nil:
		l.RaiseError("%s: the list is read-only: use copy(x) to get one that may be changed", what)
	case !ok:
		l.ArgError(1, "must be a list, not "+describe(l.Get(1)))
	case innerOf(t) != nil:
		l.RaiseError("%s: file-level tables are constant once loaded; use copy(x)", what)
	}
	return t
}

func tabInsert(l *lua.LState) int {
	t := ownTable(l, "table.insert")
	n := t.Len()
	if n+1 >= maxArray {
		l.RaiseError("table.insert: the list is full: it has %d elements", n)
	}
	switch l.GetTop() {
	case 2:
		t.RawSetInt(n+1, l.Get(2))
	case 3:
		at := l.CheckInt(2)
		if at < 1 || at > n+1 {
			l.ArgError(2, "must be a position from 1 to the length + 1")
		}
		if l.Get(3) == lua.LNil {
			l.ArgError(3, "must not be nil")
		}
		t.Insert(at, l.Get(3))
	default:
		l.RaiseError("table.insert takes a list, perhaps a position, and a value")
	}
	return 0
}

func tabRemove(l *lua.LState) int {
	t := ownTable(l, "table.remove")
	n := t.Len()
	at := l.OptInt(2, n)
	if n == 0 || at < 1 || at > n {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(t.Remove(at))
	return 1
}

func tabSort(l *lua.LState) int {
	t := ownTable(l, "table.sort")
	s := &sorter{l: l, items: make([]lua.LValue, t.Len())}
	if l.Get(2) != lua.LNil {
		s.less = l.CheckFunction(2)
	}
	for i := range s.items {
		if s.items[i] = t.RawGetInt(i + 1); s.items[i] == lua.LNil {
			l.RaiseError("table.sort: the list has a gap at %d", i+1)
		}
	}
	sort.Sort(s)
	for i, v := range s.items {
		t.RawSetInt(i+1, v)
	}
	return 0
}

// sorter works on a copy: the comparison may do what it likes with the table.
type sorter struct {
	l     *lua.LState
	less  *lua.LFunction
	items []lua.LValue
	steps int
}

func (s *sorter) Len() int      { return len(s.items) }
func (s *sorter) Swap(i, j int) { s.items[i], s.items[j] = s.items[j], s.items[i] }

func (s *sorter) Less(i, j int) bool {
	if s.steps++; s.steps%1024 == 0 {
		leashOf(s.l).check(s.l)
	}
	a, b := s.items[i], s.items[j]
	if s.less == nil {
		return s.l.LessThan(a, b)
	}
	s.l.Push(s.less)
	s.l.Push(a)
	s.l.Push(b)
	s.l.Call(2, 1)
	less := lua.LVAsBool(s.l.Get(-1))
	s.l.Pop(1)
	return less
}
