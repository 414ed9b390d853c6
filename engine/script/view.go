package script

import (
	"reflect"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// object is what stands behind a userdata that scripts take for a table.
type object interface {
	// get reads a key. It raises for a key the object cannot have.
	get(l *lua.LState, key lua.LValue) lua.LValue
	// set writes a key, or raises saying why not.
	set(l *lua.LState, key, value lua.LValue)
	// keys lists the keys that have values, in their order.
	keys(l *lua.LState) []lua.LValue
	// list tells a list, and how long it is.
	list(l *lua.LState) (n int, is bool)
}

// meta is the metatable of all views, of all states: it never changes.
var meta = func() *lua.LTable {
	mt := &lua.LTable{Metatable: lua.LNil}
	set := func(event string, f lua.LGFunction) { mt.RawSetString(event, goFunction(f)) }
	set("__index", func(l *lua.LState) int {
		l.Push(objectOf(l.Get(1)).get(l, l.Get(2)))
		return 1
	})
	set("__newindex", func(l *lua.LState) int {
		objectOf(l.Get(1)).set(l, l.Get(2), l.Get(3))
		return 0
	})
	set("__len", func(l *lua.LState) int {
		n, _ := objectOf(l.Get(1)).list(l)
		l.Push(lua.LNumber(n))
		return 1
	})
	set("__eq", func(l *lua.LState) int {
		l.Push(lua.LBool(sameObject(objectOf(l.Get(1)), objectOf(l.Get(2)))))
		return 1
	})
	return mt
}()

func newView(o object) *lua.LUserData { return &lua.LUserData{Value: o, Metatable: meta} }

// objectOf unwraps a userdata; nil: it is none of ours.
func objectOf(v lua.LValue) object {
	if ud, ok := v.(*lua.LUserData); ok {
		o, _ := ud.Value.(object)
		return o
	}
	return nil
}

// sameObject compares what views stand for: the same Go value makes a new view each time it is passed.
func sameObject(a, b object) bool {
	if p, ok := a.(*podView); ok {
		q, ok := b.(*podView)
		return ok && p.pod.Object == q.pod.Object
	}
	if p, ok := a.(*structView); ok {
		q, ok := b.(*structView)
		return ok && p.v.CanAddr() && q.v.CanAddr() && p.v.Addr().Pointer() == q.v.Addr().Pointer() && p.plan == q.plan
	}
	return a == b
}

func keyText(key lua.LValue) string {
	if s, ok := key.(lua.LString); ok {
		return string(s)
	}
	return key.String()
}

func refuseWrite(l *lua.LState, what string, key lua.LValue) {
	l.RaiseError("cannot set '%s': %s is read-only: use copy(x) to get one that may be changed", shorten(keyText(key), 60), what)
}

// structView shows a struct. Fields are converted when they are first read.
type structView struct {
	plan  *plan
	v     reflect.Value
	cells []cell // the fields that were read; few are, so they are searched
	self  lua.LUserData
}

type cell struct {
	field int
	value lua.LValue
}

func newStructView(v reflect.Value) *lua.LUserData {
	s := &structView{plan: planOf(v.Type()), v: v}
	s.self = lua.LUserData{Value: s, Metatable: meta}
	return &s.self
}

func (s *structView) get(l *lua.LState, key lua.LValue) lua.LValue {
	name, ok := key.(lua.LString)
	i, known := s.plan.byName[string(name)]
	if !ok || !known {
		l.RaiseError("%s", s.plan.unknown(keyText(key)))
	}
	return s.cell(i)
}

func (s *structView) cell(i int) lua.LValue {
	for c := range s.cells {
		if s.cells[c].field == i {
			return s.cells[c].value
		}
	}
	v := s.plan.fields[i].of(s.v)
	s.cells = append(s.cells, cell{i, v})
	return v
}

// of converts a field. What JSON would leave out is nil, but lists and maps are there to be looked into, if empty.
func (f *field) of(parent reflect.Value) lua.LValue {
	v := parent.FieldByIndex(f.index)
	if f.omitEmpty && v.IsZero() && v.Kind() != reflect.Map && v.Kind() != reflect.Slice && v.Kind() != reflect.Struct {
		return lua.LNil
	}
	return f.show(v)
}

func (s *structView) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, s.plan.name, key) }

func (s *structView) list(*lua.LState) (int, bool) { return 0, false }

func (s *structView) keys(*lua.LState) []lua.LValue {
	keys := make([]lua.LValue, 0, len(s.plan.fields))
	for i := range s.plan.fields {
		f := &s.plan.fields[i]
		v := s.v.FieldByIndex(f.index)
		if v.Kind() == reflect.Map || v.Kind() == reflect.Slice {
			if v.Len() == 0 && (f.omitEmpty || v.IsNil()) {
				continue
			}
		} else if f.omitEmpty && v.IsZero() {
			continue
		}
		if s.cell(i) != lua.LNil {
			keys = append(keys, f.key)
		}
	}
	return keys
}

// listView shows a slice; indexes count from 1.
type listView struct {
	v     reflect.Value
	cells []lua.LValue
}

func (s *listView) get(l *lua.LState, key lua.LValue) lua.LValue {
	n, ok := key.(lua.LNumber)
	if !ok {
		l.RaiseError("a list has no field '%s': use a number from 1 to %d", shorten(keyText(key), 60), s.v.Len())
	}
	i := int(n) - 1
	if i < 0 || i >= s.v.Len() || lua.LNumber(i+1) != n {
		return lua.LNil
	}
	if s.cells == nil {
		s.cells = make([]lua.LValue, s.v.Len())
	}
	if s.cells[i] == nil {
		s.cells[i] = showOf(s.v.Type().Elem())(s.v.Index(i))
	}
	return s.cells[i]
}

func (s *listView) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, "the list", key) }

func (s *listView) list(*lua.LState) (int, bool) { return s.v.Len(), true }

func (s *listView) keys(*lua.LState) []lua.LValue { return numberKeys(s.v.Len()) }

func numberKeys(n int) []lua.LValue {
	keys := make([]lua.LValue, n)
	for i := range keys {
		keys[i] = lua.LNumber(i + 1)
	}
	return keys
}

// mapView shows a map with text keys, such as labels: a missing key is nil, the order is sorted.
type mapView struct{ v reflect.Value }

func (m *mapView) get(_ *lua.LState, key lua.LValue) lua.LValue {
	name, ok := key.(lua.LString)
	if !ok || m.v.Type().Key().Kind() != reflect.String {
		return lua.LNil
	}
	v := m.v.MapIndex(reflect.ValueOf(string(name)).Convert(m.v.Type().Key()))
	if !v.IsValid() {
		return lua.LNil
	}
	return showOf(m.v.Type().Elem())(v)
}

func (m *mapView) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, "the table", key) }

func (m *mapView) list(*lua.LState) (int, bool) { return 0, false }

func (m *mapView) keys(*lua.LState) []lua.LValue {
	names := make([]string, 0, m.v.Len())
	for it := m.v.MapRange(); it.Next(); {
		if it.Key().Kind() == reflect.String {
			names = append(names, it.Key().String())
		}
	}
	return textKeys(names)
}

func textKeys(names []string) []lua.LValue {
	slices.Sort(names)
	keys := make([]lua.LValue, len(names))
	for i, n := range names {
		keys[i] = lua.LString(n)
	}
	return keys
}
