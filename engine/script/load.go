package script

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/moonlet-dev/moonlet/engine/nearest"
)

// Load compiles the files of a folder, runs each once under limits, and checks what they define. It reports every
// problem it finds, warnings among them, ordered by file and line; the Set is nil when any is not a warning. Sources
// that are not [Loadable] are ignored.
func (r *Runtime) Load(id uint64, sources []Source, env Env) (*Set, []*Error) {
	ld := &loader{set: newSet(r, id, env), env: env}
	ld.compile(sources)
	for _, f := range ld.set.files {
		ld.checkGlobals(f)
		ld.checkRequires(f)
	}
	if !ld.failed() {
		ld.run()
	}
	if ld.failed() {
		ld.lookFurther(r, id, sources)
	}
	slices.SortStableFunc(ld.problems, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Script, b.Script), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	if ld.failed() {
		return nil, ld.problems
	}
	return ld.set, ld.problems
}

// lookFurther loads the files that nothing was found wrong with by themselves: one mistake must not hide the others.
// Files that require others are left out, for they may lack what they need.
func (ld *loader) lookFurther(r *Runtime, id uint64, sources []Source) {
	var good []Source
	for _, src := range sources {
		if f := ld.set.byName[src.Name]; f != nil && f.chunk != nil && len(f.chunk.requires) == 0 && !ld.blames(src.Name) {
			good = append(good, src)
		}
	}
	if len(good) == len(sources) || len(good) == 0 {
		return
	}
	_, more := r.Load(id, good, ld.env)
	for _, e := range more {
		if !slices.ContainsFunc(ld.problems, func(known *Error) bool {
			return known.Script == e.Script && known.Line == e.Line && known.Text == e.Text
		}) {
			ld.problems = append(ld.problems, e)
		}
	}
}

// blames says that an error names the file.
func (ld *loader) blames(file string) bool {
	return slices.ContainsFunc(ld.problems, func(e *Error) bool { return !e.Warning && e.Script == file })
}

type loader struct {
	set      *Set
	env      Env
	problems []*Error
	nodeHook map[string]string // node hook → the first file that defines it
}

func (ld *loader) failed() bool {
	return slices.ContainsFunc(ld.problems, func(e *Error) bool { return !e.Warning })
}

func (ld *loader) refuse(f *File, line int, format string, args ...any) {
	ld.problems = append(ld.problems, ld.set.problem(f.Name, line, fmt.Sprintf(format, args...)))
}

func (ld *loader) warn(f *File, line int, format string, args ...any) {
	ld.refuse(f, line, format, args...)
	ld.problems[len(ld.problems)-1].Warning = true
}

func (ld *loader) compile(sources []Source) {
	for _, src := range sources {
		switch {
		case !Loadable(src.Name) && src.Name != ld.set.tests:
			continue
		case ld.set.byName[src.Name] != nil:
			ld.refuse(ld.set.byName[src.Name], 0, "the file is given twice")
			continue
		}
		f := &File{Name: src.Name, Text: slices.Clone(src.Text), hooks: map[string]int{}}
		ld.set.add(f)
		c, problem := compile(src, ld.set.rt.opts.FileBytes, ld.set.coverage())
		if problem != nil {
			ld.problems = append(ld.problems, problem)
		}
		f.chunk = c
	}
}

// checkGlobals refuses what the bytecode shows: assignments in functions, and names nobody defines.
func (ld *loader) checkGlobals(f *File) {
	if f.chunk == nil {
		return
	}
	for _, u := range globalsOf(f.chunk.proto).refused {
		if !hidden(u.name) {
			ld.refuse(f, u.line, "the global '%s' is assigned in a function: globals are constant once loaded; write local %s, or keep what must change in pod.memo", u.name, u.name)
		}
	}
	ld.checkNames(f)
}

// checkNames refuses names that nobody defines.
func (ld *loader) checkNames(f *File) {
	if f.chunk == nil {
		return
	}
	g := globalsOf(f.chunk.proto)
	known := ld.set.names()
	own := make(map[string]bool, len(g.assigns))
	for _, u := range g.assigns {
		own[u.name] = true
		if slices.Contains(known, u.name) {
			ld.warn(f, u.line, "'%s' is a name of the library: this file sees its own from here on", u.name)
		}
	}
	names := slices.Concat(known, keysOfSet(own))
	for _, u := range g.refused {
		own[u.name] = true
	}
	told := map[string]bool{}
	for _, u := range g.reads {
		if own[u.name] || told[u.name] || slices.Contains(known, u.name) || hidden(u.name) {
			continue
		}
		told[u.name] = true
		if why, ok := removed[u.name]; ok {
			ld.refuse(f, u.line, "%s is not available: %s", u.name, why)
			continue
		}
		ld.refuse(f, u.line, "'%s' is not defined%s", u.name, didYouMean(u.name, names))
	}
}

// hidden tells the names that no script can spell.
func hidden(name string) bool { return strings.HasPrefix(name, "(") }

func keysOfSet(m map[string]bool) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (ld *loader) checkRequires(f *File) {
	if f.chunk == nil {
		return
	}
	for _, name := range f.chunk.requires {
		if ld.set.module(name) == nil {
			ld.refuse(f, ld.requireLine(f, name), "require %q: the scripts folder has no such file%s", name, didYouMean(name, ld.set.moduleNames()))
		}
	}
}

// requireLine finds where a file requires a name; the syntax tree is gone by now.
func (ld *loader) requireLine(f *File, name string) int {
	for i, line := range strings.Split(string(f.Text), "\n") {
		if strings.Contains(line, "require") && strings.Contains(line, name) {
			return i + 1
		}
	}
	return 0
}

// module finds a file by the name require uses: "lib.x", "lib/x" or "x".
func (s *Set) module(name string) *File {
	return s.byName[strings.ReplaceAll(name, ".", "/")+".lua"]
}

func (s *Set) moduleNames() []string {
	names := make([]string, len(s.files))
	for i, f := range s.files {
		names[i] = moduleName(f.Name)
	}
	return names
}

// run makes the first state and reads off it what the files declare.
func (ld *loader) run() {
	s := ld.set
	place, err := s.rt.gate.enter(context.Background(), "")
	if err != nil {
		return // cannot be: the context never ends
	}
	st, problems := s.newState(place)
	s.rt.gate.leave(place)
	ld.problems = append(ld.problems, problems...)
	if len(problems) > 0 {
		return
	}
	ld.nodeHook = map[string]string{}
	for _, f := range s.files {
		f.Hash = s.hash(f)
		f.Params = st.modules[f.Name].params
		f.Given = st.modules[f.Name].given
		for _, one := range st.modules[f.Name].scenarios {
			f.Scenarios = append(f.Scenarios, one.Scenario)
		}
		ld.hooks(f, st.modules[f.Name])
		ld.match(st, f, st.modules[f.Name])
	}
	s.ready = true
	if !ld.failed() {
		s.giveBack(st)
	}
}

// hash covers the text of a file and of all that it requires, directly or not.
func (s *Set) hash(f *File) string {
	seen := map[string]bool{f.Name: true}
	for queue := []*File{f}; len(queue) > 0; queue = queue[1:] {
		for _, name := range queue[0].chunk.requires {
			if r := s.module(name); r != nil && !seen[r.Name] {
				seen[r.Name] = true
				queue = append(queue, r)
			}
		}
	}
	h := sha256.New()
	for _, name := range keysOfSet(seen) {
		fmt.Fprintf(h, "%s\x00%d\x00", name, len(s.byName[name].Text))
		h.Write(s.byName[name].Text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hooks checks the globals that are, or nearly are, named like a hook.
func (ld *loader) hooks(f *File, m *module) {
	names := make([]string, len(ld.env.Hooks))
	for i, h := range ld.env.Hooks {
		names[i] = h.Name
	}
	for _, u := range globalsOf(f.chunk.proto).assigns {
		v := m.env.RawGetString(u.name)
		fn, isFunction := v.(*lua.LFunction)
		i := slices.Index(names, u.name)
		switch {
		case i >= 0 && !isFunction:
			ld.refuse(f, u.line, "%s is a hook, so it must be a function, not a %s", u.name, typeName(v))
		case i >= 0:
			f.hooks[u.name] = lineDefined(fn, u.line)
			ld.nodeHooks(f, ld.env.Hooks[i])
		case isFunction && u.name != hookMatch:
			ld.nearHook(f, u, names)
		}
	}
}

func (ld *loader) nearHook(f *File, u use, hooks []string) {
	switch near := nearest.To(u.name, hooks); {
	case near != "":
		ld.refuse(f, u.line, "there is no hook '%s', did you mean '%s'? (if it is a helper, make it local)", u.name, near)
	case strings.HasPrefix(u.name, "on_"):
		ld.refuse(f, u.line, "there is no hook '%s': the hooks are %s (if it is a helper, make it local)", u.name, strings.Join(hooks, ", "))
	}
}

func lineDefined(fn *lua.LFunction, line int) int {
	if fn.IsG {
		return line
	}
	return fn.Proto.LineDefined
}

func (ld *loader) nodeHooks(f *File, h HookSig) {
	if !h.Node {
		return
	}
	if first, taken := ld.nodeHook[h.Name]; taken && first != f.Name {
		ld.warn(f, f.hooks[h.Name], "%s is also defined in %s, which answers: the first file in name order does", h.Name, first)
		return
	}
	ld.nodeHook[h.Name] = f.Name
}
