package examples_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// examples says how each file here is tested. A file that is missing from it fails the test.
var examples = map[string]func(t *testing.T, file string){
	"pod.json":                decodes(&v1.Pod{}),
	"pod.yaml":                decodes(&v1.Pod{}),
	"lab-pod.json":            decodes(&v1.Pod{}),
	"lab-stop.json":           decodes(&v1.Pod{}),
	"deployment-pod.json":     decodes(&v1.Pod{}),
	"deployment.yaml":         decodes(&appsv1.Deployment{}),
	"capacity.yaml":           capacity,
	"web.yaml":                decodes(&v1.Pod{}),
	"provider.toml":           starts,
	"values/scripts.yaml":     nil, // the tests of the chart render it with each of these
	"values/team.yaml":        nil,
	"values/web.yaml":         nil,
	"values/web-sidecar.yaml": nil,
	"lab.sh":                  script,
	"deployment-pods.sh":      script,
	"live-edit.sh":            liveEdit,
	"first/hello.lua":         loads,
	"testdata/*.golden":       nil, // what the scripts print

	"chaos/*.lua":         nil, // by chaos_test.go beside them, which plays every one
	"chaos/chaos_test.go": nil,
	"chaos/web.yaml":      decodes(&appsv1.Deployment{}),
	"chaos/README.md":     nil,

	"provider-go/main.go":         nil, // by main_test.go beside it
	"provider-go/main_test.go":    nil,
	"provider-go/pod.yaml":        decodes(&v1.Pod{}),
	"provider-go/README.md":       nil,
	"provider-python/provider.py": pythonProvider,
	"provider-python/README.md":   nil,
	"provider_test.go":            nil,

	"examples_test.go": nil,
}

func TestEveryExampleWorks(t *testing.T) {
	tested := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := filepath.ToSlash(path)
		if ext := filepath.Ext(name); ext == ".golden" || ext == ".lua" && strings.HasPrefix(name, "chaos/") {
			name = filepath.ToSlash(filepath.Dir(path)) + "/*" + ext
		}
		check, known := examples[name]
		tested[name] = true
		switch {
		case !known:
			t.Errorf("nobody tests %s: add it to the list", path)
		case check != nil:
			t.Run(name, func(t *testing.T) { check(t, path) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range examples {
		if !tested[name] {
			t.Errorf("%s is gone: take it off the list", name)
		}
	}
}

// decodes makes a test of whether a file is what Kubernetes takes it for: no field is unknown, none has the wrong type.
func decodes[T any](into *T) func(*testing.T, string) {
	return func(t *testing.T, file string) {
		t.Helper()
		read(t, file, into)
	}
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(file, ".json") && !json.Valid(text) { // the YAML reader would forgive more
		t.Fatalf("%s is no JSON", file)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// The same pod twice: one is for people who write YAML, one for curl. So it is with the Deployment and its pod.
func TestJSONAndYAMLSayTheSame(t *testing.T) {
	var a, b v1.Pod
	read(t, "pod.json", &a)
	read(t, "pod.yaml", &b)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("pod.json and pod.yaml differ:\n%s", diff)
	}
	var d appsv1.Deployment
	var p v1.Pod
	read(t, "deployment.yaml", &d)
	read(t, "deployment-pod.json", &p)
	if diff := cmp.Diff(d.Spec.Template.Labels, p.Labels); diff != "" || d.Namespace != p.Namespace || p.Name != "NAME" {
		t.Errorf("deployment-pod.json is no pod of deployment.yaml: %s", diff)
	}
	if diff := cmp.Diff(d.Spec.Template.Spec.Containers, p.Spec.Containers); diff != "" {
		t.Errorf("deployment-pod.json has other containers than deployment.yaml:\n%s", diff)
	}
}

// starts reads a configuration of moonlet kubelet and looks at what it says of the nodes.
func starts(t *testing.T, file string) {
	t.Helper()
	c, err := config.Load(config.Options{File: file, Env: func() []string { return []string{"MOONLET_STATE=memory"} }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"moon-0", "moon-1", "moon-2"}
	if diff := cmp.Diff(want, c.Node.Names()); diff != "" || c.Kubelet.Provider != "lua" || c.Kubelet.OnExit != "delete" {
		t.Errorf("%+v: %s", c.Kubelet, diff)
	}
}

// serve runs a Moonlet with the shipped scripts until the test ends. Settings are MOONLET_ variables.
func serve(t *testing.T, env ...string) *engine.Engine {
	t.Helper()
	env = append([]string{
		"MOONLET_LISTEN=127.0.0.1:0", "MOONLET_STATE=memory", "MOONLET_SEED=1", "MOONLET_SCRIPTS=" + filepath.Join("..", "scripts"),
	}, env...)
	store, err := config.Open(config.Options{Env: func() []string { return env }})
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(t.Context(), engine.Options{Config: store})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
	return e
}

// script runs a shell script against a served engine, and compares what it prints, line by line.
func script(t *testing.T, file string) {
	t.Helper()
	needs(t, "bash", "curl", "awk", "sed")
	golden(t, file, play(t, nil, file, serve(t).URL()))
}

// liveEdit is a script that serves by itself.
func liveEdit(t *testing.T, file string) {
	t.Helper()
	needs(t, "bash", "curl", "sed", "go")
	moonlet := filepath.Join(t.TempDir(), "moonlet")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", moonlet, "../cmd/moonlet").CombinedOutput(); err != nil {
		t.Fatalf("build moonlet: %v\n%s", err, out)
	}
	golden(t, file, play(t, []string{"MOONLET=" + moonlet}, file))
}

// needs skips a test on a machine without a program that people who read the examples have.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("NOT TESTED: the examples need %s, which this machine does not have", p)
		}
	}
}

func play(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "LC_ALL=C", "no_proxy=127.0.0.1")
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil || problems.Len() > 0 {
		t.Fatalf("%v: %v\n%s\n%s", args, err, out.String(), problems.String())
	}
	return out.String()
}

// moving is what no two runs have in common.
var moving = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "<time>"},
	{regexp.MustCompile(`http://127\.0\.0\.1:\d+`), "<url>"},
	{regexp.MustCompile(`: line \d+`), ": line <n>"},
	{regexp.MustCompile(`containerd://[0-9a-f]{64}`), "<container>"},
	{regexp.MustCompile(`sha256:[0-9a-f]{64}`), "<digest>"},
}

var update = flag.Bool("update", false, "rewrite what the scripts are expected to print")

// golden compares with the file of that name in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, m := range moving {
		got = m.what.ReplaceAllString(got, m.with)
	}
	path := filepath.Join("testdata", filepath.Base(name)+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s prints something else (-want +got):\n%s", name, diff)
	}
}

// capacity starts from the example, sees its numbers, and its rule: what does not fit is refused.
func capacity(t *testing.T, file string) {
	t.Helper()
	e := serve(t, "MOONLET_CONFIG="+file)
	c, err := client.New(e.URL(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	list, err := c.Capacity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, quantity := range list {
		got[string(name)] = quantity.String()
	}
	want := map[string]string{"cpu": "4", "memory": "8Gi", "pods": "10", "nvidia.com/gpu": "2", "ephemeral-storage": "500Gi"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("capacity (-want +got):\n%s", diff)
	}
	if name := e.Provider().Node().Name; name != "small" {
		t.Errorf("the node is %s", name)
	}
	for n := range 11 {
		p := &v1.Pod{}
		p.Namespace, p.Name = "default", "pod-"+string(rune('a'+n))
		p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
		if err := c.CreatePod(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.GetPodStatus(t.Context(), "default", "pod-k")
	if err != nil || s.Phase != v1.PodFailed || s.Reason != "OutOfpods" {
		t.Errorf("the eleventh pod: %v, %v", s, err)
	}
}

// loads checks a folder of scripts as moonlet script check does, and that a pod lives by it.
func loads(t *testing.T, file string) {
	t.Helper()
	dir := filepath.Dir(file)
	files, problems, err := engine.CheckFolder(t.Context(), dir)
	if err != nil || files != 1 || len(problems) > 0 {
		t.Fatalf("%d files, %v, %v", files, problems, err)
	}
	e := serve(t, "MOONLET_SCRIPTS="+dir)
	p := &v1.Pod{}
	p.Namespace, p.Name = "default", "web"
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	if err := e.Provider().CreatePod(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	one, err := e.Provider().Pod("default", "web")
	if err != nil || one.Script != "hello" || one.Status != "ContainerCreating" {
		t.Errorf("it lives by %q and is %q: %v", one.Script, one.Status, err)
	}
}

// The manifests are taken by the provider API as they are.
func TestManifestsAreTaken(t *testing.T) {
	e := serve(t)
	for _, file := range []string{"pod.json", "lab-pod.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.URL()+"/createPod", bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		r.Close = true
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", file, resp.Status)
		}
	}
	if names := podNames(e); !slices.Equal(names, []string{"helloworld", "lab"}) {
		t.Errorf("pods: %v", names)
	}
}

func podNames(e *engine.Engine) (names []string) {
	for _, p := range e.Provider().Pods(api.PodFilter{}) {
		names = append(names, p.Name)
	}
	return names
}
