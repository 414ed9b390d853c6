package script

import (
	"fmt"
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Kind is the type of a Value.
type Kind int

// The kinds of values. Table covers lists, objects and what Go passed in.
const (
	Nil Kind = iota
	Bool
	Number
	Text
	Table
	Function
	Tagged // what reject(), delay(), flap(), every() and their like return
)

// String names the kind as Lua does.
func (k Kind) String() string {
	return [...]string{"nil", "boolean", "number", "text", "table", "function", "tagged answer"}[k]
}

// Value is a Lua value inside a read callback. The zero Value is nil. It must not be used after read returned.
type Value struct {
	state *state
	v     lua.LValue
}

// Kind tells the type.
func (v Value) Kind() Kind {
	switch v.v.(type) {
	case nil, *lua.LNilType:
		return Nil
	case lua.LBool:
		return Bool
	case lua.LNumber:
		return Number
	case lua.LString:
		return Text
	case *lua.LFunction:
		return Function
	}
	if _, ok := tagOf(v.v); ok {
		return Tagged
	}
	return Table
}

// Bool is the boolean, or false.
func (v Value) Bool() bool { return v.v == lua.LTrue }

// Number is the number, or 0.
func (v Value) Number() float64 {
	n, _ := v.v.(lua.LNumber)
	return float64(n)
}

// Text is the text, or "".
func (v Value) Text() string {
	s, _ := v.v.(lua.LString)
	return string(s)
}

// Tag names the function that made a tagged answer: "reject", "delay", …; "" for others.
func (v Value) Tag() string {
	if t, ok := tagOf(v.v); ok {
		return t.name
	}
	return ""
}

// Args are what that function was given.
func (v Value) Args() []Value {
	t, ok := tagOf(v.v)
	if !ok {
		return nil
	}
	out := make([]Value, len(t.args))
	for i, a := range t.args {
		out[i] = Value{v.state, a}
	}
	return out
}

// Field is a field of a table, or nil.
func (v Value) Field(name string) Value {
	if v.Kind() != Table {
		return Value{}
	}
	if o := objectOf(v.v); o != nil {
		for _, k := range o.keys(v.state.l) { // get raises for unknown fields
			if k == lua.LString(name) {
				return Value{v.state, o.get(v.state.l, k)}
			}
		}
		return Value{}
	}
	return Value{v.state, fieldOf(v.state.l, v.v, lua.LString(name))}
}

// Items are the elements of a list; other values have none.
func (v Value) Items() []Value {
	if v.Kind() != Table {
		return nil
	}
	keys, list, err := keysOf(v.state.l, v.v)
	if err != nil || !list {
		return nil
	}
	out := make([]Value, len(keys))
	for i, k := range keys {
		out[i] = Value{v.state, fieldOf(v.state.l, v.v, k)}
	}
	return out
}

// Call calls a function inside the answer, such as the one that makes a log line. Its limit is that of the call it
// belongs to. The results hold until the next Call.
func (v Value) Call(args ...any) ([]Value, error) {
	fn, ok := v.v.(*lua.LFunction)
	if !ok {
		return nil, fmt.Errorf("a %s cannot be called", v.Kind())
	}
	s := v.state
	if s.call == nil {
		return nil, errGone
	}
	defer func(was bool) { s.reading = was }(s.reading)
	s.reading = false // what the function has decoded is no part of the answer
	top := s.l.GetTop()
	s.bytes = max(s.bytes, callBytes/16) // each line its own small budget at least; time bounds them all
	s.l.Push(fn)
	for _, a := range args {
		s.l.Push(s.show(a))
	}
	if err := s.l.PCall(len(args), lua.MultRet, nil); err != nil {
		return nil, s.failure(err, s.file, s.call.Hook)
	}
	out := make([]Value, s.l.GetTop()-top)
	for i := range out {
		out[i] = Value{s, s.l.Get(top + 1 + i)}
	}
	s.l.SetTop(top)
	return out, nil
}

// Rekey gives the next Call draws of its own: what it draws no longer depends on the calls before it.
func (v Value) Rekey(d Draws) {
	if v.state != nil {
		v.state.draws, v.state.drawn = d, 0
	}
}

// Duration reads "1m30s" or a number of seconds. Path names the value in the error.
func (v Value) Duration(path string) (time.Duration, error) {
	d, err := durationOf(v.v)
	if err != nil {
		return 0, &Error{Kind: Result, Text: path + ": " + err.Error()}
	}
	return d, nil
}

// Any is the value as a JSON tree: nil, bool, float64, string, []any, map[string]any. An empty table is a map.
func (v Value) Any() (any, error) {
	if v.Kind() == Nil {
		return nil, nil
	}
	tree, err := treeOf(v.state.l, v.v, treeDepth)
	if err != nil {
		return nil, &Error{Kind: Result, Text: err.Error()}
	}
	return tree, nil
}

// durationOf reads a duration as scripts write it.
func durationOf(v lua.LValue) (time.Duration, error) {
	switch v := v.(type) {
	case lua.LString:
		d, err := time.ParseDuration(string(v))
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration: write \"1m30s\", or a number of seconds", shorten(string(v), 40))
		}
		if d < 0 {
			return 0, fmt.Errorf("%q is negative: a duration is at least 0", string(v))
		}
		return d, nil
	case lua.LNumber:
		f := float64(v)
		if math.IsNaN(f) || f < 0 || f > math.MaxInt64/1e9 {
			return 0, fmt.Errorf("%s seconds is not a duration: it must be between 0 and 292 years", numberText(v))
		}
		return time.Duration(f * float64(time.Second)), nil
	}
	return 0, fmt.Errorf("a %s is not a duration: write \"1m30s\", or a number of seconds", typeOfNil(v))
}

func typeOfNil(v lua.LValue) string {
	if v == nil {
		return "nil"
	}
	return typeName(v)
}
