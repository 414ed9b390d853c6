package script

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// ErrorKind says what went wrong with a script.
type ErrorKind string

// The kinds of errors.
const (
	Compile ErrorKind = "compile" // it does not load
	Run     ErrorKind = "run"     // a hook raised an error
	Limit   ErrorKind = "limit"   // a hook was ended, or refused, by a limit
	Result  ErrorKind = "result"  // a hook answered something it may not answer
	Failed  ErrorKind = "failed"  // an expectation of a test did not hold
)

// Error is a script that broke. A fault that a script asked for is an answer, not an Error.
type Error struct {
	Script  string // file name, as in Source.Name
	Line    int    // 0: not known
	Col     int    // 0: not known
	Hook    string // "": while loading
	Kind    ErrorKind
	Warning bool   // it loads all the same
	Text    string // what, why, what to do; one line
	Source  string // the line of the file
	Got     string // of an expectation that failed: what there was
	Want    string // and what was expected
	Trace   string // Lua call stack, innermost first; "" while compiling
}

// Error prints "flaky.lua:12: on_start: text".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Script)
	if e.Line > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(e.Line))
	}
	b.WriteString(": ")
	if e.Hook != "" {
		b.WriteString(e.Hook)
		b.WriteString(": ")
	}
	b.WriteString(e.Text)
	return b.String()
}

// maxErrorText bounds what a script can make every log line and page repeat.
const maxErrorText = 2000

// position is how the VM begins its messages.
var position = regexp.MustCompile(`^([^:\n]+\.lua):(\d+):\s*`)

// failure turns what a protected call returned into an Error of the file and hook it was about.
func (s *state) failure(err error, file *File, hook string) *Error {
	e := &Error{Script: file.Name, Hook: hook, Kind: Run, Text: err.Error()}
	if api, ok := errors.AsType[*lua.ApiError](err); ok {
		e.Text = s.errorText(api)
		e.Trace = trace(api.StackTrace, hook)
	}
	e.locate()
	e.Text = shorten(e.Text, maxErrorText)
	if f := s.failed; f != nil && f.Text == e.Text {
		e.Kind, e.Got, e.Want = Failed, f.Got, f.Want
	}
	if s.exhausted {
		e.Kind = Limit
	}
	if why, yes := s.leash.pulled(); yes {
		e.Kind, e.Text = Limit, why
	}
	e.Source = s.set.sourceLine(e.Script, e.Line)
	return e
}

// errorText is what was raised, in one line; error may raise any value.
func (s *state) errorText(api *lua.ApiError) string {
	switch v := api.Object.(type) {
	case lua.LString:
		text := string(v)
		if api.Type == lua.ApiErrorPanic {
			s.broken = true
			return panicText(text)
		}
		return text
	case *lua.LTable, *lua.LUserData:
		if text, err := encodeJSON(s.l, v); err == nil {
			return string(text)
		}
	}
	return api.Object.String()
}

// panicText words what the VM reports as a Go panic.
func panicText(text string) string {
	switch {
	case strings.Contains(text, "callstack overflow"):
		return "stack overflow: functions call each other more than " + strconv.Itoa(maxCalls) + " deep"
	default:
		return "the Lua machine gave up: " + text
	}
}

// locate moves the position from the text, or else from the trace, into the fields.
func (e *Error) locate() {
	if m := position.FindStringSubmatch(e.Text); m != nil {
		e.Script = m[1]
		e.Line, _ = strconv.Atoi(m[2])
		e.Text = e.Text[len(m[0]):]
	} else if m := tracePosition.FindStringSubmatch(e.Trace); m != nil {
		e.Script = m[1]
		e.Line, _ = strconv.Atoi(m[2])
	}
	e.Text = strings.TrimSpace(e.Text)
}

var tracePosition = regexp.MustCompile(`(?m)^\s*([^:\n]+\.lua):(\d+):`)

// trace names the hook where the VM says "main chunk", and drops what is not Lua.
func trace(text, hook string) string {
	if hook == "" {
		hook = "the file"
	}
	lines := strings.Split(text, "\n")
	keep := lines[:0]
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l == "" || l == "stack traceback:" || strings.HasPrefix(l, "[G]: ?") {
			continue
		}
		l = strings.Replace(l, "in main chunk", "in "+hook, 1)
		keep = append(keep, strings.Replace(l, "[G]:", "(library)", 1))
	}
	return strings.Join(keep, "\n")
}
