package provider

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// standing is a fault in force. It is never changed: what changes is another one with the same ID.
type standing struct {
	fault.Active

	uids   map[string]types.UID     // of the pods hit: another pod of the name is not meant
	frozen map[string]*v1.PodStatus // what pods showed when they were frozen, for the time after a restart
	match  *fault.Matcher           // of calls and writes: whom they may concern
	met    *atomic.Uint64           // calls or writes that it might have hit

	next time.Time // when its next step is; zero: there is none
	left []string  // of a shutdown or a drain: pods that are still to be ended
	off  bool      // of a shutdown: the machine is off
}

// the verbs that are looked up by name
const (
	verbUnready  = "unready"
	verbFreeze   = "freeze"
	verbHang     = "hang_delete"
	verbBurst    = "log_burst"
	verbSilence  = "silence"
	verbNotReady = "not_ready"
	verbPressure = "pressure"
	verbShutdown = "shutdown"
	verbCapacity = "capacity"
	verbDrain    = "drain"
)

// faultSet is the faults in force at one time, found by whom they hit. It never changes.
type faultSet struct {
	all    []*standing            // the oldest first
	pods   map[string][]*standing // by namespace/name
	nodes  map[string][]*standing // by name
	calls  []*standing
	writes []*standing
	past   []*standing // log bursts that ended
	due    time.Time   // the next end or step; zero: none
}

func newFaultSet(all, past []*standing) *faultSet {
	f := &faultSet{all: all, past: past, pods: map[string][]*standing{}, nodes: map[string][]*standing{}}
	for _, s := range all {
		f.due = earlier(earlier(f.due, s.Until), s.next)
		switch s.On {
		case fault.Call:
			f.calls = append(f.calls, s)
		case fault.Write:
			f.writes = append(f.writes, s)
		case fault.Pod:
			index(f.pods, s)
		case fault.Node:
			index(f.nodes, s)
		}
	}
	return f
}

func index(by map[string][]*standing, s *standing) {
	for _, hit := range s.Hits {
		by[hit] = append(by[hit], s)
	}
}

// count is how many faults there are on pods, nodes, calls or writes.
func (f *faultSet) count(on fault.Target) (n int) {
	for _, s := range f.all {
		if s.On == on {
			n++
		}
	}
	return n
}

// onPod is the fault of that verb on a pod; nil: there is none.
func (f *faultSet) onPod(one *state.Pod, verb string) *standing {
	if len(f.pods) == 0 {
		return nil
	}
	for _, s := range f.pods[one.String()] {
		if s.Verb == verb && s.uids[one.String()] == one.UID {
			return s
		}
	}
	return nil
}

// onNode is the fault of that verb on a node; nil: there is none.
func (f *faultSet) onNode(node, verb string) *standing {
	for _, s := range f.nodes[node] {
		if s.Verb == verb {
			return s
		}
	}
	return nil
}

// without is all faults but those.
func (f *faultSet) without(over []*standing) []*standing {
	gone := map[string]bool{}
	for _, s := range over {
		gone[s.ID] = true
	}
	return slices.DeleteFunc(slices.Clone(f.all), func(s *standing) bool { return gone[s.ID] })
}

// ousting is a fault that loses some of whom it hit to a newer one.
type ousting struct {
	was, rest *standing
	lost      []string
}

// displace is all faults as they are once a new one stands, without that, and those that it takes something from.
func (f *faultSet) displace(fresh *standing) (all []*standing, ousted []ousting) {
	taken := setOf(fresh.Hits)
	for _, s := range f.all {
		if !s.rivals(fresh) {
			all = append(all, s)
			continue
		}
		rest := *s
		var lost []string
		rest.Hits = nil
		for _, hit := range s.Hits {
			if taken[hit] {
				lost = append(lost, hit)
			} else {
				rest.Hits = append(rest.Hits, hit)
			}
		}
		if len(lost) > 0 {
			ousted = append(ousted, ousting{s, &rest, lost})
		}
		if len(rest.Hits) > 0 {
			all = append(all, &rest)
		}
	}
	return all, ousted
}

// part is the fault as far as it was lost.
func (o ousting) part() *standing {
	part := *o.was
	part.Hits, part.uids = o.lost, map[string]types.UID{}
	for _, hit := range o.lost {
		part.uids[hit] = o.was.uids[hit]
	}
	return &part
}

// rivals says that both cannot hold for the same pod or node.
func (s *standing) rivals(o *standing) bool {
	return s.On == o.On && s.Verb == o.Verb && (s.On == fault.Pod || s.On == fault.Node) && s.Text("kind") == o.Text("kind")
}

// idsText ends the error of an unknown ID.
func (f *faultSet) idsText() string {
	if len(f.all) == 0 {
		return "; none is in force"
	}
	ids := make([]string, len(f.all))
	for i, s := range f.all {
		ids[i] = s.ID
	}
	return "; in force are " + strings.Join(ids, ", ")
}
