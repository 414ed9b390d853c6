package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/clock"
)

// Options is what a Server is made of.
type Options struct {
	Provider    Provider               // required
	Clock       clock.Clock            // of the story: latency is slept on it; nil: the machine's
	Origins     []string               // who may call from a browser: exact origins, or "*"; none: nobody
	BodyLimit   int64                  // bytes of a request body; 0: 4 MiB
	OS          string                 // what /operatingSystem answers; empty: Linux
	KubeletPort int32                  // what /nodeDaemonEndpoints answers
	Scenarios   Scenarios              // nil: none are run here
	ReadOnly    string                 // why pods can only be read here, for those who try to change one; empty: they can be changed
	Token       func() (string, error) // what /api/v1 asks of its clients, looked up for each request; nil or "": nothing
	Heartbeat   time.Duration          // between comments on a silent event stream; 0: 15 s
	Drain       time.Duration          // how long a shutdown waits for requests under way; 0: 5 s
	Log         *slog.Logger           // nil: silent
	Registry    *prometheus.Registry   // its metrics are served at /metrics, ours among them; nil: an own one
}

func (o *Options) setDefaults() {
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.OS == "" {
		o.OS = "Linux"
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 15 * time.Second
	}
	if o.Drain == 0 {
		o.Drain = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
}

// Server serves a provider over HTTP. Its methods may be called from any goroutine.
type Server struct {
	opts     Options
	provider Provider
	log      *slog.Logger
	metrics  *metrics
	turned   atomic.Pointer[turned]
	router   *httprouter.Router

	generation atomic.Pointer[generation]
	closing    context.Context // ends when a shutdown begins, and with it streams and hanging calls
	close      context.CancelFunc
}

// generation is the header of one generation, made once.
type generation struct {
	text   string
	header []string
}

// New returns a server for the provider. It starts nothing.
func New(o Options) *Server {
	o.setDefaults()
	s := &Server{
		opts: o, provider: o.Provider, log: o.Log,
		metrics: newMetrics(o.Registry),
	}
	s.closing, s.close = context.WithCancel(context.Background())
	s.Configure(o.Origins, o.BodyLimit)
	s.router = s.routes()
	return s
}

// turned is what a changed config turns while the server runs.
type turned struct {
	origins   origins
	strangers *http.CrossOriginProtection
	bodyLimit int64
}

// Configure takes new values of Options.Origins and Options.BodyLimit (0: 4 MiB); requests that follow meet them.
func (s *Server) Configure(allowed []string, bodyLimit int64) {
	s.turned.Store(&turned{origins: newOrigins(allowed), strangers: newStrangers(allowed), bodyLimit: cmp.Or(bodyLimit, 4<<20)})
}

// Handler is the whole server as one handler, s itself.
func (s *Server) Handler() http.Handler { return s }

// ServeHTTP implements http.Handler. It panics with http.ErrAbortHandler where the connection is to be dropped, which
// net/http expects; no other panic leaves it.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer s.recover(w, r)
	w.Header()[api.HeaderGeneration] = s.generationHeader()
	s.turned.Load().origins.allow(w, r)
	r = withCleanPath(r)
	if isV1(r) {
		if err := s.guard(r); err != nil {
			s.logged(r, s.refuse(w, r, err), stopwatch())
			return
		}
	}
	s.router.ServeHTTP(w, r)
}

func (s *Server) generationHeader() []string {
	text := s.provider.Generation()
	if g := s.generation.Load(); g != nil && g.text == text {
		return g.header
	}
	g := &generation{text: text, header: []string{text}}
	s.generation.Store(g)
	return g.header
}

// recover is the only one in the process: a panic is a 500 for one client and an entry in the log.
func (s *Server) recover(w http.ResponseWriter, r *http.Request) {
	what := recover()
	if what == nil {
		return
	}
	if what == http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does: a panic value, never wrapped
		panic(what)
	}
	s.log.ErrorContext(r.Context(), "panic while serving", "method", r.Method, "path", r.URL.Path, "err", what, "stack", string(debug.Stack()))
	http.Error(w, internalError, http.StatusInternalServerError)
}

// withCleanPath joins repeated slashes: the lab's UI asks for //getPods, and a redirect would break it.
func withCleanPath(r *http.Request) *http.Request {
	if !strings.Contains(r.URL.Path, "//") {
		return r
	}
	path := make([]byte, 0, len(r.URL.Path))
	for i := range len(r.URL.Path) {
		if c := r.URL.Path[i]; c != '/' || i == 0 || r.URL.Path[i-1] != '/' {
			path = append(path, c)
		}
	}
	clean, url := *r, *r.URL
	url.Path = string(path)
	clean.URL = &url
	return &clean
}
