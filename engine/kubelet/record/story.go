package record

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Story is what was seen, as it can be told again.
type Story struct {
	From  time.Time
	Lasts time.Duration
	Seen  Seen
	Roles []Role // by key
	Acts  []Act  // by time
}

// Role is whom lives belong to: one pod by its name, or pods whose names are made up.
type Role struct {
	Namespace, Name string // Name ends in * where names are made up
	Node            string // of a DaemonSet's pod: there is one on each
	Lives           []Life // by age; one, where all lived alike
	Cast            Cast
}

// Cast is the pods of a role, as a scenario without a cluster needs them.
type Cast struct {
	Node  string // where the first of them was
	Count int    // how many there were at a time, at most
	Spec  v1.PodSpec

	until []time.Time // when those seen so far were over; zero: not yet
}

// Key names the role as the file does.
func (r Role) Key() string {
	key := r.Namespace + "/" + r.Name
	if r.Node != "" {
		key += " on " + r.Node
	}
	return key
}

// ByAge says that the role's pods are told apart by their age only: their names are made up, and they may be anywhere.
func (r Role) ByAge() bool { return strings.HasSuffix(r.Name, "*") && r.Node == "" }

// Life is what its node did with one pod.
type Life struct {
	Facts      []string // for people
	Refused    *Refusal // it was not let in
	Delay      time.Duration
	Containers []Container
}

// Refusal is a pod that its node did not take.
type Refusal struct{ Reason, Message string }

// Container is what happened to one container.
type Container struct {
	Name   string
	Pulls  []Pull  // attempts to get the image, in order
	Starts []Start // in order
}

// Pull is one attempt to get an image; the last one is also that of any later attempt.
type Pull struct {
	After           time.Duration
	Reason, Message string // "": it came
}

// Start is one run of a container, or one time that it could not be started; the last one is also that of any later run.
type Start struct {
	Failure   *Refusal
	Started   time.Duration // when the startup passed
	Ready     time.Duration // when it was ready first
	Never     bool          // it was not
	Up, Down  time.Duration // it went on and off like that; 0: it stayed
	Exit      *Exit
	Terminate time.Duration // how long it took to end when it was told to
	Deaf      bool          // it did not
}

// Exit is how a run ended by itself.
type Exit struct {
	After           time.Duration
	Code            int32
	Reason, Message string
}

// Act is what befell a pod or a node from outside.
type Act struct {
	At    time.Duration
	Node  string // one of them
	Role  *Role  // or pods
	Nth   int    // which of the role's pods, by age, from 1; 0: there is one
	Verb  string // "": only told of
	Args  []any  // text, numbers, or amounts by resource
	Lasts time.Duration
	Why   string // for people
}

// Round is how exact times are told, unless somebody wants it otherwise.
const Round = 100 * time.Millisecond

// Telling says how a story is told. The zero value tells all of it.
type Telling struct {
	Round      time.Duration // of times; 0: Round
	TheirNodes bool          // of nodes, only those that the pods are on
}

// Story is what was seen up to a moment. The recorder may go on.
func (r *Recorder) Story(end time.Time, how Telling) *Story {
	n := &narrator{start: r.start, end: end, round: cmp.Or(how.Round, Round), shutDown: map[string]bool{}}
	for name, t := range r.nodes {
		n.shutDown[name] = slices.ContainsFunc(t.episodes, func(e *episode) bool { return e.verb == "shutdown" })
	}
	theirs := map[string]bool{}
	s := &Story{From: r.start, Lasts: n.span(r.start, end), Seen: r.seen}
	roles := map[string]*Role{}
	for _, t := range r.byAge() {
		key := Role{Namespace: t.pod.Namespace, Name: t.pattern(), Node: t.place()}
		role := roles[key.Key()]
		if role == nil {
			role = &key
			roles[key.Key()] = role
		}
		theirs[t.pod.Spec.NodeName] = true
		role.Cast.add(t)
		role.Lives = append(role.Lives, n.life(t))
		n.outside(t, role, len(role.Lives))
	}
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		if theirs[name] || !how.TheirNodes {
			n.node(r.nodes[name])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(roles)) {
		role := roles[key]
		n.forget(role)
		role.merge()
		role.settle()
		s.Roles = append(s.Roles, *role)
	}
	slices.SortStableFunc(n.acts, func(a, b Act) int { return cmp.Compare(a.At, b.At) })
	s.Acts = n.acts
	return s
}

// add counts a pod: those before it, by age, that are over when it comes, it may have taken the place of.
func (c *Cast) add(t *podTale) {
	if c.Node == "" {
		c.Node, c.Spec = t.pod.Spec.NodeName, t.pod.Spec
	}
	over := t.left()
	if t.end != nil {
		over = t.end.at
	}
	c.until = append(slices.DeleteFunc(c.until, func(at time.Time) bool { return !at.IsZero() && !at.After(t.first) }), over)
	c.Count = max(c.Count, len(c.until))
}

// merge makes one life of lives that are alike.
func (r *Role) merge() {
	for _, l := range r.Lives[1:] {
		if !alike(l, r.Lives[0]) {
			return
		}
	}
	r.Lives = r.Lives[:1]
}

// alike compares what can be told again.
func alike(a, b Life) bool {
	a.Facts, b.Facts = nil, nil
	return reflect.DeepEqual(a, b)
}

// narrator makes a story of tales.
type narrator struct {
	start, end time.Time
	round      time.Duration
	shutDown   map[string]bool // nodes that were seen to be shut down
	acts       []Act
}

// forget numbers no pods where there was one.
func (n *narrator) forget(r *Role) {
	if len(r.Lives) > 1 && r.ByAge() {
		return
	}
	for i := range n.acts {
		if a := &n.acts[i]; a.Role == r {
			a.Nth = 0
		}
	}
}

// span is the time between two moments, rounded, and never below zero.
func (n *narrator) span(from, to time.Time) time.Duration {
	return max(to.Sub(from).Round(n.round), 0)
}

// settle gives pods whose names are made up the time to find their place: a second after they came.
func (r *Role) settle() {
	if len(r.Lives) < 2 || !r.ByAge() {
		return
	}
	for i := range r.Lives {
		for j := range r.Lives[i].Containers {
			if c := &r.Lives[i].Containers[j]; len(c.Pulls) > 0 {
				c.Pulls[0].After = max(c.Pulls[0].After, time.Second)
			}
		}
	}
}
