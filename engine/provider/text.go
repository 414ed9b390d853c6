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

func pullText(a pod.Pull) string {
	if a.Reason != "" {
		return fmt.Sprintf("%s after %s: %s", a.Reason, short(a.After), a.Message)
	}
	return "pull takes " + short(a.After)
}

func outcomeText(o pod.Outcome) string {
	var parts []string
	if o.StartError != nil {
		parts = append(parts, o.StartError.Reason+": "+o.StartError.Message)
	}
	switch {
	case o.Unstarted:
		parts = append(parts, "never started")
	case o.Started != nil:
		parts = append(parts, "started after "+short(*o.Started))
	}
	if o.LivenessFails != nil {
		parts = append(parts, "liveness fails after "+short(*o.LivenessFails))
	}
	if o.Ready != nil {
		parts = append(parts, readyText(*o.Ready))
	}
	if o.Exit != nil {
		exit := fmt.Sprintf("exit %d after %s", o.Exit.Code, short(o.Exit.After))
		if o.Exit.Reason != "" {
			exit += " " + o.Exit.Reason
		}
		parts = append(parts, exit)
	}
	if len(parts) == 0 {
		return "runs until stopped"
	}
	return strings.Join(parts, ", ")
}

func readyText(r pod.Readiness) string {
	switch {
	case r.Never:
		return "never ready"
	case r.Up > 0:
		return fmt.Sprintf("ready %s, unready %s, in turn", short(r.Up), short(r.Down))
	default:
		return "ready after " + short(r.After)
	}
}

func paramText(p hook.Param) string { return fmt.Sprintf("%s.%s = %v", p.Script, p.Name, p.Value) }

func short(d time.Duration) string { return d.Round(time.Millisecond).String() }

func drawsOf(drawn []script.Drawn) []journal.Draw {
	if len(drawn) == 0 {
		return nil
	}
	draws := make([]journal.Draw, len(drawn))
	for i, d := range drawn {
		draws[i] = journal.Draw(d)
	}
	return draws
}

func scriptName(f *script.File) string { return strings.TrimSuffix(f.Name, ".lua") }
