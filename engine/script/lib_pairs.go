package script

import lua "github.com/yuin/gopher-lua"

var (
	nextFn   = goFunction(libNext)
	ipairsFn = goFunction(ipairsNext)
)

// checkTable wants a table or an object as the first argument; of a frozen table it gives the contents.
func checkTable(l *lua.LState) lua.LValue {
	v := l.Get(1)
	if t, ok := v.(*lua.LTable); ok {
		return contents(t)
	}
	if objectOf(v) == nil {
		l.ArgError(1, "must be a table, not "+describe(v))
	}
	return v
}

func libNext(l *lua.LState) int {
	if t, ok := checkTable(l).(*lua.LTable); ok {
		k, v := t.Next(l.Get(2))
		if k == lua.LNil {
			l.Push(lua.LNil)
			return 1
		}
		l.Push(k)
		l.Push(v)
		return 2
	}
	keys := objectOf(l.Get(1)).keys(l)
	at := 0
	if last := l.Get(2); last != lua.LNil {
		for at < len(keys) && keys[at] != last {
			at++
		}
		at++
	}
	return pushPair(l, l.Get(1), keys, at)
}

func pushPair(l *lua.LState, of lua.LValue, keys []lua.LValue, at int) int {
	if at >= len(keys) {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(keys[at])
	l.Push(fieldOf(l, of, keys[at]))
	return 2
}

func libPairs(l *lua.LState) int {
	if _, ok := checkTable(l).(*lua.LTable); ok {
		l.Push(nextFn)
		l.Push(l.Get(1)) // not its contents: scripts can get hold of this
		l.Push(lua.LNil)
		return 3
	}
	of := l.Get(1)
	keys, at := objectOf(of).keys(l), -1
	l.Push(l.NewFunction(func(l *lua.LState) int {
		at++
		return pushPair(l, of, keys, at)
	}))
	return 1
}

func libIpairs(l *lua.LState) int {
	checkTable(l)
	l.Push(ipairsFn)
	l.Push(l.Get(1))
	l.Push(lua.LNumber(0))
	return 3
}

func ipairsNext(l *lua.LState) int {
	i, _ := l.Get(2).(lua.LNumber)
	v := lua.LNil
	switch of := checkTable(l).(type) {
	case *lua.LTable:
		v = of.RawGetInt(int(i) + 1)
	case *lua.LUserData:
		if n, is := objectOf(of).list(l); is && int(i) < n {
			v = objectOf(of).get(l, i+1)
		}
	}
	if v == lua.LNil {
		l.Push(lua.LNil)
		return 1
	}
	l.Push(i + 1)
	l.Push(v)
	return 2
}
