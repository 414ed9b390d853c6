package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// clusterConfig is how a lab is reached by client-go, without a limit on requests.
func clusterConfig(tb testing.TB, l *lab) *rest.Config {
	tb.Helper()
	c, err := clientcmd.BuildConfigFromFlags("", l.kubeconfig())
	if err != nil {
		tb.Fatal(err)
	}
	c.QPS, c.ContentType = -1, "application/vnd.kubernetes.protobuf"
	return c
}

func clusterClient(tb testing.TB, l *lab) kubernetes.Interface {
	tb.Helper()
	c, err := kubernetes.NewForConfig(clusterConfig(tb, l))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// newNamespace makes a namespace that goes with the test.
func newNamespace(tb testing.TB, client kubernetes.Interface, name string) string {
	tb.Helper()
	_, err := client.CoreV1().Namespaces().Create(tb.Context(), &v1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = client.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
	eventually(tb, "pods can be created in "+name, func() error {
		_, err := client.CoreV1().ServiceAccounts(name).Get(tb.Context(), "default", metav1.GetOptions{})
		return err
	})
	return name
}

// process is a moonlet that a Go test started.
type process struct {
	cmd *exec.Cmd
	api string // host:port of its kubelet API
	log string // file of its output
}

var kubeletAPI = regexp.MustCompile(`kubelet +https://(\S+)`)

// startKubelet starts moonlet kubelet on a lab and waits until it says that it runs.
func startKubelet(tb testing.TB, l *lab, args ...string) *process {
	tb.Helper()
	p := &process{log: filepath.Join(tb.TempDir(), "moonlet.log")}
	out, err := os.Create(p.log)
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(moonletBinary, append([]string{
		"kubelet", "--kubelet-port", "0", "--metrics-addr", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--seed", "1",
	}, args...)...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = l.env(), out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.end(syscall.SIGTERM) })
	p.awaitRunning(tb, strings.Join(args, " "))
	return p
}

// awaitRunning waits until moonlet kubelet says that it runs.
func (p *process) awaitRunning(tb testing.TB, args string) {
	tb.Helper()
	eventually(tb, "moonlet kubelet says that it runs\n"+args, func() error {
		m := kubeletAPI.FindStringSubmatch(p.output(tb))
		if m == nil {
			return fmt.Errorf("its output is\n%s", p.output(tb))
		}
		p.api = m[1]
		return nil
	})
	if out := p.output(tb); strings.Contains(out, "do not load") {
		tb.Fatalf("the scripts are refused:\n%s", out)
	}
}

// startServe starts moonlet serve, as a web provider, and returns its URL.
func startServe(tb testing.TB) string {
	tb.Helper()
	p := &process{log: filepath.Join(tb.TempDir(), "serve.log")}
	out, err := os.Create(p.log)
	if err != nil {
		tb.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(moonletBinary, "serve", "--listen", "127.0.0.1:0", "--state", "memory", "--scripts", tb.TempDir())
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.end(syscall.SIGTERM) })
	url := ""
	eventually(tb, "moonlet serves", func() error {
		if url = regexp.MustCompile(`http://\S+`).FindString(p.output(tb)); url == "" {
			return errors.New("it says nothing")
		}
		return nil
	})
	return url
}

// get is the body that an URL answers.
func get(tb testing.TB, url string) string {
	tb.Helper()
	resp, err := insecure.Get(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}

// envFromSecret is a variable whose value is in a Secret.
func envFromSecret(name, secret, key string) []v1.EnvVar {
	return []v1.EnvVar{{Name: name, ValueFrom: &v1.EnvVarSource{SecretKeyRef: &v1.SecretKeySelector{
		LocalObjectReference: v1.LocalObjectReference{Name: secret}, Key: key,
	}}}}
}

func (p *process) output(tb testing.TB) string {
	tb.Helper()
	b, err := os.ReadFile(p.log)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// end sends a signal and waits for the end. It may be called again.
func (p *process) end(signal syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(signal)
	_ = p.cmd.Wait()
	p.cmd = nil
}

// eventually repeats try until it succeeds.
func eventually(tb testing.TB, what string, try func() error) {
	tb.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	tb.Fatalf("after %s still not: %s: %v", patience, what, err)
}

// scriptFolder writes scripts into a new folder.
func scriptFolder(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// podOn is a pod bound to a node.
func podOn(node, namespace, name string) *v1.Pod {
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1.PodSpec{
			NodeName:    node,
			Containers:  []v1.Container{{Name: "app", Image: "nginx:1.27"}},
			Tolerations: []v1.Toleration{{Operator: v1.TolerationOpExists}},
		},
	}
}

// ready says whether a pod is.
func ready(p *v1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == v1.PodReady {
			return c.Status == v1.ConditionTrue
		}
	}
	return false
}

// fetch reads a path of a kubelet API as somebody who may.
func fetch(tb testing.TB, l *lab, address, path string) (int, string) {
	tb.Helper()
	config := clusterConfig(tb, l)
	config.ServerName = "localhost"
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, "https://"+address+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(bufio.NewReader(resp.Body))
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
