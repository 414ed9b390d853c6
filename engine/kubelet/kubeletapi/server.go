package kubeletapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Times that a kubelet has, too.
const (
	streamIdleTimeout     = 4 * time.Hour    // a session in which nothing was said for so long ends
	streamCreationTimeout = 30 * time.Second // within which a client opens the streams it announced
	callTimeout           = 4 * time.Hour    // no call takes longer
	connectionIdleTimeout = 90 * time.Second
	headerTimeout         = 32 * time.Second
	maxHeaderBytes        = 1 << 20
)

// stopGrace is how long calls may take to end once the server stops, before their connections are closed; flushGrace how
// long connections may then take to send what is left. HTTP/2 would take a second if it were let.
const (
	stopGrace  = 3 * time.Second
	flushGrace = 50 * time.Millisecond
)

// Pods knows the pods of the nodes, spec and metadata as Kubernetes has them, status as the provider last said. What it
// returns is shared and not changed. It is asked from many goroutines.
type Pods interface {
	Pod(namespace, name string) *v1.Pod // nil: there is none
	Pods(node string) []*v1.Pod         // in any order
}

// Options is what a [Server] needs.
type Options struct {
	Provider kubelet.Provider // whose LogReader, Executor, PortForwarder and Meter are used where it has them
	Pods     Pods
	Nodes    []string // at least one
	// NodeOfPort is the node whose calls come in by a port of ours; "": the port serves all nodes. nil: all ports do.
	NodeOfPort func(port int32) string
	// Silent says that a node is not to answer. nil: all answer.
	Silent func(node string) bool

	// Client reviews tokens and access, and reads the client CA from kube-system/extension-apiserver-authentication.
	// Without it nobody could be let in, so that it is required.
	Client       kubernetes.Interface
	ClientCAFile string // PEM, read again when changed; "": the CA that the cluster publishes

	CertFile, KeyFile string   // PEM, read again when changed; both "": a self-made certificate in memory
	Hosts             []string // further names and addresses for a self-made certificate, such as the nodes' address

	Metrics    prometheus.Gatherer   // what /metrics shows; nil: nothing
	Registerer prometheus.Registerer // nil: own metrics are not registered
	Clock      clock.Clock           // nil: real
	Log        *slog.Logger          // nil: silent
}

// Server is the API of a kubelet. It is an http.Handler, safe for use from many goroutines.
type Server struct {
	Options
	routes      []route
	known       map[string]bool // names of nodes
	who         authenticator.Request
	access      *access
	clientCA    *clientCA
	certificate *certificate
	ledger      *ledger
	meters      *meters
	sessions    sessions
	calls       tally
}

// New returns a server that is ready to serve. It reads the certificate files, and fails where they are no good.
func New(o Options) (*Server, error) {
	if o.Client == nil || o.Provider == nil || o.Pods == nil || len(o.Nodes) == 0 {
		return nil, errors.New("kubelet API: a client, a provider, its pods and at least one node are needed")
	}
	o = o.withDefaults()
	s := &Server{Options: o, routes: routes(), known: map[string]bool{}, ledger: newLedger(o.Clock.Now()), meters: newMeters(o.Registerer)}
	for _, node := range o.Nodes {
		s.known[node] = true
	}
	var err error
	if s.certificate, err = newCertificate(o); err != nil {
		return nil, fmt.Errorf("kubelet API: %w", err)
	}
	s.clientCA = newClientCA(o)
	s.who = newAuthenticator(o.Client, s.clientCA, o.Clock, s.meters)
	s.access = newAccess(o.Client, o.Clock, s.meters)
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Silent == nil {
		o.Silent = func(string) bool { return false }
	}
	if o.NodeOfPort == nil {
		o.NodeOfPort = func(int32) string { return "" }
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.Gatherers{}
	}
	return o
}

// Serve answers on the listeners until ctx ends or one of them fails, and closes them. With a port per node there are
// many. It is called once. Calls under way get a moment to end; an error says that some did not.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	web := s.webServer(ctx)
	s.clientCA.load(ctx)
	group.Go(func() error { s.clientCA.keep(ctx); return nil })
	group.Go(func() error { s.watchSilence(ctx); return nil })
	for _, l := range listeners {
		group.Go(func() error {
			if err := web.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("kubelet API on %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		return s.drain(context.WithoutCancel(ctx), web)
	})
	return group.Wait()
}

func (s *Server) webServer(ctx context.Context) *http.Server {
	return &http.Server{
		Handler:           s,
		TLSConfig:         s.certificate.tlsConfig(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       callTimeout,
		WriteTimeout:      callTimeout,
		IdleTimeout:       connectionIdleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return klog.NewContext(ctx, klog.Logger{}) // the streaming library calls each client that leaves an error
		},
	}
}

// drain waits for calls to end, whose contexts told them. New ones get no answer.
func (s *Server) drain(ctx context.Context, web *http.Server) error {
	done := make(chan struct{})
	go func() { s.calls.close(); close(done) }()
	if ended(ctx, stopGrace, done) {
		patience, cancel := context.WithTimeout(ctx, flushGrace)
		defer cancel()
		_ = web.Shutdown(patience) // what is not flushed by then is lost
		return web.Close()
	}
	_ = web.Close()
	s.sessions.closeAll()
	if !ended(ctx, stopGrace, done) {
		return errors.New("kubelet API: stopped while the provider goes on with calls whose context has ended")
	}
	return nil
}

func ended(ctx context.Context, patience time.Duration, done <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}
