package record

import (
	"maps"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// nodeTale is what was seen of one node.
type nodeTale struct {
	name     string
	start    time.Time
	heard    time.Time // when it last renewed its lease, or told of a pod
	capacity v1.ResourceList
	episodes []*episode
	cordoned []flip // ready: it takes pods
	gone     time.Time
	rows     []string
}

// episode is a time in which something was wrong with a node.
type episode struct {
	verb        string // silence, not_ready, shutdown, pressure, capacity
	text        string // of the condition
	capacity    v1.ResourceList
	from, until time.Time // until is zero: it did not end
}

func newNodeTale(n *v1.Node, start time.Time) *nodeTale {
	return &nodeTale{name: n.Name, start: start, capacity: n.Status.Capacity}
}

// noticed is how long a cluster takes by default to notice that a node fell silent.
const noticed = 50 * time.Second

func (t *nodeTale) see(n *v1.Node, at time.Time, seen *Seen) {
	for i := range n.Status.Conditions {
		t.condition(&n.Status.Conditions[i], at, seen)
	}
	t.resources(n.Status.Capacity, at, seen)
	takes := !n.Spec.Unschedulable
	if was := len(t.cordoned) == 0 || t.cordoned[len(t.cordoned)-1].ready; was != takes {
		t.cordoned = append(t.cordoned, flip{at, takes})
	}
	t.row(nodeRow(n), seen)
}

func (t *nodeTale) condition(c *v1.NodeCondition, at time.Time, seen *Seen) {
	switch c.Type {
	case v1.NodeReady:
		t.ready(c, at, seen)
	case v1.NodeMemoryPressure:
		t.pressure("memory", c.Status, at, seen)
	case v1.NodeDiskPressure:
		t.pressure("disk", c.Status, at, seen)
	case v1.NodePIDPressure:
		t.pressure("pid", c.Status, at, seen)
	default: // another one's
	}
}

func (t *nodeTale) ready(c *v1.NodeCondition, at time.Time, seen *Seen) {
	verb, from := "", at
	switch {
	case c.Status == v1.ConditionUnknown:
		verb, from = "silence", t.silentSince(at)
	case c.Status == v1.ConditionFalse && strings.Contains(c.Message, "shutting down"):
		verb = "shutdown"
	case c.Status == v1.ConditionFalse:
		verb = "not_ready"
	}
	open := t.open("silence", "shutdown", "not_ready")
	if open != nil && open.verb == verb && open.text == textOf(verb, c.Message) {
		return
	}
	if open != nil {
		open.until = maxTime(from, open.from)
	}
	if verb != "" {
		t.begin(&episode{verb: verb, text: textOf(verb, c.Message), from: from}, seen)
	}
}

// textOf is what of a condition's message tells one episode from another.
func textOf(verb, message string) string {
	if verb == "not_ready" {
		return message
	}
	return ""
}

// silentSince is when the node was last heard of.
func (t *nodeTale) silentSince(at time.Time) time.Time {
	since := at.Add(-noticed)
	if !t.heard.IsZero() {
		since = t.heard.Add(Round) // that it still said
	}
	return maxTime(since, t.start)
}

func (t *nodeTale) pressure(kind string, s v1.ConditionStatus, at time.Time, seen *Seen) {
	open := t.openText("pressure", kind)
	switch {
	case s == v1.ConditionTrue && open == nil:
		t.begin(&episode{verb: "pressure", text: kind, from: at}, seen)
	case s == v1.ConditionFalse && open != nil: // Unknown is a silence, and says nothing of pressure
		open.until = at
	}
}

func (t *nodeTale) resources(now v1.ResourceList, at time.Time, seen *Seen) {
	changed := v1.ResourceList{}
	for name, q := range now {
		if was := t.capacity[name]; was.Cmp(q) != 0 {
			changed[name] = q
		}
	}
	open := t.open("capacity")
	if open != nil && sameResources(open.capacity, changed) {
		return
	}
	if open != nil {
		open.until = at
	}
	if len(changed) > 0 && len(t.rows) > 0 {
		t.begin(&episode{verb: "capacity", capacity: changed, from: at}, seen)
	}
}

func sameResources(a, b v1.ResourceList) bool {
	return maps.EqualFunc(a, b, func(x, y resource.Quantity) bool { return x.Cmp(y) == 0 })
}

func (t *nodeTale) begin(e *episode, seen *Seen) {
	t.episodes = append(t.episodes, e)
	seen.Troubles++
}

// open is the episode of one of those verbs that has not ended.
func (t *nodeTale) open(verbs ...string) *episode {
	for _, e := range slices.Backward(t.episodes) {
		if e.until.IsZero() && slices.Contains(verbs, e.verb) {
			return e
		}
	}
	return nil
}

func (t *nodeTale) openText(verb, text string) *episode {
	for _, e := range slices.Backward(t.episodes) {
		if e.until.IsZero() && e.verb == verb && e.text == text {
			return e
		}
	}
	return nil
}

func (t *nodeTale) row(row string, seen *Seen) {
	if len(t.rows) == 0 || t.rows[len(t.rows)-1] != row {
		t.rows = append(t.rows, row)
		seen.Changes++
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
