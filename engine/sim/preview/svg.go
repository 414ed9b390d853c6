package preview

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// The measures of the drawing, in pixels.
const (
	svgWidth  = 960
	svgPad    = 24
	svgNames  = 150 // room for names on the left
	svgRow    = 34
	svgBar    = 18
	svgChart  = svgWidth - 2*svgPad - svgNames
	svgMinBar = 0.75 // shorter spans would not be seen
)

// colors of the states, chosen so that they differ in brightness, too.
var colors = map[State]string{
	Ready: "#2f9e63", Running: "#f2b134", Waiting: "#cfd6dd", Backoff: "#e8743b", Failed: "#b3261e", Done: "#4c78c9", Gone: "none",
}

// SVG draws the preview.
func (p *Preview) SVG(w io.Writer) error {
	d := &drawing{Preview: p}
	d.y = svgPad + 58
	d.axis()
	for i := range p.Rows {
		d.row(&p.Rows[i])
	}
	d.legend()
	d.shares()
	height := d.y + svgPad
	var head strings.Builder
	fmt.Fprintf(&head, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="#1f2933">`+"\n", svgWidth, height, svgWidth, height)
	fmt.Fprintf(&head, "<title>%s</title>\n", html.EscapeString("What becomes of "+p.Pod))
	fmt.Fprintf(&head, `<rect width="%d" height="%d" rx="10" fill="#ffffff" stroke="#e4e8ec"/>`+"\n", svgWidth, height)
	head.WriteString(text(svgPad, svgPad+14, `font-size="17" font-weight="600"`, p.Pod))
	head.WriteString(text(svgPad, svgPad+34, `fill="#66727f"`, p.about()))
	_, err := io.WriteString(w, head.String()+d.String()+"</svg>\n")
	return err
}

func (p *Preview) about() string {
	by := "no script owns it"
	if p.Script != "" {
		by = "by " + p.Script + ".lua"
	}
	return fmt.Sprintf("%s, seed %d, %s", by, p.Seed, span(p.Length))
}

// drawing is the part below the head, which knows its height only when it is drawn.
type drawing struct {
	strings.Builder
	*Preview
	y int
}

func text(x, y int, style, what string) string {
	return fmt.Sprintf(`<text x="%d" y="%d" %s>%s</text>`+"\n", x, y, style, html.EscapeString(what))
}

// x is where a time is drawn.
func (d *drawing) x(at Seconds) float64 {
	return svgPad + svgNames + float64(at)/float64(d.Length)*svgChart
}

func (d *drawing) axis() {
	bottom := d.y + 24 + svgRow*len(d.Rows) - 4
	for _, at := range ticks(d.Length, 8) {
		x := d.x(at)
		fmt.Fprintf(d, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#e4e8ec"/>`+"\n", x, d.y+16, x, bottom)
		anchor := "middle"
		if at == d.Length {
			anchor = "end"
		}
		fmt.Fprint(d, text(int(x), d.y+8, fmt.Sprintf(`text-anchor="%s" fill="#66727f" font-size="11"`, anchor), span(at)))
	}
	d.y += 24
}

func (d *drawing) row(r *Row) {
	weight := ""
	if r.Kind == Whole {
		weight = ` font-weight="600"`
	}
	fmt.Fprint(d, text(svgPad, d.y+13, `fill="#1f2933"`+weight, shorten(r.Name, 20)))
	fmt.Fprint(d, text(svgPad, d.y+26, `fill="#8a95a1" font-size="10"`, r.says()))
	for _, s := range r.Spans {
		x := d.x(s.From)
		width := max(d.x(s.To)-x, svgMinBar)
		if s.State == Gone {
			continue
		}
		tip := fmt.Sprintf("%s to %s: %s", span(s.From), span(s.To), s.State)
		if s.Why != "" {
			tip += ", " + s.Why
		}
		fmt.Fprintf(d, `<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"><title>%s</title></rect>`+"\n",
			x, d.y, width, svgBar, colors[s.State], html.EscapeString(tip))
	}
	d.exits(r)
	d.y += svgRow
}

// says is the small line under a row's name.
func (r *Row) says() string {
	says := fmt.Sprintf("ready %.0f %%", 100*r.Ready)
	if r.Kind == Init {
		says = "init"
	}
	switch r.Restarts {
	case 0:
		return says
	case 1:
		return says + ", 1 restart"
	default:
		return says + fmt.Sprintf(", %d restarts", r.Restarts)
	}
}

// exits are small marks under the bar, as long as they can be told apart.
func (d *drawing) exits(r *Row) {
	last := -10.0
	for _, e := range r.Exits {
		x := d.x(e.At)
		if x-last < 3 {
			continue
		}
		last = x
		tip := fmt.Sprintf("%s: exit %d %s", span(e.At), e.Code, e.Reason)
		color := colors[Failed]
		if e.Code == 0 {
			color = colors[Done]
		}
		fmt.Fprintf(d, `<path d="M%.1f %d l3 5 h-6 z" fill="%s"><title>%s</title></path>`+"\n", x, d.y+svgBar+1, color, html.EscapeString(strings.TrimSpace(tip)))
	}
}

func (d *drawing) legend() {
	x := svgPad + svgNames
	used := map[State]bool{}
	ends := false
	for _, r := range d.Rows {
		ends = ends || len(r.Exits) > 0
		for _, s := range r.Spans {
			used[s.State] = true
		}
	}
	d.y += 6
	for _, s := range legend {
		if !used[s] {
			continue
		}
		fmt.Fprintf(d, `<rect x="%d" y="%d" width="11" height="11" rx="2" fill="%s"/>`+"\n", x, d.y, colors[s])
		fmt.Fprint(d, text(x+16, d.y+10, `fill="#66727f" font-size="11"`, glyphs[s].says))
		x += 36 + 13*len(glyphs[s].says)/2
	}
	if ends {
		fmt.Fprintf(d, `<path d="M%d %d l4 7 h-8 z" fill="%s"/>`+"\n", x+5, d.y+2, colors[Failed])
		fmt.Fprint(d, text(x+16, d.y+10, `fill="#66727f" font-size="11"`, "a run ends"))
	}
	d.y += 11
}

func (d *drawing) shares() {
	d.y += 38
	what := fmt.Sprintf("After %s, of %d runs", span(d.Length), d.Runs)
	if d.Runs == 1 {
		what = "After " + span(d.Length)
	}
	fmt.Fprint(d, text(svgPad, d.y, `font-weight="600"`, what))
	d.y += 14
	const room = 220
	for i := range d.Outcomes {
		o := &d.Outcomes[i]
		fmt.Fprintf(d, `<rect x="%d" y="%d" width="%d" height="16" rx="3" fill="#f1f3f5"/>`+"\n", svgPad+svgNames, d.y, room)
		fmt.Fprintf(d, `<rect x="%d" y="%d" width="%.1f" height="16" rx="3" fill="%s"/>`+"\n", svgPad+svgNames, d.y, max(3, room*o.Share), colors[o.state()])
		fmt.Fprint(d, text(svgPad+svgNames-12, d.y+13, `text-anchor="end" font-weight="600"`, fmt.Sprintf("%.0f %%", 100*o.Share)))
		fmt.Fprint(d, text(svgPad+svgNames+room+14, d.y+13, `font-size="12"`, shorten(o.says(), 88)))
		d.y += 26
	}
	d.y -= 10
}

// state is the one whose colour an outcome has.
func (o *Outcome) state() State {
	switch {
	case o.Ready:
		return Ready
	case o.Status == "Completed":
		return Done
	case o.Status == "Running" || o.Status == "Pending":
		return Running
	default:
		return Failed
	}
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
