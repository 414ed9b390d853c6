package script

import (
	"errors"
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/pm"
)

// The matcher of gopher-lua backtracks and cannot be interrupted: "(.-)x" on ten thousand bytes takes seconds. So the
// work is estimated before it starts, and what is over budget is refused.
const (
	patternWork  = 1_000_000
	patternBytes = 500
	// patternDepth bounds the matcher's recursion, which is one level per repetition.
	patternDepth = 100_000
)

// patternCost estimates the steps to match: a text of n bytes has n starts, each unbounded repetition multiplies by n,
// each "?" by two.
func patternCost(pattern string, n int) float64 {
	cost := float64(n + 1)
	if strings.HasPrefix(pattern, "^") {
		cost = 1
		pattern = pattern[1:]
	}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '%':
			i++
			if i < len(pattern) && (pattern[i] == 'b' || pattern[i] >= '0' && pattern[i] <= '9') {
				cost *= float64(n + 1)
			}
		case '[':
			i = setEnd(pattern, i)
		case '*', '+', '-':
			cost *= float64(n + 1)
		case '?':
			cost *= 2
		}
	}
	return cost
}

// setEnd skips a [set].
func setEnd(p string, i int) int {
	i++
	if i < len(p) && p[i] == '^' {
		i++
	}
	for first := true; i < len(p) && (first || p[i] != ']'); i++ {
		first = false
		if p[i] == '%' {
			i++
		}
	}
	return i
}

// checkPattern refuses what could run away.
func checkPattern(l *lua.LState, pattern string, n int) {
	if len(pattern) > patternBytes {
		l.RaiseError("the pattern has %d bytes, more than %d", len(pattern), patternBytes)
	}
	cost, scan := patternCost(pattern, n), float64(n+1) // a plain scan is cheap, however long the text
	repeats := strings.ContainsAny(pattern, "*+-?") && n > patternDepth
	if cost > patternWork && cost > scan || repeats {
		l.RaiseError("the pattern %q could take too long on a text of %d bytes: use find(s, x, 1, true), contains, starts_with, split, or regexp.match, which takes linear time", shorten(pattern, 40), n)
	}
}

// findPattern matches once, from a byte offset.
func findPattern(l *lua.LState, pattern, s string, from int) *pm.MatchData {
	if from > len(s) {
		return nil
	}
	found, err := protectedFind(pattern, s, from)
	if err != nil {
		l.RaiseError("the pattern %q is malformed: %s", shorten(pattern, 40), err)
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// protectedFind turns the matcher's panics about odd patterns into errors.
func protectedFind(pattern, s string, from int) (found []*pm.MatchData, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New(strings.TrimPrefix(fmt.Sprint(p), "runtime error: "))
		}
	}()
	found, err = pm.Find(pattern, []byte(s), from, 1)
	for _, m := range found {
		for i := 2; i+1 < m.CaptureLength(); i += 2 {
			if !m.IsPosCapture(i) && (m.Capture(i+1) < m.Capture(i) || m.Capture(i+1) > len(s)) {
				return nil, errors.New("unfinished capture")
			}
		}
	}
	return found, err
}

// captures are what a match hands out: its groups, or all of it when it has none.
func captures(m *pm.MatchData, s string) []lua.LValue {
	if m.CaptureLength() <= 2 {
		return []lua.LValue{lua.LString(s[m.Capture(0):m.Capture(1)])}
	}
	return groups(m, s)
}

func groups(m *pm.MatchData, s string) []lua.LValue {
	var out []lua.LValue
	for i := 2; i+1 < m.CaptureLength(); i += 2 {
		if m.IsPosCapture(i) {
			out = append(out, lua.LNumber(m.Capture(i)))
		} else {
			out = append(out, lua.LString(s[m.Capture(i):m.Capture(i+1)]))
		}
	}
	return out
}

func pushAll(l *lua.LState, values []lua.LValue) int {
	for _, v := range values {
		l.Push(v)
	}
	return len(values)
}

// startAt turns Lua's init into an offset.
func startAt(n, init int) int {
	switch {
	case init > 0:
		return init - 1
	case init < 0:
		return max(n+init, 0)
	}
	return 0
}

func strFind(l *lua.LState) int {
	s, pattern := l.CheckString(1), l.CheckString(2)
	from := startAt(len(s), l.OptInt(3, 1))
	if from > len(s) {
		l.Push(lua.LNil)
		return 1
	}
	if lua.LVAsBool(l.Get(4)) || !strings.ContainsAny(pattern, "^$*+?.([%-") {
		at := strings.Index(s[from:], pattern)
		if at < 0 {
			l.Push(lua.LNil)
			return 1
		}
		l.Push(lua.LNumber(from + at + 1))
		l.Push(lua.LNumber(from + at + len(pattern)))
		return 2
	}
	checkPattern(l, pattern, len(s)-from)
	m := findPattern(l, pattern, s, from)
	if m == nil {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(lua.LNumber(m.Capture(0) + 1))
	l.Push(lua.LNumber(m.Capture(1)))
	return 2 + pushAll(l, groups(m, s))
}

func strMatch(l *lua.LState) int {
	s, pattern := l.CheckString(1), l.CheckString(2)
	from := startAt(len(s), l.OptInt(3, 1))
	checkPattern(l, pattern, max(len(s)-from, 0))
	m := findPattern(l, pattern, s, from)
	if m == nil {
		l.Push(lua.LNil)
		return 1
	}
	return pushAll(l, captures(m, s))
}

// matches goes through a text match by match, so that the watchdog can end it in between.
type matches struct {
	s, pattern string
	at         int // where the next search starts; past the end: over
}

func (it *matches) next(l *lua.LState) *pm.MatchData {
	leashOf(l).check(l)
	if it.at > len(it.s) {
		return nil
	}
	m := findPattern(l, it.pattern, it.s, it.at)
	if m == nil || strings.HasPrefix(it.pattern, "^") {
		it.at = len(it.s) + 1
	} else {
		it.at = max(m.Capture(1), m.Capture(0)+1)
	}
	return m
}

// A search copies the text, so going through all its matches costs more than the pattern alone.
func checkAllMatches(l *lua.LState, s, pattern string) {
	checkPattern(l, pattern, len(s))
	if len(s) > patternDepth {
		l.RaiseError("the text of %d bytes is too long to go through match by match: use split or regexp.replace", len(s))
	}
}

func strGmatch(l *lua.LState) int {
	it := &matches{s: l.CheckString(1), pattern: l.CheckString(2)}
	checkAllMatches(l, it.s, it.pattern)
	l.Push(l.NewFunction(func(l *lua.LState) int {
		m := it.next(l)
		if m == nil {
			l.Push(lua.LNil)
			return 1
		}
		return pushAll(l, captures(m, it.s))
	}))
	return 1
}

func strGsub(l *lua.LState) int {
	it := &matches{s: l.CheckString(1), pattern: l.CheckString(2)}
	with := l.Get(3)
	limit := math.MaxInt
	if l.Get(4) != lua.LNil {
		limit = l.CheckInt(4)
	}
	checkAllMatches(l, it.s, it.pattern)
	var out strings.Builder
	n, copied := 0, 0
	bound := stateOf(l).set.rt.opts.StringBytes
	for n < limit {
		m := it.next(l)
		if m == nil {
			break
		}
		n++
		out.WriteString(it.s[copied:m.Capture(0)])
		copied = m.Capture(1)
		out.WriteString(replacement(l, with, m, it.s))
		if out.Len() > bound {
			stateOf(l).charge(l, out.Len())
		}
	}
	out.WriteString(it.s[copied:])
	pushText(l, out.String())
	l.Push(lua.LNumber(n))
	return 2
}

// replacement is what gsub puts in a match's place.
func replacement(l *lua.LState, with lua.LValue, m *pm.MatchData, s string) string {
	whole := s[m.Capture(0):m.Capture(1)]
	var v lua.LValue
	switch with := with.(type) {
	case lua.LString, lua.LNumber:
		return expand(l, toText(l, with), m, s)
	case *lua.LFunction:
		l.Push(with)
		n := pushAll(l, captures(m, s))
		l.Call(n, 1)
		v = l.Get(-1)
		l.Pop(1)
	case *lua.LTable, *lua.LUserData:
		v = l.GetTable(with, captures(m, s)[0])
	default:
		l.ArgError(3, "must be text, a table or a function, not "+describe(with))
	}
	switch v.(type) {
	case lua.LString, lua.LNumber:
		return toText(l, v)
	}
	if !lua.LVIsFalse(v) {
		l.RaiseError("gsub: the replacement is a %s: it must be text, a number, or nil to keep the match", typeName(v))
	}
	return whole
}

// expand fills %0 to %9 in.
func expand(l *lua.LState, with string, m *pm.MatchData, s string) string {
	if !strings.Contains(with, "%") {
		return with
	}
	var b strings.Builder
	for i := 0; i < len(with); i++ {
		if with[i] != '%' || i+1 == len(with) {
			b.WriteByte(with[i])
			continue
		}
		i++
		switch c := with[i]; {
		case c == '0':
			b.WriteString(s[m.Capture(0):m.Capture(1)])
		case c >= '1' && c <= '9':
			list := captures(m, s)
			if int(c-'1') >= len(list) {
				l.RaiseError("gsub: the pattern has no capture %%%c", c)
			}
			b.WriteString(toText(l, list[c-'1']))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
