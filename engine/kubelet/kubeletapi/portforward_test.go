package kubeletapi_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

// tunnels are the ways in which kubectl forwards ports.
var tunnels = map[string]func(d *door, u *url.URL) (httpstream.Dialer, error){
	"SPDY": func(d *door, u *url.URL) (httpstream.Dialer, error) {
		transport, upgrader, err := spdy.RoundTripperFor(d.config("good"))
		if err != nil {
			return nil, err
		}
		return spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, u), nil
	},
	"WebSocket": func(d *door, u *url.URL) (httpstream.Dialer, error) {
		return portforward.NewSPDYOverWebsocketDialerForStreaming(u, d.config("good"))
	},
}

// forwarding is a client that forwards a port of ours to port 80 of default/web.
type forwarding struct {
	addr string
	stop func() error
}

func (d *door) forward(dialect string) *forwarding {
	d.t.Helper()
	dialer, err := tunnels[dialect](d, &url.URL{Scheme: "https", Host: d.addr, Path: "/portForward/default/web"})
	if err != nil {
		d.t.Fatal(err)
	}
	f := &forwarding{}
	stop, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddressesForStreaming(dialer, []string{"127.0.0.1"}, []string{"0:80"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		d.t.Fatal(err)
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	f.stop = sync.OnceValue(func() error { close(stop); return <-ended })
	d.t.Cleanup(func() { _ = f.stop() })
	select {
	case <-ready:
	case err := <-ended:
		d.t.Fatal(err)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		d.t.Fatal(err)
	}
	f.addr = fmt.Sprintf("127.0.0.1:%d", ports[0].Local)
	return f
}

func (f *forwarding) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func openForward(t *testing.T, serve func(context.Context, kubelet.PodRef, int32, io.ReadWriter) error) *door {
	t.Helper()
	return open(t, func(o *kubeletapi.Options) { o.Provider = &provider{forward: serve} })
}

func TestForwardedConnectionsReachTheProvider(t *testing.T) {
	d := openForward(t, func(_ context.Context, pod kubelet.PodRef, port int32, c io.ReadWriter) error {
		line, err := bufio.NewReader(c).ReadString('\n')
		fmt.Fprintf(c, "%s:%d says %s", pod, port, line)
		return err
	})
	for dialect := range tunnels {
		t.Run(dialect, func(t *testing.T) {
			f := d.forward(dialect)
			var all sync.WaitGroup
			for i := range 10 { // over one session, at once
				conn := f.dial(t)
				all.Go(func() {
					fmt.Fprintf(conn, "%d\n", i)
					got, err := io.ReadAll(conn)
					if want := fmt.Sprintf("default/web:80 says %d\n", i); err != nil || string(got) != want {
						t.Errorf("%q, %v; want %q", got, err, want)
					}
				})
			}
			all.Wait()
			if err := f.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBigThingsGoThroughAForwardBothWays(t *testing.T) {
	const size = 4 << 20
	d := openForward(t, func(_ context.Context, _ kubelet.PodRef, _ int32, c io.ReadWriter) error {
		_, err := io.CopyN(c, c, size)
		return err
	})
	for dialect := range tunnels {
		t.Run(dialect, func(t *testing.T) {
			conn := d.forward(dialect).dial(t)
			sent := bytes.Repeat([]byte("0123456789abcdef"), size/16)
			go func() { _, _ = conn.Write(sent) }()
			if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d of %d bytes, %v", len(got), size, err)
			}
		})
	}
}

func TestWhyAForwardFailedReachesTheClient(t *testing.T) {
	for name, c := range map[string]struct {
		serve func() error
		want  string
	}{
		"an error":      {func() error { return errors.New("nobody listens on port 80") }, "nobody listens on port 80"},
		"not supported": {func() error { return kubelet.ErrUnsupported }, "not supported by this provider"},
		"a panic":       {func() error { panic("oh") }, "the provider broke down: oh"},
	} {
		d := openForward(t, func(context.Context, kubelet.PodRef, int32, io.ReadWriter) error { return c.serve() })
		for dialect := range tunnels {
			got, err := d.forwardError(dialect)
			for range 20 { // the library resets the stream right after the text, which may overtake it
				if got == "" {
					got, err = d.forwardError(dialect)
				}
			}
			if !strings.Contains(got, "error forwarding port 80 to pod web, uid uid-1: "+c.want) {
				t.Errorf("%s, %s: %q, %v", name, dialect, got, err)
			}
		}
	}
}

// forwardError opens one connection to port 80, and returns what the stream of errors says.
func (d *door) forwardError(dialect string) (string, error) {
	dialer, err := tunnels[dialect](d, &url.URL{Scheme: "https", Host: d.addr, Path: "/portForward/default/web"})
	if err != nil {
		return "", err
	}
	conn, _, err := dialer.Dial("portforward.k8s.io")
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	headers := http.Header{"Streamtype": {"error"}, "Port": {"80"}, "Requestid": {"0"}}
	errs, err := conn.CreateStream(headers)
	if err != nil {
		return "", err
	}
	var text []byte
	said := make(chan error, 1)
	go func() { // at once, as kubectl does: the stream is reset after the error
		var err error
		text, err = io.ReadAll(errs)
		said <- err
	}()
	headers.Set("streamType", "data")
	if _, err := conn.CreateStream(headers); err != nil {
		return "", err
	}
	err = <-said
	return string(text), err
}

func TestRefusalsOfAForwardReachTheClient(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) { o.Provider = bare{} })
	for dialect := range tunnels {
		dialer, err := tunnels[dialect](d, &url.URL{Scheme: "https", Host: d.addr, Path: "/portForward/default/web"})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = dialer.Dial("portforward.k8s.io")
		if err == nil || !strings.Contains(err.Error(), "port-forward: not supported by this provider") {
			t.Errorf("%s: %v", dialect, err)
		}
	}
}

func TestAForwardEndsWithItsClientOrItsServer(t *testing.T) {
	for dialect := range tunnels {
		for name, end := range map[string]func(*door, *forwarding) error{
			"client": func(_ *door, f *forwarding) error { return f.stop() },
			"server": func(d *door, _ *forwarding) error { return d.stop() },
		} {
			t.Run(dialect+" "+name, func(t *testing.T) {
				began, ended := make(chan struct{}), make(chan struct{})
				d := openForward(t, func(ctx context.Context, _ kubelet.PodRef, _ int32, _ io.ReadWriter) error {
					close(began)
					<-ctx.Done()
					close(ended)
					return ctx.Err()
				})
				f := d.forward(dialect)
				f.dial(t)
				<-began
				if err := end(d, f); err != nil {
					t.Error(err)
				}
				<-ended
			})
		}
	}
}
