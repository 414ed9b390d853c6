package examples_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/web"
)

// python runs a program until the test ends, and returns the first line it prints.
func python(t *testing.T, args ...string) string {
	t.Helper()
	needs(t, "python3")
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, "python3", args...)
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it is killed
		if problems.Len() > 0 {
			t.Errorf("%v complains:\n%s", args, problems.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v prints %q: %v", args, line, err)
	}
	return strings.TrimSpace(line)
}

func inFrontOf(t *testing.T, url string) *web.Provider {
	t.Helper()
	p, err := web.New(t.Context(), web.Options{URL: url, Poll: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func podOf(name, image string) *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name, p.UID = "default", name, "uid-1"
	p.Spec.RestartPolicy = v1.RestartPolicyNever
	p.Spec.Containers = []v1.Container{{Name: "app", Image: image}}
	return p
}

// pythonProvider lives a pod's life behind the provider in Python, as the kubelet half does.
func pythonProvider(t *testing.T, file string) {
	t.Helper()
	url := python(t, file, "0")
	p := inFrontOf(t, url)
	node, err := p.DescribeNode(t.Context(), "python")
	if err != nil || node.Capacity.Cpu().String() != "8" || node.Conditions[0].Status != v1.ConditionTrue || len(node.Addresses) != 1 {
		t.Errorf("node: %+v, %v", node, err)
	}
	long, short := podOf("long", "counter"), podOf("short", "counter:0")
	for _, one := range []*v1.Pod{long, short, long} {
		if err := p.CreatePod(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	look := func(ref kubelet.PodRef) *v1.PodStatus {
		t.Helper()
		s, err := p.PodStatus(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := look(kubelet.RefTo(long)); s.Phase != v1.PodRunning || !s.ContainerStatuses[0].Ready || len(s.Conditions) != 5 {
		t.Errorf("long: %+v", s)
	}
	if s := look(kubelet.RefTo(short)); s.Phase != v1.PodSucceeded || s.ContainerStatuses[0].State.Terminated.Reason != "Completed" {
		t.Errorf("short: %+v", s)
	}
	log, err := p.Logs(t.Context(), kubelet.ContainerRef{PodRef: kubelet.RefTo(short)}, kubelet.LogOptions{Tail: new(5)})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(log); !strings.HasSuffix(string(text), "Z 0\n") {
		t.Errorf("log: %q", text)
	}
	if err := p.UpdatePod(t.Context(), long); err != nil {
		t.Error(err)
	}
	if all, err := p.Pods(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("pods: %v, %v", all, err)
	}
	if err := p.DeletePod(t.Context(), long); err != nil {
		t.Error(err)
	}
	if _, err := p.PodStatus(t.Context(), kubelet.RefTo(long)); !errors.Is(err, kubelet.ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
	pythonRefuses(t, url)
}

// pythonRefuses sees that what is no pod, no path and no number gets an answer that says so.
func pythonRefuses(t *testing.T, url string) {
	t.Helper()
	for request, want := range map[string]int{
		"POST /createPod {":  http.StatusBadRequest,
		"POST /createPod []": http.StatusBadRequest,
		"PUT /updatePod {\"metadata\":{\"name\":\"none\"}}":    http.StatusNotFound,
		"DELETE /deletePod {\"metadata\":{\"name\":\"none\"}}": http.StatusNotFound,
		"POST /elsewhere {}":                                    http.StatusNotFound,
		"GET /elsewhere":                                        http.StatusNotFound,
		"GET /getPod?namespace=default&name=none":               http.StatusNotFound,
		"GET /getPod?namespace=default&name=short":              http.StatusOK,
		"GET /getContainerLogs?podName=short&tail=x":            http.StatusBadRequest,
		"GET /getContainerLogs?podName=short&containerName=one": http.StatusNotFound,
		"GET /": http.StatusOK,
	} {
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("%s: %v", request, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", request, resp.Status, want)
		}
	}
}

// Pythons of 2019 run it too.
func TestTheProviderInPythonNeedsNoNewPython(t *testing.T) {
	if said := python(t, "-c", `import ast; ast.parse(open("provider-python/provider.py").read(), feature_version=(3, 8)); print("fine")`); said != "fine" {
		t.Error(said)
	}
}

// A Moonlet behind a kubelet tells of its pods by itself.
func TestMoonletServeIsAWebProviderThatIsListenedTo(t *testing.T) {
	e := serve(t)
	p, err := web.New(t.Context(), web.Options{URL: e.URL(), Poll: 24 * time.Hour}) // what is told was not polled
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	told := make(chan kubelet.PodRef, 100)
	p.Notify(func(ref kubelet.PodRef) { told <- ref })
	if _, err := p.DescribeNode(t.Context(), "node"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	web1 := podOf("web", "app:1")
	if err := p.CreatePod(t.Context(), web1); err != nil {
		t.Fatal(err)
	}
	until := func(what string, done func() bool) {
		t.Helper()
		patience := time.After(time.Minute)
		for !done() {
			select {
			case ref := <-told:
				if ref != kubelet.RefTo(web1) {
					t.Errorf("told of %v", ref)
				}
			case <-patience:
				t.Fatalf("never told of %s", what)
			}
		}
	}
	until("a running pod", func() bool {
		s, err := p.PodStatus(t.Context(), kubelet.RefTo(web1))
		return err == nil && s.Phase == v1.PodRunning && s.ContainerStatuses[0].Ready
	})
	if err := p.DeletePod(t.Context(), web1); err != nil {
		t.Fatal(err)
	}
	until("its end", func() bool {
		_, err := p.PodStatus(t.Context(), kubelet.RefTo(web1))
		return errors.Is(err, kubelet.ErrNotFound)
	})
}
