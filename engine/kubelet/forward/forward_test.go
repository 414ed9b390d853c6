package forward_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/moonlet-dev/moonlet/engine/kubelet/forward"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errRefused = errors.New("connection refused")

// port tells what it was asked.
type port struct{ raw bool }

func (p port) Raw(_ context.Context, c io.ReadWriter) (bool, error) {
	if !p.raw {
		return false, nil
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	_, _ = io.WriteString(c, "heard "+line)
	return true, err
}

func (p port) Answer(ctx context.Context, r forward.Request) (forward.Response, error) {
	switch r.Path {
	case "/refused":
		return forward.Response{}, errRefused
	case "/hang":
		<-ctx.Done()
		return forward.Response{}, ctx.Err()
	}
	text := strings.Join([]string{r.Method, r.Path, r.Query["q"], r.Headers["x-test"], r.Body}, "|")
	return forward.Response{Status: 201, Headers: map[string]string{"X-Pod": "web"}, Body: text}, nil
}

// dial serves one end of a pipe and gives the other; verdict is what Serve returned, once it has.
func dial(ctx context.Context, t *testing.T, p forward.Port) (client net.Conn, verdict <-chan error) {
	t.Helper()
	client, served := net.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- forward.Serve(ctx, p, served)
		_ = served.Close()
	}()
	t.Cleanup(func() { _ = client.Close() })
	return client, done
}

// exchange sends a request as it stands and reads the answer.
func exchange(t *testing.T, c net.Conn, answers *bufio.Reader, request string) (status int, body string) {
	t.Helper()
	go func() { _, _ = io.WriteString(c, request) }() // a pipe has no buffer
	method, _, _ := strings.Cut(request, " ")
	r, err := http.ReadResponse(answers, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode == http.StatusCreated && r.Header.Get("X-Pod") != "web" {
		t.Errorf("headers %v", r.Header)
	}
	return r.StatusCode, string(text)
}

func TestRequestsOfOneConnectionAreAnsweredInTurn(t *testing.T) {
	client, verdict := dial(t.Context(), t, port{})
	answers := bufio.NewReader(client)
	for _, c := range []struct {
		request string
		status  int
		body    string
	}{
		{"GET /a%20b?q=1&q=2 HTTP/1.1\r\nHost: x\r\nX-Test: one\r\nX-Test: two\r\n\r\n", 201, "GET|/a b|1|one, two|"},
		{"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 201, "POST|/p|||hello"},
		{"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhey\r\n0\r\n\r\n", 201, "POST|/p|||hey"},
		{"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", 201, ""},
		{"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 201, "GET|/|||"},
	} {
		if status, body := exchange(t, client, answers, c.request); status != c.status || body != c.body {
			t.Errorf("%q: %d %q, want %d %q", c.request, status, body, c.status, c.body)
		}
	}
	if err := <-verdict; err != nil {
		t.Errorf("closed by agreement, and Serve says %v", err)
	}
}

func TestWhatIsNotHTTPGetsAnAnswerAllTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"another protocol": {"PING\r\n\r\n", 400},
		"a huge header":    {"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n", 431},
		"a huge body":      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + strings.Repeat("x", 2_000_000), 413},
	} {
		t.Run(name, func(t *testing.T) {
			client, verdict := dial(t.Context(), t, port{})
			if status, _ := exchange(t, client, bufio.NewReader(client), c.request); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			_ = client.Close()
			if err := <-verdict; err != nil && !errors.Is(err, io.ErrClosedPipe) {
				t.Error(err)
			}
		})
	}
}

func TestARefusedPortClosesTheConnectionWithItsReason(t *testing.T) {
	client, verdict := dial(t.Context(), t, port{})
	go func() { _, _ = io.WriteString(client, "GET /refused HTTP/1.1\r\nHost: x\r\n\r\n") }()
	if got, err := io.ReadAll(client); len(got) > 0 || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := <-verdict; !errors.Is(err, errRefused) {
		t.Errorf("Serve says %v", err)
	}
}

func TestServeEndsWithItsClientAndWithItsContext(t *testing.T) {
	for _, path := range []string{"/", "/hang"} {
		for _, byContext := range []bool{true, false} {
			ctx, cancel := context.WithCancel(t.Context())
			client, verdict := dial(ctx, t, port{})
			if _, err := io.WriteString(client, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			if byContext {
				cancel()
			} else {
				_ = client.Close()
			}
			if err := <-verdict; byContext && !errors.Is(err, context.Canceled) {
				t.Errorf("%s: after the end of its context: %v", path, err)
			}
			cancel()
		}
	}
}

func TestAScriptMayTakeTheConnectionAsItIs(t *testing.T) {
	client, verdict := dial(t.Context(), t, port{raw: true})
	go func() { _, _ = io.WriteString(client, "PING\n") }()
	if got, err := io.ReadAll(client); string(got) != "heard PING\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := <-verdict; err != nil {
		t.Error(err)
	}
}
