package script

import (
	"context"
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Call is one question to one hook of one file.
type Call struct {
	File *File
	Hook string // must be one the file has; "match" is its match function
	// Args may be nil, bool, int, float64, string, time.Time (seconds since 1970 to the script), time.Duration
	// (seconds), *Pod, *Node, map[string]any, []any, or pointers to structs, which are viewed by their JSON names.
	Args     []any
	Now      time.Time // of the story
	Draws    Draws
	Params   map[string]any // by name; a missing one has its default
	World    World          // what pods{} and nodes{} read; nil: they are refused
	Node     func() *Node   // makes the global `node`, asked once if the hook reads it; nil: there is none
	Limit    time.Duration  // without the time in which the machine lets nothing of it run; 0: Options.LoadTime
	Writable bool           // memos may be written
	// Rehearsal says that nobody will see the answer: [Coverage] does not count.
	Rehearsal bool
	// IO makes the call a session: it is passed after Args, the hook may wait for it, Limit counts from one input to the
	// next, and the call ends at once when its ctx does.
	IO *IO
}

// World is what a script may read of other objects. A call asks each method at most once.
type World interface {
	Pods() []*Pod
	Nodes() []*Node
}

// Answer is what a hook returned. It and its Values hold only until read returns.
type Answer struct {
	Values    []Value
	ReadWorld bool    // pods{} or nodes{} were read
	Draws     []Drawn // at most 64
	Line      int     // where the hook is defined
}

// Drawn is one draw a hook made.
type Drawn struct {
	Name  string // "": by position
	Kind  string // chance, uniform, …
	Value float64
}

const maxRecord = 64

// Call asks a hook, and hands its answer to read while the state is still borrowed. It waits for a free place, without
// limit but ctx; from then on the watchdog counts, read included. The error is what read returned, or an *Error; other
// errors of read become an *Error of kind Result. After an error memos may be half written: drop what they hold.
func (s *Set) Call(ctx context.Context, c *Call, read func(Answer) error) error {
	if !c.File.Has(c.Hook) {
		return fmt.Errorf("%s has no function %s to call", c.File.Name, c.Hook)
	}
	if c.IO != nil {
		return s.converse(ctx, c, read)
	}
	gate := s.rt.gate
	place, err := gate.enter(ctx, c.File.Name)
	if err != nil {
		return err
	}
	defer gate.leave(place)
	st, err := s.borrow(place)
	if err != nil {
		return err
	}
	limit := c.Limit
	if limit <= 0 {
		limit = s.rt.opts.LoadTime
	}
	gate.arm(place, st.leash, limit)
	err = st.ask(c, read)
	gate.disarm(place)
	s.giveBack(st)
	return err
}

// ask runs the hook and read in a state.
func (s *state) ask(c *Call, read func(Answer) error) error {
	s.current = current{call: c, file: c.File, draws: c.Draws, bytes: callBytes}
	l := s.l
	defer func() {
		l.SetTop(0)
		s.current = current{}
	}()
	l.Push(s.modules[c.File.Name].fns[c.Hook])
	for _, a := range c.Args {
		l.Push(s.show(a))
	}
	args := len(c.Args)
	if c.IO != nil {
		l.Push(newView(ioView{c.IO}))
		args++
	}
	if err := l.PCall(args, lua.MultRet, nil); err != nil {
		return s.failure(err, c.File, c.Hook)
	}
	if read == nil {
		return nil
	}
	a := Answer{ReadWorld: s.world != nil, Draws: s.record, Line: c.File.hooks[c.Hook]}
	a.Values = s.values[:0]
	for i := range l.GetTop() {
		a.Values = append(a.Values, Value{s, l.Get(i + 1)})
	}
	s.reading, s.answer = true, answerBytes
	return s.resultError(read(a))
}

// resultError completes what read found wrong with the answer.
func (s *state) resultError(err error) error {
	if err == nil {
		return nil
	}
	e := asError(err)
	if why, yes := s.leash.pulled(); yes {
		e.Kind, e.Text = Limit, why
	}
	if e.Script == "" {
		e.Script, e.Hook = s.file.Name, s.call.Hook
		e.Line = s.file.hooks[s.call.Hook]
		e.Source = s.set.sourceLine(e.Script, e.Line)
	}
	e.Text = shorten(e.Text, maxErrorText)
	return e
}

// asError gives an error the form of ours.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Result, Text: err.Error()}
}
