package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
)

const answering = `
function logs() return every("10ms", function(n) return "line " .. n end) end
function exec(pod, container, argv) return argv[1] .. "\n" end
`

// BenchmarkFirstByte measures how long the first byte of logs, exec and port-forward takes through the API server: the
// median of fifty, beside its bar.
func BenchmarkFirstByte(b *testing.B) {
	client, config := clusterClient(b, &theLab), clusterConfig(b, &theLab)
	ns := newNamespace(b, client, "latency")
	startKubelet(b, &theLab, "--nodename", "latency", "--namespace", ns, "--state", "memory",
		"--scripts", scriptFolder(b, map[string]string{"default.lua": answering}))
	if _, err := client.CoreV1().Pods(ns).Create(b.Context(), podOn("latency", ns, "web"), metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
	eventually(b, "it runs and logs", func() error { return firstLog(b.Context(), client, ns) })
	const bar = 50 * time.Millisecond
	for what, try := range map[string]func() error{
		"logs":                func() error { return firstLog(b.Context(), client, ns) },
		"exec (WebSocket)":    func() error { return firstExec(b.Context(), websocketExec, config, client, ns) },
		"exec (SPDY)":         func() error { return firstExec(b.Context(), spdyExec, config, client, ns) },
		"port-forward (SPDY)": func() error { return firstForward(config, client, ns) },
	} {
		report(b, what, medianOf(b, 50, try), bar)
	}
	for b.Loop() { // the rounds above are the benchmark
	}
}

func report(b *testing.B, what string, got, bar time.Duration) {
	b.Helper()
	verdict := "met"
	if got >= bar {
		verdict = "MISSED"
	}
	fmt.Fprintf(os.Stderr, "%-40s %10s   bar %s: %s\n", what, got.Round(100*time.Microsecond), bar, verdict)
}

func medianOf(b *testing.B, n int, try func() error) time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		if err := try(); err != nil {
			b.Fatal(err)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	return took[n/2]
}

func firstLog(ctx context.Context, client kubernetes.Interface, ns string) error {
	one := int64(1)
	stream, err := client.CoreV1().Pods(ns).GetLogs("web", &v1.PodLogOptions{TailLines: &one}).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	_, err = io.ReadFull(stream, make([]byte, 1))
	return err
}

func websocketExec(config *rest.Config, u string) (remotecommand.Executor, error) {
	return remotecommand.NewWebSocketExecutor(config, http.MethodGet, u)
}

func spdyExec(config *rest.Config, u string) (remotecommand.Executor, error) {
	r, err := http.NewRequest(http.MethodPost, u, nil)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewSPDYExecutor(config, http.MethodPost, r.URL)
}

type makeExecutor func(*rest.Config, string) (remotecommand.Executor, error)

func firstExec(ctx context.Context, executor makeExecutor, config *rest.Config, client kubernetes.Interface, ns string) error {
	u := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(ns).Name("web").SubResource("exec").
		VersionedParams(&v1.PodExecOptions{Command: []string{"hello"}, Stdout: true}, scheme.ParameterCodec).URL()
	e, err := executor(config, u.String())
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := e.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out}); err != nil {
		return err
	}
	if out.String() != "hello\n" {
		return fmt.Errorf("exec answered %q", out.String())
	}
	return nil
}

func firstForward(config *rest.Config, client kubernetes.Interface, ns string) error {
	u := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(ns).Name("web").SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return err
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	f, err := portforward.New(spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, u), []string{"0:80"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- f.ForwardPorts() }()
	defer func() {
		close(stop)
		<-done //nolint:errcheck // it ends because it was stopped
	}()
	<-ready
	ports, err := f.GetPorts()
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local))
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
