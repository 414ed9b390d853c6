package script

import (
	lua "github.com/yuin/gopher-lua"
)

const groupAnswers = "Answers"

// tagged is what reject() and its like return: a word and its arguments, for Go to read.
type tagged struct {
	name string
	args []lua.LValue
}

// taggedMeta makes tagged answers opaque to scripts: they are only there to be returned.
var taggedMeta = func() *lua.LTable {
	mt := &lua.LTable{Metatable: lua.LNil}
	opaque := goFunction(func(l *lua.LState) int {
		t, _ := tagOf(l.Get(1))
		l.RaiseError("%s(…) is an answer: return it, there is nothing in it to read or set", t.name)
		return 0
	})
	mt.RawSetString("__index", opaque)
	mt.RawSetString("__newindex", opaque)
	return mt
}()

func tagOf(v lua.LValue) (*tagged, bool) {
	if ud, ok := v.(*lua.LUserData); ok {
		t, ok := ud.Value.(*tagged)
		return t, ok
	}
	return nil, false
}

// check tells what is wrong with an argument, or "".
type check func(v lua.LValue) string

func isDuration(v lua.LValue) string {
	if _, err := durationOf(v); err != nil {
		return err.Error()
	}
	return ""
}

func isText(v lua.LValue) string {
	if _, ok := v.(lua.LString); ok {
		return ""
	}
	return "must be text, not " + describe(v)
}

func isFunction(v lua.LValue) string {
	if _, ok := v.(*lua.LFunction); ok {
		return ""
	}
	return "must be a function, not " + describe(v)
}

func isTable(v lua.LValue) string {
	if _, tag := tagOf(v); !tag && (v.Type() == lua.LTTable || v.Type() == lua.LTUserData) {
		return ""
	}
	return "must be a table, not " + describe(v)
}

func isStatusCode(v lua.LValue) string {
	if n, ok := v.(lua.LNumber); ok && n >= 100 && n <= 599 && n == lua.LNumber(int(n)) {
		return ""
	}
	return "must be an HTTP status from 100 to 599, not " + describe(v)
}

func isShare(v lua.LValue) string {
	if n, ok := v.(lua.LNumber); ok && n > 0 && n < 1 {
		return ""
	}
	return "must be a share between 0 and 1, not " + describe(v)
}

// optional lets an argument be left out.
func optional(c check) check {
	return func(v lua.LValue) string {
		if v == lua.LNil {
			return ""
		}
		return c(v)
	}
}

// tag makes the function behind a tagged answer. Missing optional arguments at the end are not passed on.
func tag(name string, checks ...check) lua.LGFunction {
	return func(l *lua.LState) int {
		if l.GetTop() > len(checks) {
			l.RaiseError("%s takes %d arguments, not %d", name, len(checks), l.GetTop())
		}
		t := &tagged{name: name}
		for i, c := range checks {
			if why := c(l.Get(i + 1)); why != "" {
				l.ArgError(i+1, why)
			}
			if i < l.GetTop() {
				t.args = append(t.args, l.Get(i+1))
			}
		}
		l.Push(&lua.LUserData{Value: t, Metatable: taggedMeta})
		return 1
	}
}

func answerEntries() []Entry {
	d := func(name, doc string) Arg { return Arg{name, "string|number", doc} }
	return []Entry{
		{
			Name: "reject", Group: groupAnswers, Returns: "Reject", fn: tag("reject", isStatusCode, optional(isText)),
			Params:  []Arg{{"code", "integer", "HTTP status"}, {"why", "string?", "text of the answer"}},
			Doc:     "The call fails with this status; nothing is changed.",
			Example: `return reject(503, "out of capacity")`,
		},
		{
			Name: "delay", Group: groupAnswers, Returns: "Delay", fn: tag("delay", isDuration, optional(isText), optional(isText)),
			Params:  []Arg{d("d", "how long"), {"reason", "string?", "in on_create: why the pod does not get its sandbox; the event about it"}, {"message", "string?", "of that event"}},
			Doc:     "The call is answered at once, and what follows from it begins only after d.",
			Example: `return delay(uniform("200ms", "2s"))`,
		},
		{
			Name: "flap", Group: groupAnswers, Returns: "Flap", fn: tag("flap", isDuration, isDuration, optional(isDuration)),
			Params:  []Arg{d("up", "how long ready"), d("down", "how long not"), {"after", "string|number?", "when it is ready first"}},
			Doc:     "Readiness that comes and goes: ready for up, not ready for down, and again.",
			Example: `return { ready = flap("20s", "5s") }`,
		},
		{
			Name: "replace", Group: groupAnswers, Returns: "Replace", fn: tag("replace", isTable),
			Params:  []Arg{{"status", "PodStatus", "a whole status"}},
			Doc:     "The status hook's table as it is, instead of merged into the derived status.",
			Example: `return replace{ phase = "Unknown", reason = "NodeLost" }`,
		},
		{
			Name: "every", Group: groupAnswers, Returns: "Every", fn: tag("every", isDuration, isFunction),
			Params:  []Arg{d("interval", "time between lines"), {"line", "fun(n: integer, t: number): string?", "makes line n (from 1), which is due at t"}},
			Doc:     "A log of one line per interval, made when it is read. Line n draws the same whoever reads it.",
			Example: `return every("500ms", function(n, t) return rfc3339(t) .. " request " .. n end)`,
		},
		{
			Name: "latency", Group: groupAnswers, Returns: "Fault", fn: tag("latency", isDuration),
			Params:  []Arg{d("d", "how long")},
			Doc:     "The provider call is answered that much later.",
			Example: `return latency("300ms")`,
		},
		{
			Name: "hang", Group: groupAnswers, Returns: "Fault", fn: tag("hang", optional(isDuration)),
			Params:  []Arg{{"d", "string|number?", "how long; left out: until the client gives up"}},
			Doc:     "The provider call is not answered.",
			Example: `return hang()`,
		},
		{
			Name: "drop", Group: groupAnswers, Returns: "Fault", fn: tag("drop"),
			Doc:     "The connection of the provider call is closed without an answer.",
			Example: `return drop()`,
		},
		{
			Name: "garble", Group: groupAnswers, Returns: "Fault", fn: tag("garble"),
			Doc:     "The body of the answer is made unreadable.",
			Example: `return garble()`,
		},
		{
			Name: "cut", Group: groupAnswers, Returns: "Fault", fn: tag("cut", optional(isShare)),
			Params:  []Arg{{"share", "number?", "how much of the body arrives, between 0 and 1; left out: half"}},
			Doc:     "The answer breaks off in the middle.",
			Example: `return cut(0.3)`,
		},
	}
}
