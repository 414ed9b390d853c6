package journal

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says what sort of cause something had.
type Kind string

// The kinds of causes.
const (
	Kubelet Kind = "kubelet" // a rule that every kubelet follows: restart policy, back-off, probes, grace
	Script  Kind = "script"  // what a hook answered
	User    Kind = "user"    // a call from outside: create, update, delete, Stop Pod
	Fault   Kind = "fault"   // a verb: set on the pod, undone, or ended
	Reload  Kind = "reload"  // other scripts serve
	Param   Kind = "param"   // a knob was turned, by hand or by config
	Restart Kind = "restart" // Moonlet was down and took the pod up again
)

// Entry is one thing that happened to a pod, and why.
type Entry struct {
	At        time.Time // in the story
	What      string    // a word: Created, Pulled, Started, Exited, on_start, Reloaded, a verb …
	Container string    // empty: the pod as a whole
	Message   string    // details: what a hook answered, how a run ended
	Figures   []int64   // fill Message: a number for each %d, milliseconds for each %s; what was read has them in Message
	Kind      Kind
	By        string // which one of that kind: "flaky.lua:12", "user", "kubelet", who set the fault
	Rule      string // of the kubelet, with its figures: "back-off 20s after the 2nd crash"

	Why   string // of a fault: what the one who set it gave as reason
	Fault string // its ID

	Hook       string // that was asked
	Again      bool   // the question was put before; not kept
	Ask        int    // the number of that question: of on_start the run
	Draws      []Draw // of that hook, in order
	Generation uint64 // of the scripts, where one was asked
}

// Draw is one draw of a hook.
type Draw struct {
	Name  string // "": by position
	Kind  string // chance, uniform …
	Value float64
}

// String is the entry as one line.
func (e Entry) String() string {
	var b strings.Builder
	b.WriteString(e.At.UTC().Format("2006-01-02T15:04:05.000Z"))
	for _, part := range []string{e.What, e.Container, e.text()} {
		if part != "" {
			b.WriteString("  " + part)
		}
	}
	if e.By != "" {
		b.WriteString("  by " + e.By)
	}
	if e.Why != "" {
		b.WriteString(" because " + strconv.Quote(e.Why))
	}
	if e.Generation != 0 {
		b.WriteString(" generation " + strconv.FormatUint(e.Generation, 10))
	}
	if len(e.Draws) > 0 {
		b.WriteString("  drew")
	}
	for _, d := range e.Draws {
		b.WriteString(" " + d.String())
	}
	return b.String()
}

// String is the draw as people read it: chance=0.61.
func (d Draw) String() string {
	return cmp.Or(d.Name, d.Kind) + "=" + strconv.FormatFloat(d.Value, 'g', 6, 64)
}

// sameAnswer says that two entries about a question tell the same, whenever it was put.
func (e *Entry) sameAnswer(o *Entry) bool {
	return e.What == o.What && cut(e.text()) == cut(o.text()) && e.By == o.By && e.Generation == o.Generation &&
		slices.Equal(e.Draws, o.Draws[:min(len(o.Draws), maxDraws)])
}

// text is the message with its figures.
func (e *Entry) text() string {
	if len(e.Figures) == 0 {
		return e.Message
	}
	return Fill(e.Message, e.Figures)
}

// Fill puts figures into their places in a text: numbers for %d, milliseconds for %s. What has no figure stays as it is.
func Fill(text string, figures []int64) string {
	filled := make([]byte, 0, len(text)+16)
	for {
		before, after, found := strings.Cut(text, "%")
		filled = append(filled, before...)
		if !found || after == "" || len(figures) == 0 {
			return string(filled) + text[len(before):]
		}
		switch after[0] {
		case 'd':
			filled = strconv.AppendInt(filled, figures[0], 10)
		default:
			filled = append(filled, time.Duration(figures[0]*int64(time.Millisecond)).String()...)
		}
		text, figures = after[1:], figures[1:]
	}
}
