package script

import (
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// leash is the context of one Lua state. The VM looks at Done before every instruction, so Done is a plain field: a
// context.WithTimeout per call would cost ten times the call. Once pulled, every further instruction raises again,
// which is why pcall cannot defeat it; the state is thrown away then.
type leash struct {
	state *state
	dog   *watchdog
	taken uint64        // instructions and checks; only the goroutine that runs Lua touches it
	steps atomic.Uint64 // taken, told now and then: the watchdog sees whether the machine lets Lua run
	done  chan struct{}
	once  sync.Once
	why   string // written before done is closed, as is
	left  error  // why nobody wants the answer any more; nil: the hook itself was at fault
}

// tellEvery is after how many steps the watchdog may see them: a store that others see costs as much as an instruction.
// lookEvery is after how many the hook makes its rounds for it. Library functions take few steps, which may be long.
const tellEvery, lookEvery, lookEveryCheck = 16, 1024, 64

func newLeash(s *state) *leash {
	return &leash{state: s, dog: s.set.rt.dog, done: make(chan struct{})}
}

// leashOf finds our state from inside a library function.
func leashOf(l *lua.LState) *leash { return l.Context().(*leash) }

func stateOf(l *lua.LState) *state { return leashOf(l).state }

// pull ends what runs under the leash, for a reason that is the script's fault. The first pull or cancel counts.
func (l *leash) pull(why string) {
	l.once.Do(func() {
		l.why = why
		close(l.done)
	})
}

// cancel ends what runs under the leash because its client left.
func (l *leash) cancel(cause error) {
	l.once.Do(func() {
		l.why, l.left = cause.Error(), cause
		close(l.done)
	})
}

// cause is what cancel was given; nil where it did not end the call.
func (l *leash) cause() error {
	if _, yes := l.pulled(); yes {
		return l.left
	}
	return nil
}

// pulled reports why the leash was pulled.
func (l *leash) pulled() (why string, yes bool) {
	select {
	case <-l.done:
		return l.why, true
	default:
		return "", false
	}
}

// check raises in a long library function when the leash was pulled.
func (l *leash) check(ls *lua.LState) {
	l.taken++
	l.steps.Store(l.taken)
	if l.taken%lookEveryCheck == 0 {
		l.dog.look()
	}
	if why, yes := l.pulled(); yes {
		ls.RaiseError("%s", why)
	}
}

// Done implements context.Context. The VM asks before every instruction, and a decoder before every value, on the goroutine
// that runs the hook; nobody else may.
func (l *leash) Done() <-chan struct{} {
	if l.taken++; l.taken%tellEvery == 0 {
		l.tell()
	}
	return l.done
}

func (l *leash) tell() {
	l.steps.Store(l.taken)
	if l.taken%lookEvery == 0 {
		l.dog.look()
	}
}

// Err implements context.Context. The VM raises its text.
func (l *leash) Err() error {
	if why, yes := l.pulled(); yes {
		return pulledError(why)
	}
	return nil
}

// Deadline implements context.Context.
func (l *leash) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value implements context.Context.
func (l *leash) Value(any) any { return nil }

type pulledError string

func (e pulledError) Error() string { return string(e) }
