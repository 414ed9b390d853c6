package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/server"
)

func TestLivez(t *testing.T) {
	f := newFake()
	f.checks = []api.Check{{Name: "scripts"}}
	if r := do(newServer(f), "GET", "/livez", ""); r.StatusCode != http.StatusOK || r.Body != "ok\n" {
		t.Errorf("%s", r.Status)
	}
}

// The lines are those of the API server, which people know.
func TestReadyz(t *testing.T) {
	good := api.Check{Name: "state", OK: true}
	warned := api.Check{Name: "scripts", OK: true, Message: "generation 3 serves, flaky.lua:12: unknown hook"}
	bad := api.Check{Name: "scripts", Message: "flaky.lua:12: unknown hook"}
	for name, c := range map[string]struct {
		checks []api.Check
		target string
		code   int
		want   string
	}{
		"ready":            {[]api.Check{good, warned}, "/readyz", 200, "ok\n"},
		"ready, verbose":   {[]api.Check{good, warned}, "/readyz?verbose", 200, "[+]state ok\n[+]scripts ok: generation 3 serves, flaky.lua:12: unknown hook\nreadyz check passed\n"},
		"verbose, a value": {[]api.Check{good}, "/readyz?verbose=true", 200, "[+]state ok\nreadyz check passed\n"},
		"not ready":        {[]api.Check{good, bad}, "/readyz", 500, "[+]state ok\n[-]scripts failed: flaky.lua:12: unknown hook\nreadyz check failed\n"},
	} {
		f := newFake()
		f.checks = c.checks
		r := do(newServer(f), "GET", c.target, "")
		if got := r.Body; r.StatusCode != c.code || got != c.want {
			t.Errorf("%s: %s %q", name, r.Status, got)
		}
	}
}

func TestMetricsCountCallsAndFaults(t *testing.T) {
	registry := prometheus.NewRegistry()
	other := prometheus.NewCounter(prometheus.CounterOpts{Name: "moonlet_other_things_total", Help: "Of somebody else."})
	registry.MustRegister(other)
	f := newFake()
	s := server.New(server.Options{Provider: f, Registry: registry})
	do(s, "POST", "/createPod", web)
	do(s, "POST", "/createPod", "{")
	for range 3 {
		do(s, "GET", "/getPodStatus?name=web", "")
	}
	do(s, "GET", "/getPodStatus?name=nosuch", "")
	f.strikes(fault.Fault{Code: 503, Latency: 1}, api.Capacity)
	do(s, "GET", "/capacity", "")
	f.strikes(fault.Fault{Drop: true}, api.GetPods)
	if got := raw(t, s, "GET", "/getPods", ""); got != "" {
		t.Errorf("dropped: %q", got)
	}
	text := do(s, "GET", "/metrics", "").Body
	for _, line := range []string{
		`moonlet_provider_requests_total{call="createPod",code="200"} 1`,
		`moonlet_provider_requests_total{call="createPod",code="400"} 1`,
		`moonlet_provider_requests_total{call="getPodStatus",code="200"} 3`,
		`moonlet_provider_requests_total{call="getPodStatus",code="404"} 1`,
		`moonlet_provider_requests_total{call="capacity",code="503"} 1`,
		`moonlet_provider_requests_total{call="getPods",code="dropped"} 1`,
		`moonlet_provider_requests_total{call="nodeAddresses",code="200"} 0`,
		`moonlet_provider_request_duration_seconds_count{call="getPodStatus"} 4`,
		`moonlet_provider_faults_total{call="capacity",kind="error"} 1`,
		`moonlet_provider_faults_total{call="capacity",kind="latency"} 1`,
		`moonlet_provider_faults_total{call="getPods",kind="drop"} 1`,
		`moonlet_other_things_total 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
}
