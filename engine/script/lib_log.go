package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const groupLogs = "Logs"

func logEntries() []Entry {
	level := func(name string) Entry {
		return Entry{
			Name: "log." + name, Group: groupLogs, fn: logAt(name), Params: []Arg{{"...", "any", "printed with spaces between"}},
			Doc: "Writes a line to the engine's log.", Example: `log.` + name + `("starts", pod.metadata.name)`,
		}
	}
	return append([]Entry{level("debug"), level("info"), level("warn"), level("error")}, logStyleEntries()...)
}

func libPrint(l *lua.LState) int { return logAt("info")(l) }

const logBytes = 4096

func logAt(level string) lua.LGFunction {
	return func(l *lua.LState) int {
		s := stateOf(l)
		if s.set.rt.opts.Log == nil && s.branch == nil {
			return 0
		}
		var b strings.Builder
		for i := 1; i <= l.GetTop() && b.Len() <= logBytes; i++ {
			if i > 1 {
				b.WriteByte(' ')
			}
			b.WriteString(shorten(toText(l, l.Get(i)), logBytes))
		}
		s.charge(l, b.Len())
		line := LogLine{Level: level, Text: shorten(b.String(), logBytes)}
		line.Script, line.Line = where(l)
		if s.call != nil {
			line.Hook = s.call.Hook
		}
		if s.branch != nil {
			s.branch.n.story.Stage.Say(line.Line, line.Text)
		}
		if s.set.rt.opts.Log != nil {
			s.set.rt.opts.Log(line)
		}
		return 0
	}
}
