package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

const groupChance = "Chance"

var (
	argDrawName = Arg{"name", "string?", "a name makes the draw independent of the draws before it"}
	amountDoc   = "Amounts are numbers, or durations (`\"1m30s\"`), which count as seconds."
)

func chanceEntries() []Entry {
	return []Entry{
		{
			Name: "chance", Group: groupChance, fn: libChance, Returns: "boolean",
			Params:  []Arg{{"p", "number", "from 0 (never) to 1 (always)"}, argDrawName},
			Doc:     "True with probability p. The same question always draws the same.",
			Example: `if chance(0.2, "crash") then return { exit = 1 } end`,
		},
		{
			Name: "uniform", Group: groupChance, fn: libUniform, Returns: "number",
			Params:  []Arg{{"from", "number|string", "the least"}, {"to", "number|string", "the most"}, argDrawName},
			Doc:     "A number between two, all equally likely. " + amountDoc,
			Example: `return { ready = uniform("200ms", "2s") }`,
		},
		{
			Name: "exponential", Group: groupChance, fn: libExponential, Returns: "number",
			Params:  []Arg{{"mean", "number|string", "the average"}, argDrawName},
			Doc:     "How long until something happens that may happen at any moment. " + amountDoc,
			Example: `return { exit = 137, after = exponential("30s") }`,
		},
		{
			Name: "lognormal", Group: groupChance, fn: libLognormal, Returns: "number",
			Params:  []Arg{{"median", "number|string", "half are below it"}, {"sigma", "number", "spread; 0.5 is moderate, 1 has a long tail"}, argDrawName},
			Doc:     "Durations and sizes as they occur: never negative, with a long tail. " + amountDoc,
			Example: `local took = lognormal(20, 0.6)`,
		},
		{
			Name: "normal", Group: groupChance, fn: libNormal, Returns: "number",
			Params:  []Arg{{"mean", "number|string", "the average"}, {"deviation", "number|string", "two thirds lie within it"}, argDrawName},
			Doc:     "The bell curve. It can be negative: wrap it in math.max(0, …) for durations. " + amountDoc,
			Example: `local load = math.max(0, normal(0.5, 0.1))`,
		},
		{
			Name: "pick", Group: groupChance, fn: libPick, Returns: "any",
			Params:  []Arg{{"list", "any[]", "what to choose from"}, argDrawName},
			Doc:     "One element of a list, all equally likely; nil of an empty one.",
			Example: `local path = pick{ "/", "/login", "/cart" }`,
		},
	}
}

// draw starts the call's next draw, or the named one.
func (s *state) draw(l *lua.LState, kind string, nameAt int) (src source, record func(float64)) {
	if s.call == nil {
		l.RaiseError("%s can only be used inside hooks: the file itself runs once for many pods", kind)
	}
	name := ""
	switch v := l.Get(nameAt).(type) {
	case *lua.LNilType:
		src = s.draws.at(s.drawn)
		s.drawn++
	case lua.LString:
		name = string(v)
		src = s.draws.named(name)
	default:
		l.ArgError(nameAt, "the name of a draw must be text, not "+describe(v))
	}
	return src, func(x float64) {
		if len(s.record) < maxRecord {
			s.record = append(s.record, Drawn{Name: name, Kind: kind, Value: x})
		}
	}
}

// amount reads a number or a duration in seconds.
func amount(l *lua.LState, n int) float64 {
	switch v := l.Get(n).(type) {
	case lua.LNumber:
		if f := float64(v); !math.IsNaN(f) {
			return f
		}
	case lua.LString:
		d, err := durationOf(v)
		if err != nil {
			l.ArgError(n, err.Error())
		}
		return d.Seconds()
	}
	l.ArgError(n, "must be a number or a duration such as \"1m30s\", not "+describe(l.Get(n)))
	return 0
}

func pushNumber(l *lua.LState, x float64) int {
	l.Push(lua.LNumber(x))
	return 1
}

func libChance(l *lua.LState) int {
	p, ok := l.Get(1).(lua.LNumber)
	if !ok || !(p >= 0 && p <= 1) {
		l.ArgError(1, "must be a number from 0 to 1, not "+describe(l.Get(1)))
	}
	src, record := stateOf(l).draw(l, "chance", 2)
	x := src.float()
	record(x)
	l.Push(lua.LBool(x < float64(p)))
	return 1
}

func libUniform(l *lua.LState) int {
	from, to := amount(l, 1), amount(l, 2)
	src, record := stateOf(l).draw(l, "uniform", 3)
	x := from + (to-from)*src.float()
	record(x)
	return pushNumber(l, x)
}

func libExponential(l *lua.LState) int {
	mean := amount(l, 1)
	if mean < 0 {
		l.ArgError(1, "the mean must not be negative")
	}
	src, record := stateOf(l).draw(l, "exponential", 2)
	x := src.exponential(mean)
	record(x)
	return pushNumber(l, x)
}

func libLognormal(l *lua.LState) int {
	median, sigma := amount(l, 1), amount(l, 2)
	if median < 0 {
		l.ArgError(1, "the median must not be negative")
	}
	src, record := stateOf(l).draw(l, "lognormal", 3)
	x := median * math.Exp(sigma*src.normal())
	record(x)
	return pushNumber(l, x)
}

func libNormal(l *lua.LState) int {
	mean, deviation := amount(l, 1), amount(l, 2)
	src, record := stateOf(l).draw(l, "normal", 3)
	x := mean + deviation*src.normal()
	record(x)
	return pushNumber(l, x)
}

func libPick(l *lua.LState) int {
	list := l.Get(1)
	n := checkList(l, 1)
	src, record := stateOf(l).draw(l, "pick", 2)
	if n == 0 {
		l.Push(lua.LNil)
		return 1
	}
	i := int(src.float()*float64(n)) + 1
	record(float64(i))
	l.Push(fieldOf(l, list, lua.LNumber(i)))
	return 1
}

// checkList wants a list as argument n and tells its length.
func checkList(l *lua.LState, n int) int {
	switch v := l.Get(n).(type) {
	case *lua.LTable:
		return contents(v).Len()
	case *lua.LUserData:
		if o := objectOf(v); o != nil {
			if length, is := o.list(l); is {
				return length
			}
		}
	}
	l.ArgError(n, "must be a list, not "+describe(l.Get(n)))
	return 0
}
