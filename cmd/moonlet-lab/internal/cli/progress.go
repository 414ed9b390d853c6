package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// style is how much a reader's terminal can do.
type style struct {
	Rewrite bool `json:"rewrite"` // a line may be written over
	Color   bool `json:"color"`
}

// styleOf knows a terminal from a file, and heeds NO_COLOR.
func styleOf(w io.Writer) style {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return style{}
	}
	return style{Rewrite: true, Color: os.Getenv("NO_COLOR") == ""}
}

// progress prints a line for each step: on a terminal when it begins and over that again when it ends, elsewhere only
// when it ends.
type progress struct {
	style
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

func newProgress(w io.Writer) *progress { return &progress{style: styleOf(w), w: w} }

const (
	clearLine = "\r\x1b[K"
	green     = "32"
	red       = "31"
)

// Step implements lab.Reporter.
func (p *progress) Step(what string) (done func(error)) {
	began := time.Now()
	if p.Rewrite {
		p.print(" • %s …", what)
	}
	return func(err error) { p.result(what, began, err) }
}

func (p *progress) result(what string, began time.Time, err error) {
	if err != nil {
		p.line(p.colored(red, "✗") + " " + what)
		return
	}
	p.line(fmt.Sprintf("%s %s (%s)", p.colored(green, "✓"), what, seconds(time.Since(began))))
}

// line prints a finished line in the place of a begun one.
func (p *progress) line(text string) {
	if p.Rewrite {
		text = clearLine + " " + text
	}
	p.print("%s\n", text)
}

// warn prints what happens between steps, each line marked as this program's.
func (p *progress) warn(text string) {
	if p.Rewrite {
		p.print(clearLine)
	}
	for line := range strings.Lines(text) {
		p.print("moonlet-lab: %s\n", strings.TrimRight(line, "\n"))
	}
}

func (p *progress) print(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, format, args...)
}

// redirect sends what comes from now on elsewhere.
func (p *progress) redirect(w io.Writer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.w = w
}

func (p *progress) colored(color, text string) string {
	if !p.Color {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
