package script

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// show turns a Go value into a Lua value. Objects become views.
func (s *state) show(v any) lua.LValue {
	switch v := v.(type) {
	case nil:
		return lua.LNil
	case bool:
		return lua.LBool(v)
	case string:
		return lua.LString(v)
	case int:
		return lua.LNumber(v)
	case float64:
		return lua.LNumber(v)
	case time.Time:
		return lua.LNumber(epoch(v))
	case time.Duration:
		return lua.LNumber(v.Seconds())
	case *Pod:
		return newPodView(v)
	case *Node:
		return newNodeView(v)
	case lua.LValue:
		return v
	}
	rv := reflect.ValueOf(v)
	return showOf(rv.Type())(rv)
}

// epoch is a time as scripts count it: seconds since 1970. Microseconds survive in a float64 until the year 2255.
func epoch(t time.Time) float64 {
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9
}

func fromEpoch(seconds float64) time.Time {
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1e3).UTC()
}

// typeName is what type() answers.
func typeName(v lua.LValue) string {
	if _, ok := v.(*lua.LUserData); ok {
		return "table"
	}
	return v.Type().String()
}

const (
	treeDepth = 64
	// treeNodes bounds what one conversion may touch: shared tables can make a small graph an endless tree.
	treeNodes = 1 << 20
)

var errTooDeep = errors.New("it is nested too deeply, or contains itself")

// treeOf turns a Lua value into a JSON tree: nil, bool, float64, string, []any, map[string]any.
func treeOf(l *lua.LState, v lua.LValue, depth int) (any, error) {
	w := &treeWalk{l: l, left: treeNodes}
	return w.tree(v, depth)
}

type treeWalk struct {
	l    *lua.LState
	left int
}

func (w *treeWalk) tree(v lua.LValue, depth int) (any, error) {
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LBool:
		return bool(v), nil
	case lua.LString:
		return string(v), nil
	case lua.LNumber:
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%s is not a number JSON has", numberText(v))
		}
		return float64(v), nil
	case *lua.LTable, *lua.LUserData:
		if depth <= 0 {
			return nil, errTooDeep
		}
		return w.table(v, depth)
	}
	return nil, fmt.Errorf("a %s cannot be kept as data", typeName(v))
}

func (w *treeWalk) table(v lua.LValue, depth int) (any, error) {
	keys, list, err := keysOf(w.l, v)
	if err != nil {
		return nil, err
	}
	if w.left -= len(keys) + 1; w.left < 0 {
		return nil, errTooDeep
	}
	if list {
		out := make([]any, len(keys))
		for i, k := range keys {
			if out[i], err = w.tree(fieldOf(w.l, v, k), depth-1); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i+1, err)
			}
		}
		return out, nil
	}
	out := make(map[string]any, len(keys))
	for _, k := range keys {
		name := string(k.(lua.LString))
		if out[name], err = w.tree(fieldOf(w.l, v, k), depth-1); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// keysOf lists the keys of anything scripts take for a table, and tells a list: keys 1…n, at least one. Keys of both
// kinds, or of others, are an error.
func keysOf(l *lua.LState, v lua.LValue) (keys []lua.LValue, list bool, err error) {
	if o := objectOf(v); o != nil {
		_, is := o.list(l)
		return o.keys(l), is, nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		if tag, ok := tagOf(v); ok {
			return nil, false, fmt.Errorf("%s(…) cannot be kept as data", tag.name)
		}
		return nil, false, fmt.Errorf("a %s cannot be kept as data", typeName(v))
	}
	t = contents(t)
	numbers := 0
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		switch k := k.(type) {
		case lua.LString:
		case lua.LNumber:
			if numbers++; lua.LNumber(numbers) != k {
				return nil, false, fmt.Errorf("the list has a gap: its keys are not 1, 2, 3, … (key %s)", numberText(k))
			}
		default:
			return nil, false, fmt.Errorf("its keys are texts, or 1, 2, 3, …: not a %s", typeName(k))
		}
		keys = append(keys, k)
	}
	if numbers > 0 && numbers < len(keys) {
		return nil, false, errors.New("it has both numbers and texts as keys: make it a list or a table with names")
	}
	return keys, numbers > 0, nil
}

// fieldOf reads a key of anything scripts take for a table.
func fieldOf(l *lua.LState, v, key lua.LValue) lua.LValue {
	switch v := v.(type) {
	case *lua.LTable:
		return contents(v).RawGet(key)
	case *lua.LUserData:
		if o := objectOf(v); o != nil {
			return o.get(l, key)
		}
	}
	return lua.LNil
}

// tableOf turns a JSON tree, or any object a script may see, into plain Lua tables that may be changed.
func tableOf(l *lua.LState, v any) lua.LValue {
	switch v := v.(type) {
	case map[string]any:
		t := l.CreateTable(0, len(v))
		for _, k := range textKeysOf(v) {
			t.RawSet(k, tableOf(l, v[string(k.(lua.LString))]))
		}
		return t
	case []any:
		t := l.CreateTable(len(v), 0)
		for i, e := range v {
			t.RawSetInt(i+1, tableOf(l, e))
		}
		return t
	}
	return stateOf(l).show(v)
}

func textKeysOf(m map[string]any) []lua.LValue {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	return textKeys(names)
}
