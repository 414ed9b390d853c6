package hook

import (
	"fmt"
	"slices"
	"time"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// outcome is the table on_start answers, field by field.
type outcome struct {
	Started    *startup     `json:"started"`
	Ready      *readiness   `json:"ready"`
	Exit       *int32       `json:"exit"`
	After      *duration    `json:"after"`
	Signal     int32        `json:"signal"`
	Reason     string       `json:"reason"`
	Message    string       `json:"message"`
	StartError *startError  `json:"start_error"`
	Terminate  *termination `json:"terminate"`
	Liveness   *duration    `json:"liveness_fails"`
}

// startAnswer reads the answer of on_start.
func startAnswer(a script.Answer) (pod.Outcome, error) {
	v := value(a, 0)
	if v.Kind() == script.Nil {
		return pod.Outcome{}, nil
	}
	if v.Kind() != script.Table {
		return pod.Outcome{}, fmt.Errorf("answer: want a table such as { ready = \"3s\" } or { exit = 1, after = \"30s\" }, got %s", describe(v))
	}
	var o outcome
	if err := v.Decode("answer", &o); err != nil {
		return pod.Outcome{}, err
	}
	return o.outcome()
}

func (o outcome) outcome() (pod.Outcome, error) {
	out := pod.Outcome{
		Ready:         (*pod.Readiness)(o.Ready),
		StartError:    (*pod.StartError)(o.StartError),
		Terminate:     (*pod.Termination)(o.Terminate),
		LivenessFails: (*time.Duration)(o.Liveness),
	}
	switch s := o.Started; {
	case s != nil && s.never:
		out.Unstarted = true
	case s != nil:
		out.Started = &s.after
	}
	exits := o.Exit != nil || o.Signal != 0
	switch {
	case out.StartError != nil && exits:
		return pod.Outcome{}, fmt.Errorf("answer: start_error and exit exclude each other: a container that cannot start does not exit")
	case out.StartError != nil:
		out.StartError.After = after(o.After)
		return out, nil
	case exits:
		out.Exit = &pod.Exit{After: after(o.After), Code: exitCode(o), Signal: o.Signal, Reason: o.Reason, Message: o.Message}
		return out, nil
	case o.After != nil || o.Reason != "" || o.Message != "":
		return pod.Outcome{}, fmt.Errorf("answer: after, reason and message belong to an exit: add exit = 0 or exit = 1")
	}
	return out, nil
}

func after(d *duration) time.Duration {
	if d == nil {
		return 0
	}
	return time.Duration(*d)
}

// exitCode is the one given, else 128 + signal, as a shell and the container runtimes count.
func exitCode(o outcome) int32 {
	if o.Exit != nil {
		return *o.Exit
	}
	return 128 + o.Signal
}

// duration decodes "1m30s" or a number of seconds, never below zero.
type duration time.Duration

// DecodeLua implements [script.LuaDecoder].
func (d *duration) DecodeLua(v script.Value, path string) error {
	got, err := v.Duration(path)
	*d = duration(got)
	return err
}

// startup decodes a duration or false.
type startup struct {
	after time.Duration
	never bool
}

// DecodeLua implements [script.LuaDecoder].
func (s *startup) DecodeLua(v script.Value, path string) (err error) {
	if v.Kind() == script.Bool {
		s.never = !v.Bool()
		return nil
	}
	s.after, err = v.Duration(path)
	return err
}

// readiness decodes a duration, false or flap(up, down).
type readiness pod.Readiness

// DecodeLua implements [script.LuaDecoder].
func (r *readiness) DecodeLua(v script.Value, path string) (err error) {
	switch {
	case v.Kind() == script.Bool:
		r.Never = !v.Bool()
		return nil
	case v.Tag() == "flap":
		return r.flap(v, path)
	}
	r.After, err = v.Duration(path)
	return err
}

func (r *readiness) flap(v script.Value, path string) (err error) {
	args := v.Args()
	if len(args) < 2 {
		return fmt.Errorf("%s: flap wants two durations: flap(\"30s\", \"10s\")", path)
	}
	if len(args) > 2 && args[2].Kind() != script.Nil {
		if r.After, err = args[2].Duration(path + ": flap(after)"); err != nil {
			return err
		}
	}
	if r.Up, err = args[0].Duration(path + ": flap(up)"); err != nil {
		return err
	}
	if r.Down, err = args[1].Duration(path + ": flap(down)"); err != nil {
		return err
	}
	if r.Up < time.Second || r.Down < time.Second {
		return fmt.Errorf("%s: flap(%s, %s): both want at least one second", path, r.Up, r.Down)
	}
	return nil
}

// startError decodes a message, or a table of reason and message.
type startError pod.StartError

// startReasons are what a kubelet writes for a container it could not start.
var startReasons = []string{
	"RunContainerError", "CreateContainerConfigError", "CreateContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError",
}

// DecodeLua implements [script.LuaDecoder].
func (s *startError) DecodeLua(v script.Value, path string) error {
	s.Reason = startReasons[0]
	if v.Kind() == script.Text {
		s.Message = v.Text()
		return nil
	}
	var t struct {
		Reason  string `json:"reason"`
		Message string `json:"message"`
	}
	if err := v.Decode(path, &t); err != nil {
		return err
	}
	s.Message = t.Message
	if t.Reason == "" {
		return nil
	}
	s.Reason = t.Reason
	if slices.Contains(startReasons, t.Reason) {
		return nil
	}
	return fmt.Errorf("%s.reason: unknown start error %q%s", path, t.Reason, didYouMean(t.Reason, startReasons))
}

// termination decodes a duration or false.
type termination pod.Termination

// DecodeLua implements [script.LuaDecoder].
func (t *termination) DecodeLua(v script.Value, path string) (err error) {
	if v.Kind() == script.Bool {
		t.Never = !v.Bool()
		return nil
	}
	t.After, err = v.Duration(path)
	return err
}
