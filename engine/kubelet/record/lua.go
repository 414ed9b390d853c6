package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Lua is the story as a file for the scripts folder. name is how people will call it: story.lua.
func (s *Story) Lua(name string) []byte {
	w := &writer{}
	s.head(w, name)
	s.given(w)
	s.lives(w)
	s.hooks(w)
	s.scenario(w)
	return []byte(w.b.String())
}

// writer writes lines of Lua.
type writer struct {
	b     strings.Builder
	depth int
}

func (w *writer) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text != "" {
		w.b.WriteString(strings.Repeat("  ", w.depth))
	}
	w.b.WriteString(text + "\n")
}

// open writes a line and indents what follows, until close.
func (w *writer) open(format string, args ...any) {
	w.line(format, args...)
	w.depth++
}

func (w *writer) close(text string) {
	w.depth--
	w.line("%s", text)
}

func (s *Story) head(w *writer, name string) {
	w.line("-- %s: what moonlet record saw from %s on, for %s:", name, s.From.UTC().Format("2006-01-02 15:04:05 UTC"), words(s.Lasts))
	w.line("-- %s on %s, %s, %s.", plural(s.Seen.Pods, "pod"), plural(s.Seen.Nodes, "node"),
		plural(s.Seen.Exits, "exit")+" of containers", plural(s.Seen.Troubles, "other failure"))
	w.line("--")
	w.line("-- In the scripts folder it gives pods of these names these lives again, from their creation on. What came from")
	w.line("-- outside is the scenario: create the pods, and moonlet scenario run %s. Without a cluster, add --speed max.", name)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (s *Story) lives(w *writer) {
	if len(s.Roles) == 0 {
		return
	}
	w.line("")
	w.line("-- What each try to get an image and each run of a container did, in order; the last one goes for all later ones.")
	w.open("local lives = {")
	for i, r := range s.Roles {
		if i > 0 && len(s.Roles[i-1].facts()) > 0 || i > 0 && len(r.facts()) > 0 {
			w.line("")
		}
		r.lua(w)
	}
	w.close("}")
}

func (r Role) facts() []string {
	var all []string
	for _, l := range r.Lives {
		all = append(all, l.Facts...)
	}
	return all
}

func (r Role) lua(w *writer) {
	key := "[" + quote(r.Key()) + "] = "
	if len(r.Lives) == 1 {
		r.Lives[0].lua(w, key)
		return
	}
	w.line("-- %d pods, the oldest first.", len(r.Lives))
	w.open("%s{", key)
	for _, l := range r.Lives {
		l.lua(w, "")
	}
	w.close("},")
}

func (l Life) lua(w *writer, key string) {
	for _, f := range l.Facts {
		w.line("-- %s", oneLine(f))
	}
	var fields []string
	if l.Refused != nil {
		fields = append(fields, fmt.Sprintf("refused = { %s, %s }", quote(l.Refused.Reason), quote(l.Refused.Message)))
	}
	if l.Delay > 0 {
		fields = append(fields, "delay = "+span(l.Delay))
	}
	containers := slices.DeleteFunc(slices.Clone(l.Containers), func(c Container) bool { return len(c.Pulls)+len(c.Starts) == 0 })
	if len(containers) == 0 {
		w.line("%s%s,", key, table(fields))
		return
	}
	w.open("%s{", key)
	for _, f := range fields {
		w.line("%s,", f)
	}
	list(w, "pulls", containers, func(c Container) []string { return texts(c.Pulls, Pull.lua) })
	list(w, "starts", containers, func(c Container) []string { return texts(c.Starts, Start.lua) })
	w.close("},")
}

// list writes what each container has of a kind, if any has.
func list(w *writer, name string, containers []Container, of func(Container) []string) {
	if !slices.ContainsFunc(containers, func(c Container) bool { return len(of(c)) > 0 }) {
		return
	}
	w.open("%s = {", name)
	for _, c := range containers {
		all := of(c)
		key := field(c.Name)
		switch {
		case len(all) == 0:
		case len(all) == 1:
			w.line("%s = { %s },", key, all[0])
		default:
			w.open("%s = {", key)
			for _, one := range all {
				w.line("%s,", one)
			}
			w.close("},")
		}
	}
	w.close("},")
}

func texts[T any](all []T, text func(T) string) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = text(one)
	}
	return out
}

func (p Pull) lua() string {
	fields := []string{"after = " + span(p.After)}
	if p.Reason != "" {
		fields = append(fields, "reason = "+quote(p.Reason), "error = "+quote(p.Message))
	}
	return table(fields)
}

func (s Start) lua() string {
	var fields []string
	add := func(name, value string) { fields = append(fields, name+" = "+value) }
	if s.Failure != nil {
		add("start_error", table([]string{"reason = " + quote(s.Failure.Reason), "message = " + quote(s.Failure.Message)}))
		return table(fields)
	}
	if s.Started > 0 {
		add("started", span(s.Started))
	}
	switch {
	case s.Never:
		add("ready", "false")
	case s.Up > 0 && s.Ready > 0:
		add("ready", fmt.Sprintf("flap(%s, %s, %s)", span(s.Up), span(s.Down), span(s.Ready)))
	case s.Up > 0:
		add("ready", fmt.Sprintf("flap(%s, %s)", span(s.Up), span(s.Down)))
	default:
		add("ready", span(s.Ready))
	}
	if e := s.Exit; e != nil {
		add("exit", fmt.Sprint(e.Code))
		if e.Reason != "" && e.Reason != usualReason(e.Code) {
			add("reason", quote(e.Reason))
		}
		if e.Message != "" {
			add("message", quote(e.Message))
		}
		add("after", span(e.After))
	}
	if s.Deaf {
		add("terminate", "false")
	} else if s.Terminate > 0 {
		add("terminate", span(s.Terminate))
	}
	return table(fields)
}

// usualReason is the one that Moonlet gives an exit by itself.
func usualReason(code int32) string {
	if code == 0 {
		return "Completed"
	}
	return "Error"
}

func table(fields []string) string {
	if len(fields) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}

func (s *Story) scenario(w *writer) {
	w.line("")
	w.open("scenario(%s, function()", quote("what was seen"))
	at := time.Duration(0)
	for _, a := range s.Acts {
		if a.At > at && a.Verb != "" {
			w.line("at(%s)", span(a.At))
			at = a.At
		}
		if a.Verb == "" {
			w.line("-- at %s: %s", words(a.At), oneLine(a.Why))
			continue
		}
		w.line("%s -- %s", a.lua(), oneLine(a.Why))
	}
	if s.Lasts > at {
		w.line("at(%s)", span(s.Lasts))
	}
	w.close("end)")
}

func (a Act) lua() string {
	whom := fmt.Sprintf("nodes{ name = %s }", quote(a.Node))
	switch r := a.Role; {
	case r == nil:
	case a.byNumber():
		whom = fmt.Sprintf("of(%s, %d)", quote(r.Key()), max(a.Nth, 1))
	default:
		whom = fmt.Sprintf("pods{ namespace = %s, name = %s }", quote(r.Namespace), quote(r.Name))
	}
	var args []string
	for _, arg := range a.Args {
		args = append(args, literal(arg))
	}
	if a.Lasts > 0 {
		args = append(args, span(a.Lasts))
	}
	return fmt.Sprintf("%s:%s(%s)", whom, a.Verb, strings.Join(args, ", "))
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case map[string]string:
		var fields []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, fmt.Sprintf("%s = %s", field(k), quote(v[k])))
		}
		return table(fields)
	default:
		return fmt.Sprint(v)
	}
}
