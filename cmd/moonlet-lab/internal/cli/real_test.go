package cli

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

// realLab is the built program, with a folder of the test's own.
type realLab struct {
	binary string
	dir    lab.Dir
}

// newRealLab takes the program that MOONLET_LAB names, or builds it.
func newRealLab(t *testing.T) realLab {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts a real control plane, and builds one where there is none")
	}
	l := realLab{binary: os.Getenv("MOONLET_LAB"), dir: lab.Dir(filepath.Join(t.TempDir(), "lab"))}
	if l.binary == "" {
		build := exec.Command("../../build.sh")
		build.Stderr = os.Stderr
		out, err := build.Output()
		if err != nil {
			t.Fatal(err)
		}
		l.binary = strings.TrimSpace(string(out))
	}
	t.Cleanup(func() { _, _ = l.try(nil, "down") })
	return l
}

// try runs the program and gives all that it said.
func (l realLab) try(stdin io.Reader, args ...string) (string, error) {
	cmd := exec.Command(l.binary, append([]string{"--dir", string(l.dir)}, args...)...)
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (l realLab) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := l.try(nil, args...)
	if err != nil {
		t.Fatalf("moonlet-lab %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (l realLab) status(t *testing.T) lab.Report {
	t.Helper()
	var report lab.Report
	if err := json.Unmarshal([]byte(l.run(t, "status", "-o", "json")), &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// dead waits until no process of the report is there.
func dead(t *testing.T, report lab.Report) {
	t.Helper()
	for _, c := range report.Components {
		for syscall.Kill(c.PID, 0) == nil {
			select {
			case <-t.Context().Done():
				t.Fatalf("%s is still there", c.Name)
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

func TestRealLab(t *testing.T) {
	l := newRealLab(t)
	out := l.run(t, "up", "--detach")
	t.Log("\n" + out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if last := lines[len(lines)-1]; !strings.HasSuffix(last, "kubectl get namespaces") {
		t.Errorf("the last line is nothing to paste: %s", last)
	}
	if report := l.status(t); !report.Ready || len(report.Components) != 4 {
		t.Errorf("status %+v", report)
	}
	t.Run("a pod can be created at once", func(t *testing.T) {
		l.run(t, "kubectl", "run", "first", "--image", "any")
	})
	t.Run("a user has the rights that RBAC gives", l.userHasRights)
	t.Run("a ServiceAccount is itself", l.serviceAccountIsItself)
	t.Run("a kubelet with a certificate of the lab is called", l.kubeletIsCalled)
	t.Run("a kubelet with another certificate is refused", l.kubeletIsRefused)
	t.Run("up where it is up already is fine", func(t *testing.T) {
		if out := l.run(t, "up"); !strings.Contains(out, "is up already") {
			t.Error(out)
		}
	})
	t.Run("the API server comes back", l.apiServerComesBack)
	t.Run("down leaves nothing running, and up finds what was there", l.downAndUp)
	t.Run("kill -9 of the supervisor leaves nothing running", l.killed)
	l.run(t, "down", "--purge")
	if _, err := os.Stat(string(l.dir)); err == nil {
		t.Error("down --purge left the folder")
	}
}

func (l realLab) userHasRights(t *testing.T) {
	config := strings.TrimSpace(l.run(t, "kubeconfig", "--user", "alice", "--group", "night"))
	out, err := l.try(nil, "kubectl", "--kubeconfig", config, "get", "pods")
	if err == nil || !strings.Contains(out, `User "alice" cannot list resource "pods"`) {
		t.Errorf("%v: %s", err, out)
	}
	l.run(t, "kubectl", "create", "clusterrolebinding", "night", "--clusterrole", "view", "--group", "night")
	l.run(t, "kubectl", "--kubeconfig", config, "get", "pods")
}

func (l realLab) serviceAccountIsItself(t *testing.T) {
	if out, err := l.try(nil, "kubeconfig", "--service-account", "default/robot"); err == nil || !strings.Contains(out, `"robot" not found`) {
		t.Errorf("one that does not exist: %v, %s", err, out)
	}
	l.run(t, "kubectl", "create", "serviceaccount", "robot")
	config := strings.TrimSpace(l.run(t, "kubeconfig", "--service-account", "default/robot"))
	who := l.run(t, "kubectl", "--kubeconfig", config, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
	if who != "system:serviceaccount:default:robot" {
		t.Errorf("it is %q", who)
	}
}

func (l realLab) kubeletIsCalled(t *testing.T) {
	files := strings.Fields(l.run(t, "cert", "--out", t.TempDir(), "--node", "n1"))
	pair, err := tls.LoadX509KeyPair(files[0], files[1])
	if err != nil {
		t.Fatal(err)
	}
	l.node(t, "n1", &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert})
	if out := l.run(t, "kubectl", "logs", "on-n1"); out != "kube-apiserver-kubelet-client asks for /containerLogs/default/on-n1/c\n" {
		t.Error(out)
	}
}

func (l realLab) kubeletIsRefused(t *testing.T) {
	l.node(t, "n2", nil) // httptest has a certificate of its own
	if out, err := l.try(nil, "kubectl", "logs", "on-n2"); err == nil || !strings.Contains(out, "certificate") {
		t.Errorf("%v: %s", err, out)
	}
}

// node stands in for a kubelet and its node, with one pod on it.
func (l realLab) node(t *testing.T, name string, config *tls.Config) {
	t.Helper()
	kubelet := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s asks for %s\n", r.TLS.PeerCertificates[0].Subject.CommonName, r.URL.Path)
	}))
	kubelet.TLS = config
	kubelet.StartTLS()
	t.Cleanup(kubelet.Close)
	manifest := fmt.Sprintf(`{"apiVersion": "v1", "kind": "List", "items": [
		{"apiVersion": "v1", "kind": "Node", "metadata": {"name": %[1]q}, "status": {
			"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": %[2]d}}}},
		{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "on-%[1]s"}, "spec": {
			"nodeName": %[1]q, "containers": [{"name": "c", "image": "any"}]}}]}`,
		name, kubelet.Listener.Addr().(*net.TCPAddr).Port)
	if out, err := l.try(bytes.NewBufferString(manifest), "kubectl", "create", "-f", "-"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func (l realLab) apiServerComesBack(t *testing.T) {
	pid := func() int {
		components := l.status(t).Components
		return components[slices.IndexFunc(components, func(c lab.ComponentReport) bool { return c.Name == "kube-apiserver" })].PID
	}
	for _, args := range [][]string{{"restart", "apiserver"}, {"restart", "apiserver", "--kill"}} {
		before := pid()
		l.run(t, args...)
		if pid() == before {
			t.Errorf("%v: process %d is still the one", args, before)
		}
		l.run(t, "kubectl", "get", "serviceaccount", "robot")
	}
}

func (l realLab) downAndUp(t *testing.T) {
	before := l.status(t)
	text, err := os.ReadFile(l.dir.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + l.run(t, "down"))
	for _, c := range before.Components {
		if syscall.Kill(c.PID, 0) == nil {
			t.Errorf("%s is still there", c.Name)
		}
	}
	if out, err := l.try(nil, "status"); err == nil || !strings.Contains(out, "No lab runs") {
		t.Errorf("%v: %s", err, out)
	}
	l.run(t, "up", "--detach")
	l.run(t, "kubectl", "get", "serviceaccount", "robot")
	if after := l.status(t); after.Server != before.Server {
		t.Errorf("it was at %s and is at %s", before.Server, after.Server)
	}
	// Who joined the lab before, and waits for it, is still known.
	if who := l.run(t, "kubectl", "--kubeconfig", copied, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username} {.status.userInfo.groups[0]}"); who != "moonlet-lab-admin system:masters" {
		t.Errorf("with the kubeconfig from before it is %q", who)
	}
}

func (l realLab) killed(t *testing.T) {
	report := l.status(t)
	if err := syscall.Kill(report.Supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	dead(t, report)
}
