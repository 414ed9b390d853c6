package script

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
)

const (
	// sessionTime bounds how long the Lua of one session may run in all, waiting not counted.
	sessionTime = time.Minute
	// sessionBytes bounds what a session may read, and what it may write.
	sessionBytes = 64 << 20
	// flushAt is how much output is gathered before the client gets it. Less is sent when the hook waits for input.
	flushAt = 32 << 10
)

// IO is the client at the other end of a session: exec, attach or a forwarded port. A [Call] with an IO may wait for
// it, for minutes; while it waits it has no place among the running hooks, and no limit counts. One goroutine uses an
// IO at a time.
type IO struct {
	In     io.Reader                  // nil: the client sends nothing. Read returns at the latest when the call's ctx ends
	Out    io.Writer                  // nil: what is written is dropped
	Err    io.Writer                  // nil: Out
	TTY    bool                       // the client is a terminal
	Attach bool                       // the client joined the container's own process
	Size   func() (width, height int) // of the terminal; nil: there is none
	Now    func() time.Time           // of the story; nil: it stands still during the call

	visit *visit
	input *lineReader
	out   output
	err   output
}

// output gathers what a hook writes.
type output struct {
	text  []byte
	wrote int
}

// visit is the call of a session: it leaves its place and comes back.
type visit struct {
	ctx    context.Context //nolint:containedctx // a visit lives as long as its call, and waits with it
	gate   *gate
	state  *state
	script string
	limit  time.Duration // of Lua that runs without waiting for input
	place  int           // -1: none
	since  time.Time     // when Lua went on
	left   time.Duration // of limit
	ran    time.Duration // in all

	mu   sync.Mutex
	over bool // the state belongs to somebody else; guarded by mu
}

// converse is [Set.Call] for a call with an IO. It ends, with the cause of ctx as its error, as soon as ctx does.
func (s *Set) converse(ctx context.Context, c *Call, read func(Answer) error) error {
	v := &visit{ctx: ctx, gate: s.rt.gate, script: c.File.Name, limit: c.Limit, place: -1}
	if v.limit <= 0 {
		v.limit = s.rt.opts.LoadTime
	}
	place, err := v.gate.enter(ctx, v.script)
	if err != nil {
		return err
	}
	v.place = place
	defer v.leave()
	st, err := s.borrow(place)
	if err != nil {
		return err
	}
	v.state, v.left = st, v.limit
	c.IO.visit = v
	stop := context.AfterFunc(ctx, v.cut)
	v.start()
	err = st.ask(c, read)
	v.rest()
	stop()
	v.end()
	if cause := st.leash.cause(); cause != nil {
		return fmt.Errorf("%s: %s: %w", c.File.Name, c.Hook, cause)
	}
	s.giveBack(st)
	return err
}

// cut ends what runs because ctx did.
func (v *visit) cut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.over {
		v.state.leash.cancel(context.Cause(v.ctx))
	}
}

// end says that the state is not the visit's any more: from now on it must not be cut.
func (v *visit) end() {
	v.mu.Lock()
	v.over = true
	v.mu.Unlock()
}

func (v *visit) leave() {
	if v.place >= 0 {
		v.gate.leave(v.place)
		v.place = -1
	}
}

// start puts Lua under the watchdog's eyes, rest takes it out of them.
func (v *visit) start() {
	v.since = wallNow()
	v.gate.arm(v.place, v.state.leash, v.limit)
}

func (v *visit) rest() {
	if v.place < 0 {
		return
	}
	stalled := v.gate.disarm(v.place)
	took := time.Since(v.since) - stalled
	v.left -= took
	v.ran += took
}

// wait runs what may block without a place. Stretches too short for the watchdog to see are added up here.
func (v *visit) wait(block func()) {
	l := v.state.l
	v.rest()
	switch {
	case v.left <= 0:
		v.state.leash.pull(tookLonger(v.limit))
	case v.ran > sessionTime:
		v.state.leash.pull(fmt.Sprintf("ran for more than %v in all", sessionTime))
	}
	v.state.leash.check(l)
	v.leave()
	block()
	place, err := v.gate.enter(v.ctx, v.script)
	if err != nil {
		v.cut()
		v.state.leash.check(l)
	}
	v.place = place
	v.start()
}

// refresh begins a new stretch: the client said something, so the hook is not spinning.
func (v *visit) refresh(t *IO) {
	v.left = v.limit
	v.state.bytes, v.state.world = callBytes, nil
	if t.Now != nil {
		v.state.call.Now = t.Now()
	}
}

// Ran is how long Lua ran for the client, waiting not counted.
func (t *IO) Ran() time.Duration {
	if t.visit == nil {
		return 0
	}
	return t.visit.ran
}

// Flush sends what is gathered. It is called with Lua out of the way, and once more when the call is over.
func (t *IO) Flush() error {
	if err := t.out.flush(t.Out); err != nil {
		return err
	}
	if t.Err == nil {
		return t.err.flush(t.Out)
	}
	return t.err.flush(t.Err)
}

func (o *output) flush(to io.Writer) error {
	text := o.text
	o.text = nil // a writer that was given up may still read it
	if to == nil || len(text) == 0 {
		return nil
	}
	_, err := to.Write(text)
	return err
}

// drain sends what is gathered while the hook waits. If the client is gone, so is the hook.
func (t *IO) drain(l *lua.LState) {
	if len(t.out.text)+len(t.err.text) == 0 {
		return
	}
	var err error
	t.visit.wait(func() { err = t.Flush() })
	if err != nil {
		t.visit.state.leash.cancel(fmt.Errorf("write to the client: %w", err))
		t.visit.state.leash.check(l)
	}
}
