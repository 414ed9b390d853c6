package server_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/server"
)

// pipeListener is a listener over pipes, which synctest can see through.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	shut   atomic.Bool
}

func newPipe() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	if l.shut.CompareAndSwap(false, true) {
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000} }

// client is an HTTP client of the listener.
func (l *pipeListener) client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		theirs, ours := net.Pipe()
		l.conns <- theirs
		return ours, nil
	}}}
}

// served is a server under way in a synctest bubble.
type served struct {
	client *http.Client
	stop   context.CancelFunc
	ended  chan error
}

func serve(t *testing.T, o server.Options) *served {
	t.Helper()
	l := newPipe()
	ctx, stop := context.WithCancel(t.Context())
	s := &served{client: l.client(), stop: stop, ended: make(chan error, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ended <- server.New(o).Serve(ctx, l)
	}()
	t.Cleanup(func() {
		stop()
		s.client.CloseIdleConnections()
		<-done
	})
	return s
}

// feedOf is a provider's feed that a test writes.
func feedOf(events chan api.Event, closed *atomic.Int32) api.Feed {
	return api.Feed{Events: events, Close: func() { closed.Add(1) }}
}

// listening is one client of the event stream.
type listening struct {
	*bufio.Reader
	header http.Header
	once   bool // the connection serves nothing after it
	leave  func() error
}

func (s *served) stream(t *testing.T, last string) *listening {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://moonlet/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return &listening{bufio.NewReader(resp.Body), resp.Header, resp.Close, resp.Body.Close}
}

// message reads up to the next empty line.
func message(t *testing.T, in *listening) string {
	t.Helper()
	var all strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v after %q", err, all.String())
		}
		if line == "\n" {
			return all.String()
		}
		all.WriteString(line)
	}
}

func TestTheStreamTellsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, closed := make(chan api.Event, 10), new(atomic.Int32)
		f := newFake()
		f.feed = func(after uint64) (api.Feed, error) {
			if after != 0 {
				t.Errorf("asked for events after %d, want from now", after)
			}
			return feedOf(events, closed), nil
		}
		s := serve(t, server.Options{Provider: f})
		in := s.stream(t, "")
		if in.header.Get("Content-Type") != "text/event-stream" || in.header.Get("X-Accel-Buffering") != "no" || !in.once {
			t.Errorf("headers %v", in.header)
		}
		if got := message(t, in); got != ": moonlet\n" {
			t.Errorf("first: %q", got)
		}
		pod := api.Pod{Namespace: "default", Name: "web\n", Created: started}
		events <- api.Event{Sequence: 8, At: started, Type: api.EventPodChanged, Pod: &pod}
		events <- api.Event{Sequence: 9, At: started, Type: api.EventScriptsLoaded, Generation: 2}
		want := "id: 8\nevent: pod.changed\n" + `data: {"sequence":8,"at":"2026-11-20T10:00:00Z","type":"pod.changed","pod":{"namespace":"default","name":"web\n",`
		if got := message(t, in); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 3 {
			t.Errorf("got %q\nwant %q…", got, want)
		}
		if got := message(t, in); got != "id: 9\nevent: scripts.loaded\n"+`data: {"sequence":9,"at":"2026-11-20T10:00:00Z","type":"scripts.loaded","generation":2}`+"\n" {
			t.Errorf("got %q", got)
		}
		_ = in.leave()
		synctest.Wait()
		if closed.Load() == 0 {
			t.Error("the client left and its feed is still open")
		}
	})
}

func TestASilentStreamBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.feed = func(uint64) (api.Feed, error) { return feedOf(make(chan api.Event), new(atomic.Int32)), nil }
		in := serve(t, server.Options{Provider: f}).stream(t, "")
		message(t, in)
		began := time.Now()
		for range 3 {
			if got := message(t, in); got != ": heartbeat\n" {
				t.Errorf("got %q", got)
			}
		}
		if took := time.Since(began); took != 45*time.Second {
			t.Errorf("three beats took %s, want 45s", took)
		}
	})
}

func TestAStreamGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []uint64
		f := newFake()
		f.feed = func(after uint64) (api.Feed, error) {
			asked = append(asked, after)
			if after == 3 {
				return api.Feed{}, api.ErrTooOld
			}
			events := make(chan api.Event, 1)
			events <- api.Event{Sequence: 100, At: started, Type: api.EventPodRemoved}
			return feedOf(events, new(atomic.Int32)), nil
		}
		s := serve(t, server.Options{Provider: f})
		in := s.stream(t, "99")
		message(t, in)
		if got := message(t, in); !strings.HasPrefix(got, "id: 100\n") {
			t.Errorf("resumed with %q", got)
		}
		in = s.stream(t, "3")
		message(t, in)
		if got := message(t, in); got != "event: resync\ndata: {}\n" {
			t.Errorf("too old: %q", got)
		}
		if got := message(t, in); !strings.HasPrefix(got, "id: 100\n") {
			t.Errorf("after the resync: %q", got)
		}
		if len(asked) != 3 || asked[0] != 99 || asked[1] != 3 || asked[2] != 0 {
			t.Errorf("subscribed after %v", asked)
		}
	})
}

func TestAListenerThatWasLetGoIsDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, closed := make(chan api.Event), new(atomic.Int32)
		f := newFake()
		f.feed = func(uint64) (api.Feed, error) { return feedOf(events, closed), nil }
		in := serve(t, server.Options{Provider: f}).stream(t, "")
		message(t, in)
		close(events)
		if _, err := in.ReadByte(); err == nil || closed.Load() != 1 {
			t.Errorf("the stream goes on: %v, closed %d times", err, closed.Load())
		}
	})
}

// A client that does not read holds nobody up for longer than the write deadline.
func TestAClientThatDoesNotReadIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, closed := make(chan api.Event, 1000), new(atomic.Int32)
		f := newFake()
		f.feed = func(uint64) (api.Feed, error) { return feedOf(events, closed), nil }
		in := serve(t, server.Options{Provider: f}).stream(t, "")
		message(t, in)
		for range 1000 {
			events <- api.Event{Type: api.EventScriptsRefused, Problems: []api.Problem{{Text: strings.Repeat("x", 1000)}}}
		}
		time.Sleep(11 * time.Second) // of the bubble
		synctest.Wait()
		if closed.Load() == 0 {
			t.Error("the feed is still open")
		}
	})
}

func TestAShutdownSaysBye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.feed = func(uint64) (api.Feed, error) { return feedOf(make(chan api.Event), new(atomic.Int32)), nil }
		s := serve(t, server.Options{Provider: f})
		in := s.stream(t, "")
		message(t, in)
		s.stop()
		if got := message(t, in); got != "event: bye\ndata: {}\n" {
			t.Errorf("got %q", got)
		}
		if _, err := in.ReadByte(); err == nil {
			t.Error("the stream goes on")
		}
		if err := <-s.ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}
