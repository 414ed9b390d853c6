package explain

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Shown is how many causes [Text] shows unless all are wanted.
const Shown = 16

// Options say how much [Text] tells.
type Options struct {
	All bool // every cause that is known, not only the latest
}

// Text is an explanation as a person reads it: the state, what led to it with the newest last, what comes next.
func Text(e api.Explanation, o Options) string {
	var b strings.Builder
	state(&b, e)
	why(&b, e, o)
	next(&b, e)
	return b.String()
}

func state(b *strings.Builder, e api.Explanation) {
	fmt.Fprintf(b, "%s/%s  %s  %s", e.Namespace, e.Name, e.Ready, e.Status)
	if e.Restarts != "0" {
		fmt.Fprintf(b, "  restarts %s", e.Restarts)
	}
	if e.Since != nil {
		fmt.Fprintf(b, "  since %s", ago(e.At, *e.Since))
	}
	fmt.Fprintf(b, "\n  %s\n  %s\n", e.State, place(e))
}

// place says where the pod lives and which scripts decide about it.
func place(e api.Explanation) string {
	who := "built-in behaviour"
	if e.Script != "" {
		who = "script " + e.Script
	}
	parts := []string{who, fmt.Sprintf("generation %d", e.Generation)}
	if e.Node != "" {
		parts = append(parts, "node "+e.Node)
	}
	if len(e.Faults) > 0 {
		parts = append(parts, "faults "+strings.Join(e.Faults, " "))
	}
	return strings.Join(parts, ", ")
}

func why(b *strings.Builder, e api.Explanation, o Options) {
	steps := stepsOf(e.Causes)
	shown := steps
	if !o.All && len(shown) > Shown {
		shown = shown[len(shown)-Shown:]
	}
	older := e.Forgotten
	for _, s := range steps[:len(steps)-len(shown)] {
		older += len(s)
	}
	b.WriteString("\nWHY (newest last")
	if older > 0 {
		fmt.Fprintf(b, ", %d older not shown", older)
	}
	b.WriteString(")\n")
	if len(shown) == 0 {
		b.WriteString("  nothing is known\n")
		return
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	layout := layoutOf(shown[0][0].At, e.At)
	for _, s := range shown {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", s[0].At.Format(layout), cmp.Or(s[0].Container, "pod"), what(s), because(s.decisive()))
	}
	_ = t.Flush() // a Builder takes everything
}

// layoutOf is how times from first to last are written: with their date unless all are of one day.
func layoutOf(first, last time.Time) string {
	const clock, date = "15:04:05.000", "2006-01-02 "
	if first.Format(date) == last.In(first.Location()).Format(date) {
		return clock
	}
	return date + clock
}

// step is causes that a person reads as one: a container that is brought up at once, a failure told twice.
type step []api.Cause

// decisive is the cause whose reason counts.
func (s step) decisive() api.Cause {
	if begins[s[0].What] {
		return s[len(s)-1]
	}
	return s[0]
}

// takes says that a cause belongs to the step.
func (s step) takes(c *api.Cause) bool {
	first := &s[0]
	if c.Container == "" || c.Container != first.Container || !c.At.Equal(first.At) {
		return false
	}
	told := c.What == "Failed" && strings.HasPrefix(c.Message, "Error: ") && (first.What == "Failed" || first.What == "BackOff")
	return told || begins[c.What] && begins[first.What]
}

// begins are what a container goes through until it is ready.
var begins = map[string]bool{"Pulling": true, "Pulled": true, "Created": true, "Started": true, "Ready": true}

func stepsOf(causes []api.Cause) []step {
	var steps []step
	for i := range causes {
		c := &causes[i]
		if n := len(steps); n > 0 && steps[n-1].takes(c) {
			steps[n-1] = append(steps[n-1], *c)
			continue
		}
		steps = append(steps, step{*c})
	}
	return steps
}

// what is what happened, in a column.
func what(s step) string {
	words := make([]string, len(s))
	for i, c := range s {
		words[i] = c.What
		if c.Hook == c.What && c.Ask > 0 {
			words[i] += " " + strconv.Itoa(c.Ask)
		}
	}
	if len(s) > 1 && begins[s[0].What] {
		return strings.Join(words, ", ")
	}
	return join(": ", words[0], short(s[0]))
}

// plain are the words whose messages say nothing more, of containers.
var plain = map[string]bool{"Created": true, "Started": true, "Ready": true, "Killing": true}

// maxMessage is how many letters of a message fit into a line; -o json has the rest.
const maxMessage = 72

func short(c api.Cause) string {
	switch {
	case c.Container != "" && plain[c.What], c.What == "BackOff" && c.Rule != "", c.What == "SandboxReady":
		return ""
	}
	letters := []rune(strings.Join(strings.Fields(c.Message), " "))
	if len(letters) > maxMessage {
		return string(letters[:maxMessage-1]) + "…"
	}
	return string(letters)
}

// because is why it happened, in a column.
func because(c api.Cause) string {
	parts := []string{c.By, c.Rule}
	if c.Kind == "kubelet" {
		parts = []string{join(": ", c.By, c.Rule)}
	}
	if c.Fault != "" && !strings.Contains(c.By, c.Fault) {
		parts = append(parts, "fault "+c.Fault)
	}
	if c.Why != "" {
		parts = append(parts, strconv.Quote(c.Why))
	}
	if len(c.Draws) > 0 {
		parts = append(parts, "drew "+draws(c.Draws))
	}
	if c.Generation > 0 {
		parts = append(parts, fmt.Sprintf("generation %d", c.Generation))
	}
	return join("; ", parts...)
}

func draws(all []api.Draw) string {
	words := make([]string, len(all))
	for i, d := range all {
		words[i] = cmp.Or(d.Name, d.Kind) + "=" + strconv.FormatFloat(d.Value, 'g', 4, 64)
	}
	return strings.Join(words, " ")
}

func next(b *strings.Builder, e api.Explanation) {
	b.WriteString("\nNEXT\n")
	if len(e.Next) == 0 {
		b.WriteString("  nothing happens by itself\n")
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, n := range e.Next {
		when := "-"
		if n.At != nil {
			when = in(e.At, *n.At)
		}
		reason := join(", ", n.Rule, n.By)
		if reason != "" {
			reason = " (" + reason + ")"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s%s\n", when, cmp.Or(n.Container, "pod"), n.Text, reason)
	}
	_ = t.Flush()
}

// in is how long until then.
func in(now, then time.Time) string {
	d := then.Sub(now)
	switch {
	case d <= 0:
		return "now"
	case d < 10*time.Second:
		return "in " + d.Round(100*time.Millisecond).String()
	default:
		return "in " + d.Round(time.Second).String()
	}
}

func ago(now, then time.Time) string { return duration.HumanDuration(now.Sub(then)) }
