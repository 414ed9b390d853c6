package connect_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/rest"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet/connect"
)

// leaping is a clock whose sleeps pass at once.
type leaping struct{ *clock.HeldClock }

func leap() leaping { return leaping{clock.Hold(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))} }

func (c leaping) Sleep(ctx context.Context, d time.Duration) error {
	c.Set(c.Now().Add(d))
	return ctx.Err()
}

// apiServer answers as much of an API server as connecting asks for.
type apiServer struct {
	*httptest.Server
	requests    atomic.Int32
	connections atomic.Int32                 // made so far
	agent       atomic.Value                 // User-Agent of the last request
	fault       func(n int, path string) int // status of the nth request, from 1; 0: well
	cut         atomic.Bool                  // the next patch finds its connection closed
	minor       string
}

func serve(t *testing.T, s *apiServer) *apiServer {
	t.Helper()
	if s.minor == "" {
		s.minor = "37"
	}
	s.Server = httptest.NewUnstartedServer(s)
	s.EnableHTTP2 = true
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := int(s.requests.Add(1))
	s.agent.Store(r.UserAgent())
	if s.fault != nil {
		if code := s.fault(n, r.URL.Path); code != 0 {
			w.WriteHeader(code)
			return
		}
	}
	switch r.URL.Path {
	case "/version":
		fmt.Fprintf(w, `{"major":"1","minor":%q,"gitVersion":"v1.%s.0"}`, s.minor, s.minor)
	case "/readyz":
		fmt.Fprint(w, "ok")
	case "/api/v1/namespaces/default/pods/web":
		if s.cut.Swap(false) {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, r.Proto)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *apiServer) authority() string {
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(
		&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw},
	))
}

// kubeconfig writes a file for a server and returns its path.
func kubeconfig(t *testing.T, server, authority string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	write(t, file, fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u, namespace: lunar}}]
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %q}}]
users: [{name: u, user: {token: t}}]
`, server, authority))
	return file
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestConnectReturnsAClientForControllers(t *testing.T) {
	s := serve(t, &apiServer{minor: "37+"})
	c, err := connect.Connect(t.Context(), connect.Options{
		Kubeconfig: kubeconfig(t, s.URL, s.authority()), UserAgent: "moonlet/1.2",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIdle(t, c.Config) })
	type facts struct {
		Server, Namespace, Content, Agent string
		Minor                             int
		QPS                               float32
	}
	got := facts{c.Server, c.Namespace, c.Config.ContentType, s.agent.Load().(string), c.Minor, c.Config.QPS}
	want := facts{s.URL, "lunar", "application/vnd.kubernetes.protobuf", "moonlet/1.2", 37, -1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func closeIdle(t *testing.T, c *rest.Config) {
	t.Helper()
	client, err := rest.HTTPClientFor(c)
	if err != nil {
		t.Fatal(err)
	}
	client.CloseIdleConnections()
}

func TestConnectWaitsForAServerThatIsNotReady(t *testing.T) {
	s := serve(t, &apiServer{fault: func(n int, path string) int {
		switch {
		case n <= 2:
			return http.StatusServiceUnavailable
		case n <= 12 && path == "/readyz":
			return http.StatusInternalServerError
		}
		return 0
	}})
	var progress []string
	c, err := connect.Connect(t.Context(), connect.Options{
		Kubeconfig: kubeconfig(t, s.URL, s.authority()), Clock: leap(),
		Progress: func(text string) { progress = append(progress, strings.ReplaceAll(text, s.URL, "URL")) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIdle(t, c.Config) })
	if len(progress) != 2 || progress[1] != "waiting for URL: the API server is not ready (1 s of 30 s)" {
		t.Errorf("progress %q", progress)
	}
}

// nobody is the URL of a port where nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "https://" + l.Addr().String()
}

func TestConnectGivesUpOnAServerThatCannotBeReached(t *testing.T) {
	url := nobody(t)
	file := kubeconfig(t, url, "")
	var progress []string
	_, err := connect.Connect(t.Context(), connect.Options{
		Kubeconfig: file, Clock: leap(), Timeout: 7 * time.Second,
		Progress: func(text string) { progress = append(progress, text) },
	})
	want := []string{
		"waiting for " + url + ": connection refused (0 s of 7 s)",
		"waiting for " + url + ": connection refused (3 s of 7 s)",
		"waiting for " + url + ": connection refused (6 s of 7 s)",
	}
	if diff := cmp.Diff(want, progress); diff != "" {
		t.Error(diff)
	}
	checkLine(t, err, "connect to "+url+" (kubeconfig "+file+"): connection refused, tried for 7s: start that cluster")
}

func TestConnectDoesNotRepeatWhatWaitingCannotMend(t *testing.T) {
	refuse := func(code int) func(int, string) int { return func(int, string) int { return code } }
	tests := map[string]struct {
		server    *apiServer
		url       func(string) string
		authority string
		want      string
	}{
		"wrong token":       {server: &apiServer{fault: refuse(401)}, want: "does not accept these credentials (401 Unauthorized)"},
		"no rights":         {server: &apiServer{fault: refuse(403)}, want: "the request is forbidden (403), and no reason is given"},
		"no API server":     {server: &apiServer{fault: refuse(404)}, want: "is this the address of a Kubernetes API server?"},
		"other authority":   {server: &apiServer{}, authority: "none", want: "is not signed by the authority in the kubeconfig"},
		"http for https":    {server: &apiServer{}, url: func(s string) string { return "http" + s[5:] }, want: "write https:// in the kubeconfig's server"},
		"odd minor version": {server: &apiServer{minor: "x"}, want: "has no minor number"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.server)
			url, authority := s.URL, s.authority()
			if test.url != nil {
				url = test.url(url)
			}
			if test.authority != "" || strings.HasPrefix(url, "http:") {
				authority = ""
			}
			_, err := connect.Connect(t.Context(), connect.Options{
				Kubeconfig: kubeconfig(t, url, authority), Clock: leap(),
				Progress: func(text string) { t.Errorf("waited: %s", text) },
			})
			checkLine(t, err, test.want)
			if n := s.requests.Load(); n > 1 {
				t.Errorf("%d requests, want one", n)
			}
		})
	}
}

func TestConnectNamesAServerThatSpeaksPlainHTTP(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	_, err := connect.Connect(t.Context(), connect.Options{Kubeconfig: kubeconfig(t, "https"+s.URL[4:], ""), Clock: leap()})
	checkLine(t, err, "the server speaks http, not https")
}

func TestConnectEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := connect.Connect(ctx, connect.Options{
		Kubeconfig: kubeconfig(t, nobody(t), ""), Progress: func(string) { cancel() },
	})
	checkLine(t, err, "context canceled")
}

// checkLine wants an error of one line that contains text.
func checkLine(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("error %q does not say %q", err, text)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
}

func TestKubeconfigIsLookedForWhereKubectlDoes(t *testing.T) {
	s := serve(t, &apiServer{})
	good := kubeconfig(t, s.URL, s.authority())
	home, none := t.TempDir(), filepath.Join(t.TempDir(), "none")
	if err := os.Mkdir(filepath.Join(home, ".kube"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, ".kube", "config"), string(read(t, good)))
	broken := filepath.Join(t.TempDir(), "broken")
	write(t, broken, "a: b: c\n d")
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "")

	tests := map[string]struct{ explicit, variable, home, want string }{
		"explicit path wins":              {explicit: good, variable: broken, home: home},
		"explicit path must exist":        {explicit: none, variable: good, want: "kubeconfig " + none + ": no such file or directory"},
		"variable before home":            {variable: broken, home: home, want: "kubeconfig " + broken},
		"missing files of a list":         {variable: none + ":" + good},
		"list of which none exists":       {variable: none, home: home, want: "$KUBECONFIG (" + none + ": no such file)"},
		"home":                            {home: home},
		"nowhere":                         {home: none, want: none + "/.kube/config (no such file), and for a pod's service account"},
		"a way out is shown":              {home: none, want: "`moonlet-lab up` or `make lab`"},
		"no YAML":                         {explicit: broken, want: "kubeconfig " + broken},
		"nothing in it":                   {explicit: empty, want: "names no cluster"},
		"folder in place of a kubeconfig": {explicit: home, want: "is a directory"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", test.variable)
			t.Setenv("HOME", test.home)
			t.Setenv("KUBERNETES_SERVICE_HOST", "")
			c, err := connect.Connect(t.Context(), connect.Options{Kubeconfig: test.explicit, Clock: leap()})
			if test.want != "" {
				checkLine(t, err, test.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			closeIdle(t, c.Config)
		})
	}
}

func TestPodWithoutTokenIsTold(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", t.TempDir())
	t.Setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "1")
	_, err := connect.Connect(t.Context(), connect.Options{Clock: leap()})
	checkLine(t, err, "set automountServiceAccountToken: true")
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSeparateClientHasConnectionsOfItsOwn(t *testing.T) {
	s := serve(t, &apiServer{})
	c, err := connect.Connect(t.Context(), connect.Options{Kubeconfig: kubeconfig(t, s.URL, s.authority())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIdle(t, c.Config) })
	before := s.connections.Load()
	for range 2 {
		other, err := c.Separate()
		if err != nil {
			t.Fatal(err)
		}
		var v *version.Info
		if v, err = other.Discovery().ServerVersion(); err != nil || v.Minor != "37" {
			t.Fatalf("version %v, %v", v, err)
		}
		closeIdleOf(t, other.Discovery().RESTClient())
	}
	if got := s.connections.Load() - before; got != 2 {
		t.Errorf("%d connections for two separate clients, want 2", got)
	}
}

// A write goes out again by itself when the server closed the connection because it was idle.
func TestWriterSpeaksHTTP1AndRepeatsWhatMetAClosedConnection(t *testing.T) {
	s := serve(t, &apiServer{})
	c, err := connect.Connect(t.Context(), connect.Options{Kubeconfig: kubeconfig(t, s.URL, s.authority())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIdle(t, c.Config) })
	writer, err := c.Writer()
	if err != nil {
		t.Fatal(err)
	}
	patch := func() {
		t.Helper()
		r := writer.CoreV1().RESTClient().Patch(types.StrategicMergePatchType).Namespace("default").Resource("pods").Name("web").Body([]byte("{}"))
		if text, err := r.DoRaw(t.Context()); err != nil || string(text) != "HTTP/1.1" {
			t.Errorf("answer %q, %v", text, err)
		}
	}
	patch()
	s.cut.Store(true)
	patch()
	if s.cut.Load() {
		t.Error("the second write met an open connection")
	}
	closeIdleOf(t, writer.CoreV1().RESTClient())
}

func closeIdleOf(t *testing.T, c rest.Interface) {
	t.Helper()
	c.(*rest.RESTClient).Client.CloseIdleConnections()
}
