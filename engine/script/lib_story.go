package script

import (
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// inStory is the branch that calls the library; it raises in hooks, which must not wait or act.
func inStory(l *lua.LState, what string) *branch {
	s := stateOf(l)
	if s.branch != nil {
		return s.branch
	}
	if s.call == nil {
		l.RaiseError("%s works inside a scenario: scenario(\"name\", function() … end)", what)
	}
	l.RaiseError("%s works inside a scenario only: a hook answers at once, and never acts", what)
	return nil
}

// libScenario declares a story.
func libScenario(l *lua.LState) int {
	s := stateOf(l)
	if s.loading == nil {
		l.RaiseError("scenario declares a story while the file loads: call it at the top of the file")
	}
	one := scenario{Scenario{Name: strings.TrimSpace(l.CheckString(1))}, l.CheckFunction(2)}
	if one.Name == "" || len(one.Name) > 100 {
		l.ArgError(1, "a scenario's name has 1 to 100 bytes")
	}
	_, one.Line = where(l)
	for _, other := range s.loading.scenarios {
		if other.Name == one.Name {
			l.RaiseError("scenario %q is declared twice, first in line %d", one.Name, other.Line)
		}
	}
	s.loading.scenarios = append(s.loading.scenarios, one)
	return 0
}

func libWait(l *lua.LState) int {
	b := inStory(l, "wait")
	b.pause(checkDuration(l, 1))
	return 0
}

// pause waits, and says so.
func (b *branch) pause(d time.Duration) { b.pauseUntil(b.n.story.Stage.Now().Add(d)) }

func (b *branch) pauseUntil(t time.Time) {
	_, line := where(b.l)
	b.n.story.Stage.Waits(line, t)
	b.wait(t)
}

// libAt waits for a time of day, or until so long after the story's begin. What is over is not waited for.
func libAt(l *lua.LState) int {
	b := inStory(l, "at")
	now := b.n.story.Stage.Now()
	t := b.n.begun
	if day, ok := timeOfDay(l, 1); ok {
		if t = now.Add(day - sinceMidnight(now.UTC())); t.Before(now) {
			t = t.Add(24 * time.Hour)
		}
	} else {
		t = t.Add(checkDuration(l, 1))
	}
	if t.After(now) {
		b.pauseUntil(t)
	}
	return 0
}

// libLoopEvery calls a function at once and then every so often, until it returns false.
func libLoopEvery(l *lua.LState) int {
	b := inStory(l, "loop_every")
	return b.loop(checkInterval(l, 1), l.CheckFunction(2), time.Time{})
}

// libLoopFor is libLoopEvery with an end.
func libLoopFor(l *lua.LState) int {
	b := inStory(l, "loop_for")
	lasts := checkDuration(l, 1)
	return b.loop(checkInterval(l, 2), l.CheckFunction(3), b.n.story.Stage.Now().Add(lasts))
}

func checkInterval(l *lua.LState, n int) time.Duration {
	d := checkDuration(l, n)
	if d < time.Millisecond {
		l.ArgError(n, "the time from one turn to the next must be at least 1ms")
	}
	return d
}

// loop calls fn(turn), on time even if turns take long: those that were missed are left out. Behind the last turn it
// waits for the end.
func (b *branch) loop(every time.Duration, fn *lua.LFunction, end time.Time) int {
	l, start := b.l, b.n.story.Stage.Now()
	for turn := 1; ; turn++ {
		l.Push(fn)
		l.Push(lua.LNumber(turn))
		l.Call(1, 1)
		last := l.Get(-1) == lua.LFalse
		l.Pop(1)
		if last {
			return 0
		}
		now := b.n.story.Stage.Now()
		next := start.Add(every * (now.Sub(start)/every + 1))
		if !end.IsZero() && !next.Before(end) {
			b.pauseUntil(end)
			return 0
		}
		b.pauseUntil(next)
	}
}

// libParallel runs functions side by side, and returns when all have ended. Where one breaks, all end and it raises.
func libParallel(l *lua.LState) int {
	b := inStory(l, "parallel")
	n := l.GetTop()
	if n == 0 {
		l.RaiseError("parallel takes functions: parallel(function() … end, function() … end)")
	}
	for i := 1; i <= n; i++ {
		l.CheckFunction(i)
	}
	if len(b.n.branches)+n > maxBranches {
		l.RaiseError("a story has at most %d branches side by side", maxBranches)
	}
	for i := 1; i <= n; i++ {
		b.n.spawn(b, l.Get(i).(*lua.LFunction))
	}
	b.join()
	return 0
}

// expectOptions is what expect(what, fn, { … }) takes.
type expectOptions struct {
	Within   period `json:"within"`
	HoldsFor period `json:"holds_for"`
}

// period is a duration as scripts write it.
type period time.Duration

// DecodeLua implements LuaDecoder.
func (p *period) DecodeLua(v Value, at string) error {
	d, err := v.Duration(at)
	*p = period(d)
	return err
}

// libExpect judges an expectation and returns whether it holds. The story goes on either way.
func libExpect(l *lua.LState) int {
	b := inStory(l, "expect")
	what, fn := l.CheckString(1), l.CheckFunction(2)
	var o expectOptions
	if l.Get(3) != lua.LNil {
		if err := (Value{stateOf(l), l.Get(3)}).Decode("expect", &o); err != nil {
			l.RaiseError("%s", asError(err).Text)
		}
	}
	e := Expectation{What: what, Within: time.Duration(o.Within), HoldsFor: time.Duration(o.HoldsFor)}
	_, e.Line = where(l)
	held := b.n.story.Stage.Expect(e, Probe{
		Holds: func() (bool, string) { return b.holds(fn) },
		Wait:  func(d time.Duration) { b.wait(b.n.story.Stage.Now().Add(d)) },
	})
	l.Push(lua.LBool(held))
	return 1
}

// holds asks the function of an expectation.
func (b *branch) holds(fn *lua.LFunction) (bool, string) {
	l := b.l
	l.Push(fn)
	l.Call(0, 2)
	yes, found := l.Get(-2), l.Get(-1)
	l.Pop(2)
	if _, ok := yes.(lua.LBool); !ok && yes != lua.LNil {
		l.RaiseError("what is expected must be true or false, not %s: return a comparison, such as pods{}:ready() >= 2", describe(yes))
	}
	if found == lua.LNil {
		return yes == lua.LTrue, ""
	}
	return yes == lua.LTrue, shorten(toText(l, found), 200)
}

// turnParam is param inside a story.
func (b *branch) turnParam(l *lua.LState) int {
	name := l.CheckString(1)
	if file, param, ok := strings.Cut(name, "."); !ok || file == "" || param == "" {
		l.ArgError(1, fmt.Sprintf("write param(\"script.name\", value), as in param(\"flaky.crash_rate\", 0.9), not %q", name))
	}
	switch l.Get(2).(type) {
	case lua.LNumber, lua.LString, lua.LBool:
	default:
		l.ArgError(2, "the value must be a number, text, true or false, not "+describe(l.Get(2)))
	}
	_, line := where(l)
	value, err := treeOf(l, l.Get(2), 1)
	if err == nil {
		b.outside(func() { err = b.n.story.Stage.SetParam(b.n.ctx, name, value, line) })
	}
	if err != nil {
		l.RaiseError("param: %s", err)
	}
	return 0
}
