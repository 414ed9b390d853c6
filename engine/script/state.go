package script

import (
	"errors"

	lua "github.com/yuin/gopher-lua"
)

const (
	maxCalls     = 200     // functions deep
	maxRegisters = 1 << 16 // values on the Lua stack
)

// state is one Lua state in which all files of a set were run once. One goroutine uses it at a time.
type state struct {
	set     *Set
	l       *lua.LState
	leash   *leash
	modules map[string]*module // by file name
	proxy   map[*lua.LTable]*lua.LTable
	broken  bool // a Go panic went through the VM: throw the state away

	loading *module  // the file that is being run
	values  [2]Value // room for an Answer
	current          // the call under way
}

// current is what belongs to one call, and is wiped after it.
type current struct {
	call      *Call
	file      *File
	node      lua.LValue
	draws     Draws
	drawn     uint64
	record    []Drawn
	bytes     int  // of new strings that may still be built
	exhausted bool // a limit other than the watchdog's that was hit
	reading   bool // the hook is through, its answer is read
	answer    int  // bytes of the answer that may still be decoded
	world     *snapshot
	branch    *branch // of the story that is told; nil: a hook is asked
	failed    *Error  // the last expectation of a test that did not hold
}

// module is a file in a state.
type module struct {
	file  *File
	env   *lua.LTable
	fns   map[string]*lua.LFunction // its hooks
	value lua.LValue                // what require gives
	phase phase
	// what the chunk declared; the first state's goes into the File
	params    []Param
	scenarios []scenario
	given     *Given
	tests     []test
	block     *block // the describe that is being declared
}

// scenario is a story that a file tells, in one state.
type scenario struct {
	Scenario
	fn *lua.LFunction
}

type phase int

const (
	unloaded phase = iota
	running
	loaded
)

// newState runs all files. The caller has armed nothing yet: place is where the watchdog looks.
func (s *Set) newState(place int) (*state, []*Error) {
	st := &state{set: s, modules: make(map[string]*module, len(s.files))}
	st.leash = newLeash(st)
	st.l = lua.NewState(lua.Options{
		RegistrySize: 256, RegistryMaxSize: maxRegisters, RegistryGrowStep: 256,
		CallStackSize: maxCalls, MinimizeStackMemory: true, SkipOpenLibs: true,
	})
	st.l.SetContext(st.leash)
	st.l.SetMetatable(lua.LString(""), library().stringMeta)
	for _, f := range s.files {
		st.modules[f.Name] = &module{file: f, env: s.newEnv()}
	}
	s.rt.gate.arm(place, st.leash, s.rt.opts.LoadTime)
	defer s.rt.gate.disarm(place)
	var problems []*Error
	for _, f := range s.files {
		if err := st.load(st.modules[f.Name]); err != nil {
			problems = append(problems, err)
		}
	}
	if len(problems) == 0 && s.tests == "" {
		problems = st.seal()
	}
	return st, problems
}

// newEnv is the global environment of one file: its own names, then config, then the library.
func (s *Set) newEnv() *lua.LTable {
	return &lua.LTable{Metatable: s.envMeta}
}

// load runs a file's chunk unless a require did so already.
func (s *state) load(m *module) *Error {
	if m.phase != unloaded {
		return nil
	}
	outer, file := s.loading, s.file
	s.loading, s.file = m, m.file
	s.bytes = callBytes
	defer func() { s.loading, s.file = outer, file }()
	m.phase = running
	fn := s.l.NewFunctionFromProto(m.file.chunk.proto)
	fn.Env = m.env
	s.l.Push(fn)
	if err := s.l.PCall(0, 1, nil); err != nil {
		e := s.failure(err, m.file, "")
		e.Kind = loadKind(e.Kind)
		return e
	}
	m.phase = loaded
	m.value = s.l.Get(-1)
	s.l.Pop(1)
	if m.value == lua.LNil {
		m.value = exports(m.env)
	}
	return nil
}

// loadKind keeps limits apart from all else that stops a load.
func loadKind(k ErrorKind) ErrorKind {
	if k == Limit {
		return Limit
	}
	return Compile
}

// exports is what a file without return gives to require: its globals.
func exports(env *lua.LTable) lua.LValue {
	t := &lua.LTable{Metatable: lua.LNil}
	for k, v := env.Next(lua.LNil); k != lua.LNil; k, v = env.Next(k) {
		t.RawSet(k, v)
	}
	return t
}

// seal makes constant what the files left behind, and finds the hooks.
func (s *state) seal() (problems []*Error) {
	f := newFreezer()
	for _, file := range s.set.files {
		m := s.modules[file.Name]
		m.fns = map[string]*lua.LFunction{}
		m.env.ForEach(func(k, v lua.LValue) {
			f.visit(v)
			if fn, ok := v.(*lua.LFunction); ok {
				m.fns[k.String()] = fn
			}
		})
		f.visit(m.value)
		for _, one := range m.scenarios {
			f.visit(one.fn)
		}
	}
	f.run()
	s.proxy = f.proxy
	if !s.set.ready {
		for _, p := range f.protos {
			for _, u := range outerWrites(p) {
				problems = append(problems, s.set.problem(p.SourceName, u.line, "'"+u.name+"' is assigned in a function, but it is a variable of the file and constant once loaded: keep what must change in pod.memo"))
			}
		}
	}
	return problems
}

// usable tells whether the state may serve another call.
func (s *state) usable() bool {
	_, pulled := s.leash.pulled()
	return !pulled && !s.broken
}

// charge takes n bytes of new strings out of the call's budget. It raises when one string is too long or the budget is
// used up.
func (s *state) charge(l *lua.LState, n int) {
	limit := s.set.rt.opts.StringBytes
	if n > limit {
		s.exhausted = true
		l.RaiseError("the string would have %d bytes, more than %s", n, sizeText(limit))
	}
	if s.bytes -= n; s.bytes < 0 {
		s.exhausted = true
		l.RaiseError("the call built more than %s of strings", sizeText(callBytes))
	}
}

var errAnswer = errors.New("the answer is too long: it may hold " + sizeText(answerBytes) + ", and a log " + sizeText(callBytes))

// takeIn counts a value that is decoded: as a step of the hook, and as a part of its answer.
func (s *state) takeIn(v lua.LValue) error {
	if s == nil {
		return nil // the zero Value
	}
	select {
	case <-s.leash.Done():
		return s.leash.Err()
	default:
	}
	s.answer -= valueBytes
	if text, ok := v.(lua.LString); ok {
		s.answer -= len(text)
	}
	if s.reading && s.answer < 0 {
		return errAnswer
	}
	return nil
}

// errGone is what a Value answers after its call.
var errGone = errors.New("the answer was used after its call ended")
