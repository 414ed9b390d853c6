package hook

import (
	"context"
	"errors"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// maxSessions bounds the sessions at one time: each holds a Lua state and a few buffers.
const maxSessions = 64

// ErrBusy says that as many sessions as there may be are under way.
var ErrBusy = errors.New("64 sessions are under way already: try again when one has ended")

// ExecAsk is a command that somebody runs in a container.
type ExecAsk struct {
	Container *v1.Container
	Argv      []string
	Number    int // nth exec of that container, from 1
	At        time.Time
	IO        *script.IO
}

// ExecAnswer is how it ended. What the hook wrote through IO is not in it.
type ExecAnswer struct {
	Stdout string
	Stderr string
	Exit   int
}

// Exec asks for a command and waits until it is over, or ctx is. Where no script answers, asked names none; where the
// script broke, asked.Err says how.
func (h *Hooks) Exec(ctx context.Context, s Subject, q ExecAsk) (answer ExecAnswer, asked Asked) {
	return session(ctx, h, question{
		subject: s, hook: Exec, container: q.Container.Name, number: q.Number, at: q.At,
		args: []any{s.Pod, q.Container, q.Argv}, io: q.IO,
	}, execAnswer)
}

// PortAsk is a connection that somebody made to a port of a pod.
type PortAsk struct {
	Port   int32
	Number int // nth connection to that port, from 1
	At     time.Time
	IO     *script.IO
}

// PortAnswer is how it ended.
type PortAnswer struct {
	Last    string // goes out before the connection is closed
	Refused bool   // nothing listens there
}

// PortForward asks for a connection and waits until it is over, or ctx is.
func (h *Hooks) PortForward(ctx context.Context, s Subject, q PortAsk) (PortAnswer, Asked) {
	return session(ctx, h, question{
		subject: s, hook: PortForward, container: fmt.Sprint(q.Port), number: q.Number, at: q.At,
		args: []any{s.Pod, int(q.Port)}, io: q.IO,
	}, portAnswer)
}

// session puts a question that may take long.
func session[T any](ctx context.Context, h *Hooks, q question, read func(script.Answer) (T, error)) (T, Asked) {
	defer h.sessions.Add(-1)
	if h.sessions.Add(1) > maxSessions {
		var none T
		return none, Asked{Generation: q.subject.Gen.ID(), Broken: true, Err: ErrBusy}
	}
	return put(ctx, h, q, read)
}

func execAnswer(a script.Answer) (ExecAnswer, error) {
	v, second := value(a, 0), value(a, 1)
	answer := ExecAnswer{}
	exit := second
	switch v.Kind() {
	case script.Nil:
	case script.Text:
		answer.Stdout = v.Text()
	case script.Number:
		exit = v
	case script.Table:
		return execTable(v)
	default:
		return answer, fmt.Errorf("answer: %s is not the end of a command: return its output and its exit code, or { stdout = …, stderr = …, exit = … }", describe(v))
	}
	if exit.Kind() == script.Nil {
		return answer, nil
	}
	err := exit.Decode("answer: exit code", &answer.Exit)
	return answer, errors.Join(err, checkExit(answer.Exit))
}

func execTable(v script.Value) (ExecAnswer, error) {
	var t struct {
		Stdout string `json:"stdout"`
		Stderr string `json:"stderr"`
		Exit   int    `json:"exit"`
	}
	if err := v.Decode("answer", &t); err != nil {
		return ExecAnswer{}, err
	}
	return ExecAnswer(t), checkExit(t.Exit)
}

func checkExit(code int) error {
	if code < 0 || code > 255 {
		return fmt.Errorf("answer: exit code %d: want one from 0 to 255", code)
	}
	return nil
}

func portAnswer(a script.Answer) (PortAnswer, error) {
	switch v := value(a, 0); {
	case v.Kind() == script.Nil:
		return PortAnswer{}, nil
	case v.Kind() == script.Text:
		return PortAnswer{Last: v.Text()}, nil
	case v.Kind() == script.Bool && !v.Bool():
		return PortAnswer{Refused: true}, nil
	default:
		return PortAnswer{}, fmt.Errorf("answer: %s is not an answer of this hook: write with io:write(…), return text that goes out last, or false: nothing listens there", describe(v))
	}
}
