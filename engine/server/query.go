package server

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// queryValue is the first value of name in a raw query, as url.Values.Get finds it; it costs no allocation unless
// something is escaped. Pairs that do not parse are passed over.
func queryValue(raw, name string) string {
	plain := isPlain(raw)
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		if plain {
			if key == name {
				return value
			}
			continue
		}
		if pair == "" || strings.Contains(pair, ";") {
			continue
		}
		key, ok := unescape(key)
		if !ok || key != name {
			continue
		}
		if value, ok = unescape(value); ok {
			return value
		}
	}
	return ""
}

// isPlain says that a query means what it spells, as nearly all do.
func isPlain(raw string) bool {
	for i := range len(raw) {
		if c := raw[i]; c == '%' || c == '+' || c == ';' {
			return false
		}
	}
	return true
}

func unescape(s string) (string, bool) {
	s, err := url.QueryUnescape(s)
	return s, err == nil
}

func (s *Server) noQuery(http.ResponseWriter, *http.Request) (input, error) { return input{}, nil }

// nodeQuery reads which node is meant; none: the first.
func (s *Server) nodeQuery(_ http.ResponseWriter, r *http.Request) (in input, err error) {
	in.node = queryValue(r.URL.RawQuery, api.QueryNode)
	return in, nil
}

// podQuery reads which pod is meant. Any name may be looked for: what cannot exist is not found.
func (s *Server) podQuery(_ http.ResponseWriter, r *http.Request) (in input, err error) {
	in.Namespace = namespaceOr(queryValue(r.URL.RawQuery, api.QueryNamespace))
	if in.Pod = queryValue(r.URL.RawQuery, api.QueryName); in.Pod == "" {
		return in, missing(api.QueryName, "?namespace=default&name=web")
	}
	return in, nil
}

func (s *Server) logQuery(_ http.ResponseWriter, r *http.Request) (in input, err error) {
	raw := r.URL.RawQuery
	in.Namespace = namespaceOr(queryValue(raw, api.QueryNamespace))
	in.Pod = queryValue(raw, api.QueryPod)
	in.Container = queryValue(raw, api.QueryContainer)
	in.previous, _ = strconv.ParseBool(queryValue(raw, api.QueryPrevious))
	switch {
	case in.Pod == "":
		return in, missing(api.QueryPod, "?podName=web&containerName=nginx")
	case in.Container == "":
		return in, missing(api.QueryContainer, "?podName=web&containerName=nginx")
	}
	in.Tail, err = tail(queryValue(raw, api.QueryTail))
	return in, err
}

// tail reads how many lines are wanted; nil for all, which a negative number means too.
func tail(s string) (*int, error) {
	if s == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return nil, &refusal{code: http.StatusBadRequest, field: api.QueryTail, reason: "want a whole number, got " + quote(s)}
	}
	if n < 0 {
		return nil, nil
	}
	return &n, nil
}

func namespaceOr(ns string) string {
	if ns == "" {
		return api.DefaultNamespace
	}
	return ns
}

func missing(field, example string) error {
	return &refusal{code: http.StatusBadRequest, field: field, reason: "missing", hint: "ask for " + example}
}
