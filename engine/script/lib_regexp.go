package script

import (
	"math"
	"regexp"
	"regexp/syntax"
	"sync"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/api/resource"
)

func checkQuantity(l *lua.LState) float64 {
	text, ok := quantityText(l.Get(1))
	if ok {
		if q, err := resource.ParseQuantity(text); err == nil {
			if f := q.AsApproximateFloat64(); !math.IsInf(f, 0) {
				return f
			}
		}
	}
	l.ArgError(1, `must be a quantity such as "500m" or "1Gi", not `+describe(l.Get(1)))
	return 0
}

func regexpEntries() []Entry {
	s, pattern := Arg{"s", "string", ""}, Arg{"pattern", "string", "RE2 syntax, as in Go"}
	return []Entry{
		{
			Name: "regexp.match", Group: groupData, fn: regexpMatch, Returns: "string?", Params: []Arg{s, pattern},
			Doc:     "The groups of the first match, or all of it; nil when there is none. Takes linear time.",
			Example: `assert(regexp.match("v1.2", [[v(\d+)]]) == "1")`,
		},
		{
			Name: "regexp.find", Group: groupData, fn: regexpFind, Returns: "integer?, integer?", Params: []Arg{s, pattern},
			Doc:     "Where the first match begins and ends.",
			Example: `assert(regexp.find("abc", "b+") == 2)`,
		},
		{
			Name: "regexp.replace", Group: groupData, fn: regexpReplace, Returns: "string",
			Params:  []Arg{s, pattern, {"with", "string", "$1 is the first group; a group sees the match alone"}},
			Doc:     "s with all matches replaced.",
			Example: `assert(regexp.replace("a1b2", [[\d]], "#") == "a#b#")`,
		},
	}
}

const (
	regexpBytes = 1000
	// regexpWork bounds text length × program length: the matcher takes that many steps at worst, and no watchdog can
	// look in.
	regexpWork  = 4_000_000
	regexpCache = 256
)

// program is a compiled expression with the length of its program.
type program struct {
	re    *regexp.Regexp
	insts int
	err   error
}

// programs are shared by all states. When full, the cache starts over.
var programs struct {
	sync.Mutex
	byText map[string]*program // guarded by Mutex
}

func programOf(text string) *program {
	programs.Lock()
	p := programs.byText[text]
	programs.Unlock()
	if p != nil {
		return p
	}
	p = compileProgram(text)
	programs.Lock()
	defer programs.Unlock()
	if programs.byText == nil || len(programs.byText) >= regexpCache {
		programs.byText = map[string]*program{}
	}
	programs.byText[text] = p
	return p
}

func compileProgram(text string) *program {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return &program{err: err}
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return &program{err: err}
	}
	re, err := regexp.Compile(text)
	return &program{re: re, insts: len(prog.Inst), err: err}
}

func checkRegexp(l *lua.LState) (string, *regexp.Regexp) {
	s, text := l.CheckString(1), l.CheckString(2)
	if len(text) > regexpBytes {
		l.ArgError(2, "the expression is longer than 1000 bytes")
	}
	p := programOf(text)
	if p.err != nil {
		l.ArgError(2, p.err.Error())
	}
	if len(s)*p.insts > regexpWork {
		l.RaiseError("the expression is too large for a text of %d bytes: use contains or split", len(s))
	}
	return s, p.re
}

func regexpMatch(l *lua.LState) int {
	s, re := checkRegexp(l)
	at := re.FindStringSubmatchIndex(s)
	switch {
	case at == nil:
		l.Push(lua.LNil)
		return 1
	case len(at) == 2:
		l.Push(lua.LString(s[at[0]:at[1]]))
		return 1
	case len(at)/2-1 > maxUnpack:
		l.RaiseError("the expression has too many groups")
	}
	for i := 2; i < len(at); i += 2 {
		if at[i] < 0 {
			l.Push(lua.LNil)
		} else {
			l.Push(lua.LString(s[at[i]:at[i+1]]))
		}
	}
	return len(at)/2 - 1
}

func regexpFind(l *lua.LState) int {
	s, re := checkRegexp(l)
	at := re.FindStringIndex(s)
	if at == nil {
		l.Push(lua.LNil)
		return 1
	}
	return pushNumber(l, float64(at[0]+1)) + pushNumber(l, float64(at[1]))
}

// regexpReplace asks the watchdog at each match: many matches, each linear, are quadratic.
func regexpReplace(l *lua.LState) int {
	s, re := checkRegexp(l)
	with := l.CheckString(3)
	leash, bound, size := leashOf(l), stateOf(l).set.rt.opts.StringBytes, 0
	out := re.ReplaceAllStringFunc(s, func(match string) string {
		leash.check(l)
		text := with
		if at := re.FindStringSubmatchIndex(match); at != nil {
			text = string(re.ExpandString(nil, with, match, at))
		}
		if size += len(text); size > bound {
			stateOf(l).charge(l, size)
		}
		return text
	})
	return pushText(l, out)
}
