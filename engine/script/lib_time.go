package script

import (
	"time"

	lua "github.com/yuin/gopher-lua"
)

const groupTime = "Time"

func timeEntries() []Entry {
	return []Entry{
		{
			Name: "now", Group: groupTime, fn: libNow, Returns: "number",
			Doc:     "The story's time, in seconds since 1970. Take one now() from another to get seconds.",
			Example: `local age = now() - 10`,
		},
		{
			Name: "since", Group: groupTime, fn: libSince, Returns: "number",
			Params:  []Arg{{"t", "number|string", "seconds since 1970, or RFC 3339 as in pod.metadata.creationTimestamp"}},
			Doc:     "Seconds from t until now; 0 when t is nil, negative when it lies ahead.",
			Example: `if since(pod.metadata.creationTimestamp) > 60 then return { exit = 1 } end`,
		},
		{
			Name: "rfc3339", Group: groupTime, fn: libRFC3339, Returns: "string",
			Params:  []Arg{{"t", "number|string?", "seconds since 1970, or RFC 3339; left out: now"}},
			Doc:     "A time as text: 2026-01-31T08:00:00.000Z.",
			Example: `local stamp = rfc3339(now())`,
		},
		{
			Name: "during", Group: groupTime, fn: libDuring, Returns: "boolean",
			Params:  []Arg{{"from", "string|number", "a time of day (\"09:00\") or an instant"}, {"to", "string|number", "the end, exclusive"}},
			Doc:     "Is it now between two times of day (UTC; it may cross midnight), or between two instants?",
			Example: `if during("22:00", "06:00") then return { ready = "30s" } end`,
		},
		{
			Name: "seconds", Group: groupTime, fn: libSeconds, Returns: "number",
			Params:  []Arg{{"d", "string|number", "a duration"}},
			Doc:     "A duration as a number of seconds.",
			Example: `assert(seconds("1m30s") == 90)`,
		},
		{
			Name: "duration", Group: groupTime, fn: libDuration, Returns: "string",
			Params:  []Arg{{"seconds", "number|string", "how many"}},
			Doc:     "A number of seconds as a duration.",
			Example: `assert(duration(90) == "1m30s")`,
		},
	}
}

// storyNow is the call's time.
func (s *state) storyNow(l *lua.LState, what string) time.Time {
	if s.call == nil {
		l.RaiseError("%s can only be used inside hooks: the file itself runs outside the story's time", what)
	}
	return s.call.Now
}

func libNow(l *lua.LState) int { return pushNumber(l, epoch(stateOf(l).storyNow(l, "now()"))) }

func libSince(l *lua.LState) int {
	at := stateOf(l).storyNow(l, "since()")
	if l.Get(1) == lua.LNil {
		return pushNumber(l, 0)
	}
	return pushNumber(l, at.Sub(checkTime(l, 1)).Seconds())
}

func checkTime(l *lua.LState, n int) time.Time {
	t, err := timeOf(l.Get(n))
	if err != nil {
		l.ArgError(n, err.Error())
	}
	return t
}

func libRFC3339(l *lua.LState) int {
	var t time.Time
	if l.Get(1) == lua.LNil {
		t = stateOf(l).storyNow(l, "rfc3339() without a time")
	} else {
		t = checkTime(l, 1)
	}
	l.Push(lua.LString(t.UTC().Format("2006-01-02T15:04:05.000Z07:00")))
	return 1
}

func libDuring(l *lua.LState) int {
	at := stateOf(l).storyNow(l, "during()")
	from, fromDay := timeOfDay(l, 1)
	to, toDay := timeOfDay(l, 2)
	if fromDay != toDay {
		l.ArgError(2, "both must be times of day (\"09:00\"), or both instants")
	}
	var inside bool
	switch {
	case !fromDay:
		inside = !at.Before(checkTime(l, 1)) && at.Before(checkTime(l, 2))
	case from <= to:
		now := sinceMidnight(at.UTC())
		inside = now >= from && now < to
	default:
		now := sinceMidnight(at.UTC())
		inside = now >= from || now < to
	}
	l.Push(lua.LBool(inside))
	return 1
}

// timeOfDay reads "09:00" or "09:00:30"; other times are instants.
func timeOfDay(l *lua.LState, n int) (time.Duration, bool) {
	s, ok := l.Get(n).(lua.LString)
	if !ok {
		return 0, false
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, string(s)); err == nil {
			return sinceMidnight(t), true
		}
	}
	return 0, false
}

func sinceMidnight(t time.Time) time.Duration {
	h, m, s := t.Clock()
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(t.Nanosecond())
}

func libSeconds(l *lua.LState) int { return pushNumber(l, checkDuration(l, 1).Seconds()) }

func libDuration(l *lua.LState) int {
	l.Push(lua.LString(checkDuration(l, 1).String()))
	return 1
}

func checkDuration(l *lua.LState, n int) time.Duration {
	d, err := durationOf(l.Get(n))
	if err != nil {
		l.ArgError(n, err.Error())
	}
	return d
}
