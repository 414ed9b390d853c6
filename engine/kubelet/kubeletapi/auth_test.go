package kubeletapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	authzv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

func TestNobodyIsLetInUnasked(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	api := newCluster(ca.publish())
	d := open(t, func(o *kubeletapi.Options) { o.Client = api })
	certificate := func(a *authority, name string, use x509.ExtKeyUsage) *rest.Config {
		c := d.config("")
		c.CertData, c.KeyData = a.issue(name, use)
		return c
	}
	for name, c := range map[string]struct {
		as   *rest.Config
		want int
	}{
		"without anything":                 {d.config(""), 401},
		"with a wrong token":               {d.config("wrong"), 401},
		"with a token of somebody":         {d.config("other"), 403},
		"with a token of one who may":      {d.config("good"), 200},
		"with a certificate of who may":    {certificate(ca, "admin", x509.ExtKeyUsageClientAuth), 200},
		"with a certificate of somebody":   {certificate(ca, "nobody", x509.ExtKeyUsageClientAuth), 403},
		"with a certificate of another CA": {certificate(stranger, "admin", x509.ExtKeyUsageClientAuth), 401},
		"with a server's certificate":      {certificate(ca, "admin", x509.ExtKeyUsageServerAuth), 401},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/healthz", "/pods", "/nodes/n1/metrics"} {
				if code, body := d.askAs(c.as, http.MethodGet, path); code != c.want {
					t.Errorf("%s: %d %q, want %d", path, code, body, c.want)
				}
			}
			if code, _ := d.askAs(c.as, http.MethodGet, "/nothing"); c.want != 200 && code != c.want {
				t.Errorf("a path that there is not: %d, want %d", code, c.want)
			}
		})
	}
}

func TestARefusalSaysWhoMayNotDoWhat(t *testing.T) {
	d := open(t, nil)
	code, body := d.askAs(d.config("other"), http.MethodGet, "/pods")
	want := "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[pods proxy])\n"
	if code != 403 || body != want {
		t.Errorf("%d %q, want 403 %q", code, body, want)
	}
}

func TestEachPathAsksForItsSubresources(t *testing.T) {
	for name, c := range map[string]struct {
		method, path string
		want         []string // all are denied, so that all are asked
	}{
		"healthz":           {"GET", "/healthz", []string{"get healthz n1", "get proxy n1"}},
		"pods":              {"GET", "/pods", []string{"get pods n1", "get proxy n1"}},
		"running pods":      {"GET", "/runningpods/", []string{"get pods n1", "get proxy n1"}},
		"configuration":     {"GET", "/configz", []string{"get configz n1", "get proxy n1"}},
		"stats":             {"GET", "/stats/summary", []string{"get stats n1"}},
		"metrics":           {"GET", "/metrics", []string{"get metrics n1"}},
		"resource metrics":  {"GET", "/metrics/resource", []string{"get metrics n1"}},
		"files of logs":     {"GET", "/logs/syslog", []string{"get log n1"}},
		"logs":              {"GET", "/containerLogs/default/web/c", []string{"get proxy n1"}},
		"exec":              {"POST", "/exec/default/web/c", []string{"create proxy n1"}},
		"exec, WebSocket":   {"GET", "/exec/default/web/c", []string{"get proxy n1"}},
		"attach":            {"POST", "/attach/default/web/c", []string{"create proxy n1"}},
		"port-forward":      {"POST", "/portForward/default/web", []string{"create proxy n1"}},
		"what there is not": {"DELETE", "/else", []string{"delete proxy n1"}},
		"a node":            {"GET", "/nodes/n7/pods", []string{"get pods n7", "get proxy n7"}},
		"a node's pod":      {"GET", "/nodes/n7/containerLogs/default/web/c", []string{"get proxy n7"}},
		"dots":              {"GET", "/stats/../exec/default/web/c", []string{"get stats n1"}},
		"a slash in a word": {"GET", "/stats%2Fx/exec", []string{"get stats n1"}},
		"an odd method":     {"OPTIONS", "/pods", []string{" pods n1", " proxy n1"}},
	} {
		t.Run(name, func(t *testing.T) {
			api := newCluster()
			d := open(t, func(o *kubeletapi.Options) { o.Client = api })
			if code, body := d.askAs(d.config("other"), c.method, c.path); code != 403 {
				t.Errorf("%d %q, want 403", code, body)
			}
			var want []string
			for _, q := range c.want {
				want = append(want, "nobody "+q)
			}
			if d := cmp.Diff(want, api.questions()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAnAccessReviewHoldsAllThatIsKnownOfTheUser(t *testing.T) {
	api := newCluster()
	var seen authzv1.SubjectAccessReviewSpec
	api.may = func(s authzv1.SubjectAccessReviewSpec) bool { seen = s; return true }
	d := open(t, func(o *kubeletapi.Options) { o.Client = api })
	d.ask("/metrics")
	want := authzv1.SubjectAccessReviewSpec{
		User: "admin", Groups: []string{"team", "system:authenticated"}, Extra: map[string]authzv1.ExtraValue{"floor": {"3"}},
		ResourceAttributes: &authzv1.ResourceAttributes{Verb: "get", Version: "v1", Resource: "nodes", Subresource: "metrics", Name: "n1"},
	}
	if d := cmp.Diff(want, seen); d != "" {
		t.Error(d)
	}
}

func TestANodeIsThatOfThePodThePathOrThePort(t *testing.T) {
	pods := podSet{webPod("a", "n1"), webPod("b", "n2")}
	for name, c := range map[string]struct {
		path, port string
		asked      string
		code       int
	}{
		"the pod's":                 {"/containerLogs/default/b/c", "", "get proxy n2", 200},
		"the path's":                {"/nodes/n2/containerLogs/default/b/c", "", "get proxy n2", 200},
		"not the path's":            {"/nodes/n1/containerLogs/default/b/c", "", "get proxy n1", 404},
		"the port's":                {"/containerLogs/default/a/c", "n1", "get proxy n1", 200},
		"not the port's":            {"/containerLogs/default/a/c", "n2", "get proxy n2", 404},
		"a pod that there is not":   {"/containerLogs/default/x/c", "", "get proxy ", 404},
		"all nodes":                 {"/stats/summary", "", "get stats ", 200},
		"the path's without a pod":  {"/nodes/n2/stats/summary", "", "get stats n2", 200},
		"the port's without a pod":  {"/stats/summary", "n2", "get stats n2", 200},
		"a node that is not served": {"/nodes/n9/stats/summary", "", "get stats n9", 404},
	} {
		t.Run(name, func(t *testing.T) {
			api := newCluster()
			d := open(t, func(o *kubeletapi.Options) {
				o.Client, o.Pods, o.Nodes = api, pods, []string{"n1", "n2"}
				o.Provider = &provider{
					logs: func(context.Context, kubelet.ContainerRef, kubelet.LogOptions) (io.ReadCloser, error) {
						return lines("x"), nil
					},
					usage: func(context.Context, string) ([]kubelet.PodUsage, error) { return nil, nil },
				}
				o.NodeOfPort = func(port int32) string {
					if port == 0 {
						t.Error("the port is not known")
					}
					return c.port
				}
			})
			code, body := d.ask(c.path)
			if got := api.questions(); code != c.code || !slices.Equal(got, []string{"admin " + c.asked}) {
				t.Errorf("%d %q, asked %q; want %d, %q", code, body, got, c.code, c.asked)
			}
		})
	}
}

func TestAnswersAboutAccessAreRememberedForAWhile(t *testing.T) {
	for name, c := range map[string]struct {
		token          string
		before, beyond time.Duration
	}{
		"who may":     {"good", 4 * time.Minute, 2 * time.Minute},
		"who may not": {"other", 29 * time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			api, held := newCluster(), clock.Hold(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
			s, err := kubeletapi.New(kubeletapi.Options{Provider: &provider{}, Pods: podSet{}, Nodes: []string{"n1"}, Client: api, Clock: held})
			if err != nil {
				t.Fatal(err)
			}
			ask := func(wait time.Duration, want int32) {
				t.Helper()
				held.Set(held.Now().Add(wait))
				call(s, c.token, "/metrics")
				if got := api.reviews.Load(); got != want {
					t.Errorf("%v later: %d reviews, want %d", wait, got, want)
				}
			}
			ask(0, 1)
			ask(c.before, 1)
			ask(c.beyond, 2)
			if got := api.tokenAsks.Load(); got != 1 {
				t.Errorf("the token was reviewed %d times", got)
			}
		})
	}
}

func TestReviewsThatFailAreTriedAgainThenSaidAndNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newCluster()
		api.broken.Store(true)
		s, err := kubeletapi.New(kubeletapi.Options{Provider: &provider{}, Pods: podSet{}, Nodes: []string{"n1"}, Client: api})
		if err != nil {
			t.Fatal(err)
		}
		if code, body := call(s, "good", "/metrics"); code != 500 || !strings.Contains(body, "Authorization error (user=admin") || api.reviews.Load() != 3 {
			t.Errorf("%d %q after %d tries", code, body, api.reviews.Load())
		}
		api.broken.Store(false)
		if code, _ := call(s, "good", "/metrics"); code != 200 {
			t.Errorf("%d once it is back", code)
		}
	})
}

func TestNoSecretsAreLogged(t *testing.T) {
	var log safeBuffer
	d := open(t, func(o *kubeletapi.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		o.Provider = &provider{exec: func(context.Context, kubelet.ContainerRef, []string, kubelet.Streams) (int, error) { return 1, nil }}
	})
	_ = d.run(t.Context(), "SPDY", []string{"login", "--password=hunter2"}, remotecommand.StreamOptions{Stdout: io.Discard})
	d.askAs(d.config("stolen"), http.MethodGet, "/pods?token=hunter2")
	if err := d.stop(); err != nil { // all has been logged
		t.Error(err)
	}
	text := log.String()
	for _, secret := range []string{"hunter2", "login", "good", "stolen"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log:\n%s", secret, text)
		}
	}
	for _, want := range []string{"call=exec", "pod=default/web", "node=n1", "code=101", "code=401"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in the log:\n%s", want, text)
		}
	}
}

func TestATokenMayComeAsAWebSocketProtocol(t *testing.T) {
	d := openExec(t, func(context.Context, kubelet.ContainerRef, []string, kubelet.Streams) (int, error) { return 0, nil })
	for token, want := range map[string]int{"good": http.StatusSwitchingProtocols, "wrong": http.StatusUnauthorized} {
		dialer := websocket.Dialer{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			Subprotocols:    []string{"base64url.bearer.authorization.k8s.io." + base64.RawURLEncoding.EncodeToString([]byte(token)), "v5.channel.k8s.io"},
		}
		conn, answer, err := dialer.DialContext(t.Context(), "wss://"+d.addr+"/exec/default/web/c?command=ls&output=1", nil)
		if answer == nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("token %s: %d, %v", token, answer.StatusCode, err)
		}
		if err == nil {
			if conn.Subprotocol() != "v5.channel.k8s.io" {
				t.Errorf("the server speaks %q", conn.Subprotocol())
			}
			_ = conn.Close()
		}
	}
}
