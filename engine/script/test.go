package script

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	v1 "k8s.io/api/core/v1"
)

// TestFile tells whether a file of that name holds tests of scripts.
func TestFile(name string) bool { return strings.HasSuffix(name, "_test.lua") }

// Test is one test of a file: it("…", function() … end), inside the describes around it.
type Test struct {
	Path  []string // what the describes and the test are called
	Line  int
	Given TestGiven
}

// TestGiven is the world that a test begins with: it("…", { nodes = … }, function() … end).
type TestGiven struct {
	Nodes     []GivenNodes   `json:"nodes"`     // none: one node
	Pods      []GivenPods    `json:"pods"`      // ready when the test begins, if they can be
	Config    map[string]any `json:"config"`    // what scripts see as config
	Params    map[string]any `json:"params"`    // "script.name" → value, as config gives them
	Admission bool           `json:"admission"` // nodes refuse pods as a kubelet would
}

// Name is the test's path as one text.
func (t *Test) Name() string { return strings.Join(t.Path, " › ") }

// Trial is one playing of one test.
type Trial struct {
	File  *File
	Test  int // index in File.Tests
	Stage TestStage
	Draws Draws
	Limit time.Duration // as [Call] has it, of Lua between two waits; 0: Options.LoadTime
}

// TestStage is what a test is played on: a stage, and what only tests may do there.
type TestStage interface {
	Stage
	// Manifest reads a pod from a file that lies beside the tests.
	Manifest(file string) (*v1.Pod, error)
	// Create takes a pod in, Update its changed object, Delete lets it go. grace: nil for the pod's own.
	Create(ctx context.Context, p *v1.Pod) error
	Update(ctx context.Context, p *v1.Pod) error
	Delete(ctx context.Context, p PodName, grace *time.Duration) error
	// Pod is a pod as it is now; nil: there is none.
	Pod(p PodName) *Pod
	// Ask answers what a test wants to know, as a JSON tree.
	Ask(ctx context.Context, q TestQuestion) (any, error)
}

// PodName names a pod.
type PodName struct{ Namespace, Name string }

// String is namespace/name.
func (n PodName) String() string { return n.Namespace + "/" + n.Name }

// TestQuestion is what a test asks of a pod or node: one of the methods in [TestLibrary], with its options.
type TestQuestion struct {
	What    string // row, logs, exec, usage, http, journal; of nodes: node_status, heartbeat, request
	Pod     PodName
	Words   []string       // the list part of the options, or the arguments
	Options map[string]any // the named part
}

// LoadTests compiles a file of tests, with those files of the library that it requires, and finds its tests. Nothing
// is made constant: each trial has a state of its own. The Set is nil where a problem is not a warning.
func (r *Runtime) LoadTests(source Source, library []Source, env Env) (*Set, []*Error) {
	s := newSet(r, 1, env)
	s.tests = source.Name
	s.envMeta = indexOnly(testGlobals(s.envMeta))
	ld := &loader{set: s, env: env}
	ld.compile(needed(source, library, r.opts.FileBytes))
	for _, f := range s.files {
		ld.checkNames(f)
		ld.checkRequires(f)
	}
	if !ld.failed() {
		ld.findTests()
	}
	if ld.failed() {
		return nil, ld.problems
	}
	return s, ld.problems
}

// needed is a source and all of the library that it requires, directly or not.
func needed(source Source, library []Source, maxBytes int) []Source {
	out := []Source{source}
	for i := 0; i < len(out); i++ {
		c, _ := compile(out[i], maxBytes, nil)
		if c == nil {
			continue
		}
		for _, name := range c.requires {
			file := strings.ReplaceAll(name, ".", "/") + ".lua"
			known := func(s Source) bool { return s.Name == file }
			if at := slices.IndexFunc(library, known); at >= 0 && !slices.ContainsFunc(out, known) {
				out = append(out, library[at])
			}
		}
	}
	return out
}

// findTests runs the file once.
func (ld *loader) findTests() {
	s := ld.set
	place, err := s.rt.gate.enter(context.Background(), "")
	if err != nil {
		return // cannot be: the context never ends
	}
	defer s.rt.gate.leave(place)
	st, problems := s.newState(place)
	ld.problems = append(ld.problems, problems...)
	if len(problems) > 0 {
		return
	}
	f := s.byName[s.tests]
	for _, one := range st.modules[s.tests].tests {
		f.Tests = append(f.Tests, one.Test)
	}
	if len(f.Tests) == 0 {
		ld.warn(f, 0, "the file has no tests: write it(\"does something\", function() … end)")
	}
}

// Try plays one test. The error is an *Error, of kind [Failed] where an expectation did not hold, or the cause of ctx.
func (s *Set) Try(ctx context.Context, t *Trial) error {
	place, err := s.rt.gate.enter(ctx, t.File.Name)
	if err != nil {
		return err
	}
	st, problems := s.newState(place)
	s.rt.gate.leave(place)
	if len(problems) > 0 {
		return problems[0]
	}
	defer st.l.Close()
	one := st.modules[t.File.Name].tests[t.Test]
	story := &Story{File: t.File, Name: one.Name(), Stage: t.Stage, Draws: t.Draws, Limit: cmp.Or(t.Limit, s.rt.opts.LoadTime)}
	n := newNarrator(ctx, s, story, st)
	n.hook = ""
	defer context.AfterFunc(ctx, func() { n.cut(context.Cause(ctx)) })()
	main := n.spawn(nil, one.function())
	n.run()
	n.rest()
	return main.err
}

// test is a test in one state.
type test struct {
	Test
	fn    *lua.LFunction
	block *block
}

// block is a describe.
type block struct {
	outer  *block
	name   string
	before []*lua.LFunction
}

// path is what the blocks around are called, the outermost first.
func (b *block) path() []string {
	if b == nil {
		return nil
	}
	if b.name == "" {
		return b.outer.path()
	}
	return append(b.outer.path(), b.name)
}

func (b *block) befores() []*lua.LFunction {
	if b == nil {
		return nil
	}
	return append(b.outer.befores(), b.before...)
}

// function is the test with all that comes before it.
func (t *test) function() *lua.LFunction {
	steps := append(t.block.befores(), t.fn)
	return goFunction(func(l *lua.LState) int {
		for _, step := range steps {
			l.Push(step)
			l.Call(0, 0)
		}
		return 0
	})
}

// inTest is the stage of the test that calls the library; it raises elsewhere.
func inTest(l *lua.LState, what string) (*branch, TestStage) {
	b := stateOf(l).branch
	if b == nil {
		l.RaiseError("%s works inside a test: it(\"does something\", function() … end)", what)
	}
	stage, ok := b.n.story.Stage.(TestStage)
	if !ok {
		l.RaiseError("%s works in tests only", what) // cannot be: the name is not there elsewhere
	}
	return b, stage
}

// deed does something on the stage and raises what goes wrong.
func (b *branch) deed(what string, do func(ctx context.Context) error) {
	var err error
	b.outside(func() { err = do(b.n.ctx) })
	if err != nil {
		b.l.RaiseError("%s: %s", what, err)
	}
}

func libDescribe(l *lua.LState) int {
	m := declaring(l, "describe")
	name, fn := l.CheckString(1), l.CheckFunction(2)
	outer := m.block
	m.block = &block{outer: outer, name: name}
	l.Push(fn)
	l.Call(0, 0)
	m.block = outer
	return 0
}

// declaring is the file that is being loaded.
func declaring(l *lua.LState, what string) *module {
	m := stateOf(l).loading
	if m == nil {
		l.RaiseError("%s is said while the file loads, not inside a test", what)
	}
	if m.block == nil {
		m.block = &block{}
	}
	return m
}

// libIt declares a test: it(name, [given,] function).
func libIt(l *lua.LState) int {
	m := declaring(l, "it")
	t := test{block: m.block}
	t.Path = append(m.block.path(), l.CheckString(1))
	_, t.Line = where(l)
	last := 2
	if l.GetTop() > 2 {
		last = 3
		if err := (Value{stateOf(l), l.Get(2)}).Decode("it", &t.Given); err != nil {
			l.RaiseError("%s", asError(err).Text)
		}
	}
	t.fn = l.CheckFunction(last)
	for _, other := range m.tests {
		if slices.Equal(other.Path, t.Path) {
			l.RaiseError("there are two tests %q, the first in line %d", t.Name(), other.Line)
		}
	}
	m.tests = append(m.tests, t)
	return 0
}

func libBeforeEach(l *lua.LState) int {
	b := declaring(l, "before_each").block
	b.before = append(b.before, l.CheckFunction(1))
	return 0
}

// libAdvance lets the story's time pass.
func libAdvance(l *lua.LState) int {
	b, _ := inTest(l, "advance")
	b.pause(checkDuration(l, 1))
	return 0
}

// ask puts a question to the stage and pushes its answer.
func (b *branch) ask(stage TestStage, q TestQuestion) int {
	var answer any
	b.deed(q.What, func(ctx context.Context) (err error) {
		answer, err = stage.Ask(ctx, q)
		return err
	})
	b.l.Push(tableOf(b.l, answer))
	return 1
}

// question reads the arguments of a method from n on: words, or one table of options with words in it.
func question(l *lua.LState, what string, n int) TestQuestion {
	q := TestQuestion{What: what, Options: map[string]any{}}
	for i := n; i <= l.GetTop(); i++ {
		switch v := l.Get(i).(type) {
		case *lua.LTable:
			q.options(l, v)
		case lua.LString, lua.LNumber:
			q.Words = append(q.Words, toText(l, v))
		case *lua.LNilType:
		default:
			l.ArgError(i, "must be text or a table of options, not "+describe(v))
		}
	}
	return q
}

func (q *TestQuestion) options(l *lua.LState, t *lua.LTable) {
	t = contents(t)
	for i := 1; i <= t.Len(); i++ {
		q.Words = append(q.Words, toText(l, t.RawGetInt(i)))
	}
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		name, ok := k.(lua.LString)
		if !ok {
			continue
		}
		tree, err := treeOf(l, v, treeDepth)
		if err != nil {
			l.RaiseError("%s: %s: %s", q.What, name, err)
		}
		q.Options[string(name)] = tree
	}
}

// libQuestion makes a function of the library that asks about nodes.
func libQuestion(what string) lua.LGFunction {
	return func(l *lua.LState) int {
		b, stage := inTest(l, what)
		return b.ask(stage, question(l, what, 1))
	}
}

// failText is what a failed expectation raises.
func failText(got, want string) string { return fmt.Sprintf("got %s, want %s", got, want) }
