package script

import (
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// A frozen table is empty and has a metatable that reads through to the table with the contents, and refuses writes.
// Reading costs no Go call. The metatable is out of the reach of scripts.
const innerKey = "(inner)" // in the metatable: the table with the contents

var (
	refuseFile = goFunction(func(l *lua.LState) int {
		l.RaiseError("cannot set '%s': file-level tables are constant once loaded; keep what must change in pod.memo, or use copy(x)", shorten(keyText(l.Get(2)), 60))
		return 0
	})
	refuseLibrary = goFunction(func(l *lua.LState) int {
		l.RaiseError("cannot set '%s': the library is constant", shorten(keyText(l.Get(2)), 60))
		return 0
	})
	frozenLen = goFunction(func(l *lua.LState) int {
		t, _ := l.Get(1).(*lua.LTable)
		l.Push(lua.LNumber(contents(t).Len()))
		return 1
	})
)

// goFunction makes a library function that all states share: it is never written again.
func goFunction(f lua.LGFunction) *lua.LFunction {
	return &lua.LFunction{IsG: true, GFunction: f, Env: &lua.LTable{Metatable: lua.LNil}}
}

// contents sees through a frozen table; others are their own contents.
func contents(t *lua.LTable) *lua.LTable {
	if inner := innerOf(t); inner != nil {
		return inner
	}
	return t
}

func innerOf(t *lua.LTable) *lua.LTable {
	if t == nil {
		return nil
	}
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return nil
	}
	inner, _ := mt.RawGetString(innerKey).(*lua.LTable)
	return inner
}

// freeze makes a table constant in place, so that whoever holds it sees it frozen.
func freeze(t *lua.LTable, refuse *lua.LFunction) (inner *lua.LTable) {
	if innerOf(t) != nil {
		return nil
	}
	inner = &lua.LTable{}
	*inner = *t
	mt := &lua.LTable{Metatable: lua.LNil}
	mt.RawSetString("__index", inner)
	mt.RawSetString("__newindex", refuse)
	mt.RawSetString("__len", frozenLen)
	mt.RawSetString(innerKey, inner)
	*t = lua.LTable{Metatable: mt}
	return inner
}

// freezer makes constant all that a loaded state can reach: a call could otherwise leave something behind for the next.
type freezer struct {
	seen   map[lua.LValue]bool
	queue  []lua.LValue
	protos []*lua.FunctionProto        // of the functions it met
	frozen map[*lua.LTable]*lua.LTable // table → contents
	proxy  map[*lua.LTable]*lua.LTable // contents → table
}

func newFreezer() *freezer {
	return &freezer{seen: map[lua.LValue]bool{}, frozen: map[*lua.LTable]*lua.LTable{}, proxy: map[*lua.LTable]*lua.LTable{}}
}

func (f *freezer) visit(v lua.LValue) {
	switch v.(type) {
	case *lua.LTable, *lua.LFunction, *lua.LUserData:
		if !f.seen[v] {
			f.seen[v] = true
			f.queue = append(f.queue, v)
		}
	}
}

// run freezes everything reachable from what was visited. It works from a queue: tables can be nested as deep as
// memory allows.
func (f *freezer) run() {
	for len(f.queue) > 0 {
		last := len(f.queue) - 1
		v := f.queue[last]
		f.queue = f.queue[:last]
		switch v := v.(type) {
		case *lua.LTable:
			f.table(v)
		case *lua.LFunction:
			f.function(v)
		case *lua.LUserData:
			if t, ok := v.Value.(*tagged); ok {
				for _, a := range t.args {
					f.visit(a)
				}
			}
		}
	}
	for t, inner := range f.frozen {
		f.metamethods(t, inner)
	}
}

func (f *freezer) table(t *lua.LTable) {
	if innerOf(t) != nil {
		return // of the library
	}
	t.ForEach(func(k, v lua.LValue) {
		f.visit(k)
		f.visit(v)
	})
	if t.Metatable != nil {
		f.visit(t.Metatable)
	}
	inner := freeze(t, refuseFile)
	f.frozen[t], f.proxy[inner] = inner, t
}

func (f *freezer) function(fn *lua.LFunction) {
	if fn.IsG {
		return
	}
	if !slices.Contains(f.protos, fn.Proto) {
		f.protos = append(f.protos, fn.Proto)
	}
	for _, up := range fn.Upvalues {
		if up != nil {
			f.visit(up.Value())
		}
	}
}

// metaEvents keep working on a frozen table; reading and writing have ways of their own.
var metaEvents = []string{
	"__call", "__tostring", "__concat", "__eq", "__lt", "__le", "__unm", "__add", "__sub", "__mul", "__div", "__mod", "__pow",
}

// metamethods carries the script's own metatable over to the frozen table.
func (f *freezer) metamethods(t, inner *lua.LTable) {
	own, ok := inner.Metatable.(*lua.LTable)
	if !ok {
		return
	}
	own = f.contentsOf(own)
	mt := t.Metatable.(*lua.LTable)
	for _, event := range metaEvents {
		if m := own.RawGetString(event); m != lua.LNil {
			mt.RawSetString(event, m)
		}
	}
	inner.Metatable = lua.LNil
	if index := own.RawGetString("__index"); index != lua.LNil {
		mt.RawSetString("__index", goFunction(indexThrough(t, inner, index)))
	}
}

func (f *freezer) contentsOf(t *lua.LTable) *lua.LTable {
	if inner := f.frozen[t]; inner != nil {
		return inner
	}
	return t
}

// indexThrough reads a frozen table that has an __index of its own: that sees the frozen table, never the contents.
func indexThrough(t, inner *lua.LTable, index lua.LValue) lua.LGFunction {
	return func(l *lua.LState) int {
		key := l.Get(2)
		v := inner.RawGet(key)
		if fn, ok := index.(*lua.LFunction); ok && v == lua.LNil {
			l.Push(fn)
			l.Push(t)
			l.Push(key)
			l.Call(2, 1)
			return 1
		}
		if v == lua.LNil {
			v = l.GetTable(index, key)
		}
		l.Push(v)
		return 1
	}
}
