package script

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// Scenario is a story that a file tells: scenario("name", function() … end).
type Scenario struct {
	Name string
	Line int
}

// Story is the telling of one scenario.
type Story struct {
	File   *File
	Name   string // one of File.Scenarios
	Stage  Stage  // required
	Draws  Draws
	Params map[string]any // of the file, by name; a missing one has its default
	Limit  time.Duration  // as [Call] has it, of Lua between two waits; 0: Options.LoadTime
}

// Stage is what a story is told on. It is called by one goroutine at a time, with Lua out of the way and without a
// place among the running hooks: it may block, and ask hooks. An error it returns is raised in the story, with the line.
type Stage interface {
	// Now is the story's time.
	Now() time.Time
	// Wait lets the story's time pass until that moment. All branches of the story wait meanwhile.
	Wait(ctx context.Context, until time.Time) error
	// World is what pods{} and nodes{} read, as it is now.
	World() World
	// Cluster is what deployments{} and its like read; nil: there is none.
	Cluster() Cluster
	// Act does what a verb says, and tells whom it hit. By, Run and the like are the stage's to fill in.
	Act(ctx context.Context, o fault.Order, line int) (hits []string, err error)
	// SetParam turns a param of the scripts that serve: "script.name", and a float64, string or bool.
	SetParam(ctx context.Context, name string, value any, line int) error
	// Expect judges an expectation. The probe lets time pass.
	Expect(e Expectation, p Probe) bool
	// Say passes on what the story prints.
	Say(line int, text string)
	// Waits tells that a branch waits, from now until that moment.
	Waits(line int, until time.Time)
}

// Cluster is what stories may read of the cluster that Moonlet's nodes are in. Objects must not be changed.
type Cluster interface {
	Deployments(ctx context.Context) ([]*appsv1.Deployment, error)
	EndpointSlices(ctx context.Context) ([]*discoveryv1.EndpointSlice, error)
	Nodes(ctx context.Context) ([]*v1.Node, error)
}

// Expectation is what a story expects.
type Expectation struct {
	What     string
	Within   time.Duration // it must begin to hold within that time
	HoldsFor time.Duration // and from then on hold so long
	Line     int
}

// Probe is the function of an expectation, and how to let time pass between asking it.
type Probe struct {
	Holds func() (yes bool, found string) // found: its second value, as text
	Wait  func(time.Duration)
}

// Tell tells a story: it returns once all its branches ended. The error is an *Error, or the cause of ctx. All that was
// begun has ended then; what the story did to its Stage is the caller's to put right.
func (s *Set) Tell(ctx context.Context, t *Story) error {
	st, err := s.borrowFor(ctx, t.File.Name)
	if err != nil {
		return err
	}
	fn := st.modules[t.File.Name].scenario(t.Name)
	if fn == nil {
		return fmt.Errorf("%s has no scenario %q%s", t.File.Name, t.Name, didYouMean(t.Name, t.File.scenarioNames()))
	}
	n := newNarrator(ctx, s, t, st)
	defer context.AfterFunc(ctx, func() { n.cut(context.Cause(ctx)) })()
	main := n.spawn(nil, fn)
	n.run()
	n.rest()
	if main.err == nil {
		s.giveBack(st)
	}
	return main.err
}

// borrowFor is borrow under the gate.
func (s *Set) borrowFor(ctx context.Context, script string) (*state, error) {
	place, err := s.rt.gate.enter(ctx, script)
	if err != nil {
		return nil, err
	}
	defer s.rt.gate.leave(place)
	return s.borrow(place)
}

func (f *File) scenarioNames() []string {
	names := make([]string, len(f.Scenarios))
	for i, s := range f.Scenarios {
		names[i] = s.Name
	}
	return names
}

func (m *module) scenario(name string) *lua.LFunction {
	for _, s := range m.scenarios {
		if s.Name == name {
			return s.fn
		}
	}
	return nil
}

// run hands the baton to the branch whose time comes first, until none is left.
func (n *narrator) run() {
	for {
		b := n.next()
		if b == nil {
			return
		}
		if !b.ended() && b.until.After(n.story.Stage.Now()) {
			if err := n.story.Stage.Wait(n.ctx, b.until); err != nil {
				n.cut(err)
			}
		}
		n.hand(b)
		if b.over {
			n.bury(b)
		}
	}
}

// next is the branch that goes on first: those that were ended, then by time, then by birth. Branches that wait for
// others are not asked.
func (n *narrator) next() *branch {
	var first *branch
	for _, b := range n.branches {
		switch {
		case b.children > 0:
		case b.ended():
			return b
		case first == nil || b.until.Before(first.until):
			first = b
		}
	}
	return first
}

// bury removes a branch that ended. Where it broke, those begun with it end, too.
func (n *narrator) bury(b *branch) {
	n.mu.Lock()
	n.branches = slices.DeleteFunc(n.branches, func(o *branch) bool { return o == b })
	n.mu.Unlock()
	p := b.parent
	if p == nil {
		return
	}
	p.children--
	if b.err != nil && p.broken == nil {
		p.broken = b.err
		for _, o := range n.branches {
			if o.descends(p) {
				o.leash.cancel(errSibling)
			}
		}
	}
}

// errSibling ends the branches beside one that broke. It is never shown: the branch that broke says why.
var errSibling = errors.New("another branch of the story broke")
