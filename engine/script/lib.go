package script

import (
	"slices"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Entry documents one function or value of the library. The library itself is built from the entries, and so are
// editor files and the reference: they cannot drift apart.
type Entry struct {
	Name    string // as scripts write it: "chance", "json.encode"
	Group   string // for the reference
	Params  []Arg
	Returns string // Lua type annotation; "" for nothing
	Doc     string
	Example string // statements that run inside a hook, or inside a scenario
	// Scenario says that it is for scenarios; hooks cannot use it.
	Scenario bool

	fn    lua.LGFunction
	value lua.LValue // for entries that are no functions
}

// Arg is a parameter as editors show it. A Type that ends in "?" may be left out; the Name "..." takes any number.
type Arg struct{ Name, Type, Doc string }

// Library lists all that scripts may use beyond the language itself, and what they may use of the language's own
// library, by group and name.
func Library() []Entry { return slices.Concat(entryGroups()...) }

func entryGroups() [][]Entry {
	return [][]Entry{
		chanceEntries(), timeEntries(), answerEntries(), objectEntries(), scenarioEntries(), logEntries(), dataEntries(), textEntries(),
		baseEntries(), stringEntries(), tableEntries(), mathEntries(),
	}
}

// lib is the library as Lua values. All states of the process share it; it is never written after it was built.
type lib struct {
	globals    *lua.LTable
	stringMeta *lua.LTable
	names      []string // of the globals scripts may use, sorted
}

var library = sync.OnceValue(func() *lib {
	b := &lib{globals: &lua.LTable{Metatable: lua.LNil}}
	tables := map[string]*lua.LTable{}
	for _, e := range Library() {
		b.define(tables, e.Name, e.luaValue())
	}
	for name, why := range removedMembers {
		b.define(tables, name, refusal(name, why))
	}
	b.stringMeta = indexOnly(tables["string"])
	for name, t := range tables {
		front := &lua.LTable{}
		*front = *t
		freeze(front, refuseLibrary)
		b.globals.RawSetString(name, front)
	}
	b.globals.ForEach(func(k, _ lua.LValue) { b.names = append(b.names, k.String()) })
	b.names = append(b.names, "config")
	slices.Sort(b.names)
	b.globals.RawSetString(concatName, goFunction(concat))
	b.globals.RawSetString(coverName, goFunction(cover))
	return b
})

func (e *Entry) luaValue() lua.LValue {
	if e.fn != nil {
		return goFunction(e.fn)
	}
	return e.value
}

// define puts a value under "name" or "table.name".
func (b *lib) define(tables map[string]*lua.LTable, name string, v lua.LValue) {
	table, member, nested := strings.Cut(name, ".")
	switch {
	case v == nil: // documented here, given by the set: config
	case !nested:
		b.globals.RawSetString(name, v)
	default:
		if tables[table] == nil {
			tables[table] = &lua.LTable{Metatable: lua.LNil}
		}
		tables[table].RawSetString(member, v)
	}
}

// removed are globals of Lua that scripts do not have. A file that names one does not load.
var removed = map[string]string{
	"os":             "scripts cannot touch the machine; for times use now(), since(t), rfc3339(t)",
	"io":             "scripts cannot touch the machine; to write a line use log.info or print",
	"debug":          "it would open the sandbox",
	"package":        "files of the scripts folder are reached by require \"name\"",
	"module":         "a file of the scripts folder is a module as it is",
	"coroutine":      "hooks answer at once; a scenario may wait, and do several things in parallel",
	"channel":        "hooks answer at once",
	"dofile":         "use require \"name\"",
	"loadfile":       "use require \"name\"",
	"load":           "scripts are loaded from the scripts folder only",
	"loadstring":     "scripts are loaded from the scripts folder only",
	"collectgarbage": "memory is the engine's business",
	"newproxy":       "it would open the sandbox",
	"getfenv":        "each file has one environment",
	"setfenv":        "each file has one environment",
	"rawget":         "it would see through what is read-only; index the table",
	"rawset":         "it would write through what is constant; assign to the table",
	"rawequal":       "use ==",
	"rawlen":         "use #",
	"_G":             "each file has globals of its own; name them",
	"_VERSION":       "it is Lua 5.1",
	"gcinfo":         "memory is the engine's business",
	"_printregs":     "it would open the sandbox",
}

// removedMembers are functions of the standard tables that raise instead.
var removedMembers = map[string]string{
	"math.random":     "draws must be repeatable; use uniform(1, 6), chance(0.2) or pick{...}",
	"math.randomseed": "draws are seeded by the engine; the seed is in its config",
	"string.dump":     "there is no loading of bytecode",
	"table.getn":      "use #t",
	"table.maxn":      "use #t",
	"table.setn":      "lists have the length of what is in them",
	"string.gfind":    "use string.gmatch",
}

func refusal(name, why string) lua.LValue {
	return goFunction(func(l *lua.LState) int {
		l.RaiseError("%s is not available: %s", name, why)
		return 0
	})
}

// Function tells functions from values such as params.
func (e *Entry) Function() bool { return e.fn != nil }
