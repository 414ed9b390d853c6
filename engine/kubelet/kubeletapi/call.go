package kubeletapi

import (
	"net"
	"net/http"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
)

// call is a request as its path spells it. All who decide about a request read it here, so that what was allowed is what
// is done.
type call struct {
	name string // of the route; "": there is none
	// node is what the call is about; "": all nodes.
	node      string
	words     []string // of the path, without /nodes/NAME
	namespace string
	podName   string
	uid       string // "": whichever pod has the name
	container string
	pod       *v1.Pod // nil: there is none, or the call names none
	route     *route
}

type handler func(s *Server, w http.ResponseWriter, r *http.Request, c *call) error

// route is one path of the API: words in braces are fields of [call].
type route struct {
	name    string
	path    []string
	methods []string
	serve   handler
}

var (
	reads   = []string{http.MethodGet}
	streams = []string{http.MethodGet, http.MethodPost}
)

func routes() []route {
	return []route{
		path("containerLogs/{namespace}/{pod}/{container}", reads, (*Server).containerLogs),
		path("exec/{namespace}/{pod}/{container}", streams, (*Server).exec),
		path("exec/{namespace}/{pod}/{uid}/{container}", streams, (*Server).exec),
		path("attach/{namespace}/{pod}/{container}", streams, (*Server).attach),
		path("attach/{namespace}/{pod}/{uid}/{container}", streams, (*Server).attach),
		path("portForward/{namespace}/{pod}", streams, (*Server).portForward),
		path("portForward/{namespace}/{pod}/{uid}", streams, (*Server).portForward),
		path("pods", reads, (*Server).listPods),
		path("runningpods", reads, (*Server).listRunningPods),
		path("stats/summary", reads, (*Server).statsSummary),
		path("metrics", reads, (*Server).processMetrics),
		path("metrics/resource", reads, (*Server).resourceMetrics),
		path("healthz", reads, (*Server).healthz),
	}
}

func path(pattern string, methods []string, serve handler) route {
	name, _, _ := strings.Cut(pattern, "/{")
	return route{name, strings.Split(pattern, "/"), methods, serve}
}

// read finds out what a request is about. A path with empty words or dots is no path of ours.
func (s *Server) read(r *http.Request) *call {
	c := &call{words: strings.Split(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), "/"), "/")}
	if len(c.words) > 2 && c.words[0] == "nodes" {
		c.node, c.words = c.words[1], c.words[2:]
	}
	if !slices.ContainsFunc(c.words, func(word string) bool { return word == "" || word == "." || word == ".." }) {
		c.match(s.routes)
	}
	s.locate(c, r)
	return c
}

func (c *call) match(routes []route) {
	for i := range routes {
		if c.matches(routes[i].path) {
			c.route, c.name = &routes[i], routes[i].name
			return
		}
	}
}

func (c *call) matches(path []string) bool {
	if len(path) != len(c.words) {
		return false
	}
	for i, word := range path {
		if !strings.HasPrefix(word, "{") && word != c.words[i] {
			return false
		}
	}
	for i, word := range path {
		switch word {
		case "{namespace}":
			c.namespace = c.words[i]
		case "{pod}":
			c.podName = c.words[i]
		case "{uid}":
			c.uid = c.words[i]
		case "{container}":
			c.container = c.words[i]
		}
	}
	return true
}

// locate finds the pod of a call and its node. A pod of another node or UID than the call says is none.
func (s *Server) locate(c *call, r *http.Request) {
	if c.node == "" {
		c.node = s.NodeOfPort(localPort(r))
	}
	if c.podName != "" {
		c.pod = s.Pods.Pod(c.namespace, c.podName)
	}
	if p := c.pod; p != nil && (c.uid != "" && string(p.UID) != c.uid || c.node != "" && p.Spec.NodeName != c.node) {
		c.pod = nil
	}
	switch {
	case c.node != "":
	case c.pod != nil:
		c.node = c.pod.Spec.NodeName
	case len(s.Nodes) == 1:
		c.node = s.Nodes[0]
	}
}

func localPort(r *http.Request) int32 {
	if at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		return int32(at.Port) //nolint:gosec // ports have 16 bits
	}
	return 0
}

// nodes are those that a call about nodes is to show: without those that are silent.
func (s *Server) nodes(c *call) []string {
	if c.node != "" {
		return []string{c.node}
	}
	return slices.DeleteFunc(slices.Clone(s.Nodes), s.Silent)
}
