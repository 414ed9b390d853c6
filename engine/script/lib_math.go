package script

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func mathEntries() []Entry {
	x, y := Arg{"x", "number", ""}, Arg{"y", "number", ""}
	one := func(name string, f func(float64) float64, doc, example string) Entry {
		return Entry{
			Name: "math." + name, Group: groupLua, Params: []Arg{x}, Returns: "number", Doc: doc, Example: example,
			fn: func(l *lua.LState) int { return pushNumber(l, f(float64(l.CheckNumber(1)))) },
		}
	}
	two := func(name string, f func(a, b float64) float64, doc, example string) Entry {
		return Entry{
			Name: "math." + name, Group: groupLua, Params: []Arg{x, y}, Returns: "number", Doc: doc, Example: example,
			fn: func(l *lua.LState) int { return pushNumber(l, f(float64(l.CheckNumber(1)), float64(l.CheckNumber(2)))) },
		}
	}
	return []Entry{
		one("abs", math.Abs, "Without its sign.", `assert(math.abs(-1) == 1)`),
		one("ceil", math.Ceil, "Rounded up.", `assert(math.ceil(1.2) == 2)`),
		one("floor", math.Floor, "Rounded down.", `assert(math.floor(1.8) == 1)`),
		one("sqrt", math.Sqrt, "Square root.", `assert(math.sqrt(9) == 3)`),
		one("exp", math.Exp, "e to the power of x.", `assert(math.exp(0) == 1)`),
		one("log", math.Log, "Natural logarithm.", `assert(math.log(1) == 0)`),
		one("log10", math.Log10, "Decimal logarithm.", `assert(math.log10(100) == 2)`),
		one("sin", math.Sin, "Sine; for load that swings: math.sin(now() / 600).", `assert(math.sin(0) == 0)`),
		one("cos", math.Cos, "Cosine.", `assert(math.cos(0) == 1)`),
		one("tan", math.Tan, "Tangent.", `assert(math.tan(0) == 0)`),
		one("asin", math.Asin, "Arc sine.", `assert(math.asin(0) == 0)`),
		one("acos", math.Acos, "Arc cosine.", `assert(math.acos(1) == 0)`),
		one("atan", math.Atan, "Arc tangent.", `assert(math.atan(0) == 0)`),
		two("atan2", math.Atan2, "Arc tangent of x/y in the right quadrant.", `assert(math.atan2(0, 1) == 0)`),
		two("fmod", math.Mod, "Remainder with the sign of x.", `assert(math.fmod(7, 3) == 1)`),
		two("pow", math.Pow, "x to the power of y.", `assert(math.pow(2, 3) == 8)`),
		{Name: "math.max", Group: groupLua, Params: []Arg{x, {"...", "number", ""}}, Returns: "number", Doc: "The largest.", Example: `assert(math.max(1, 2) == 2)`, fn: fold2(math.Max)},
		{Name: "math.min", Group: groupLua, Params: []Arg{x, {"...", "number", ""}}, Returns: "number", Doc: "The smallest.", Example: `assert(math.min(1, 2) == 1)`, fn: fold2(math.Min)},
		{Name: "math.modf", Group: groupLua, Params: []Arg{x}, Returns: "number, number", Doc: "Whole part and fraction.", Example: `assert(math.modf(1.5) == 1)`, fn: func(l *lua.LState) int {
			whole, part := math.Modf(float64(l.CheckNumber(1)))
			return pushNumber(l, whole) + pushNumber(l, part)
		}},
		{Name: "math.pi", Group: groupLua, Returns: "number", Doc: "3.14159…", Example: `assert(math.pi > 3)`, value: lua.LNumber(math.Pi)},
		{Name: "math.huge", Group: groupLua, Returns: "number", Doc: "Larger than any number.", Example: `assert(math.huge > 1e300)`, value: lua.LNumber(math.Inf(1))},
	}
}

// fold2 makes a function of many from one of two.
func fold2(f func(a, b float64) float64) lua.LGFunction {
	return func(l *lua.LState) int {
		out := float64(l.CheckNumber(1))
		for i := 2; i <= l.GetTop(); i++ {
			out = f(out, float64(l.CheckNumber(i)))
		}
		return pushNumber(l, out)
	}
}
