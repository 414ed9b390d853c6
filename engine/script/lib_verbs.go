package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// verbMethods are the methods that act, by what they act on: made from the registry of verbs, as the command line is.
var verbMethods = sync.OnceValue(func() map[fault.Target]map[lua.LString]lua.LValue {
	all := map[fault.Target]map[lua.LString]lua.LValue{}
	for _, v := range fault.Verbs() {
		if all[v.On] == nil {
			all[v.On] = map[lua.LString]lua.LValue{}
		}
		all[v.On][lua.LString(v.Name)] = goFunction(func(l *lua.LState) int { return libVerb(l, v) })
	}
	return all
})

func verbNames(on fault.Target) []string {
	var names []string
	for _, v := range fault.Verbs() {
		if v.On == on {
			names = append(names, v.Name)
		}
	}
	return names
}

// libVerb is list:verb(args…, lasts) or list:verb{ name = value, … }. It returns the names of those it hit.
func libVerb(l *lua.LState, v fault.Verb) int {
	b := stateOf(l).branch
	if b == nil {
		l.RaiseError("%s:%s() acts, and hooks only answer: verbs are for scenarios (scenario(\"name\", function() … end)) and for people (moonlet %s %s)", listOf(v.On), v.Name, v.On, v.Name)
	}
	o := readOrder(l, v)
	_, line := where(l)
	var hits []string
	var err error
	b.outside(func() { hits, err = b.n.story.Stage.Act(b.n.ctx, o, line) })
	if err != nil {
		l.RaiseError("%s:%s(): %s", listOf(v.On), v.Name, strings.TrimPrefix(err.Error(), v.Name+": "))
	}
	t := l.CreateTable(len(hits), 0)
	for i, h := range hits[:min(len(hits), maxArray-1)] {
		t.RawSetInt(i+1, lua.LString(h))
	}
	l.Push(t)
	return 1
}

func listOf(on fault.Target) string { return string(on) + "s{}" }

// orderReader makes an order of a method call.
type orderReader struct {
	l *lua.LState
	v fault.Verb
	o fault.Order
}

func readOrder(l *lua.LState, v fault.Verb) fault.Order {
	r := &orderReader{l, v, fault.Order{Verb: v.Name, On: v.On, Args: map[string]any{}}}
	r.o.Select = chosen(l, v)
	for i, top := 2, l.GetTop(); i <= top; i++ {
		given := l.Get(i)
		switch {
		case given == lua.LNil:
		case i == top && r.isOptions(i-2, given):
			r.options(given)
		default:
			r.positional(i-2, given)
		}
	}
	return r.o
}

func (r *orderReader) refuse(format string, args ...any) {
	r.l.RaiseError("%s:%s(): %s", listOf(r.v.On), r.v.Name, fmt.Sprintf(format, args...))
}

// isOptions tells a table of names and values from one that an argument wants.
func (r *orderReader) isOptions(place int, given lua.LValue) bool {
	if given.Type() != lua.LTTable {
		return false
	}
	return place >= len(r.v.Args) || r.v.Args[place].Kind != fault.Resources && r.v.Args[place].Kind != fault.Names
}

// positional takes the verb's arguments in their order, then how long it lasts.
func (r *orderReader) positional(place int, given lua.LValue) {
	switch {
	case place < len(r.v.Args):
		r.o.Args[r.v.Args[place].Name] = r.tree(r.v.Args[place].Name, given)
	case place == len(r.v.Args) && r.v.Lasts:
		r.lasts(given)
	default:
		r.refuse("too many arguments: it takes %s", r.takes())
	}
}

func (r *orderReader) tree(name string, given lua.LValue) any {
	tree, err := treeOf(r.l, given, treeDepth)
	if err != nil {
		r.refuse("%s: %v", name, err)
	}
	return tree
}

func (r *orderReader) lasts(given lua.LValue) {
	d, err := durationOf(given)
	if err != nil {
		r.refuse("lasts: %v", err)
	}
	r.o.Lasts = d
}

// options takes { code = 1, lasts = "5m", why = "…", allow_empty = true }.
func (r *orderReader) options(given lua.LValue) {
	keys, list, err := keysOf(r.l, given)
	if err != nil || list {
		r.refuse("a table holds names and values: %s", r.takes())
	}
	for _, k := range keys {
		name, value := keyText(k), fieldOf(r.l, given, k)
		switch {
		case name == "lasts" && r.v.Lasts:
			r.lasts(value)
		case name == "why":
			r.o.Why = toText(r.l, value)
		case name == "allow_empty":
			r.o.AllowEmpty = lua.LVAsBool(value)
		case slices.ContainsFunc(r.v.Args, func(a fault.Arg) bool { return a.Name == name }):
			r.o.Args[name] = r.tree(name, value)
		default:
			r.refuse("there is no %s%s: it takes %s", shorten(name, 40), didYouMean(name, r.names()), r.takes())
		}
	}
}

// names are those that a table of options may hold.
func (r *orderReader) names() []string {
	names := argNames(r.v)
	return append(names, "why", "allow_empty")
}

func (r *orderReader) takes() string { return strings.Join(r.names(), ", ") }

// argNames are the positional arguments of a verb, in their order.
func argNames(v fault.Verb) []string {
	var names []string
	for _, a := range v.Args {
		names = append(names, a.Name)
	}
	if v.Lasts {
		names = append(names, "lasts")
	}
	return names
}

// chosen is whom the list that a method was called on is about.
func chosen(l *lua.LState, v fault.Verb) fault.Selector {
	switch o := objectOf(l.Get(1)).(type) {
	case *memberList:
		if o.on == v.On {
			return fault.Selector{Names: o.keyTexts()}
		}
	case *testPod:
		if v.On == fault.Pod {
			return fault.Selector{Names: []string{o.name.String()}}
		}
	case *callList:
		if o.on == v.On {
			return o.sel
		}
	}
	l.RaiseError("call it with a colon on %s: %s:%s(…)", listOf(v.On), listOf(v.On), v.Name)
	return fault.Selector{}
}

// callList is what calls{} and writes{} return: those to come, not those that were.
type callList struct {
	on  fault.Target
	sel fault.Selector
}

func (c *callList) get(l *lua.LState, key lua.LValue) lua.LValue {
	if name, ok := key.(lua.LString); ok {
		if m, ok := verbMethods()[c.on][name]; ok {
			return m
		}
	}
	names := verbNames(c.on)
	l.RaiseError("%s has no '%s'%s: it has :%s()", listOf(c.on), shorten(keyText(key), 60), didYouMean(keyText(key), names), strings.Join(names, "() :"))
	return lua.LNil
}

func (c *callList) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, listOf(c.on), key) }

func (c *callList) list(*lua.LState) (int, bool) { return 0, false }

func (c *callList) keys(*lua.LState) []lua.LValue { return nil }

// callSelector is what calls{ … } and writes{ … } take.
type callSelector struct {
	Calls     texts             `json:"calls"`
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	Node      string            `json:"node"`
	Owner     string            `json:"owner"`
	Script    string            `json:"script"`
	Share     share             `json:"share"`
}

// share is a number from 0 to 1, or "30%".
type share float64

// DecodeLua implements LuaDecoder.
func (s *share) DecodeLua(v Value, at string) error {
	tree, err := v.Any()
	if err != nil {
		return err
	}
	f, err := fault.ParseShare(tree)
	if err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	*s = share(f)
	return nil
}

func libCalls(l *lua.LState) int { return pushCalls(l, fault.Call) }

func libWrites(l *lua.LState) int { return pushCalls(l, fault.Write) }

func pushCalls(l *lua.LState, on fault.Target) int {
	inStory(l, listOf(on))
	var sel callSelector
	readSelector(l, string(on)+"s", &sel)
	c := &callList{on, fault.Selector{
		Calls: sel.Calls, Namespace: sel.Namespace, Name: sel.Name, Labels: labelText(sel.Labels), Node: sel.Node, Owner: sel.Owner,
		Script: sel.Script, Share: float64(sel.Share),
	}}
	if _, err := c.sel.Compile(); err != nil {
		l.RaiseError("%ss: %s", on, err)
	}
	l.Push(newView(c))
	return 1
}

// labelText is a table of labels as a selector writes it.
func labelText(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, k+"="+labels[k])
	}
	return strings.Join(parts, ",")
}
