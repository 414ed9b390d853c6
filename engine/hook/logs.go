package hook

import (
	"bytes"
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
	Tail      int // last lines; negative: all
	MaxLines  int // at most so many lines,
	MaxBytes  int // and so many bytes, the last ones
	At        time.Time
}

// logOptions is what the hook is told.
type logOptions struct {
	Tail     *int   `json:"tail,omitempty"`
	Previous bool   `json:"previous"`
	Run      int    `json:"run"`
	Started  string `json:"started"`
	Finished string `json:"finished,omitempty"`
}

// Logs asks for a container's log. It reports the text, within the limits, ending in a newline unless empty.
func (h *Hooks) Logs(ctx context.Context, s Subject, q LogAsk) ([]byte, Asked, error) {
	var text []byte
	var broken error
	asked, _ := h.ask(ctx, question{
		subject: s, hook: Logs, container: q.Container.Name, number: q.Run, at: q.At,
		args: []any{s.Pod, q.Container, q.options()},
	}, func(a script.Answer) (err error) {
		text, err = q.read(h.lineDraws(s, q), value(a, 0))
		broken = err
		return err
	})
	return text, asked, broken
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

func (q LogAsk) read(draws func(int) script.Draws, v script.Value) ([]byte, error) {
	switch {
	case v.Kind() == script.Nil:
		return nil, nil
	case v.Kind() == script.Text:
		return q.cut(strings.Split(strings.TrimSuffix(v.Text(), "\n"), "\n")), nil
	case v.Tag() == "every":
		return q.every(draws, v.Args())
	case v.Kind() == script.Table:
		lines := []string{}
		if err := v.Decode("answer", &lines); err != nil {
			return nil, err
		}
		return q.cut(lines), nil
	}
	return nil, fmt.Errorf("answer: %s is not a log: return text, a list of lines or every(interval, function(n, t) … end)", describe(v))
}

// cut takes the last lines that are wanted and fit.
func (q LogAsk) cut(lines []string) []byte {
	return q.backward(len(lines), func(n int) (string, error) { return lines[n-1], nil }).text
}

// every asks for the lines that are wanted only, from the last one back: a pod that has logged for ten days has
// millions.
func (q LogAsk) every(draws func(int) script.Draws, args []script.Value) ([]byte, error) {
	if len(args) != 2 || args[1].Kind() != script.Function {
		return nil, fmt.Errorf("answer: every wants an interval and a function: every(\"1s\", function(n, t) … end)")
	}
	interval, err := args[0].Duration("answer: every(interval)")
	if err != nil {
		return nil, err
	}
	if interval < time.Millisecond {
		return nil, fmt.Errorf("answer: every(%s): want at least 1ms", interval)
	}
	end := q.At
	if !q.Finished.IsZero() {
		end = q.Finished
	}
	due := max(0, int(end.Sub(q.Started)/interval))
	got := q.backward(due, func(n int) (string, error) {
		args[1].Rekey(draws(n))
		return lineText(args[1].Call(n, q.Started.Add(time.Duration(n)*interval)))
	})
	return got.text, got.err
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

type window struct {
	text []byte
	err  error
}

// backward collects the last lines of n, asking each once, until what is wanted is there or a limit is met.
func (q LogAsk) backward(n int, line func(n int) (string, error)) window {
	want := n
	if q.Tail >= 0 {
		want = min(want, q.Tail)
	}
	want = min(want, q.MaxLines)
	lines, size := make([]string, 0, want), 0
	for i := n; i > n-want; i-- {
		s, err := line(i)
		if err != nil {
			return window{err: err}
		}
		if size += len(s) + 1; size > q.MaxBytes {
			break
		}
		lines = append(lines, s)
	}
	slices.Reverse(lines)
	var b bytes.Buffer
	b.Grow(size)
	for _, s := range lines {
		b.WriteString(s)
		b.WriteByte('\n')
	}
	return window{text: b.Bytes()}
}
