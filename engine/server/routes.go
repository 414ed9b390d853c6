package server

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/julienschmidt/httprouter"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/moonlet-dev/moonlet/engine/api"
)

func (s *Server) routes() *httprouter.Router {
	r := &httprouter.Router{ // neither trailing slashes nor letter case are mended: old clients mistake redirects
		HandleMethodNotAllowed: true,
		HandleOPTIONS:          true,
		GlobalOPTIONS:          http.HandlerFunc(preflight),
		NotFound:               http.HandlerFunc(s.notFound),
		MethodNotAllowed:       http.HandlerFunc(s.wrongMethod),
	}
	for i := range calls {
		register(r, calls[i].method, "/"+calls[i].name, s.serveCall(&calls[i]))
	}
	register(r, http.MethodGet, "/", s.plain(s.welcome))
	register(r, http.MethodGet, "/nodeDaemonEndpoints", s.plain(s.daemonEndpoints))
	register(r, http.MethodGet, "/operatingSystem", s.plain(s.operatingSystem))
	register(r, http.MethodGet, "/livez", s.plain(s.livez))
	register(r, http.MethodGet, "/readyz", s.plain(s.readyz))
	r.Handler(http.MethodGet, "/metrics", promhttp.HandlerFor(s.opts.Registry, promhttp.HandlerOpts{Registry: s.opts.Registry}))
	for _, route := range v1Routes {
		register(r, route.method, api.V1+route.path, s.handleV1(route.do))
	}
	register(r, http.MethodGet, api.V1+"/openapi.json", s.plain(s.openapi))
	r.GET(api.V1+"/events", s.events)
	r.POST(api.V1+"/scenarios", s.runScenarios)
	return r
}

// register serves HEAD wherever GET is served; net/http leaves the body out.
func register(r *httprouter.Router, method, path string, h httprouter.Handle) {
	r.Handle(method, path, h)
	if method == http.MethodGet {
		r.HEAD(path, h)
	}
}

// plain serves what needs no input beyond the request.
func (s *Server) plain(answer func(*http.Request) reply) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
		began := stopwatch()
		a := answer(r)
		s.logged(r, write(w, a), began)
	}
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.logged(r, s.refuse(w, r, &refusal{
		code: http.StatusNotFound, reason: "nothing is served at " + quote(r.URL.Path), hint: "GET / lists what is",
	}), stopwatch())
}

func (s *Server) wrongMethod(w http.ResponseWriter, r *http.Request) {
	s.logged(r, s.refuse(w, r, &refusal{
		code:   http.StatusMethodNotAllowed,
		reason: quote(r.URL.Path) + " does not take " + quote(r.Method), hint: "use " + w.Header().Get("Allow"),
	}), stopwatch())
}

// logged writes the request log. It has the path without its query, and never a body.
func (s *Server) logged(r *http.Request, code int, began moment) {
	if !s.log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	s.log.DebugContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "code", codeLabel(code), "took", began.elapsed())
}

// isV1 says whether errors are to be JSON.
func isV1(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, api.V1+"/") }
