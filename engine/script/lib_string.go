package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func textEntries() []Entry {
	const group = "Text"
	s := Arg{"s", "string", ""}
	return []Entry{
		{Name: "contains", Group: group, fn: textTest(strings.Contains), Returns: "boolean", Params: []Arg{s, {"part", "string", "plain text, not a pattern"}}, Doc: "Is part somewhere in s?", Example: `assert(contains("web-1", "eb"))`},
		{Name: "starts_with", Group: group, fn: textTest(strings.HasPrefix), Returns: "boolean", Params: []Arg{s, {"start", "string", "plain text"}}, Doc: "Does s begin with start?", Example: `assert(starts_with("web-1", "web"))`},
		{Name: "ends_with", Group: group, fn: textTest(strings.HasSuffix), Returns: "boolean", Params: []Arg{s, {"ending", "string", "plain text"}}, Doc: "Does s end with ending?", Example: `assert(ends_with("web-1", "-1"))`},
		{Name: "split", Group: group, fn: libSplit, Returns: "string[]", Params: []Arg{s, {"separator", "string?", "plain text; left out: white space"}}, Doc: "The parts of s between separators.", Example: `assert(split("a,b", ",")[2] == "b")`},
		{Name: "trim", Group: group, fn: libTrim, Returns: "string", Params: []Arg{s}, Doc: "s without white space around it.", Example: `assert(trim(" a ") == "a")`},
	}
}

func stringEntries() []Entry {
	s, pattern := Arg{"s", "string", ""}, Arg{"pattern", "string", "a Lua pattern"}
	e := func(name string, fn lua.LGFunction, returns, doc, example string, params ...Arg) Entry {
		return Entry{Name: "string." + name, Group: groupLua, fn: fn, Returns: returns, Doc: doc, Example: example, Params: params}
	}
	return []Entry{
		e("byte", strByte, "integer", "The bytes of s from i to j, at most 200.", `assert(("a"):byte() == 97)`, s, Arg{"i", "integer?", ""}, Arg{"j", "integer?", ""}),
		e("char", strChar, "string", "Text of bytes.", `assert(string.char(97) == "a")`, Arg{"...", "integer", ""}),
		e("find", strFind, "integer?, integer?, string?", "Where the pattern first matches. Long texts with several repetitions are refused: use plain, contains, split or regexp.", `assert(("key=value"):find("=", 1, true) == 4)`, s, pattern, Arg{"init", "integer?", ""}, Arg{"plain", "boolean?", "plain text instead of a pattern"}),
		e("format", strFormat, "string", "Text after a template.", `assert(("%03d %s"):format(7, "x") == "007 x")`, Arg{"template", "string", ""}, Arg{"...", "any", ""}),
		e("gmatch", strGmatch, "function", "Goes through the matches of a pattern.", `for word in ("a b"):gmatch("%a+") do print(word) end`, s, pattern),
		e("gsub", strGsub, "string, integer", "Replaces the matches of a pattern by text, a table's values or a function's results.", `assert(("a-b"):gsub("%-", "+") == "a+b")`, s, pattern, Arg{"with", "string|table|function", ""}, Arg{"n", "integer?", "at most so many"}),
		e("len", strLen, "integer", "Number of bytes.", `assert(("abc"):len() == 3)`, s),
		e("lower", strMap(strings.ToLower), "string", "In small letters.", `assert(("A"):lower() == "a")`, s),
		e("match", strMatch, "string?", "The captures of the first match, or all of it.", `assert(("v1.2"):match("v(%d+)") == "1")`, s, pattern, Arg{"init", "integer?", ""}),
		e("rep", strRep, "string", "s n times.", `assert(("ab"):rep(2) == "abab")`, s, Arg{"n", "integer", ""}, Arg{"separator", "string?", ""}),
		e("reverse", strMap(reverse), "string", "Back to front.", `assert(("ab"):reverse() == "ba")`, s),
		e("sub", strSub, "string", "From byte i to j; negative ones count from the end.", `assert(("hello"):sub(2, -2) == "ell")`, s, Arg{"i", "integer", ""}, Arg{"j", "integer?", ""}),
		e("upper", strMap(strings.ToUpper), "string", "In capitals.", `assert(("a"):upper() == "A")`, s),
	}
}

// pushText charges for a new string and returns it.
func pushText(l *lua.LState, s string) int {
	stateOf(l).charge(l, len(s))
	l.Push(lua.LString(s))
	return 1
}

func textTest(f func(s, part string) bool) lua.LGFunction {
	return func(l *lua.LState) int {
		l.Push(lua.LBool(f(l.CheckString(1), l.CheckString(2))))
		return 1
	}
}

func libTrim(l *lua.LState) int {
	l.Push(lua.LString(strings.TrimSpace(l.CheckString(1))))
	return 1
}

func libSplit(l *lua.LState) int {
	s, sep := l.CheckString(1), l.OptString(2, "")
	n := len(s) + 1
	if sep != "" {
		n = strings.Count(s, sep) + 1
	}
	if n >= maxArray && sep != "" {
		l.RaiseError("split would give %d parts, more than a list holds", n)
	}
	parts := strings.Fields(s)
	if sep != "" {
		parts = strings.Split(s, sep)
	}
	if len(parts) >= maxArray {
		l.RaiseError("split would give %d parts, more than a list holds", len(parts))
	}
	stateOf(l).charge(l, min(len(parts)*16, stateOf(l).set.rt.opts.StringBytes))
	t := l.CreateTable(len(parts), 0)
	for i, p := range parts {
		t.RawSetInt(i+1, lua.LString(p))
	}
	l.Push(t)
	return 1
}

func strMap(f func(string) string) lua.LGFunction {
	return func(l *lua.LState) int {
		s := l.CheckString(1)
		stateOf(l).charge(l, len(s))
		l.Push(lua.LString(f(s)))
		return 1
	}
}

func reverse(s string) string {
	out := make([]byte, len(s))
	for i := range len(s) {
		out[len(s)-1-i] = s[i]
	}
	return string(out)
}

func strLen(l *lua.LState) int {
	l.Push(lua.LNumber(len(l.CheckString(1))))
	return 1
}

// span turns Lua's i and j into a Go slice's bounds.
func span(n, i, j int) (from, to int) {
	if i < 0 {
		i = max(n+i+1, 1)
	}
	if j < 0 {
		j = n + j + 1
	}
	from, to = max(i, 1)-1, min(j, n)
	if from >= to {
		return 0, 0
	}
	return from, to
}

func strSub(l *lua.LState) int {
	s := l.CheckString(1)
	from, to := span(len(s), l.CheckInt(2), l.OptInt(3, -1))
	l.Push(lua.LString(s[from:to]))
	return 1
}

func strByte(l *lua.LState) int {
	s := l.CheckString(1)
	i := l.OptInt(2, 1)
	from, to := span(len(s), i, l.OptInt(3, i))
	if to-from > maxUnpack {
		l.RaiseError("byte gives at most %d values, not %d", maxUnpack, to-from)
	}
	for _, b := range []byte(s[from:to]) {
		l.Push(lua.LNumber(b))
	}
	return to - from
}

func strChar(l *lua.LState) int {
	out := make([]byte, l.GetTop())
	for i := range out {
		n := l.CheckInt(i + 1)
		if n < 0 || n > 255 {
			l.ArgError(i+1, "must be a byte from 0 to 255")
		}
		out[i] = byte(n & 0xff)
	}
	return pushText(l, string(out))
}

func strRep(l *lua.LState) int {
	s, n, sep := l.CheckString(1), l.CheckNumber(2), l.OptString(3, "")
	if !(n >= 1) {
		l.Push(lua.LString(""))
		return 1
	}
	limit := stateOf(l).set.rt.opts.StringBytes
	if size := float64(len(s)+len(sep)) * float64(n); size > float64(limit) {
		stateOf(l).exhausted = true
		l.RaiseError("rep would build a string of %.0f bytes, more than %s", size, sizeText(limit))
	}
	if len(s)+len(sep) == 0 {
		l.Push(lua.LString(""))
		return 1
	}
	return pushText(l, strings.Repeat(s+sep, int(n)-1)+s)
}
