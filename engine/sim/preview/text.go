package preview

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// Look is how a preview is printed.
type Look struct {
	Width int  // columns; 0: 80
	Color bool // with the colours of a terminal
}

// glyphs of the timeline, and the colours a terminal gives them.
var glyphs = map[State]struct{ glyph, color, says string }{
	Ready:   {"█", "32", "ready"},
	Running: {"▓", "33", "running, not ready"},
	Waiting: {"░", "90", "not begun"},
	Backoff: {"▒", "31", "waits after a failure"},
	Failed:  {"✗", "31", "failed"},
	Done:    {"─", "34", "completed"},
	Gone:    {" ", "0", "gone"},
}

// legend is the order in which glyphs are explained.
var legend = []State{Ready, Running, Waiting, Backoff, Failed, Done}

const (
	minChart  = 20
	edge      = 2  // between the names and the chart
	storyKept = 15 // lines of the story that are printed
	barWidth  = 25
)

// Text prints the preview for a terminal.
func (p *Preview) Text(w io.Writer, look Look) error {
	if look.Width == 0 {
		look.Width = 80
	}
	t := &textWriter{Preview: p, look: look}
	t.head()
	if len(p.Rows[0].Spans) > 0 {
		t.timeline()
		t.tale()
	}
	t.shares()
	_, err := io.WriteString(w, t.String())
	return err
}

type textWriter struct {
	strings.Builder
	*Preview
	look  Look
	names int // width of the names
	chart int // width of the chart
}

func (t *textWriter) color(code, text string) string {
	if !t.look.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *textWriter) head() {
	script := t.Script + ".lua"
	if t.Script == "" {
		script = "no script"
	}
	fmt.Fprintf(t, "%s %s\n\n", t.color("1", t.Pod), t.color("90", fmt.Sprintf("by %s, seed %d, %s", script, t.Seed, span(t.Length))))
}

func (t *textWriter) timeline() {
	for _, r := range t.Rows {
		t.names = max(t.names, len([]rune(r.Name)))
	}
	t.names = min(t.names, 24)
	t.chart = max(minChart, t.look.Width-t.names-edge)
	t.axis()
	used := map[State]bool{}
	for i := range t.Rows {
		t.row(&t.Rows[i], used)
	}
	var says []string
	for _, s := range legend {
		if used[s] {
			says = append(says, t.color(glyphs[s].color, glyphs[s].glyph)+" "+glyphs[s].says)
		}
	}
	fmt.Fprintf(t, "%s%s\n\n", t.left(""), strings.Join(says, "  "))
}

func (t *textWriter) left(name string) string {
	r := []rune(name)
	if len(r) > t.names {
		r = append(r[:t.names-1], '…')
	}
	return string(r) + strings.Repeat(" ", t.names-len(r)+edge)
}

// axis prints times above the chart, as many as fit.
func (t *textWriter) axis() {
	line := []rune(strings.Repeat(" ", t.chart))
	free := 0
	for _, at := range ticks(t.Length, t.chart/12) {
		label := []rune(span(at))
		col := int(float64(at) / float64(t.Length) * float64(t.chart))
		col = max(0, min(col, t.chart-len(label)))
		if col >= free {
			copy(line[col:], label)
			free = col + len(label) + 1
		}
	}
	fmt.Fprintf(t, "%s%s\n", t.left(""), t.color("90", strings.TrimRight(string(line), " ")))
}

// row prints one line of the chart and, where runs ended, one with how many did.
func (t *textWriter) row(r *Row, used map[State]bool) {
	fmt.Fprint(t, t.left(r.Name))
	last, run := State(""), ""
	flush := func() {
		fmt.Fprint(t, t.color(glyphs[last].color, run))
		run = ""
	}
	for col := range t.chart {
		s := r.at(t.column(col), t.column(col+1))
		used[s] = true
		if s != last {
			flush()
		}
		last = s
		run += glyphs[s].glyph
	}
	flush()
	fmt.Fprintln(t)
	t.exits(r)
}

func (t *textWriter) column(n int) Seconds {
	return Seconds(float64(t.Length) * float64(n) / float64(t.chart))
}

// at is the state that fills most of a stretch of time.
func (r *Row) at(from, to Seconds) State {
	most, is := Seconds(-1), Gone
	sums := map[State]Seconds{}
	for _, s := range r.Spans {
		if s.To <= from && s.To != s.From || s.From >= to {
			continue
		}
		sums[s.State] += min(s.To, to) - max(s.From, from)
		if sums[s.State] > most {
			most, is = sums[s.State], s.State
		}
	}
	return is
}

// exits prints × where a run ended, or how many did.
func (t *textWriter) exits(r *Row) {
	if len(r.Exits) == 0 {
		return
	}
	counts := make([]int, t.chart)
	for _, e := range r.Exits {
		counts[min(int(float64(e.At)/float64(t.Length)*float64(t.chart)), t.chart-1)]++
	}
	var b strings.Builder
	for _, n := range counts {
		switch {
		case n == 0:
			b.WriteByte(' ')
		case n == 1:
			b.WriteString("×")
		case n < 10:
			fmt.Fprint(&b, n)
		default:
			b.WriteByte('+')
		}
	}
	fmt.Fprintf(t, "%s%s\n", t.left(""), t.color("31", strings.TrimRight(b.String(), " ")))
}

// tale prints what happens first, and why.
func (t *textWriter) tale() {
	for i, h := range t.Story {
		if i == storyKept {
			fmt.Fprintf(t, "%s\n", t.color("90", fmt.Sprintf("  … and %d more; -o json has them all", len(t.Story)-i)))
			break
		}
		fmt.Fprintln(t, t.told(&h))
	}
	fmt.Fprintln(t)
}

// told is one line of the story. Of a long one the cause stays, but not what was drawn.
func (t *textWriter) told(h *Happens) string {
	line := fmt.Sprintf("  %-9s %-13s%s", span(h.After), h.What, h.what())
	why := h.why(true)
	if len([]rune(line+why)) > t.look.Width {
		why = h.why(false)
	}
	return cut(line, t.look.Width-len([]rune(why))) + t.color("90", why)
}

// what is the message, with the container where it does not name it.
func (h *Happens) what() string {
	switch {
	case h.Message == "":
		return h.Container
	case h.Container == "" || strings.Contains(h.Message, h.Container):
		return h.Message
	default:
		return h.Container + ": " + h.Message
	}
}

// why is the cause: whoever did it, or the line of a script and what it drew.
func (h *Happens) why(draws bool) string {
	if h.By == "" {
		return ""
	}
	parts := []string{h.By}
	for _, d := range h.Draws {
		if draws {
			parts = append(parts, fmt.Sprintf("%s %.3g", cmp.Or(d.Name, d.Kind), d.Value))
		}
	}
	return "  (" + strings.Join(parts, ", ") + ")"
}

func cut(line string, width int) string {
	width = max(width, minChart)
	if r := []rune(line); len(r) > width {
		return string(r[:width-1]) + "…"
	}
	return line
}

// shares prints how the lives end.
func (t *textWriter) shares() {
	if t.Runs == 1 {
		o := t.Outcomes[0]
		fmt.Fprintf(t, "After %s: %s.\n", span(t.Length), o.says())
		return
	}
	fmt.Fprintf(t, "After %s, of %d runs (seeds %d to %d):\n", span(t.Length), t.Runs, t.Seed, t.Seed+uint64(t.Runs)-1) //nolint:gosec // never negative
	for _, o := range t.Outcomes {
		bar := strings.Repeat("█", max(1, int(o.Share*barWidth+0.5)))
		fmt.Fprintf(t, "  %4.0f %%  %s%s  %s\n", 100*o.Share, t.color(o.color(), bar), strings.Repeat(" ", barWidth-len([]rune(bar))), o.says())
	}
}

func (o *Outcome) color() string { return glyphs[o.state()].color }

// says words an outcome: Running, ready; 0 to 3 restarts; ready 80 % to 100 % of the time.
func (o *Outcome) says() string {
	text := o.name()
	switch {
	case o.Restarts.Max == 1 && o.Restarts.Min == 1:
		text += "; 1 restart"
	case o.Restarts.Max > 0:
		text += "; " + o.Restarts.text("restarts", func(n int) string { return fmt.Sprint(n) })
	}
	if o.UpTime.Max > 0 {
		text += "; ready " + o.UpTime.text("of the time", func(s Share) string { return fmt.Sprintf("%.0f %%", 100*s) })
	}
	return text
}

func (o *Outcome) name() string {
	if o.Ready {
		return o.Status + ", ready"
	}
	if o.Status == "Running" {
		return "Running, not ready"
	}
	return o.Status
}

// text is a range of something as one figure, or from the smallest to the largest.
func (r Range[T]) text(what string, one func(T) string) string {
	low, high := one(r.Min), one(r.Max)
	if low == high {
		return low + " " + what
	}
	return low + " to " + high + " " + what + " (median " + one(r.Median) + ")"
}

// span prints a time without the parts that are 0: 1h, 5m, 2m30s, 1.5s.
func span(s Seconds) string {
	d := time.Duration(s)
	switch {
	case d >= time.Hour:
		d = d.Round(time.Second)
	case d >= time.Minute:
		d = d.Round(100 * time.Millisecond)
	default:
		d = d.Round(time.Millisecond)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// steps are the distances between times on an axis.
var steps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// ticks are the times on an axis: round ones, at most so many.
func ticks(length Seconds, most int) []Seconds {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if int(time.Duration(length)/s) <= max(most, 2) {
			step = s
			break
		}
	}
	var out []Seconds
	for at := Seconds(0); at <= length; at += Seconds(step) {
		out = append(out, at)
	}
	return out
}
