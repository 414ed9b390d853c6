package server

import (
	"bytes"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/julienschmidt/httprouter"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

// ask is a request to /api/v1 with the named parts of its path.
type ask struct {
	*http.Request
	w    http.ResponseWriter
	path httprouter.Params
}

// v1Routes are the paths under /api/v1 that answer one JSON value; openapi.yaml describes each.
var v1Routes = []struct {
	method, path string
	do           func(*Server, ask) (any, error)
}{
	{http.MethodGet, "/pods", (*Server).v1Pods},
	{http.MethodGet, "/pods/:namespace/:name", (*Server).v1Pod},
	{http.MethodGet, "/pods/:namespace/:name/journal", (*Server).v1Journal},
	{http.MethodGet, "/pods/:namespace/:name/explain", (*Server).v1Explain},
	{http.MethodGet, "/scripts", (*Server).v1Scripts},
	{http.MethodGet, "/scripts/:name", (*Server).v1Script},
	{http.MethodPost, "/scripts/:name/check", (*Server).v1Check},
	{http.MethodGet, "/params", (*Server).v1Params},
	{http.MethodPut, "/params/:script/:name", (*Server).v1SetParam},
	{http.MethodGet, "/verbs", (*Server).v1Verbs},
	{http.MethodPost, "/actions", (*Server).v1Act},
	{http.MethodGet, "/faults", (*Server).v1Faults},
	{http.MethodDelete, "/faults", (*Server).v1Reset},
	{http.MethodDelete, "/faults/:id", (*Server).v1Undo},
	{http.MethodGet, "/scenarios", (*Server).v1Runs},
	{http.MethodDelete, "/scenarios", (*Server).v1EndRuns},
	{http.MethodDelete, "/scenarios/:run", (*Server).v1EndRuns},
	{http.MethodGet, "/nodes", (*Server).v1Nodes},
	{http.MethodGet, "/node", (*Server).v1Node},
}

func (s *Server) handleV1(do func(*Server, ask) (any, error)) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, path httprouter.Params) {
		began := stopwatch()
		answer, err := do(s, ask{r, w, path})
		var code int
		if err != nil {
			code = s.refuse(w, r, err)
		} else {
			code = write(w, jsonReply(http.StatusOK, answer))
		}
		s.logged(r, code, began)
	}
}

func (s *Server) v1Pods(a ask) (any, error) {
	filter, err := podFilter(a.Request)
	if err != nil {
		return nil, err
	}
	return list(s.provider.Pods(filter)), nil
}

func (s *Server) v1Pod(a ask) (any, error) {
	return s.provider.Pod(a.path.ByName("namespace"), a.path.ByName("name"))
}

func (s *Server) v1Journal(a ask) (any, error) {
	entries, err := s.provider.Journal(a.path.ByName("namespace"), a.path.ByName("name"))
	return list(entries), err
}

func (s *Server) v1Explain(a ask) (any, error) {
	return s.provider.Explain(a.path.ByName("namespace"), a.path.ByName("name"))
}

func (s *Server) v1Scripts(ask) (any, error) { return list(s.provider.Scripts()), nil }

func (s *Server) v1Script(a ask) (any, error) { return s.provider.Script(a.path.ByName("name")) }

// v1Check says what loading a text as that script would say. The body is the text itself, whatever its type.
func (s *Server) v1Check(a ask) (any, error) {
	var buf bytes.Buffer
	if err := s.readBody(a.w, a.Request, &buf); err != nil {
		return nil, err
	}
	if !utf8.Valid(buf.Bytes()) {
		return nil, badField("body", "not UTF-8", "send the script's text as it is in the file")
	}
	return list(s.provider.Check(a.path.ByName("name"), buf.String())), nil
}

func (s *Server) v1Params(ask) (any, error) { return list(s.provider.Params()), nil }

func (s *Server) v1SetParam(a ask) (any, error) {
	var buf bytes.Buffer
	if err := s.readBody(a.w, a.Request, &buf); err != nil {
		return nil, err
	}
	var to api.ParamValue
	if err := decodeExactly(buf.Bytes(), &to); err != nil {
		return nil, err
	}
	switch to.Value.(type) {
	case float64, string, bool:
		return s.provider.SetParam(a.Context(), a.path.ByName("script"), a.path.ByName("name"), to.Value)
	}
	return nil, badField("value", "want a number, a string, true or false", `send {"value": 0.5}`)
}

func (s *Server) v1Nodes(a ask) (any, error) { return list(s.provider.Nodes(a.Context())), nil }

func (s *Server) v1Node(a ask) (any, error) {
	return s.provider.NodeNamed(queryValue(a.URL.RawQuery, api.QueryNode))
}

// podFilter reads which pods are wanted.
func podFilter(r *http.Request) (api.PodFilter, error) {
	q := r.URL.Query()
	f := api.PodFilter{
		Namespace: q.Get("namespace"), Phase: q.Get("phase"), Script: q.Get("script"), Name: q.Get("name"), Node: q.Get("node"), Owner: q.Get("owner"),
	}
	if _, err := (fault.Selector{Name: f.Name, Node: f.Node}).Compile(); err != nil {
		return f, err
	}
	if text := q.Get("labels"); text != "" {
		selector, err := labels.Parse(text)
		if err != nil {
			return f, badField("labels", "not a label selector", "write it as kubectl takes it: app=web,tier!=db")
		}
		f.Labels = selector
	}
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return f, badField("limit", "want a whole number from 0 up, got "+quote(text), "0 means all")
		}
		f.Limit = n
	}
	return f, nil
}

// list makes an absent list an empty one, so that it is never null in JSON.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
