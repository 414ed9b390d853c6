package script

import (
	"errors"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const groupLua = "Lua"

func baseEntries() []Entry {
	anyArg := Arg{"v", "any", ""}
	return []Entry{
		{Name: "assert", Group: groupLua, fn: libAssert, Returns: "any", Params: []Arg{anyArg, {"message", "string?", ""}}, Doc: "Raises unless v is true.", Example: `assert(1 + 1 == 2, "odd")`},
		{Name: "error", Group: groupLua, fn: libError, Params: []Arg{{"message", "any", ""}, {"level", "integer?", ""}}, Doc: "Raises.", Example: `local ok = pcall(function() error("no") end)`},
		{Name: "getmetatable", Group: groupLua, fn: libGetMetatable, Returns: "table?", Params: []Arg{{"t", "table", ""}}, Doc: "The metatable of one of the script's own tables.", Example: `assert(getmetatable({}) == nil)`},
		{Name: "ipairs", Group: groupLua, fn: libIpairs, Returns: "function", Params: []Arg{{"list", "any[]", ""}}, Doc: "Goes through a list.", Example: `for i, c in ipairs(pod.spec.containers) do print(i, c.name) end`},
		{Name: "next", Group: groupLua, fn: libNext, Returns: "any, any", Params: []Arg{{"t", "table", ""}, {"key", "any?", ""}}, Doc: "The key after key, and its value.", Example: `assert(next({}) == nil)`},
		{Name: "pairs", Group: groupLua, fn: libPairs, Returns: "function", Params: []Arg{{"t", "table", ""}}, Doc: "Goes through a table: own tables in the order their keys were first set, objects in the order of their fields, labels sorted.", Example: `for k, v in pairs(pod.metadata.labels) do print(k, v) end`},
		{Name: "pcall", Group: groupLua, fn: libPcall, Returns: "boolean, any", Params: []Arg{{"f", "function", ""}, {"...", "any", ""}}, Doc: "Calls f and catches what it raises. Limits cannot be caught.", Example: `local ok, why = pcall(function() return pod.spec.nothing end)`},
		{Name: "print", Group: groupLua, fn: libPrint, Params: []Arg{{"...", "any", ""}}, Doc: "Writes a line to the engine's log, as log.info.", Example: `print(pod.metadata.name, "starts")`},
		{Name: "select", Group: groupLua, fn: libSelect, Returns: "any", Params: []Arg{{"n", "integer|string", ""}, {"...", "any", ""}}, Doc: "The arguments from the nth on, or with \"#\" how many there are.", Example: `assert(select("#", 1, 2) == 2)`},
		{Name: "setmetatable", Group: groupLua, fn: libSetMetatable, Returns: "table", Params: []Arg{{"t", "table", ""}, {"meta", "table?", ""}}, Doc: "Gives one of the script's own tables a metatable.", Example: `local t = setmetatable({}, { __index = { x = 1 } }) assert(t.x == 1)`},
		{Name: "tonumber", Group: groupLua, fn: libToNumber, Returns: "number?", Params: []Arg{anyArg, {"base", "integer?", ""}}, Doc: "A number from text; nil when it is none.", Example: `assert(tonumber("0x10") == 16)`},
		{Name: "tostring", Group: groupLua, fn: libToString, Returns: "string", Params: []Arg{anyArg}, Doc: "Text from anything; objects as JSON.", Example: `assert(tostring(1.5) == "1.5")`},
		{Name: "type", Group: groupLua, fn: libType, Returns: "string", Params: []Arg{anyArg}, Doc: "nil, boolean, number, string, table or function.", Example: `assert(type(pod) == "table")`},
		{Name: "unpack", Group: groupLua, fn: libUnpack, Returns: "any", Params: []Arg{{"list", "any[]", ""}, {"from", "integer?", ""}, {"to", "integer?", ""}}, Doc: "The elements of a list, at most 200.", Example: `local a, b = unpack{ 1, 2 }`},
		{Name: "xpcall", Group: groupLua, fn: libXpcall, Returns: "boolean, any", Params: []Arg{{"f", "function", ""}, {"handler", "function", ""}}, Doc: "Calls f; handler gets what it raises.", Example: `local ok, why = xpcall(function() error("no") end, tostring)`},
		{
			Name: "require", Group: groupLua, fn: libRequire, Returns: "any", Params: []Arg{{"name", "string", "\"name\" or \"folder.name\", in quotes"}},
			Doc: "What another file of the scripts folder returns, or its globals. Files are run once, each in an environment of its own.", Example: ``,
		},
	}
}

func libAssert(l *lua.LState) int {
	if lua.LVIsFalse(l.Get(1)) {
		if l.GetTop() < 2 {
			l.RaiseError("assertion failed")
		}
		l.Error(l.Get(2), 1)
	}
	return l.GetTop()
}

func libError(l *lua.LState) int {
	level := 1
	if n, ok := l.Get(2).(lua.LNumber); ok {
		level = int(max(0, min(n, maxCalls)))
	}
	l.Error(l.Get(1), level)
	return 0
}

func libType(l *lua.LState) int {
	if l.GetTop() == 0 {
		l.ArgError(1, "value expected")
	}
	l.Push(lua.LString(typeName(l.Get(1))))
	return 1
}

func libToNumber(l *lua.LState) int {
	base := 10
	if l.Get(2) != lua.LNil {
		base = l.CheckInt(2)
		if base < 2 || base > 36 {
			l.ArgError(2, "the base must be from 2 to 36")
		}
	}
	switch v := l.Get(1).(type) {
	case lua.LNumber:
		l.Push(v)
	case lua.LString:
		l.Push(parseNumber(strings.TrimSpace(string(v)), base))
	default:
		l.Push(lua.LNil)
	}
	return 1
}

func parseNumber(s string, base int) lua.LValue {
	if base != 10 {
		if n, err := strconv.ParseInt(s, base, 64); err == nil {
			return lua.LNumber(n)
		}
		return lua.LNil
	}
	unsigned := strings.TrimLeft(s, "+-")
	if hex, ok := strings.CutPrefix(strings.ToLower(unsigned), "0x"); ok {
		if n, err := strconv.ParseUint(hex, 16, 64); err == nil && unsigned == s {
			return lua.LNumber(n)
		}
		return lua.LNil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && unsigned != "" && unsigned[0] <= '9' && !strings.Contains(s, "_") {
		return lua.LNumber(f)
	}
	return lua.LNil
}

func libToString(l *lua.LState) int {
	if l.GetTop() == 0 {
		l.ArgError(1, "value expected")
	}
	text := toText(l, l.Get(1))
	stateOf(l).charge(l, len(text))
	l.Push(lua.LString(text))
	return 1
}

// toText is tostring: numbers as Lua prints them, objects as JSON, tables by their __tostring.
func toText(l *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return numberText(v)
	case *lua.LTable:
		if f := l.GetMetaField(v, "__tostring"); f.Type() == lua.LTFunction {
			l.Push(f)
			l.Push(v)
			l.Call(1, 1)
			out := l.Get(-1)
			l.Pop(1)
			return out.String()
		}
	case *lua.LUserData:
		if t, ok := tagOf(v); ok {
			return t.name + "(…)"
		}
		if text, err := encodeJSON(l, v); err == nil {
			return string(text)
		}
		return "table"
	}
	return v.String()
}

// numberText prints whole numbers in full and others with 14 digits, as Lua does.
func numberText(n lua.LNumber) string {
	f := float64(n)
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', 14, 64)
}

// concat is what `..` becomes. Its first argument names the operands, one per line.
func concat(l *lua.LState) int {
	n := l.GetTop()
	var parts [8]string
	texts := parts[:0]
	total := 0
	for i := 2; i <= n; i++ {
		switch v := l.Get(i).(type) {
		case lua.LString:
			texts = append(texts, string(v))
		case lua.LNumber:
			texts = append(texts, numberText(v))
		default:
			return concatMeta(l)
		}
		total += len(texts[len(texts)-1])
	}
	stateOf(l).charge(l, total)
	l.Push(lua.LString(strings.Join(texts, "")))
	return 1
}

// concatMeta joins from the right, pair by pair, when an operand is neither text nor number.
func concatMeta(l *lua.LState) int {
	n := l.GetTop()
	right := l.Get(n)
	for i := n - 1; i >= 2; i-- {
		left := l.Get(i)
		if lua.LVCanConvToString(left) && lua.LVCanConvToString(right) {
			text := toText(l, left) + toText(l, right)
			stateOf(l).charge(l, len(text))
			right = lua.LString(text)
			continue
		}
		f := l.GetMetaField(left, "__concat")
		if f.Type() != lua.LTFunction {
			f = l.GetMetaField(right, "__concat")
		}
		if f.Type() != lua.LTFunction {
			refuseConcat(l, i, left, right)
		}
		l.Push(f)
		l.Push(left)
		l.Push(right)
		l.Call(2, 1)
		right = l.Get(-1)
		l.Pop(1)
	}
	l.Push(right)
	return 1
}

func refuseConcat(l *lua.LState, i int, left, right lua.LValue) {
	bad, at := left, i-2
	if lua.LVCanConvToString(left) {
		bad, at = right, i-1
	}
	what := ""
	if names := strings.Split(l.Get(1).String(), "\n"); at < len(names) && names[at] != "" {
		what = " (" + names[at] + ")"
	}
	l.RaiseError("attempt to concatenate a %s value%s", typeName(bad), what)
}

func libPcall(l *lua.LState) int {
	if l.GetTop() == 0 {
		l.ArgError(1, "value expected")
	}
	if err := l.PCall(l.GetTop()-1, lua.MultRet, nil); err != nil {
		return pushFailure(l, err)
	}
	l.Insert(lua.LTrue, 1)
	return l.GetTop()
}

func libXpcall(l *lua.LState) int {
	fn, handler := l.CheckFunction(1), l.CheckFunction(2)
	l.SetTop(0)
	l.Push(fn)
	if err := l.PCall(0, lua.MultRet, handler); err != nil {
		return pushFailure(l, err)
	}
	l.Insert(lua.LTrue, 1)
	return l.GetTop()
}

// pushFailure hands a caught error to the script. Once the leash is pulled nothing is caught.
func pushFailure(l *lua.LState, err error) int {
	leash := leashOf(l)
	leash.check(l)
	l.SetTop(0)
	l.Push(lua.LFalse)
	var api *lua.ApiError
	switch {
	case !errors.As(err, &api):
		l.Push(lua.LString(err.Error()))
	case api.Type == lua.ApiErrorPanic:
		leash.state.broken = true
		l.Push(lua.LString(panicText(api.Object.String())))
	default:
		l.Push(api.Object)
	}
	return 2
}

func libSelect(l *lua.LState) int {
	if s, ok := l.Get(1).(lua.LString); ok && s == "#" {
		l.Push(lua.LNumber(l.GetTop() - 1))
		return 1
	}
	n, top := l.CheckInt(1), l.GetTop()
	switch {
	case n < 0:
		n = top + n
	case n > top:
		n = top
	}
	if n < 1 {
		l.ArgError(1, "out of range")
	}
	return top - n
}

const maxUnpack = 200

func libUnpack(l *lua.LState) int {
	list := l.Get(1)
	n := checkList(l, 1)
	from, to := l.OptInt(2, 1), l.OptInt(3, n)
	if to < from {
		return 0
	}
	if to-from >= maxUnpack || to-from < 0 {
		l.RaiseError("unpack gives at most %d values, not %d: use the list itself", maxUnpack, to-from+1)
	}
	for i := from; i <= to; i++ {
		l.Push(fieldOf(l, list, lua.LNumber(i)))
	}
	return to - from + 1
}

func libSetMetatable(l *lua.LState) int {
	t, ok := l.Get(1).(*lua.LTable)
	if !ok {
		l.ArgError(1, "must be a table of the script's own, not "+describe(l.Get(1)))
	}
	if innerOf(t) != nil {
		l.RaiseError("cannot set a metatable: the table is constant")
	}
	if mt, ok := t.Metatable.(*lua.LTable); ok && mt.RawGetString("__metatable") != lua.LNil {
		l.RaiseError("cannot change a protected metatable")
	}
	switch mt := l.Get(2).(type) {
	case *lua.LNilType:
		t.Metatable = lua.LNil
	case *lua.LTable:
		t.Metatable = contents(mt)
	default:
		l.ArgError(2, "must be a table or nil, not "+describe(mt))
	}
	l.SetTop(1)
	return 1
}

// libGetMetatable shows only metatables that scripts made; of constant ones, the constant table.
func libGetMetatable(l *lua.LState) int {
	t, ok := l.Get(1).(*lua.LTable)
	if !ok || innerOf(t) != nil {
		l.Push(lua.LNil)
		return 1
	}
	mt := t.Metatable
	if own, ok := mt.(*lua.LTable); ok {
		if protected := own.RawGetString("__metatable"); protected != lua.LNil {
			mt = protected
		} else if front := stateOf(l).proxy[own]; front != nil {
			mt = front
		}
	}
	l.Push(mt)
	return 1
}

func libRequire(l *lua.LState) int {
	s := stateOf(l)
	f := s.set.module(l.CheckString(1))
	if f == nil {
		l.RaiseError("require %q: the scripts folder has no such file", l.CheckString(1))
	}
	m := s.modules[f.Name]
	if m.phase == running {
		l.RaiseError("require %q: the files require each other in a circle", l.CheckString(1))
	}
	if err := s.load(m); err != nil {
		l.RaiseError("require %q: %s", l.CheckString(1), err)
	}
	l.Push(m.value)
	return 1
}
