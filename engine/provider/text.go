package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// The journal says in words what a hook answered.

func createText(a hook.CreateAnswer) string {
	switch {
	case a.Reject != nil:
		return fmt.Sprintf("reject %d %s", a.Reject.Fault.Code, a.Reject.Fault.Message)
	case a.Refuse != nil:
		return "refuse " + a.Refuse.Reason
	case a.Stuck != nil && a.Delay == pod.Forever:
		return a.Stuck.Reason
	case a.Stuck != nil:
		return a.Stuck.Reason + " for " + short(a.Delay)
	case a.Delay > 0:
		return "delay " + short(a.Delay)
	default:
		return "let in"
	}
}

func deleteText(a hook.DeleteAnswer) string {
	switch {
	case a.Reject != nil:
		return fmt.Sprintf("reject %d %s", a.Reject.Fault.Code, a.Reject.Fault.Message)
	case a.Termination == nil:
		return "as the runs end"
	case a.Termination.Never:
		return "never ends"
	default:
		return "ends after " + short(a.Termination.After)
	}
}

// pullText says how a pull goes. Most answers differ in nothing but figures: those come behind others, not into the text.
func pullText(a pod.Pull, others []int64) (text string, figures []int64) {
	if a.Reason != "" {
		return fmt.Sprintf("%s after %s: %s", a.Reason, short(a.After), a.Message), others
	}
	return "pull takes %s", append(others, figure(a.After))
}

// What may be said of a run, by the number of its bit.
const (
	neverStarts = iota
	starts
	livenessFails
	neverReady
	readyInTurn
	getsReady
	exits
	saidOfRuns
)

// outcomeTexts are all that can be said of a run, by what of it is the case.
var outcomeTexts = func() (texts [1 << saidOfRuns]string) {
	parts := [saidOfRuns]string{
		neverStarts: "never started", starts: "started after %s", livenessFails: "liveness fails after %s",
		neverReady: "never ready", readyInTurn: "ready %s, unready %s, in turn", getsReady: "ready after %s", exits: "exit %d after %s",
	}
	for is := range texts {
		var said []string
		for bit, part := range parts {
			if is&(1<<bit) != 0 {
				said = append(said, part)
			}
		}
		texts[is] = strings.Join(said, ", ")
	}
	texts[0] = "runs until stopped"
	return texts
}()

// outcomeText says what a run will do, as pullText does.
func outcomeText(o pod.Outcome, others []int64) (text string, figures []int64) {
	is, figures := outcomeFigures(o, others)
	text = outcomeTexts[is]
	if o.StartError == nil && (o.Exit == nil || o.Exit.Reason == "") {
		return text, figures
	}
	text = journal.Fill(text, figures[len(others):]) // words of the script's are no places for figures
	if o.Exit != nil && o.Exit.Reason != "" {
		text += " " + o.Exit.Reason
	}
	if o.StartError == nil {
		return text, others
	}
	failed := o.StartError.Reason + ": " + o.StartError.Message
	if is == 0 {
		return failed, others
	}
	return failed + ", " + text, others
}

// outcomeFigures says which texts an answer has and their figures, in their order.
func outcomeFigures(o pod.Outcome, others []int64) (is int, figures []int64) {
	figures = others
	switch {
	case o.Unstarted:
		is |= 1 << neverStarts
	case o.Started != nil:
		is, figures = is|1<<starts, append(figures, figure(*o.Started))
	}
	if o.LivenessFails != nil {
		is, figures = is|1<<livenessFails, append(figures, figure(*o.LivenessFails))
	}
	if r := o.Ready; r != nil {
		switch {
		case r.Never:
			is |= 1 << neverReady
		case r.Up > 0:
			is, figures = is|1<<readyInTurn, append(figures, figure(r.Up), figure(r.Down))
		default:
			is, figures = is|1<<getsReady, append(figures, figure(r.After))
		}
	}
	if o.Exit != nil {
		is, figures = is|1<<exits, append(figures, int64(o.Exit.Code), figure(o.Exit.After))
	}
	return is, figures
}

// figure is a duration as the journal keeps it.
func figure(d time.Duration) int64 { return d.Round(time.Millisecond).Milliseconds() }

func paramText(p hook.Param) string { return fmt.Sprintf("%s.%s = %v", p.Script, p.Name, p.Value) }

func short(d time.Duration) string { return d.Round(time.Millisecond).String() }

func scriptName(f *script.File) string { return strings.TrimSuffix(f.Name, ".lua") }
