package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// rendered is the container that the chart's pod runs, as moonlet-helm container prints it.
type rendered struct {
	Namespace      string   `json:"namespace"`
	ServiceAccount string   `json:"serviceAccount"`
	Command        []string `json:"command"`
	Args           []string `json:"args"`
	Env            []string `json:"env"`
}

// release is an installed chart.
type release struct {
	t    *testing.T
	name string
	root string // where the folders of its pod are
	home string // of helm
}

func (r *release) helm(args ...string) *exec.Cmd {
	cmd := exec.Command(helmBinary, append(args, "--kubeconfig", theLab.kubeconfig(), "--namespace", r.name)...)
	cmd.Env = append(os.Environ(), "HELM_CACHE_HOME="+r.home, "HELM_CONFIG_HOME="+r.home, "HELM_DATA_HOME="+r.home)
	return cmd
}

func (r *release) must(cmd *exec.Cmd) string {
	r.t.Helper()
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s%s", cmd, err, out, problems.String())
	}
	return string(out)
}

// install installs the chart, and starts what its pod would run: the same arguments, variables and files, as its
// service account, with the binary under test in place of the image.
func install(t *testing.T, name string, sets ...string) *release {
	t.Helper()
	if helmBinary == "" {
		t.Skip("MOONLET_HELM names no helm; make e2e sets it")
	}
	r := &release{t: t, name: name, root: t.TempDir(), home: t.TempDir()}
	args := []string{"install", name, "../../../charts/moonlet", "--create-namespace"}
	for _, s := range sets {
		args = append(args, "--set", s)
	}
	notes := r.must(r.helm(args...))
	if !strings.Contains(notes, "kubectl get nodes") {
		t.Errorf("the notes do not say what to do next:\n%s", notes)
	}
	t.Cleanup(func() { r.must(r.helm("uninstall", name)) })

	manifest := r.must(r.helm("get", "manifest", name))
	show := exec.Command(helmBinary, "container", "--pod-ip", "127.0.0.1", "--root", r.root)
	show.Stdin = strings.NewReader(manifest)
	var c rendered
	if err := json.Unmarshal([]byte(r.must(show)), &c); err != nil {
		t.Fatal(err)
	}
	r.run(c)
	return r
}

func (r *release) run(c rendered) {
	r.t.Helper()
	kubeconfig := filepath.Join(r.root, ".kubeconfig")
	r.must(theLab.command("kubeconfig", "--service-account", c.Namespace+"/"+c.ServiceAccount, "--out", kubeconfig))
	env := append(append(os.Environ(), c.Env...), "KUBECONFIG="+kubeconfig, "KUBELET_PORT=0", "MOONLET_STATE=memory",
		"APISERVER_CERT_LOCATION="+theLab.cert, "APISERVER_KEY_LOCATION="+theLab.key)
	args := append(append([]string(nil), c.Args...), "--metrics-addr=127.0.0.1:0")
	if !strings.Contains(strings.Join(args, " "), "--provider=web") {
		args = append(args, "--listen=127.0.0.1:0")
	}
	startAs(r.t, env, args)
}

// startAs starts moonlet with exactly these arguments, and waits until it says that it runs.
func startAs(t *testing.T, env, args []string) {
	t.Helper()
	p := &process{log: filepath.Join(t.TempDir(), "moonlet.log")}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(moonletBinary, args...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(syscall.SIGTERM) })
	p.awaitRunning(t, strings.Join(args, " "))
}

// TestChart runs what the chart would, with no more rights than it grants, and edits a script of its ConfigMap.
func TestChart(t *testing.T) {
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "charted-pods")
	r := install(t, "chart", "nodeName=charted", "watchNamespace="+ns)
	if _, err := client.CoreV1().Pods(ns).Create(t.Context(), podOn("charted", ns, "web"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod is ready", func() error { return atLeast(t, client, ns, 1) })
	if got := theLab.kubectl(t, "logs", "-n", ns, "web", "--tail", "1"); got == "" {
		t.Error("it logs nothing")
	}

	// What a change of the ConfigMap does to the folder, an editor does here.
	script := filepath.Join(r.root, "scripts", "default.lua")
	matches, err := filepath.Glob(filepath.Join(r.root, "*", "scripts", "default.lua"))
	if err == nil && len(matches) == 1 {
		script = matches[0]
	}
	if err := os.WriteFile(script, []byte(`function on_start() return { ready = false } end`), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new pod follows the new script", func() error {
		name := "later"
		_, _ = client.CoreV1().Pods(ns).Create(t.Context(), podOn("charted", ns, name), metav1.CreateOptions{})
		p, err := client.CoreV1().Pods(ns).Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return seen(theLab.kubectl(t, "get", "pods", "-n", ns, "--no-headers"), p.Name, "0/1 Running 0")
	})
}

// TestChartForAWebProvider does so in front of a web provider, whose pods need what is in a Secret.
func TestChartForAWebProvider(t *testing.T) {
	client := clusterClient(t, &theLab)
	provider := startServe(t)
	install(t, "chartweb", "mode=web", "webApiUrl="+provider, "nodeName=charted-web")
	ns := newNamespace(t, client, "charted-web-pods")
	theLab.kubectl(t, "create", "secret", "generic", "db", "-n", ns, "--from-literal=password=moonlight")
	pod := podOn("charted-web", ns, "web")
	pod.Spec.Containers[0].Env = envFromSecret("PASSWORD", "db", "password")
	if _, err := client.CoreV1().Pods(ns).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod is ready", func() error { return atLeast(t, client, ns, 1) })
	if got := get(t, provider+"/getPod?namespace="+ns+"&name=web"); !strings.Contains(got, "moonlight") {
		t.Errorf("the provider was not told the secret: %s", got)
	}
}
