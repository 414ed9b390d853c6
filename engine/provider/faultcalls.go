package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// watchesCall says that a fault may hit calls of that name.
func (f *faultSet) watchesCall(name string) bool {
	return slices.ContainsFunc(f.calls, func(s *standing) bool { return s.ofCall(name) })
}

func (s *standing) ofCall(name string) bool {
	return len(s.Select.Calls) == 0 || slices.Contains(s.Select.Calls, name)
}

// onCall is what the faults in force do to a call. The last one set comes first: of what strikes, it wins.
func (p *Provider) onCall(f *faultSet, c api.Call) fault.Fault {
	var met fault.Fault
	for _, s := range slices.Backward(f.calls) {
		if s.ofCall(c.Name) && s.match.Match(p.calledPod(c)) && s.drawn(p.opts.Seed) {
			met = met.Add(s.asFault())
		}
	}
	return met
}

// calledPod is the pod that a call is about, as a selector sees it. One that is not there yet has a name only.
func (p *Provider) calledPod(c api.Call) fault.Subject {
	if c.Pod == "" {
		return fault.Subject{}
	}
	if one := p.store.Get(state.Key{Namespace: c.Namespace, Name: c.Pod}); one != nil {
		return subjectOf(one)
	}
	return fault.Subject{Namespace: c.Namespace, Name: c.Pod}
}

// drawn says that this one of the calls or writes that a fault may hit is hit.
func (s *standing) drawn(seed uint64) bool {
	n := s.met.Add(1)
	return s.Select.Share == 0 || fault.Draw(seed, n, s.ID) < s.Select.Share
}

// asFault is what a call meets.
func (s *standing) asFault() fault.Fault {
	f := fault.Fault{Source: byFault + s.ID + " by " + s.By}
	switch s.Verb {
	case "latency":
		f.Latency = s.Duration("time")
	case "error":
		f.Code, f.Message = s.Number("code"), s.Text("message")
	case "hang":
		if f.Hang = s.Duration("time"); f.Hang == 0 {
			f.Hang = -1
		}
	case "drop":
		f.Drop = true
	case "garble":
		f.Garble = true
	}
	return f
}

// hangsFor is how long a call within this process hangs at most: its caller has other pods to look after.
const hangsFor = 10 * time.Second

// MeetCall lets a call that reaches us within this process meet the faults that verbs set on calls of its name: it waits,
// and returns why the call is to fail; nil: it goes on.
func (p *Provider) MeetCall(ctx context.Context, c api.Call) error {
	f := p.onCall(p.faults.set.Load(), c)
	if f.None() {
		return nil
	}
	wait := f.Latency
	if f.Hang != 0 {
		wait += hangsFor
		if f.Hang > 0 {
			wait += min(f.Hang, hangsFor) - hangsFor
		}
	}
	if err := p.clock.Sleep(ctx, wait); err != nil {
		return err
	}
	switch {
	case f.Hang < 0 || f.Hang > hangsFor:
		return fmt.Errorf("%s: no answer within %s (%s)", c.Name, hangsFor, f.Source)
	case f.Drop:
		return fmt.Errorf("%s: the connection was closed (%s)", c.Name, f.Source)
	case f.Garble:
		return fmt.Errorf("%s: the answer does not parse (%s)", c.Name, f.Source)
	case f.Code != 0:
		return &fault.Asked{Fault: f}
	default:
		return nil
	}
}

// WriteFault is what should go wrong with one write of a status to Kubernetes. The zero value is nothing.
type WriteFault struct {
	Late      time.Duration // the write waits this long
	Lost      bool          // it is not sent
	Twice     bool          // it is sent twice
	Reordered bool          // an older status follows it
}

// SpoilsWrites tells whether a fault in force may hit writes of statuses.
func (p *Provider) SpoilsWrites() bool { return len(p.faults.set.Load().writes) > 0 }

// WriteFault tells what should go wrong with a write of a pod's status. Each call is about a new write.
func (p *Provider) WriteFault(namespace, name string) WriteFault {
	var w WriteFault
	set := p.faults.set.Load()
	if len(set.writes) == 0 {
		return w
	}
	subject := p.calledPod(api.Call{Namespace: namespace, Pod: name})
	for _, s := range set.writes {
		if !s.match.Match(subject) || !s.drawn(p.opts.Seed) {
			continue
		}
		switch s.Verb {
		case "late":
			w.Late += s.Duration("time")
		case "lost":
			w.Lost = true
		case "duplicated":
			w.Twice = true
		case "reordered":
			w.Reordered = true
		}
	}
	return w
}
