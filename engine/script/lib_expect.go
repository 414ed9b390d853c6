package script

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Matcher documents one thing that can be expected of a value.
type Matcher struct {
	Name    string
	Params  []Arg
	Doc     string
	Example string

	holds func(e *expected) (want string, yes bool)
}

// Matchers lists what can be expected: expect(value):name(…).
func Matchers() []Matcher {
	return []Matcher{
		{
			Name: "is", Params: []Arg{{"want", "any", ""}}, Doc: "The value is that: the same text, number, true or false, nil, or a table with the same in it.",
			Example: `expect({ a = 1 }):is{ a = 1 }`, holds: func(e *expected) (string, bool) { return e.show(2), e.equal(e.value, e.l.Get(2)) },
		},
		{
			Name: "is_not", Params: []Arg{{"other", "any", ""}}, Doc: "The value is anything but that.",
			Example: `expect("Running"):is_not("Failed")`, holds: func(e *expected) (string, bool) { return "anything but " + e.show(2), !e.equal(e.value, e.l.Get(2)) },
		},
		{
			Name: "contains", Params: []Arg{{"part", "any", "a part of the text, or an element of the list"}}, Doc: "The text has that part, or the list that element.",
			Example: `expect("CrashLoopBackOff"):contains("BackOff")`, holds: func(e *expected) (string, bool) { return "something with " + e.show(2) + " in it", e.contains() },
		},
		{
			Name: "matches", Params: []Arg{{"pattern", "string", "a regular expression (RE2)"}}, Doc: "The text matches a pattern.",
			Example: `expect("3 (10s ago)"):matches("^[0-9]+")`, holds: func(e *expected) (string, bool) { return "a match of " + e.show(2), e.matches() },
		},
		{
			Name: "at_least", Params: []Arg{{"low", "number", ""}}, Doc: "The number is that or more.",
			Example: `expect(3):at_least(2)`, holds: func(e *expected) (string, bool) { return "at least " + e.show(2), e.number() >= e.bound(2) },
		},
		{
			Name: "at_most", Params: []Arg{{"high", "number", ""}}, Doc: "The number is that or less.",
			Example: `expect(3):at_most(5)`, holds: func(e *expected) (string, bool) { return "at most " + e.show(2), e.number() <= e.bound(2) },
		},
		{
			Name: "between", Params: []Arg{{"low", "number", ""}, {"high", "number", ""}}, Doc: "The number is one of the two, or between them.",
			Example: `expect(3):between(1, 5)`, holds: func(e *expected) (string, bool) {
				return "between " + e.show(2) + " and " + e.show(3), e.number() >= e.bound(2) && e.number() <= e.bound(3)
			},
		},
		{
			Name: "fails", Params: []Arg{{"with", "string?", "a part of the error's text"}}, Doc: "The function raises an error.",
			Example: `expect(function() error("out of capacity") end):fails("capacity")`, holds: (*expected).fails,
		},
	}
}

var matcherNames = func() []string {
	var names []string
	for _, m := range Matchers() {
		names = append(names, m.Name)
	}
	return names
}()

var matcherMethods = func() map[lua.LString]lua.LValue {
	methods := map[lua.LString]lua.LValue{}
	for _, m := range Matchers() {
		methods[lua.LString(m.Name)] = goFunction(func(l *lua.LState) int { return match(l, m) })
	}
	return methods
}()

// expectation is what expect(value) returns.
type expectation struct{ value lua.LValue }

func (e *expectation) get(l *lua.LState, key lua.LValue) lua.LValue {
	name, _ := key.(lua.LString)
	if m := matcherMethods[name]; m != nil {
		return m
	}
	l.RaiseError("nothing called '%s' can be expected%s: expect(x) has :%s()", shorten(keyText(key), 60), didYouMean(keyText(key), matcherNames), strings.Join(matcherNames, "() :"))
	return lua.LNil
}

func (e *expectation) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, "an expectation", key) }
func (e *expectation) list(*lua.LState) (int, bool)         { return 0, false }
func (e *expectation) keys(*lua.LState) []lua.LValue        { return nil }

// libExpectValue is expect in tests.
func libExpectValue(l *lua.LState) int {
	inTest(l, "expect")
	if _, story := l.Get(2).(*lua.LFunction); !story {
		l.Push(newView(&expectation{l.Get(1)}))
		return 1
	}
	libExpect(l)
	if l.Get(-1) == lua.LFalse {
		fail(l, "something else", l.CheckString(1)+", and it did not hold")
	}
	return 1
}

func match(l *lua.LState, m Matcher) int {
	self, ok := objectOf(l.Get(1)).(*expectation)
	if !ok {
		l.RaiseError("call it with a colon: expect(x):%s(…)", m.Name)
	}
	for i, p := range m.Params {
		if n := i + 2; n > l.GetTop() && !strings.HasSuffix(p.Type, "?") {
			l.RaiseError("%s takes %s: without it nothing is expected", m.Name, p.Name)
		}
	}
	e := &expected{l: l, value: self.value, got: literal(l, self.value)}
	if want, yes := m.holds(e); !yes {
		fail(l, e.got, want)
	}
	return 0
}

// fail ends the test: the text is raised as any error, and remembered, so that it is known for what it is.
func fail(l *lua.LState, got, want string) {
	got, want = shorten(got, maxErrorText/3), shorten(want, maxErrorText/3)
	stateOf(l).failed = &Error{Kind: Failed, Text: failText(got, want), Got: got, Want: want}
	l.RaiseError("%s", failText(got, want))
}

// expected is one look at a value.
type expected struct {
	l     *lua.LState
	value lua.LValue
	got   string
}

func (e *expected) show(n int) string { return literal(e.l, e.l.Get(n)) }

// literal is a value as a person would write it.
func literal(l *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return strconv.Quote(string(v))
	case *lua.LTable, *lua.LUserData:
		if text, err := encodeJSON(l, v); err == nil {
			return string(text)
		}
	case *lua.LFunction:
		return "a function"
	}
	return toText(l, v)
}

// equal compares trees, where an object and a table with the same in it are the same.
func (e *expected) equal(a, b lua.LValue) bool {
	if a == b {
		return true
	}
	if a == lua.LNil || b == lua.LNil {
		return false
	}
	x, errX := treeOf(e.l, a, treeDepth)
	y, errY := treeOf(e.l, b, treeDepth)
	return errX == nil && errY == nil && (reflect.DeepEqual(x, y) || empty(x) && empty(y))
}

// empty says of a list or table that nothing is in it: in Lua there is one empty table.
func empty(tree any) bool {
	switch tree := tree.(type) {
	case []any:
		return len(tree) == 0
	case map[string]any:
		return len(tree) == 0
	}
	return false
}

func (e *expected) contains() bool {
	if text, ok := e.value.(lua.LString); ok {
		return strings.Contains(string(text), e.l.CheckString(2))
	}
	keys, list, err := keysOf(e.l, e.value)
	if e.value.Type() != lua.LTTable && objectOf(e.value) == nil || err != nil || !list && len(keys) > 0 {
		e.l.RaiseError("contains looks into texts and lists, not into %s", describe(e.value))
	}
	return slices.ContainsFunc(keys, func(k lua.LValue) bool { return e.equal(fieldOf(e.l, e.value, k), e.l.Get(2)) })
}

func (e *expected) matches() bool {
	re, err := regexp.Compile(e.l.CheckString(2))
	if err != nil {
		e.l.ArgError(2, err.Error())
	}
	text, ok := e.value.(lua.LString)
	return ok && re.MatchString(string(text))
}

func (e *expected) number() float64 {
	n, ok := e.value.(lua.LNumber)
	if !ok {
		e.l.RaiseError("only numbers can be compared: this is %s", describe(e.value))
	}
	return float64(n)
}

func (e *expected) bound(n int) float64 { return float64(e.l.CheckNumber(n)) }

// fails calls the function.
func (e *expected) fails() (want string, yes bool) {
	with := e.l.OptString(2, "")
	fn, ok := e.value.(*lua.LFunction)
	if !ok {
		e.l.RaiseError("fails calls a function: expect(function() … end):fails(), not %s", describe(e.value))
	}
	want = "an error"
	if with != "" {
		want += " with " + strconv.Quote(with)
	}
	e.l.Push(fn)
	err := e.l.PCall(0, 0, nil)
	leashOf(e.l).check(e.l)
	if err == nil {
		e.got = "no error"
		return want, false
	}
	e.got = err.Error()
	if api, ok := errors.AsType[*lua.ApiError](err); ok {
		e.got = stateOf(e.l).errorText(api)
	}
	return want, strings.Contains(e.got, with)
}
