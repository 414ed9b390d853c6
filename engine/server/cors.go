package server

import (
	"net/http"
	"slices"
)

// origins are the pages that may call from a browser. Without any, no CORS header is ever sent.
type origins struct {
	any   bool
	exact []string
}

// Header values made once, never changed.
var (
	corsAny     = []string{"*"}
	corsVary    = []string{"Origin"}
	corsExpose  = []string{"X-Moonlet-Generation"}
	corsMethods = []string{"GET, PUT, POST, DELETE"}
	corsHeaders = []string{"Authorization, Content-Type"}
	corsMaxAge  = []string{"600"}
)

func newOrigins(list []string) origins {
	return origins{any: slices.Contains(list, "*"), exact: list}
}

// allow marks the answer as readable for the page that asks, if it may.
func (o origins) allow(w http.ResponseWriter, r *http.Request) {
	if len(o.exact) == 0 {
		return
	}
	h := w.Header()
	h["Vary"] = corsVary
	origin := r.Header["Origin"]
	switch {
	case len(origin) != 1:
		return
	case o.any:
		h["Access-Control-Allow-Origin"] = corsAny
	case slices.Contains(o.exact, origin[0]):
		h["Access-Control-Allow-Origin"] = origin
	default:
		return
	}
	h["Access-Control-Expose-Headers"] = corsExpose
}

// preflight answers OPTIONS for every path that is served; the router has set Allow.
func preflight(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	if h["Access-Control-Allow-Origin"] != nil {
		h["Access-Control-Allow-Methods"] = corsMethods
		h["Access-Control-Allow-Headers"] = corsHeaders
		h["Access-Control-Max-Age"] = corsMaxAge
	}
	w.WriteHeader(http.StatusNoContent)
}
