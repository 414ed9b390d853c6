package record

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// facts are what a person would say of a pod. Nothing, where nothing went wrong.
func (n *narrator) facts(t *podTale) []string {
	var all []string
	if t.end != nil {
		all = append(all, t.end.reason+": "+t.end.message)
	}
	for _, c := range t.containers {
		all = append(all, c.facts()...)
	}
	if !t.anyBegan() && n.delay(t) == never {
		all = append(all, "it never came so far that containers could start")
	}
	return all
}

func (c *containerTale) facts() []string {
	var all tally
	for _, p := range c.pulls {
		all.add(fmt.Sprintf("%s: %s: %s", c.name, p.reason, p.message))
	}
	lost := 0
	for _, s := range c.starts {
		switch {
		case s.failure != "":
			all.add(fmt.Sprintf("%s: %s: %s", c.name, s.failure, s.message))
		case !s.ended.IsZero() && s.cause == itself && (!c.init || s.code != 0):
			all.add(fmt.Sprintf("%s: %s", c.name, exitWords(s)))
		}
		lost += max(len(s.flips)-1, 0) / 2
		if n := len(s.flips); n > 1 && !s.flips[n-1].ready {
			lost++
		}
	}
	for range lost {
		all.add(c.name + ": no longer ready")
	}
	return all.lines()
}

func exitWords(s *startTale) string {
	text := fmt.Sprintf("exit %d", s.code)
	if s.reason != "" && s.reason != "Error" {
		text += " " + s.reason
	}
	if s.message != "" {
		text += ": " + s.message
	}
	return text
}

// tally counts what is said more than once, in the order in which it was said first.
type tally struct {
	texts  []string
	counts []int
}

func (t *tally) add(text string) {
	text = oneLine(text)
	if i := slices.Index(t.texts, text); i >= 0 {
		t.counts[i]++
		return
	}
	t.texts, t.counts = append(t.texts, text), append(t.counts, 1)
}

func (t *tally) lines() []string {
	lines := make([]string, len(t.texts))
	for i, text := range t.texts {
		lines[i] = text
		if t.counts[i] > 1 {
			lines[i] = fmt.Sprintf("%s (%d times)", text, t.counts[i])
		}
	}
	return lines
}

// oneLine makes a text fit for a comment.
func oneLine(text string) string {
	text = strings.Map(printable, strings.Join(strings.Fields(text), " "))
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

const longest = 120
