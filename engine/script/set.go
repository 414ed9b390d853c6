package script

import (
	"slices"
	"sort"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Set is one generation of a scripts folder. It never changes and is safe for all goroutines.
type Set struct {
	rt      *Runtime
	id      uint64
	files   []*File
	byName  map[string]*File // by file name and by name without .lua
	envMeta *lua.LTable
	ready   bool   // the first state was made
	tests   string // the file of tests that it is about; "": it is one of scripts

	mu   sync.Mutex
	idle []*state // guarded by mu
}

// File is one script of a Set.
type File struct {
	Name   string // as in Source.Name
	Text   []byte
	Hash   string // of its text and of all that it requires
	Match  *Match // nil: it owns only pods that name it
	Params []Param

	Scenarios []Scenario // in the order of the file
	Given     *Given     // what they begin with on a held clock; nil: the file does not say

	Tests []Test // of a file of tests

	chunk *chunk
	hooks map[string]int // name → line
}

// Match says whose pods a file takes. All given fields must hold; of the names in a list, one.
type Match struct {
	All                              bool     // match = true: every pod
	Func                             bool     // a function: Call it as hook "match" with the pod
	Namespaces, Names, Nodes, Owners []string // Names are globs, as in path.Match
	Labels, Annotations              map[string]string
	Calls                            []string // provider calls that on_request is asked about
	Line                             int
}

// Param is a knob that a file declares.
type Param struct {
	Name    string
	Default any // float64, string or bool
	Doc     string
	Line    int
}

// ID is the generation's number, as given to Load.
func (s *Set) ID() uint64 { return s.id }

// Files lists the files in name order. The caller must not change the list.
func (s *Set) Files() []*File { return s.files }

// File finds a file by "flaky" or "flaky.lua"; nil: there is none.
func (s *Set) File(name string) *File { return s.byName[name] }

// Has tells whether the file defines a hook, or a match function.
func (f *File) Has(hook string) bool {
	_, ok := f.hooks[hook]
	return ok
}

// Line is where the file defines a hook; 0: it does not.
func (f *File) Line(hook string) int { return f.hooks[hook] }

func (f *File) paramNames() []string {
	names := make([]string, len(f.Params))
	for i := range f.Params {
		names[i] = f.Params[i].Name
	}
	return names
}

func newSet(rt *Runtime, id uint64, env Env) *Set {
	s := &Set{rt: rt, id: id, byName: map[string]*File{}}
	globals := &lua.LTable{Metatable: lua.LNil}
	config := env.Config
	if config == nil {
		config = map[string]any{}
	}
	globals.RawSetString("config", (*state)(nil).show(config))
	globals.Metatable = indexOnly(library().globals)
	s.envMeta = indexOnly(globals)
	return s
}

func indexOnly(t *lua.LTable) *lua.LTable {
	mt := &lua.LTable{Metatable: lua.LNil}
	mt.RawSetString("__index", t)
	return mt
}

// coverage is what counts its lines: those of tests themselves nobody wants to know.
func (s *Set) coverage() *Coverage {
	if s.tests != "" {
		return nil
	}
	return s.rt.opts.Coverage
}

// names are the globals that files of the set may use.
func (s *Set) names() []string {
	if s.tests != "" {
		return slices.Concat(library().names, testNames())
	}
	return library().names
}

func (s *Set) add(f *File) {
	s.files = append(s.files, f)
	sort.Slice(s.files, func(i, j int) bool { return s.files[i].Name < s.files[j].Name })
	s.byName[f.Name] = f
	s.byName[strings.TrimSuffix(f.Name, ".lua")] = f
}

// problem makes a load error with its source line.
func (s *Set) problem(file string, line int, text string) *Error {
	return &Error{Script: file, Line: line, Kind: Compile, Text: text, Source: s.sourceLine(file, line)}
}

func (s *Set) sourceLine(file string, line int) string {
	if f := s.byName[file]; f != nil {
		return lineOf(f.Text, line)
	}
	return ""
}

// borrow takes an idle state or makes one.
func (s *Set) borrow(place int) (*state, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		st := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return st, nil
	}
	s.mu.Unlock()
	st, problems := s.newState(place)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return st, nil
}

// giveBack keeps a state for the next call, unless it was killed.
func (s *Set) giveBack(st *state) {
	if !st.usable() {
		return
	}
	s.mu.Lock()
	if len(s.idle) < s.rt.opts.Slots {
		s.idle = append(s.idle, st)
	}
	s.mu.Unlock()
}
