package script

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
)

const (
	// maxBranches bounds how many branches of a story run side by side.
	maxBranches = 256
	// maxStandstill bounds how often a branch may wait without time passing.
	maxStandstill = 10_000
)

// narrator tells one story. Each branch is a goroutine with a Lua thread of its own. They share one state, so there is
// one baton: the narrator hands it to a branch and waits until that branch waits or ends.
type narrator struct {
	ctx   context.Context //nolint:containedctx // a narrator lives as long as its story
	set   *Set
	story *Story
	state *state
	base  *lua.LState // the state's own thread, which rests
	own   *leash      // and its leash
	hook  string      // what errors call the story
	limit time.Duration
	begun time.Time
	yield chan struct{} // the baton comes back

	mu       sync.Mutex
	branches []*branch // alive, by birth; guarded by mu: changed by the one with the baton, read by cut
	cause    error     // why all are to end; guarded by mu
	born     int

	pods int // that a test has created
}

// branch is one thread of a story.
type branch struct {
	n      *narrator
	number int // by birth
	parent *branch
	l      *lua.LState
	leash  *leash
	resume chan struct{}

	children int       // branches it waits for
	broken   error     // how the first of them broke
	until    time.Time // when it goes on
	over     bool
	err      error
	because  error // what err really is, where no pcall may hide it

	current current // its own while another has the baton
	place   int     // among the running hooks; -1: none
	since   time.Time
	left    time.Duration // of the limit
	still   int           // waits since time passed
	at      time.Time     // when it waited last
}

func newNarrator(ctx context.Context, s *Set, t *Story, st *state) *narrator {
	st.l.RemoveContext() // else each thread made from it would begin with a context to be undone
	return &narrator{
		ctx: ctx, set: s, story: t, state: st, base: st.l, own: st.leash,
		hook: fmt.Sprintf("scenario %q", t.Name), limit: cmp.Or(t.Limit, s.rt.opts.LoadTime), yield: make(chan struct{}),
		begun: t.Stage.Now(),
	}
}

// rest makes the state one that serves calls again.
func (n *narrator) rest() {
	n.state.l, n.state.leash, n.state.current = n.base, n.own, current{}
	n.base.SetContext(n.own)
}

// spawn begins a branch; it runs once it is handed the baton.
func (n *narrator) spawn(parent *branch, fn *lua.LFunction) *branch {
	thread, _ := n.base.NewThread()
	b := &branch{
		n: n, number: n.born, parent: parent, l: thread, leash: newLeash(n.state), resume: make(chan struct{}),
		until: n.story.Stage.Now(), place: -1,
	}
	n.born++
	thread.SetContext(b.leash)
	draws := n.story.Draws
	if parent != nil {
		parent.children++
		draws = NewDraws(parent.current.draws.key, "branch", b.number)
	}
	b.current = current{file: n.story.File, draws: draws, branch: b, call: n.call(draws)}
	n.mu.Lock()
	n.branches = append(n.branches, b)
	cause := n.cause
	n.mu.Unlock()
	if cause != nil {
		b.leash.cancel(cause)
	}
	go b.live(fn)
	return b
}

// call is what the library finds where hooks have their call.
func (n *narrator) call(draws Draws) *Call {
	return &Call{
		File: n.story.File, Hook: n.hook, Now: n.story.Stage.Now(), Draws: draws, Params: n.story.Params, World: stageWorld{n.story.Stage},
	}
}

// stageWorld is the world as it is when a story looks.
type stageWorld struct{ Stage }

func (w stageWorld) Pods() []*Pod   { return w.World().Pods() }
func (w stageWorld) Nodes() []*Node { return w.World().Nodes() }

// live is the branch's goroutine.
func (b *branch) live(fn *lua.LFunction) {
	<-b.resume
	if !b.ended() {
		b.l.Push(fn)
		if err := b.l.PCall(0, 0, nil); err != nil {
			b.err = b.n.state.failure(err, b.n.story.File, b.n.hook)
		}
	}
	if cause := b.leash.cause(); cause != nil {
		b.err = cause
	}
	if b.err != nil && b.because != nil {
		b.err = b.because
	}
	b.over = true
	b.n.yield <- struct{}{}
}

// hand gives a branch the baton, and takes it back.
func (n *narrator) hand(b *branch) {
	s := n.state
	if !b.ended() {
		b.left = n.limit
		b.enter()
	}
	s.l, s.leash, s.current = b.l, b.leash, b.current
	s.bytes, s.world, s.exhausted = callBytes, nil, false
	s.call.Now = n.story.Stage.Now()
	b.resume <- struct{}{}
	<-n.yield
	b.leave()
	b.current, s.current = s.current, current{}
}

// enter takes a place among the running hooks, and puts Lua under the watchdog's eyes.
func (b *branch) enter() {
	place, err := b.n.set.rt.gate.enter(b.n.ctx, b.n.story.File.Name)
	if err != nil {
		b.n.cut(context.Cause(b.n.ctx))
		return
	}
	b.place = place
	b.since = wallNow()
	b.n.set.rt.gate.arm(place, b.leash, b.left)
}

func (b *branch) leave() {
	if b.place < 0 {
		return
	}
	stalled := b.n.set.rt.gate.disarm(b.place)
	b.n.set.rt.gate.leave(b.place)
	b.left -= time.Since(b.since) - stalled
	b.place = -1
}

// outside runs what may block: the branch keeps the baton but no place.
func (b *branch) outside(block func()) {
	b.leave()
	if b.left <= 0 {
		b.leash.pull(tookLonger(b.n.limit))
	}
	b.leash.check(b.l)
	block()
	b.enter()
	b.leash.check(b.l)
	b.n.state.world = nil
}

// wait gives the baton away until the story's time has come that far.
func (b *branch) wait(until time.Time) {
	b.spin(until)
	b.until = until
	b.n.yield <- struct{}{}
	<-b.resume
	b.leash.check(b.l)
}

// spin ends a branch that waits again and again for nothing: on a held clock nobody else would.
func (b *branch) spin(until time.Time) {
	if b.still++; until.After(b.at) {
		b.at, b.still = until, 0
	}
	if b.still > maxStandstill {
		b.leash.pull(fmt.Sprintf("waited %d times without time passing: look for a loop whose wait is 0", maxStandstill))
		b.leash.check(b.l)
	}
}

// join waits for branches that this one began, and raises as the first of them that broke.
func (b *branch) join() {
	if b.children > 0 {
		b.wait(b.n.story.Stage.Now())
	}
	err := b.broken
	if err == nil {
		return
	}
	b.broken = nil // the story may hide it with pcall, and begin others
	broken, ok := errors.AsType[*Error](err)
	if !ok || broken.Kind == Limit {
		b.because = err
		b.leash.pull(err.Error())
		b.leash.check(b.l)
	}
	b.l.Error(lua.LString(fmt.Sprintf("%s:%d: %s", broken.Script, broken.Line, broken.Text)), 0)
}

// ended says that the branch has to end, whatever it does.
func (b *branch) ended() bool {
	_, yes := b.leash.pulled()
	return yes
}

func (b *branch) descends(of *branch) bool {
	for p := b.parent; p != nil; p = p.parent {
		if p == of {
			return true
		}
	}
	return false
}

// cut ends all branches, those not born yet among them.
func (n *narrator) cut(cause error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cause == nil {
		n.cause = cause
	}
	for _, b := range n.branches {
		b.leash.cancel(n.cause)
	}
}
