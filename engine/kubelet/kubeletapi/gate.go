package kubeletapi

import (
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"
)

// ServeHTTP answers one call: who is it, may they, is the node alive, then what they want.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.calls.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.calls.end()
	began, c, seen := s.Clock.Now(), s.read(r), &recorder{ResponseWriter: w}
	defer func() {
		s.meters.served(c.name, seen.code)
		s.Log.LogAttrs(r.Context(), slog.LevelDebug, "kubelet API call", slog.String("call", c.name), slog.String("node", c.node),
			slog.String("pod", c.podKey()), slog.Int("code", seen.code), slog.Duration("took", s.Clock.Now().Sub(began)))
	}()
	if err := s.guarded(seen, r, c); err != nil {
		s.fail(seen, r, c, err)
	}
}

// guarded answers, and turns the panic of a provider into an error.
func (s *Server) guarded(w http.ResponseWriter, r *http.Request, c *call) (err error) {
	defer func() { err = s.recovered(recover(), err) }()
	return s.answer(w, r, c)
}

func (c *call) podKey() string {
	if c.podName == "" {
		return ""
	}
	return c.namespace + "/" + c.podName
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, c *call) error {
	who, err := s.identify(r)
	if err != nil {
		return err
	}
	if err := s.permit(r, who, c); err != nil {
		return err
	}
	if err := s.check(r, c); err != nil {
		return err
	}
	return c.route.serve(s, w, r, c)
}

// identify says who calls. What was wrong with a certificate or token is not told to them.
func (s *Server) identify(r *http.Request) (user.Info, error) {
	who, ok, err := s.who.AuthenticateRequest(r)
	if err != nil {
		s.Log.Debug("kubelet API call by somebody unknown", "err", err)
	}
	if err != nil || !ok {
		return nil, refuse(http.StatusUnauthorized, "Unauthorized")
	}
	return who.User, nil
}

// permit asks for each subresource that would do, as the kubelet does, until one is allowed.
func (s *Server) permit(r *http.Request, who user.Info, c *call) error {
	verb, subresources := verbOf(r.Method), subresourcesOf(c.words[0])
	for _, sub := range subresources {
		allowed, err := s.access.allowed(r.Context(), who, question{verb: verb, subresource: sub, node: c.node})
		switch {
		case err != nil:
			s.Log.Warn("access to the kubelet API could not be reviewed", "err", err)
			return refuse(http.StatusInternalServerError, "Authorization error (user=%s, verb=%s, resource=nodes, subresource=%s)", who.GetName(), verb, sub)
		case allowed:
			return nil
		}
	}
	return refuse(http.StatusForbidden, "Forbidden (user=%s, verb=%s, resource=nodes, subresource(s)=%v)", who.GetName(), verb, subresources)
}

func verbOf(method string) string {
	switch method {
	case http.MethodPost:
		return "create"
	case http.MethodGet:
		return "get"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		return "delete"
	}
	return ""
}

// subresourcesOf is what of a node the first word of a path stands for. The finer ones fall back to proxy, which stands
// for all that have none of their own.
func subresourcesOf(word string) []string {
	switch word {
	case "pods", "runningpods":
		return []string{"pods", "proxy"}
	case "healthz", "configz":
		return []string{word, "proxy"}
	case "stats", "metrics", "checkpoint":
		return []string{word}
	case "logs":
		return []string{"log"}
	}
	return []string{"proxy"}
}

// check refuses what there is not.
func (s *Server) check(r *http.Request, c *call) error {
	switch {
	case c.node != "" && !s.known[c.node]:
		return refuse(http.StatusNotFound, "node %q is not served here", c.node)
	case c.node != "" && s.Silent(c.node):
		return errSilent
	case c.route == nil:
		return refuse(http.StatusNotFound, "404 page not found")
	case !slices.Contains(c.route.methods, r.Method):
		return refuse(http.StatusMethodNotAllowed, "%s takes %s only", c.name, strings.Join(c.route.methods, " and "))
	case c.podName != "" && c.pod == nil:
		return refuse(http.StatusNotFound, "pod %q does not exist", c.podName)
	}
	return nil
}

// healthz says that the process serves.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request, _ *call) error {
	plainText(w)
	_, err := w.Write([]byte("ok"))
	return err
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	code int // 0: nothing has been answered yet
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.code == 0 {
		r.code = http.StatusOK
	}
	return r.ResponseWriter.Write(p)
}

var errSilent = errors.New("connection to the node lost")
