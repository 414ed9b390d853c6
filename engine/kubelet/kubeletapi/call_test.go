package kubeletapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

// call asks a server without a network.
func call(s *kubeletapi.Server, token, path string) (int, string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestWhatThereIsNotIsRefusedInWords(t *testing.T) {
	d := open(t, nil)
	for name, c := range map[string]struct {
		method, path string
		code         int
		text         string
	}{
		"a path":                    {"GET", "/else", 404, "404 page not found\n"},
		"an empty word":             {"GET", "/containerLogs//web/c", 404, "404 page not found\n"},
		"dots":                      {"GET", "/containerLogs/default/../c", 404, "404 page not found\n"},
		"too long a path":           {"GET", "/containerLogs/default/web/c/d", 404, "404 page not found\n"},
		"a method":                  {"POST", "/pods", 405, "pods takes GET only\n"},
		"a method of exec":          {"PUT", "/exec/default/web/c", 405, "exec takes GET and POST only\n"},
		"a pod":                     {"GET", "/containerLogs/default/nix/c", 404, "pod \"nix\" does not exist\n"},
		"a pod of another UID":      {"POST", "/exec/default/web/uid-0/c?command=ls&output=1", 404, "pod \"web\" does not exist\n"},
		"a container":               {"GET", "/containerLogs/default/web/x", 404, "container \"x\" not found in pod \"web\"\n"},
		"a container to exec in":    {"POST", "/exec/default/web/x?command=ls&output=1", 404, "container not found (\"x\")\n"},
		"a command":                 {"POST", "/exec/default/web/c?output=1", 400, "exec needs a command\n"},
		"a stream":                  {"POST", "/exec/default/web/c?command=ls", 400, "exec: you must specify at least 1 of stdin, stdout, stderr\n"},
		"an upgrade":                {"POST", "/exec/default/web/c?command=ls&output=1", 400, ""},
		"an upgrade of a forward":   {"POST", "/portForward/default/web", 400, ""},
		"an upgrade of an attach":   {"POST", "/attach/default/web/c?output=1", 400, ""},
		"a container to attach to":  {"POST", "/attach/default/web/x?output=1", 404, "container not found (\"x\")\n"},
		"a pod to forward to":       {"POST", "/portForward/default/nix", 404, "pod \"nix\" does not exist\n"},
		"a node":                    {"GET", "/nodes/n9/healthz", 404, "node \"n9\" is not served here\n"},
		"a node's path":             {"GET", "/nodes/n1", 404, "404 page not found\n"},
		"health, which there is":    {"GET", "/healthz", 200, "ok"},
		"a node's health, as well":  {"GET", "/nodes/n1/healthz", 200, "ok"},
		"no slash where one may be": {"GET", "/runningpods", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, body := d.askAs(d.config("good"), c.method, c.path)
			if code != c.code || c.text != "" && body != c.text {
				t.Errorf("%d %q, want %d %q", code, body, c.code, c.text)
			}
		})
	}
}

func TestWhatAProviderCannotIsSaid(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) { o.Provider = bare{} })
	for path, c := range map[string]struct{ method, text string }{
		"/containerLogs/default/web/c":            {"GET", "logs: not supported by this provider\n"},
		"/exec/default/web/c?command=ls&output=1": {"POST", "exec: not supported by this provider\n"},
		"/attach/default/web/c?output=1":          {"POST", "attach: not supported by this provider\n"},
		"/portForward/default/web":                {"POST", "port-forward: not supported by this provider\n"},
		"/stats/summary":                          {"GET", "usage: not supported by this provider\n"},
	} {
		if code, body := d.askAs(d.config("good"), c.method, path); code != 501 || body != c.text {
			t.Errorf("%s: %d %q, want 501 %q", path, code, body, c.text)
		}
	}
}

func TestMetricsOfTheProcess(t *testing.T) {
	registry := prometheus.NewRegistry()
	d := open(t, func(o *kubeletapi.Options) { o.Metrics, o.Registerer = registry, registry })
	d.ask("/healthz")
	d.askAs(d.config("other"), http.MethodGet, "/healthz")
	_, body := d.ask("/metrics")
	for _, want := range []string{
		`moonlet_kubelet_api_requests_total{call="healthz",code="200"} 1`,
		`moonlet_kubelet_api_requests_total{call="healthz",code="403"} 1`,
		`moonlet_kubelet_api_reviews_total{kind="access",result="allowed"} 2`,
		`moonlet_kubelet_api_reviews_total{kind="access",result="denied"} 2`,
		`moonlet_kubelet_api_reviews_total{kind="token",result="allowed"} 2`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
}
