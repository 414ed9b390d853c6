package forward

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
)

// Request is an HTTP request that came through a port.
type Request struct {
	Method  string
	Path    string            // decoded, without the query
	Query   map[string]string // the first value of each name
	Host    string
	Headers map[string]string // names in lower case; several values are joined by ", "
	Body    string
}

// Response is the answer to a [Request].
type Response struct {
	Status  int
	Headers map[string]string
	Body    string
}

// Port answers what comes through one port of a pod. An error of either method says why nothing listens there, and ends
// the connection.
type Port interface {
	// Raw takes a whole connection and returns when it is over, or reports false and leaves it untouched.
	Raw(ctx context.Context, connection io.ReadWriter) (taken bool, err error)
	// Answer answers one request. The requests of one connection come one after the other.
	Answer(ctx context.Context, r Request) (Response, error)
}

const (
	mostBody   = 1 << 20
	mostHeader = 64 << 10
)

// Serve serves one connection to a port until either side closes it or ctx ends. The caller closes it then. The error is
// the port's, the cause of ctx, or that of a client who cannot be written to.
func Serve(ctx context.Context, port Port, connection io.ReadWriter) error {
	if taken, err := port.Raw(ctx, connection); taken || err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ours, theirs := net.Pipe() // the server needs deadlines, which streams do not have
	once := &listener{conn: make(chan net.Conn, 1), over: make(chan struct{})}
	once.conn <- ours
	server := &http.Server{ //nolint:gosec // no time limits: whoever forwards a port may leave it idle
		Handler: &handler{port: port, end: cancel}, MaxHeaderBytes: mostHeader,
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateClosed || s == http.StateHijacked {
				once.close()
			}
		},
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(once) }) // ends when the only connection is over, and its handler with it
	go carry(theirs, connection)
	defer context.AfterFunc(ctx, func() { _ = theirs.Close() })()
	answered := make(chan error, 1)
	go func() { // a client that does not read holds it until the caller closes the connection
		_, err := io.Copy(connection, theirs)
		answered <- err
	}()
	var err error
	select {
	case err = <-answered:
	case <-ctx.Done():
	}
	_ = theirs.Close()
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// carry brings what the client sends, and its leaving.
func carry(to io.WriteCloser, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}

// handler asks the port.
type handler struct {
	port Port
	end  context.CancelCauseFunc // of the connection
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		http.Error(w, "moonlet: the body is over 1 MiB", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		return // the client left
	}
	answer, err := h.port.Answer(r.Context(), asked(r, string(body)))
	if err != nil {
		h.end(err)
		panic(http.ErrAbortHandler)
	}
	for name, value := range answer.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, answer.Body) // a client that left reads nothing
}

func asked(r *http.Request, body string) Request {
	out := Request{
		Method: r.Method, Path: r.URL.Path, Host: r.Host, Body: body, Query: map[string]string{}, Headers: map[string]string{},
	}
	for name, values := range r.URL.Query() {
		out.Query[name] = values[0]
	}
	for name, values := range r.Header {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return out
}

// listener gives out one connection, and ends with it.
type listener struct {
	conn chan net.Conn
	over chan struct{}
	once sync.Once
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.over:
		return nil, http.ErrServerClosed
	}
}

func (l *listener) close() { l.once.Do(func() { close(l.over) }) }

// Close implements net.Listener.
func (l *listener) Close() error {
	l.close()
	return nil
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return &net.UnixAddr{Net: "pipe", Name: "pod"} }
