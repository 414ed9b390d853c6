package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// progress shows what a scenario does, a line for each step. On a terminal there is one line more, which counts down
// while nothing happens.
type progress struct {
	w      io.Writer
	screen screen
	speed  float64 // of the story's time; 0: nothing is counted down

	mu    sync.Mutex
	waits []wait        // of branches, and of expectations that are looked at; guarded by mu
	at    time.Time     // of the story, at the last event; guarded by mu
	heard time.Time     // when that was; guarded by mu
	stop  chan struct{} // ends the countdown; nil: there is none
	done  chan struct{}
}

// wait is what is waited for, until when.
type wait struct {
	what  string
	until time.Time
}

func newProgress(w io.Writer, speed float64) *progress {
	return &progress{w: w, screen: screenOf(w), speed: speed}
}

// tell shows one event.
func (p *progress) tell(e api.ScenarioEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at, p.heard = e.At, time.Now()
	p.forget()
	switch e.Type {
	case api.ScenarioBegan:
		p.line("%s  %s", p.bold(e.Scenario), e.Text)
	case api.ScenarioStep:
		p.line("  %s  %s", p.mark(e), e.Step.What+hits(e.Step.Hits))
	case api.ScenarioSaid:
		p.line("  %s  %s", p.mark(e), e.Text)
	case api.ScenarioWaits:
		p.await(fmt.Sprintf("waits at line %d", e.Line), *e.Until)
	case api.ScenarioExpects:
		p.line("  %s  … expects: %s%s", p.mark(e), e.Expect.What, inWhichTime(e.Expect))
		p.await("expects: "+e.Expect.What, *e.Until)
	case api.ScenarioJudged:
		p.drop("expects: " + e.Expect.What)
		p.line("  %s  %s", p.mark(e), p.judged(e.Expect))
	case api.ScenarioRestored:
		p.line("  %s  restored: %s", p.mark(e), e.Text)
	case api.ScenarioEnded:
		p.waits = nil
		p.ended(e.Verdict)
	}
	p.countDown()
}

// mark is when in the story, and where in the file.
func (p *progress) mark(e api.ScenarioEvent) string {
	place := ""
	if e.Line > 0 {
		place = fmt.Sprintf(":%d", e.Line)
	}
	return p.dim(fmt.Sprintf("%s  %-4s", clockText(e.After), place))
}

// clockText is a time since the begin: 01:30, 1:01:30.
func clockText(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Truncate(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%02d:%02d", m, s)
}

// hits names whom a step hit, the first few.
func hits(names []string) string {
	const shown = 3
	if len(names) == 0 {
		return ""
	}
	text := strings.Join(names[:min(len(names), shown)], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("  →  %s", text)
}

func inWhichTime(e *api.ScenarioExpectation) string {
	text := ""
	if e.Within > 0 {
		text += " within " + secondsText(e.Within)
	}
	if e.HoldsFor > 0 {
		text += " for " + secondsText(e.HoldsFor)
	}
	return text
}

func secondsText(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).String()
}

func (p *progress) judged(e *api.ScenarioExpectation) string {
	text := e.What
	if e.Took >= 0.1 {
		text += " after " + secondsText(e.Took)
	}
	if e.Found != "" {
		text += " (" + e.Found + ")"
	}
	if e.Held {
		return p.green("✓ ") + text
	}
	return p.red("✗ ") + text
}

func (p *progress) ended(v *api.ScenarioVerdict) {
	switch {
	case v.Problem != nil:
		p.line("  %s %s:%d: %s", p.red("✗"), v.Problem.Script, v.Problem.Line, v.Problem.Text)
		if v.Problem.Source != "" {
			p.line("      %s", v.Problem.Source)
		}
	case v.Ended != "":
		p.line("  %s %s", p.red("✗"), v.Ended)
	}
}

func (p *progress) await(what string, until time.Time) {
	p.waits = append(p.waits, wait{what, until})
}

func (p *progress) drop(what string) {
	for i, w := range p.waits {
		if w.what == what {
			p.waits = append(p.waits[:i], p.waits[i+1:]...)
			return
		}
	}
}

// forget drops waits that are over.
func (p *progress) forget() {
	kept := p.waits[:0]
	for _, w := range p.waits {
		if w.until.After(p.at) {
			kept = append(kept, w)
		}
	}
	p.waits = kept
}

// line prints a line above the countdown.
func (p *progress) line(format string, args ...any) {
	p.wipe()
	fmt.Fprintf(p.w, format+"\n", args...)
}

func (p *progress) wipe() {
	if p.screen.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// countDown shows what is waited for, and keeps showing it.
func (p *progress) countDown() {
	if !p.screen.terminal || p.speed == 0 {
		return
	}
	p.show()
	if p.stop == nil {
		p.stop, p.done = make(chan struct{}), make(chan struct{})
		go p.tick(p.stop, p.done)
	}
}

// show writes the countdown: of all that is waited for, what comes first.
func (p *progress) show() {
	p.wipe()
	if len(p.waits) == 0 {
		return
	}
	next := p.waits[0]
	for _, w := range p.waits {
		if w.until.Before(next.until) {
			next = w
		}
	}
	now := p.at.Add(time.Duration(float64(time.Since(p.heard)) * p.speed))
	left := max(next.until.Sub(now), 0).Round(time.Second)
	text := fmt.Sprintf("  %6s  %s", left, next.what)
	fmt.Fprint(p.w, p.dim(cutTo(text, p.screen.width-1)))
}

func cutTo(text string, width int) string {
	if runes := []rune(text); len(runes) > width && width > 1 {
		return string(runes[:width-1]) + "…"
	}
	return text
}

func (p *progress) tick(stop, done chan struct{}) {
	defer close(done)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-stop:
			return
		case <-second.C:
			p.mu.Lock()
			p.show()
			p.mu.Unlock()
		}
	}
}

// rest ends the countdown.
func (p *progress) rest() {
	p.mu.Lock()
	stop, done := p.stop, p.done
	p.stop, p.waits = nil, nil
	p.mu.Unlock()
	if stop == nil {
		return
	}
	close(stop)
	<-done
	p.wipe()
}

func (p *progress) paint(code, text string) string {
	if !p.screen.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *progress) bold(s string) string  { return p.paint("1", s) }
func (p *progress) dim(s string) string   { return p.paint("2", s) }
func (p *progress) green(s string) string { return p.paint("32", s) }
func (p *progress) red(s string) string   { return p.paint("31", s) }
