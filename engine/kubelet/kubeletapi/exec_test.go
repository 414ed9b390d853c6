package kubeletapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

// dialects are the ways in which clients of all ages speak.
var dialects = map[string]func(d *door, u *url.URL) (remotecommand.Executor, error){
	"SPDY": func(d *door, u *url.URL) (remotecommand.Executor, error) {
		return remotecommand.NewSPDYExecutor(d.config("good"), http.MethodPost, u)
	},
	"SPDY v3": spdyOf("v3.channel.k8s.io"),
	"SPDY v2": spdyOf("v2.channel.k8s.io"),
	"SPDY v1": spdyOf("channel.k8s.io"),
	"WebSocket v5": func(d *door, u *url.URL) (remotecommand.Executor, error) {
		return remotecommand.NewWebSocketExecutor(d.config("good"), http.MethodGet, u.String())
	},
	"WebSocket v4": func(d *door, u *url.URL) (remotecommand.Executor, error) {
		return remotecommand.NewWebSocketExecutorForProtocols(d.config("good"), http.MethodGet, u.String(), "v4.channel.k8s.io")
	},
}

func spdyOf(protocol string) func(d *door, u *url.URL) (remotecommand.Executor, error) {
	return func(d *door, u *url.URL) (remotecommand.Executor, error) {
		transport, upgrader, err := spdy.RoundTripperFor(d.config("good"))
		if err != nil {
			return nil, err
		}
		return remotecommand.NewSPDYExecutorForProtocols(transport, upgrader, http.MethodPost, u, protocol)
	}
}

// modern are the dialects that know exit codes and terminals.
var modern = []string{"SPDY", "WebSocket v5", "WebSocket v4"}

// run starts a command, or with none attaches, and waits for its end.
func (d *door) run(ctx context.Context, dialect string, argv []string, o remotecommand.StreamOptions) error {
	d.t.Helper()
	u := &url.URL{Scheme: "https", Host: d.addr, Path: "/exec/default/web/c"}
	if argv == nil {
		u.Path = "/attach/default/web/c"
	}
	query := url.Values{"command": argv}
	for name, on := range map[string]bool{"input": o.Stdin != nil, "output": o.Stdout != nil, "error": o.Stderr != nil, "tty": o.Tty} {
		if on {
			query.Set(name, "1")
		}
	}
	u.RawQuery = query.Encode()
	executor, err := dialects[dialect](d, u)
	if err != nil {
		d.t.Fatal(err)
	}
	return executor.StreamWithContext(ctx, o)
}

func openExec(t *testing.T, run func(context.Context, kubelet.ContainerRef, []string, kubelet.Streams) (int, error)) *door {
	t.Helper()
	return open(t, func(o *kubeletapi.Options) { o.Provider = &provider{exec: run} })
}

func TestACommandGetsItsArgumentsAndStreams(t *testing.T) {
	d := openExec(t, func(_ context.Context, c kubelet.ContainerRef, argv []string, s kubelet.Streams) (int, error) {
		in, err := io.ReadAll(s.Stdin)
		if s.TTY || s.Resize != nil {
			err = errors.New("there is a terminal")
		}
		fmt.Fprintf(s.Stdout, "%s %s %q %s", c, c.Container, argv, in)
		fmt.Fprint(s.Stderr, "beware")
		return 0, err
	})
	for dialect := range dialects {
		if dialect == "WebSocket v4" || dialect == "SPDY v1" {
			continue // they cannot end stdin, or end it before it began
		}
		t.Run(dialect, func(t *testing.T) {
			var out, errs bytes.Buffer
			err := d.run(t.Context(), dialect, []string{"say", "a b", ""}, remotecommand.StreamOptions{Stdin: strings.NewReader("hello"), Stdout: &out, Stderr: &errs})
			if want := `default/web c ["say" "a b" ""] hello`; err != nil || out.String() != want || errs.String() != "beware" {
				t.Errorf("%q, %q, %v; want %q", out.String(), errs.String(), err, want)
			}
		})
	}
}

func TestStreamsThatWereNotAskedForAreNil(t *testing.T) {
	d := openExec(t, func(_ context.Context, _ kubelet.ContainerRef, _ []string, s kubelet.Streams) (int, error) {
		if s.Stdin != nil || s.Stderr != nil || s.Resize != nil {
			return 1, nil
		}
		_, err := io.WriteString(s.Stdout, "x")
		return 0, err
	})
	for dialect := range dialects {
		t.Run(dialect, func(t *testing.T) {
			var out bytes.Buffer
			if err := d.run(t.Context(), dialect, []string{"ls"}, remotecommand.StreamOptions{Stdout: &out}); err != nil || out.String() != "x" {
				t.Errorf("%q, %v", out.String(), err)
			}
		})
	}
}

func TestTheExitCodeOfACommandIsTheClients(t *testing.T) {
	d := openExec(t, func(_ context.Context, _ kubelet.ContainerRef, argv []string, _ kubelet.Streams) (int, error) {
		return map[string]int{"0": 0, "1": 1, "137": 137}[argv[0]], nil
	})
	for _, dialect := range modern {
		for code, text := range map[int]string{0: "0", 1: "1", 137: "137"} {
			err := d.run(t.Context(), dialect, []string{text}, remotecommand.StreamOptions{Stdout: io.Discard})
			var exit utilexec.CodeExitError
			if code == 0 && err != nil || code != 0 && (!errors.As(err, &exit) || exit.Code != code) {
				t.Errorf("%s, exit %d: %v", dialect, code, err)
			}
		}
	}
}

func TestWhyACommandCouldNotRunReachesTheClient(t *testing.T) {
	for name, c := range map[string]struct {
		run  func() (int, error)
		want string
	}{
		"an error":        {func() (int, error) { return 0, errors.New("shell.lua:7: no such command") }, "shell.lua:7: no such command"},
		"not supported":   {func() (int, error) { return 0, kubelet.ErrUnsupported }, "not supported by this provider"},
		"a panic":         {func() (int, error) { panic("oh") }, "the provider broke down: oh"},
		"an error beside": {func() (int, error) { return 3, errors.New("half way") }, "half way"},
	} {
		d := openExec(t, func(context.Context, kubelet.ContainerRef, []string, kubelet.Streams) (int, error) { return c.run() })
		for dialect := range dialects {
			if dialect == "SPDY v1" {
				continue // it loses errors: that is why there is a v2
			}
			err := d.run(t.Context(), dialect, []string{"x"}, remotecommand.StreamOptions{Stdout: io.Discard})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: %v, want %q", name, dialect, err, c.want)
			}
		}
	}
}

func TestRefusalsOfExecReachTheClient(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) { o.Provider = bare{} })
	for dialect := range dialects {
		err := d.run(t.Context(), dialect, []string{"x"}, remotecommand.StreamOptions{Stdout: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "exec: not supported by this provider") {
			t.Errorf("%s: %v", dialect, err)
		}
	}
}

func TestAContainerThatDoesNotRunTakesNoCommands(t *testing.T) {
	pod := webPod("web", "n1")
	pod.Status.ContainerStatuses[0].State = v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	d := open(t, func(o *kubeletapi.Options) { o.Pods = podSet{pod} })
	for dialect := range dialects {
		err := d.run(t.Context(), dialect, []string{"x"}, remotecommand.StreamOptions{Stdout: io.Discard})
		if err == nil || !strings.Contains(err.Error(), `container not found ("c")`) {
			t.Errorf("%s: %v", dialect, err)
		}
	}
}

// sizes is a terminal that is resized once for each value.
type sizes chan remotecommand.TerminalSize

func (s sizes) Next() *remotecommand.TerminalSize {
	size, ok := <-s
	if !ok {
		return nil
	}
	return &size
}

func TestATerminalHasOneOutputAndSizes(t *testing.T) {
	d := openExec(t, func(_ context.Context, _ kubelet.ContainerRef, _ []string, s kubelet.Streams) (int, error) {
		if !s.TTY || s.Stderr != nil {
			return 1, nil
		}
		for range 2 {
			size := <-s.Resize
			fmt.Fprintf(s.Stdout, "%dx%d ", size.Width, size.Height)
		}
		return 0, nil
	})
	for _, dialect := range modern {
		t.Run(dialect, func(t *testing.T) {
			queue, in := make(sizes), make(chan string)
			var out bytes.Buffer
			done := make(chan error, 1)
			go func() {
				done <- d.run(t.Context(), dialect, []string{"top"}, remotecommand.StreamOptions{Stdout: writerFunc(func(p []byte) (int, error) {
					in <- string(p)
					return out.Write(p)
				}), Tty: true, TerminalSizeQueue: queue})
			}()
			queue <- remotecommand.TerminalSize{Width: 80, Height: 24}
			<-in
			queue <- remotecommand.TerminalSize{Width: 132, Height: 50}
			<-in
			if err := <-done; err != nil || out.String() != "80x24 132x50 " {
				t.Errorf("%q, %v", out.String(), err)
			}
			close(queue)
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return f(p)
}

func TestNobodyWaitsForAProviderThatLooksAtNoSizes(t *testing.T) {
	d := openExec(t, func(_ context.Context, _ kubelet.ContainerRef, _ []string, s kubelet.Streams) (int, error) {
		line := make([]byte, 2)
		_, err := io.ReadFull(s.Stdin, line)
		fmt.Fprintf(s.Stdout, "%s %v", line, <-s.Resize)
		return 0, err
	})
	for _, dialect := range modern {
		t.Run(dialect, func(t *testing.T) {
			queue := make(sizes, 100)
			for i := range 100 {
				queue <- remotecommand.TerminalSize{Width: uint16(i), Height: 1}
			}
			in, feed := io.Pipe()
			go func() {
				for len(queue) > 0 {
					_, _ = feed.Write(nil)
				}
				_, _ = feed.Write([]byte("q\n"))
			}()
			var out bytes.Buffer
			err := d.run(t.Context(), dialect, []string{"top"}, remotecommand.StreamOptions{Stdin: in, Stdout: &out, Tty: true, TerminalSizeQueue: queue})
			if err != nil || !strings.HasPrefix(out.String(), "q\n {") {
				t.Errorf("%q, %v", out.String(), err)
			}
			close(queue)
			_ = in.Close()
		})
	}
}

func TestBigOutputArrivesWhole(t *testing.T) {
	const size = 8 << 20
	sum := sha256.New()
	d := openExec(t, func(_ context.Context, _ kubelet.ContainerRef, argv []string, s kubelet.Streams) (int, error) {
		chunk := map[string]int{"small pieces": 1000, "one piece": size}[argv[0]]
		text := bytes.Repeat([]byte("0123456789abcde\n"), size/16)
		for len(text) > 0 {
			n, err := s.Stdout.Write(text[:min(chunk, len(text))])
			if err != nil {
				return 0, err
			}
			text = text[n:]
		}
		return 7, nil
	})
	_, _ = sum.Write(bytes.Repeat([]byte("0123456789abcde\n"), size/16))
	for dialect := range dialects {
		for _, how := range []string{"small pieces", "one piece"} {
			t.Run(dialect+" "+how, func(t *testing.T) {
				got := sha256.New()
				var n int
				err := d.run(t.Context(), dialect, []string{how}, remotecommand.StreamOptions{Stdout: writerFunc(func(p []byte) (int, error) {
					n += len(p)
					return got.Write(p)
				})})
				if (err == nil) != (dialect == "SPDY v1") || n != size || !bytes.Equal(got.Sum(nil), sum.Sum(nil)) {
					t.Errorf("%d of %d bytes, %v", n, size, err)
				}
			})
		}
	}
}

func TestBigInputArrivesWhole(t *testing.T) {
	const size = 4 << 20
	d := openExec(t, func(_ context.Context, _ kubelet.ContainerRef, _ []string, s kubelet.Streams) (int, error) {
		n, err := io.Copy(io.Discard, s.Stdin)
		fmt.Fprint(s.Stdout, n)
		return 0, err
	})
	for _, dialect := range []string{"SPDY", "WebSocket v5"} {
		var out bytes.Buffer
		err := d.run(t.Context(), dialect, []string{"tar"}, remotecommand.StreamOptions{Stdin: bytes.NewReader(make([]byte, size)), Stdout: &out})
		if err != nil || out.String() != fmt.Sprint(size) {
			t.Errorf("%s: %q, %v", dialect, out.String(), err)
		}
	}
}

func TestACommandEndsWhenItsClientLeaves(t *testing.T) {
	for dialect := range dialects {
		t.Run(dialect, func(t *testing.T) {
			began, ended := make(chan struct{}), make(chan struct{})
			d := openExec(t, func(ctx context.Context, _ kubelet.ContainerRef, _ []string, _ kubelet.Streams) (int, error) {
				close(began)
				<-ctx.Done()
				close(ended)
				return 0, ctx.Err()
			})
			ctx, leave := context.WithCancel(t.Context())
			left := make(chan error, 1)
			go func() {
				left <- d.run(ctx, dialect, []string{"sleep"}, remotecommand.StreamOptions{Stdout: io.Discard})
			}()
			<-began
			leave()
			<-ended
			if err := <-left; !errors.Is(err, context.Canceled) {
				t.Errorf("the client heard %v", err)
			}
		})
	}
}

func TestACommandEndsWhenTheServerStops(t *testing.T) {
	for _, dialect := range modern {
		t.Run(dialect, func(t *testing.T) {
			began := make(chan struct{})
			d := openExec(t, func(ctx context.Context, _ kubelet.ContainerRef, _ []string, _ kubelet.Streams) (int, error) {
				close(began)
				<-ctx.Done()
				return 0, errors.New("the node stops")
			})
			left := make(chan error, 1)
			go func() {
				left <- d.run(t.Context(), dialect, []string{"sleep"}, remotecommand.StreamOptions{Stdout: io.Discard})
			}()
			<-began
			if err := d.stop(); err != nil {
				t.Error(err)
			}
			if err := <-left; err == nil || !strings.Contains(err.Error(), "the node stops") {
				t.Errorf("the client heard %v", err)
			}
		})
	}
}

func TestAttachJoinsTheMainProcess(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) {
		o.Provider = &provider{attach: func(_ context.Context, c kubelet.ContainerRef, s kubelet.Streams) error {
			_, err := io.Copy(s.Stdout, s.Stdin)
			return errors.Join(err, errors.New("detached from "+c.Container))
		}}
	})
	for _, dialect := range []string{"SPDY", "WebSocket v5"} {
		var out bytes.Buffer
		err := d.run(t.Context(), dialect, nil, remotecommand.StreamOptions{Stdin: strings.NewReader("echo"), Stdout: &out})
		if out.String() != "echo" || err == nil || !strings.Contains(err.Error(), "detached from c") {
			t.Errorf("%s: %q, %v", dialect, out.String(), err)
		}
	}
}
