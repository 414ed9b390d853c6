package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/julienschmidt/httprouter"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

// input is what a request asks for, read and checked.
type input struct {
	api.Call
	previous bool
	node     string
	pod      *v1.Pod
}

// call is one of the ten calls of the web-provider API.
type call struct {
	name   string
	method string
	writes bool     // it changes pods
	kind   []string // Content-Type of the answer
	read   func(*Server, http.ResponseWriter, *http.Request) (input, error)
	do     func(context.Context, Calls, input) ([]byte, error)
}

// calls hands inputs over by value: a pointer would cost the status call an allocation.
var calls = []call{
	{
		name: api.CreatePod, method: http.MethodPost, writes: true, kind: typeText, read: (*Server).wholePod,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) {
			return podCreated, p.CreatePod(ctx, in.pod)
		},
	},
	{
		name: api.UpdatePod, method: http.MethodPut, writes: true, kind: typeText, read: (*Server).wholePod,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) {
			return podUpdated, p.UpdatePod(ctx, in.pod)
		},
	},
	{
		name: api.DeletePod, method: http.MethodDelete, writes: true, kind: typeText, read: (*Server).namedPod,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) {
			return podDeleted, p.DeletePod(ctx, in.pod)
		},
	},
	{
		name: api.GetPod, method: http.MethodGet, kind: typeJSON, read: (*Server).podQuery,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) {
			return p.PodJSON(ctx, in.Namespace, in.Pod)
		},
	},
	{
		name: api.GetPodStatus, method: http.MethodGet, kind: typeJSON, read: (*Server).podQuery,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) {
			return p.PodStatusJSON(ctx, in.Namespace, in.Pod)
		},
	},
	{
		name: api.GetPods, method: http.MethodGet, kind: typeJSON, read: (*Server).noQuery,
		do: func(ctx context.Context, p Calls, _ input) ([]byte, error) { return p.PodsJSON(ctx) },
	},
	{
		name: api.GetContainerLogs, method: http.MethodGet, kind: typeText, read: (*Server).logQuery,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) { return p.Logs(ctx, in.logRequest()) },
	},
	{
		name: api.Capacity, method: http.MethodGet, kind: typeJSON, read: (*Server).nodeQuery,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) { return p.CapacityJSON(ctx, in.node) },
	},
	{
		name: api.NodeConditions, method: http.MethodGet, kind: typeJSON, read: (*Server).nodeQuery,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) { return p.ConditionsJSON(ctx, in.node) },
	},
	{
		name: api.NodeAddresses, method: http.MethodGet, kind: typeJSON, read: (*Server).nodeQuery,
		do: func(ctx context.Context, p Calls, in input) ([]byte, error) { return p.AddressesJSON(ctx, in.node) },
	},
}

var (
	podCreated = []byte("Pod created\n")
	podUpdated = []byte("Pod updated\n")
	podDeleted = []byte("Pod deleted\n")
)

func (in input) logRequest() api.LogRequest {
	return api.LogRequest{Namespace: in.Namespace, Pod: in.Pod, Container: in.Container, Tail: in.Tail, Previous: in.previous}
}

func (s *Server) serveCall(c *call) httprouter.Handle {
	m := s.metrics.of(c.name)
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		began := stopwatch()
		code := s.perform(w, r, c, m)
		m.count(code, began)
		s.logged(r, code, began)
		if code < 0 {
			panic(http.ErrAbortHandler) // the idiom of net/http for closing the connection without an answer
		}
	}
}

// perform answers one call and says with which code.
func (s *Server) perform(w http.ResponseWriter, r *http.Request, c *call, m *callMetrics) int {
	if c.writes && s.opts.ReadOnly != "" {
		w.Header().Set("Allow", "") // as RFC 9110 has it for what is switched off
		return s.refuse(w, r, &refusal{code: http.StatusMethodNotAllowed, reason: c.name, hint: s.opts.ReadOnly})
	}
	in, err := c.read(s, w, r)
	in.Name = c.name
	if err != nil {
		return s.refuse(w, r, err)
	}
	var f fault.Fault
	if s.provider.Watched(c.name) {
		if f = s.provider.Fault(r.Context(), in.Call); !f.None() {
			m.countFault(f)
			if code := s.strike(w, r, f); code != 0 {
				return code
			}
		}
	}
	body, err := c.do(r.Context(), s.provider, in)
	if err != nil {
		return s.ended(w, r, c, m, err)
	}
	return write(w, spoil(f, reply{code: http.StatusOK, kind: c.kind, body: body}))
}

// ended serves a call that the provider ended with an error: as asked where a script asked for it.
func (s *Server) ended(w http.ResponseWriter, r *http.Request, c *call, m *callMetrics, err error) int {
	var asked *fault.Asked
	if !errors.As(err, &asked) {
		return s.refuse(w, r, err)
	}
	f := asked.Fault
	m.countFault(f)
	if code := s.strike(w, r, f); code != 0 {
		return code
	}
	if f.Cut > 0 || f.Garble {
		return write(w, spoil(f, text(http.StatusOK, asked.Error())))
	}
	return s.serveError(w, r, fault.Fault{Code: http.StatusInternalServerError, Message: c.name + " was refused by " + f.Source})
}
