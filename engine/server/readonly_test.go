package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/server"
)

// readOnly is a server in front of a provider whose pods are somebody else's.
func readOnly(f *fake) *server.Server {
	return server.New(server.Options{Provider: f, ReadOnly: "the pods are Kubernetes': use kubectl"})
}

func TestPodsOfOthersAreOnlyRead(t *testing.T) {
	const pod = `{"metadata":{"name":"web","namespace":"default"},"spec":{"containers":[{"name":"app","image":"nginx"}]}}`
	f := newFake()
	for target, method := range map[string]string{"/createPod": "POST", "/updatePod": "PUT", "/deletePod": "DELETE"} {
		r := do(readOnly(f), method, target, pod)
		if r.StatusCode != http.StatusMethodNotAllowed || !strings.Contains(r.Body, "the pods are Kubernetes': use kubectl") {
			t.Errorf("%s: %s %q", target, r.Status, r.Body)
		}
		if allow, sent := r.Header["Allow"]; !sent || allow[0] != "" {
			t.Errorf("%s: Allow is %q", target, allow)
		}
	}
	if len(f.pods) != 0 {
		t.Errorf("there are pods: %v", f.pods)
	}
	if r := do(newServer(f), "POST", "/createPod", pod); r.StatusCode != http.StatusOK {
		t.Errorf("a server that is not read-only: %s", r.Status)
	}
}

func TestReadOnlyServersAnswerReadsAndTurnParams(t *testing.T) {
	f := newFake()
	s := readOnly(f)
	for _, target := range []string{"/getPods", "/capacity", "/nodeConditions", "/api/v1/pods", "/api/v1/node", "/readyz"} {
		if r := do(s, "GET", target, ""); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", target, r.Status)
		}
	}
	if r := do(s, "PUT", "/api/v1/params/flaky/crash_rate", `{"value":0.75}`); r.StatusCode != http.StatusOK || f.param != 0.75 {
		t.Errorf("param: %s, %v", r.Status, f.param)
	}
}

func TestCallsAboutANodeMayNameIt(t *testing.T) {
	for _, path := range []string{"/capacity", "/nodeConditions", "/nodeAddresses", "/api/v1/node"} {
		for query, want := range map[string]string{"": "", "?node=moon-2": "moon-2"} {
			f := newFake()
			if r := do(newServer(f), "GET", path+query, ""); r.StatusCode != http.StatusOK || f.node != want {
				t.Errorf("%s%s asks about %q: %s", path, query, f.node, r.Status)
			}
		}
	}
}
