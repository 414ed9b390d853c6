package suite

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Look is how a report is printed.
type Look struct {
	Color bool   // with the colours of a terminal
	Again string // the command that plays a test again, without test and seed; "": it is not told
}

// Text prints the report for a person: a line for each test, and all there is to know of those that failed.
func (r *Report) Text(w io.Writer, look Look) error {
	t := &textWriter{look: look, width: r.longestName()}
	for i := range r.Files {
		t.file(&r.Files[i])
	}
	t.coverage(r.Coverage)
	t.summary(r)
	_, err := io.WriteString(w, t.String())
	return err
}

type textWriter struct {
	strings.Builder
	look  Look
	width int // of the names of tests
}

const (
	red, green, grey, bold = "31", "32", "90", "1"
	maxNames               = 60
)

func (r *Report) longestName() int {
	longest := 0
	for _, f := range r.Files {
		for _, t := range f.Tests {
			longest = max(longest, min(len([]rune(t.Name)), maxNames))
		}
	}
	return longest
}

func (t *textWriter) color(code, text string) string {
	if !t.look.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (t *textWriter) file(f *FileReport) {
	if len(f.Tests) == 0 && len(f.Problems) == 0 {
		return
	}
	fmt.Fprintln(t, t.color(bold, f.File))
	for _, p := range f.Problems {
		mark := t.color(grey, "!")
		if f.Broken {
			mark = t.color(red, "✗")
		}
		fmt.Fprintf(t, "  %s %s\n", mark, p)
	}
	for i := range f.Tests {
		t.test(f, &f.Tests[i])
	}
}

func (t *textWriter) test(f *FileReport, one *TestReport) {
	name := one.Name + strings.Repeat(" ", max(0, t.width-len([]rune(one.Name))))
	if one.Failure != nil {
		fmt.Fprintf(t, "  %s %s\n", t.color(red, "✗"), one.Name)
		t.failure(f, one)
		return
	}
	figures := span(one.Story)
	if one.Runs > 1 {
		figures = fmt.Sprintf("%d seeds, %s", one.Runs, figures)
	}
	fmt.Fprintf(t, "  %s %s  %s\n", t.color(green, "✓"), name, t.color(grey, figures))
}

func (t *textWriter) failure(f *FileReport, one *TestReport) {
	fail := one.Failure
	place := f.File
	if fail.Script != "" {
		place = fail.Script
	}
	if fail.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, fail.Line)
	}
	text := fail.Text
	if fail.Hook != "" {
		text = fail.Hook + " broke: " + text
	}
	if fail.Want == "" {
		fmt.Fprintf(t, "      %s: %s\n", place, text)
	} else {
		fmt.Fprintf(t, "      %s\n", place)
	}
	if fail.Source != "" {
		fmt.Fprintf(t, "          %s\n", fail.Source)
	}
	if fail.Want != "" {
		fmt.Fprintf(t, "        got   %s\n        want  %s\n", t.color(red, fail.Got), t.color(green, fail.Want))
	}
	fmt.Fprintf(t, "      seed %d, after %s\n", fail.Seed, span(fail.At))
	for _, row := range fail.Pods {
		fmt.Fprintf(t, "        %s\n", row)
	}
	for _, line := range fail.Output {
		fmt.Fprintf(t, "        printed in line %s\n", line)
	}
	if t.look.Again != "" {
		fmt.Fprintf(t, "      %s\n", t.color(grey, fmt.Sprintf("again: %s %s --run '%s' --seed %d", t.look.Again, f.File, pattern(one.Name), fail.Seed)))
	}
}

// pattern is a regular expression for a test's name that a shell takes as it is.
func pattern(name string) string {
	parts := strings.Split(name, " › ")
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`\.+*?()|[]{}^$'`, r) {
			return '.'
		}
		return r
	}, parts[len(parts)-1]) + "$"
}

func (t *textWriter) coverage(files []FileCoverage) {
	if len(files) == 0 {
		return
	}
	width, lines, ran := 0, 0, 0
	for _, f := range files {
		width = max(width, len(f.File))
		lines, ran = lines+f.Lines, ran+f.Ran
	}
	fmt.Fprintf(t, "%s\n", t.color(bold, "lines that ran"))
	for _, f := range files {
		missed := ""
		if len(f.Missed) > 0 {
			missed = "not " + lineRanges(f.Missed)
		}
		fmt.Fprintln(t, strings.TrimRight(fmt.Sprintf("  %-*s  %4.0f %%  %s", width, f.File, percent(f.Ran, f.Lines), t.color(grey, missed)), " "))
	}
	fmt.Fprintf(t, "  %-*s  %4.0f %%\n", width, "all", percent(ran, lines))
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

// lineRanges is 3, 7-9, 12.
func lineRanges(lines []int) string {
	var parts []string
	for i := 0; i < len(lines); {
		last := i
		for last+1 < len(lines) && lines[last+1] == lines[last]+1 {
			last++
		}
		part := fmt.Sprint(lines[i])
		if last > i {
			part += fmt.Sprintf("-%d", lines[last])
		}
		parts = append(parts, part)
		i = last + 1
	}
	return strings.Join(parts, ", ")
}

func (t *textWriter) summary(r *Report) {
	verdict := t.color(green, fmt.Sprintf("%s passed", count(r.Tests, "test")))
	if !r.OK() {
		verdict = t.color(red, r.Verdict())
	}
	minutes := time.Duration(r.Story).Minutes()
	fmt.Fprintf(t, "%s: %s, %.0f virtual minutes in %s (%.0f a second)\n",
		verdict, count(r.Runs, "run"), minutes, time.Duration(r.Took).Round(time.Millisecond), minutes/max(time.Duration(r.Took).Seconds(), 0.001))
}

// Verdict says how many failed.
func (r *Report) Verdict() string {
	var parts []string
	if r.Failed > 0 || r.Broken == 0 {
		parts = append(parts, fmt.Sprintf("%d of %s failed", r.Failed, count(r.Tests, "test")))
	}
	if r.Broken > 0 {
		verb := "does"
		if r.Broken > 1 {
			verb = "do"
		}
		parts = append(parts, fmt.Sprintf("%s %s not load", count(r.Broken, "file"), verb))
	}
	return strings.Join(parts, ", ")
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// span prints a time without the parts that are 0.
func span(s Seconds) string {
	text := time.Duration(s).Round(time.Millisecond).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
