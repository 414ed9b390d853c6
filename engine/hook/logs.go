package hook

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// LogAsk is which log lines are wanted.
type LogAsk struct {
	Container *v1.Container
	Run       int       // number of the run whose log it is, from 1
	Started   time.Time // when it began
	Finished  time.Time // when it ended; zero: it runs
	Previous  bool
	Tail      int       // last lines; negative: all
	Since     time.Time // of these, the lines due not before; zero: all
	After     time.Time // for one who follows: only lines due after it, of many the first; zero: of many the last
	MaxLines  int       // at most so many lines,
	MaxBytes  int       // and so many bytes; who follows gets one line at least
	At        time.Time // the lines due until then
}

// LogLine is one line, or the few that a script made of it.
type LogLine struct {
	Due  time.Time // when it was written
	Text string    // without the end of the line
}

// LogText is a piece of a log.
type LogText struct {
	Lines []LogLine
	Next  time.Time // when the line after these is due; zero: there will be none
}

// logOptions is what the hook is told.
type logOptions struct {
	Tail     *int   `json:"tail,omitempty"`
	Previous bool   `json:"previous"`
	Run      int    `json:"run"`
	Started  string `json:"started"`
	Finished string `json:"finished,omitempty"`
}

// Logs asks for a container's log. Where a script broke, asked says how.
func (h *Hooks) Logs(ctx context.Context, s Subject, q LogAsk) (LogText, Asked) {
	return put(ctx, h, question{
		subject: s, hook: Logs, container: q.Container.Name, number: q.Run, at: q.At,
		args: []any{s.Pod, q.Container, q.options()},
	}, func(a script.Answer) (LogText, error) { return q.read(h.lineDraws(s, q), value(a, 0)) })
}

func (q LogAsk) options() *logOptions {
	o := &logOptions{Previous: q.Previous, Run: q.Run, Started: q.Started.Format(time.RFC3339)}
	if q.Tail >= 0 {
		o.Tail = &q.Tail
	}
	if !q.Finished.IsZero() {
		o.Finished = q.Finished.Format(time.RFC3339)
	}
	return o
}

// lineDraws keys the draws of line n: the same line has the same draws whoever asks for how many.
func (h *Hooks) lineDraws(s Subject, q LogAsk) func(n int) script.Draws {
	key := s.Pod.Object.Namespace + "/" + s.Pod.Object.Name
	return func(n int) script.Draws {
		return script.NewDraws(h.opts.Seed, key, s.Incarnation, q.Container.Name, Logs, q.Run, n)
	}
}

func (q LogAsk) read(draws func(int) script.Draws, v script.Value) (LogText, error) {
	switch {
	case v.Kind() == script.Nil:
		return LogText{}, nil
	case v.Kind() == script.Text:
		return q.written(strings.Split(strings.TrimSuffix(v.Text(), "\n"), "\n")), nil
	case v.Tag() == "every":
		return q.every(draws, v.Args())
	case v.Kind() == script.Table:
		lines, err := v.Texts("answer")
		if err != nil {
			return LogText{}, err
		}
		return q.written(lines), nil
	}
	return LogText{}, fmt.Errorf("answer: %s is not a log: return text, a list of lines or every(interval, function(n, t) … end)", describe(v))
}

// written is a log that was all there when the run began.
func (q LogAsk) written(lines []string) LogText {
	if !q.After.IsZero() || q.Started.Before(q.Since) {
		return LogText{}
	}
	got, _ := q.backward(q.tailOf(len(lines)), len(lines), func(n int) (LogLine, error) {
		return LogLine{Due: q.Started, Text: lines[n-1]}, nil
	})
	return LogText{Lines: got}
}

// tailOf is the first of n lines that is wanted.
func (q LogAsk) tailOf(n int) int {
	if q.Tail < 0 {
		return 1
	}
	return max(1, n-q.Tail+1)
}

// every makes the lines that are wanted only: a pod that has logged for ten days has millions.
func (q LogAsk) every(draws func(int) script.Draws, args []script.Value) (LogText, error) {
	if len(args) != 2 || args[1].Kind() != script.Function {
		return LogText{}, fmt.Errorf("answer: every wants an interval and a function: every(\"1s\", function(n, t) … end)")
	}
	interval, err := args[0].Duration("answer: every(interval)")
	if err != nil {
		return LogText{}, err
	}
	if interval < time.Millisecond {
		return LogText{}, fmt.Errorf("answer: every(%s): want at least 1ms", interval)
	}
	end := q.At
	if !q.Finished.IsZero() && q.Finished.Before(end) {
		end = q.Finished
	}
	last := max(0, int(end.Sub(q.Started)/interval))
	due := func(n int) time.Time { return q.Started.Add(time.Duration(n) * interval) }
	line := func(n int) (LogLine, error) {
		args[1].Rekey(draws(n))
		text, err := lineText(args[1].Call(n, due(n)))
		return LogLine{Due: due(n), Text: text}, err
	}
	var t LogText
	if next := due(last + 1); q.Finished.IsZero() || !next.After(q.Finished) {
		t.Next = next
	}
	if q.After.IsZero() {
		t.Lines, err = q.backward(max(q.tailOf(last), q.sinceOf(interval)), last, line)
		return t, err
	}
	t.Lines, err = q.forward(q.afterOf(interval), last, line)
	if n := len(t.Lines); n > 0 && t.Lines[n-1].Due.Before(due(last)) {
		t.Next = t.Lines[n-1].Due.Add(interval)
	}
	return t, err
}

// sinceOf is the first line due at Since or later, afterOf the first due after After.
func (q LogAsk) sinceOf(interval time.Duration) int {
	if !q.Since.After(q.Started) {
		return 1
	}
	return int((q.Since.Sub(q.Started) + interval - 1) / interval)
}

func (q LogAsk) afterOf(interval time.Duration) int {
	return max(1, int(q.After.Sub(q.Started)/interval)+1)
}

func lineText(out []script.Value, err error) (string, error) {
	if err != nil {
		return "", err
	}
	if len(out) == 0 || out[0].Kind() == script.Nil {
		return "", nil
	}
	switch out[0].Kind() {
	case script.Text:
		return out[0].Text(), nil
	case script.Number:
		return fmt.Sprint(out[0].Number()), nil
	default:
		return "", notALine(out[0])
	}
}

func notALine(v script.Value) error {
	return fmt.Errorf("answer: every: want a line of text, got %s", describe(v))
}

// backward collects lines from the last one down to the first, asking each once, until a limit is met.
func (q LogAsk) backward(first, last int, line func(n int) (LogLine, error)) ([]LogLine, error) {
	first = max(first, last-q.MaxLines+1)
	lines, size := make([]LogLine, 0, max(0, last-first+1)), 0
	for n := last; n >= first; n-- {
		one, err := line(n)
		if err != nil {
			return nil, err
		}
		if size += len(one.Text) + 1; size > q.MaxBytes {
			break
		}
		lines = append(lines, one)
	}
	slices.Reverse(lines)
	return lines, nil
}

// forward collects lines from the first one up to the last, until a limit is met.
func (q LogAsk) forward(first, last int, line func(n int) (LogLine, error)) ([]LogLine, error) {
	last = min(last, first+q.MaxLines-1)
	lines, size := make([]LogLine, 0, max(0, last-first+1)), 0
	for n := first; n <= last; n++ {
		one, err := line(n)
		if err != nil {
			return nil, err
		}
		if size += len(one.Text) + 1; size > q.MaxBytes && len(lines) > 0 {
			break
		}
		lines = append(lines, one)
	}
	return lines, nil
}
