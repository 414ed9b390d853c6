package record

import (
	"fmt"
	"strings"
	"time"
)

// outside is what befell the nth pod of a role from outside.
func (n *narrator) outside(t *podTale, role *Role, nth int) {
	act := Act{Role: role, Nth: nth}
	for _, c := range t.containers {
		for _, s := range c.starts {
			n.inheritedExit(act, t, c, s)
			n.unready(act, t, s)
		}
	}
	n.ended(act, t)
	if t.left().IsZero() {
		return
	}
	act.At = n.span(n.start, t.left())
	act.Why = n.pod(t) + " was deleted" + reasonOf(t)
	switch took := n.span(t.left(), t.gone); {
	case t.deleted.IsZero():
		act.Why += " at once"
	case t.gone.IsZero():
		act.Why += ", and is still there"
	case took > 0:
		act.Why += fmt.Sprintf("; it took %s to go", took)
	}
	n.acts = append(n.acts, act)
}

// pod names a pod for people.
func (n *narrator) pod(t *podTale) string { return t.pod.Namespace + "/" + t.pod.Name }

// reasonOf is why a pod was deleted, where whoever did it said so.
func reasonOf(t *podTale) string {
	for i := range t.pod.Status.Conditions {
		if c := &t.pod.Status.Conditions[i]; c.Type == "DisruptionTarget" && c.Status == "True" {
			return " (" + c.Reason + ")"
		}
	}
	return ""
}

// inheritedExit ends a run that began before the recording.
func (n *narrator) inheritedExit(act Act, t *podTale, c *containerTale, s *startTale) {
	if !s.before || s.ended.IsZero() || s.cause != itself {
		return
	}
	act.At = n.span(n.start, s.ended)
	act.Why = fmt.Sprintf("%s: container %s, which ran before, ended: %s", n.pod(t), c.name, exitWords(s))
	switch {
	case s.reason == "OOMKilled":
		act.Verb = "oom"
	case s.code == 0:
		act.Verb = "finish"
	default:
		act.Verb, act.Args = "exit", []any{int64(s.code)}
	}
	if len(t.containers) > 1 {
		act.Args = append(act.Args, c.name)
	}
	n.acts = append(n.acts, act)
}

// unready is a run that lost its readiness for a while.
func (n *narrator) unready(act Act, t *podTale, s *startTale) {
	if up, _ := n.rhythm(t, s); up > 0 && !s.before {
		return // its life tells
	}
	act.Verb = "unready"
	for i := 1; i < len(s.flips); i += 2 {
		var until time.Time // zero: longer than anybody looked
		switch {
		case i+1 < len(s.flips):
			until = s.flips[i+1].at
		case !s.ended.IsZero() && s.cause == itself:
			until = s.ended.Add(Round) // it must not get ready just before
		}
		act.At, act.Lasts = n.span(n.start, s.flips[i].at), 0
		if !until.IsZero() {
			act.Lasts = n.span(s.flips[i].at, until)
		}
		act.Why = n.pod(t) + " was not ready"
		n.together(act)
	}
}

// together adds an act, once for all containers of a pod: they lose their readiness together. Some end before it is over.
func (n *narrator) together(act Act) {
	for i := range n.acts {
		a := &n.acts[i]
		if a.Role == act.Role && a.Nth == act.Nth && a.Verb == act.Verb && a.At == act.At {
			if a.Lasts > 0 && (act.Lasts == 0 || act.Lasts > a.Lasts) { // 0: to the end
				a.Lasts = act.Lasts
			}
			return
		}
	}
	n.acts = append(n.acts, act)
}

// ended is a pod that its node ended.
func (n *narrator) ended(act Act, t *podTale) {
	if t.end == nil || t.end.rejected {
		return
	}
	act.At = n.span(n.start, t.end.at)
	act.Why = n.pod(t) + ": " + t.end.reason
	switch t.end.reason {
	case "Evicted":
		act.Verb, act.Args = "evict", []any{evictionKind(t.end.message), t.end.message}
	case "Terminated":
		if n.shutDown[t.pod.Spec.NodeName] {
			return // the node tells it
		}
		act.Verb, act.Args = "evict", []any{"shutdown"}
	case "Preempting":
		act.Verb, act.Args = "evict", []any{"preempted"}
	case deadline:
		act.Verb, act.Args = "evict", []any{"deadline"}
	default:
		act.Verb, act.Args = "stop", []any{"Failed", t.end.reason, t.end.message}
	}
	n.acts = append(n.acts, act)
}

// evictionKind is what an eviction was about, as the verb has it.
func evictionKind(message string) string {
	for _, k := range []struct{ text, kind string }{
		{"resource: ephemeral-storage", "ephemeral-storage"},
		{"resource: inodes", "inodes"},
		{"resource: pids", "pids"},
		{"local storage usage exceeds", "ephemeral-limit"},
		{"local ephemeral storage limit", "container-limit"},
		{"Usage of EmptyDir", "emptydir-limit"},
	} {
		if strings.Contains(message, k.text) {
			return k.kind
		}
	}
	return "memory"
}

// node is what befell a node.
func (n *narrator) node(t *nodeTale) {
	for _, e := range t.episodes {
		act := Act{At: n.span(n.start, e.from), Node: t.name, Verb: e.verb, Why: t.name + " " + episodeWords(e)}
		switch e.verb {
		case "not_ready", "pressure":
			act.Args = []any{e.text}
		case "capacity":
			act.Args = []any{amounts(e)}
		}
		if !e.until.IsZero() {
			act.Lasts = max(n.span(e.from, e.until), n.round)
		}
		n.acts = append(n.acts, act)
	}
	for _, c := range t.cordoned {
		why := t.name + " was cordoned"
		if c.ready {
			why = t.name + " was uncordoned"
		}
		n.acts = append(n.acts, Act{At: n.span(n.start, c.at), Node: t.name, Why: why})
	}
	if !t.gone.IsZero() {
		n.acts = append(n.acts, Act{At: n.span(n.start, t.gone), Node: t.name, Why: t.name + " was deleted"})
	}
}

func amounts(e *episode) map[string]string {
	all := map[string]string{}
	for name, q := range e.capacity {
		all[string(name)] = q.String()
	}
	return all
}

func episodeWords(e *episode) string {
	switch e.verb {
	case "silence":
		return "fell silent" + forSpan(e)
	case "not_ready":
		return "was not ready" + forSpan(e) + ": " + e.text
	case "pressure":
		return "was short of " + e.text + forSpan(e)
	case "shutdown":
		return "was shut down" + forSpan(e)
	default:
		return "had another capacity" + forSpan(e)
	}
}

func forSpan(e *episode) string {
	if e.until.IsZero() {
		return ""
	}
	return " for " + e.until.Sub(e.from).Round(time.Second).String()
}
