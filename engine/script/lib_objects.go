package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func objectEntries() []Entry {
	const group = "Objects"
	return []Entry{
		{
			Name: "params", Group: group, Returns: "table", value: newView(paramsView{}),
			Doc:     "The values of the file's params. They can be turned while the file stays loaded.",
			Example: `if chance(params.rate) then return { exit = 1 } end`,
		},
		{
			Name: "param", Group: group, fn: libParam,
			Params: []Arg{{"name", "string", ""}, {"default", "number|string|boolean", ""}, {"doc", "string?", "what it turns"}},
			Doc: "Declares a knob, at the top of a file. Config, command line and UI turn it; hooks read params.name. " +
				"Inside a scenario param(\"script.name\", value) turns one, until the scenario ends.",
			Example: ``,
		},
		{
			Name: "config", Group: group, Returns: "table",
			Doc:     "What the engine's config shows to scripts.",
			Example: `assert(type(config) == "table")`,
		},
		{
			Name: "node", Group: group, Returns: "Node", value: newView(currentNode{}),
			Doc:     "The node that the question is about. node.memo is small data that Go keeps: on_* hooks may write it, it survives reload and restart.",
			Example: `local zone = node.metadata.labels["topology.kubernetes.io/zone"]`,
		},
		{
			Name: "pods", Group: group, fn: libPods, Returns: "PodList",
			Params: []Arg{{"selector", "PodSelector?", "labels, annotations, namespace, name (with *), node, owner, script, phase, ready"}},
			Doc: "The pods that fit, sorted, read-only, all as of one moment. #list, list[i], ipairs(list), " +
				"list:count(), list:ready() (how many are), list:names(), list:filter(function(pod) … end), list:sample(share) (one at least), list:pick(number). " +
				"In scenarios the list has the verbs.",
			Example: `if pods{ labels = { app = "db" } }:ready() == 0 then return { exit = 1 } end`,
		},
		{
			Name: "nodes", Group: group, fn: libNodes, Returns: "NodeList",
			Params:  []Arg{{"selector", "NodeSelector?", "labels, annotations, name (with *), ready"}},
			Doc:     "The nodes that fit, like pods{}.",
			Example: `local n = nodes():count()`,
		},
		{
			Name: "copy", Group: group, fn: libCopy, Returns: "any",
			Params:  []Arg{{"x", "any", "an object, a table, anything"}},
			Doc:     "A copy that may be changed, all the way down. Objects become plain tables.",
			Example: `local s = copy(pod.status) s.phase = "Failed"`,
		},
	}
}

func libParam(l *lua.LState) int {
	s := stateOf(l)
	if s.branch != nil {
		return s.branch.turnParam(l)
	}
	if s.loading == nil {
		l.RaiseError("param declares a knob while the file loads: call it at the top of the file")
	}
	p := Param{Name: l.CheckString(1), Doc: l.OptString(3, "")}
	if !isName(p.Name) {
		l.ArgError(1, "a param's name is letters, digits and _, at most 60")
	}
	switch v := l.Get(2).(type) {
	case lua.LNumber:
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			l.ArgError(2, "must be a finite number")
		}
		p.Default = float64(v)
	case lua.LString:
		p.Default = string(v)
	case lua.LBool:
		p.Default = bool(v)
	default:
		l.ArgError(2, "the default must be a number, text, true or false, not "+describe(v))
	}
	for i := range s.loading.params {
		if s.loading.params[i].Name == p.Name {
			l.RaiseError("param '%s' is declared twice, first in line %d", p.Name, s.loading.params[i].Line)
		}
	}
	_, p.Line = where(l)
	s.loading.params = append(s.loading.params, p)
	return 0
}

func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return s != "" && len(s) <= 60
}

// where is the file and line that called the library.
func where(l *lua.LState) (file string, line int) {
	e := Error{Text: l.Where(1) + " "}
	e.locate()
	return e.Script, e.Line
}

func libCopy(l *lua.LState) int {
	c := &copier{l: l, left: treeNodes / 4}
	l.Push(c.copy(l.Get(1), 0))
	return 1
}

// copier copies deeply. It counts, because tables that share parts can stand for an endless tree.
type copier struct {
	l    *lua.LState
	left int
}

func (c *copier) copy(v lua.LValue, depth int) lua.LValue {
	if v.Type() != lua.LTTable && objectOf(v) == nil {
		return v
	}
	if c.left--; c.left < 0 || depth > treeDepth {
		c.l.RaiseError("copy: %s", errTooDeep)
	}
	if c.left%1024 == 0 {
		leashOf(c.l).check(c.l)
	}
	out := c.l.NewTable()
	if t, ok := v.(*lua.LTable); ok {
		t = contents(t)
		for k, e := t.Next(lua.LNil); k != lua.LNil; k, e = t.Next(k) {
			out.RawSet(k, c.copy(e, depth+1))
		}
		return out
	}
	o := objectOf(v)
	for _, k := range o.keys(c.l) {
		out.RawSet(k, c.copy(o.get(c.l, k), depth+1))
	}
	return out
}
