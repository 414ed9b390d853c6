package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// internalError is all a client learns of what went wrong inside.
const internalError = "internal error: the log of moonlet says more"

// statuses is the one table from errors to HTTP: the first that matches wins, and what matches none is a 500.
// Faults that a script asked for never come here: they are results and served as asked (faults.go).
var statuses = []struct {
	is     error
	code   int
	reason string // for programs, see [api.Error]
	hint   string
}{
	{is: state.ErrInvalid, code: http.StatusBadRequest},
	{is: state.ErrNotFound, code: http.StatusNotFound},
	{is: state.ErrExists, code: http.StatusConflict},
	{is: state.ErrConflict, code: http.StatusConflict},
	{is: fault.ErrNoMatch, code: http.StatusNotFound, reason: api.ReasonNoMatch, hint: "look at what there is, or say that nothing is well too (allowEmpty)"},
	{is: fault.ErrNoFault, code: http.StatusNotFound, hint: "GET " + api.V1 + "/faults lists those in force"},
	{is: fault.ErrBlastRadius, code: http.StatusForbidden, reason: api.ReasonBlastRadius, hint: "select fewer, or raise limits.blast_radius"},
}

// refusal is a request that the server itself does not accept.
type refusal struct {
	code   int
	field  string // which part of the request; may be empty
	reason string
	hint   string // what to do; may be empty
}

// Error is field, reason and hint in one line.
func (e *refusal) Error() string {
	line := e.reason
	if e.field != "" {
		line = e.field + ": " + line
	}
	if e.hint != "" {
		line += ": " + e.hint
	}
	return line
}

// refuse answers an error and gives back the code. A call that ended because its client has gone gets no answer.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) int {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return codeLeft // a body that broke off has ended the context too, but is to be told
	}
	code, body := describe(err)
	if code == http.StatusInternalServerError {
		s.log.LogAttrs(r.Context(), slog.LevelError, "cannot serve the request", slog.String("path", r.URL.Path), slog.Any("err", err))
	}
	if code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="moonlet"`)
	}
	if isV1(r) {
		return write(w, jsonReply(code, body))
	}
	return write(w, text(code, plain(err, code)))
}

// describe finds an error's status and how /api/v1 tells it.
func describe(err error) (int, api.Error) {
	if own := (*refusal)(nil); errors.As(err, &own) {
		return own.code, api.Error{Error: (&refusal{field: own.field, reason: own.reason}).Error(), Field: own.field, Hint: own.hint}
	}
	for _, s := range statuses {
		if errors.Is(err, s.is) {
			return s.code, api.Error{Error: err.Error(), Reason: s.reason, Hint: s.hint}
		}
	}
	if bad, ok := errors.AsType[*fault.BadOrder](err); ok {
		return http.StatusBadRequest, api.Error{Error: bad.Error()}
	}
	return http.StatusInternalServerError, api.Error{Error: internalError}
}

func plain(err error, code int) string {
	if code == http.StatusInternalServerError {
		return internalError
	}
	return err.Error()
}

// jsonReply encodes a value of ours.
func jsonReply(code int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic("encode an answer of /api/v1: " + err.Error()) // a param or memo that is no JSON: the recover logs it
	}
	return reply{code: code, kind: typeJSON, body: body}
}

// quote shows a piece of a request in an error: on one line and not too long.
func quote(s string) string {
	const longest = 64
	if len(s) > longest {
		return strconv.Quote(s[:longest]) + "…"
	}
	return strconv.Quote(s)
}
