package engine_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// kubeletPod is a pod as Kubernetes has it, bound to a node.
func kubeletPod(name, node string) *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name, p.UID, p.Generation = "default", name, "uid-1", 4
	p.Spec.NodeName = node
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx:1.27"}}
	return p
}

// asKubelet starts an engine as moonlet kubelet does.
func asKubelet(tb testing.TB, s settings) *running {
	tb.Helper()
	return runWith(tb, engine.Options{
		Config: s.open(tb), Version: "test",
		Kubelet: &engine.Kubelet{Nodes: []string{"moon-1", "moon-2"}, NodeIP: "192.0.2.9", Minor: 37},
	})
}

func TestAKubeletsPodsAreOnItsNodesAndOnlyReadOverHTTP(t *testing.T) {
	e := asKubelet(t, settings{"SCRIPTS_DIR": folder(t, map[string]string{"a.lua": "match = true"})})
	must(t, e.Provider().BindPod(t.Context(), kubeletPod("web", "moon-2")))
	s, err := e.Provider().Status(state.Key{Namespace: "default", Name: "web"}, "uid-1")
	must(t, err)
	if s.Phase != v1.PodRunning || s.HostIP != "192.0.2.9" || s.ObservedGeneration != 4 {
		t.Errorf("%s on %s, observed %d", s.Phase, s.HostIP, s.ObservedGeneration)
	}
	for method, path := range map[string]string{"POST": "/createPod", "PUT": "/updatePod", "DELETE": "/deletePod"} {
		r := exchange(t, method, e.URL()+path, `{"metadata":{"name":"web"}}`, http.Header{"Content-Type": {"application/json"}})
		if r.code != http.StatusMethodNotAllowed || !strings.Contains(r.body, "use kubectl") {
			t.Errorf("%s: %s %s", path, r.status, r.body)
		}
	}
	for path, want := range map[string]string{
		"/getPods":                     `"phase":"Running"`,
		"/api/v1/node?node=moon-2":     `"pods":1,`,
		"/api/v1/node":                 `"name":"moon-1"`,
		"/nodeAddresses?node=moon-2":   `192.0.2.9`,
		"/capacity?node=nobody":        `node "nobody"`,
		"/api/v1/pods/default/web":     `"node":"moon-2"`,
		"/api/v1/pods?namespace=other": `[]`,
	} {
		if r := exchange(t, "GET", e.URL()+path, "", nil); !strings.Contains(r.body, want) {
			t.Errorf("%s: %s %s", path, r.status, r.body)
		}
	}
	if banner := e.Banner(); !strings.Contains(banner, "2 nodes") || strings.Contains(banner, "createPod") {
		t.Errorf("the banner says\n%s", banner)
	}
}

func TestAKubeletRemembersRunsOverARestart(t *testing.T) {
	s := settings{
		"STATE":       filepath.Join(t.TempDir(), "kubelet.db"),
		"SCRIPTS_DIR": folder(t, map[string]string{"a.lua": `match = true function on_create(pod) pod.memo.made = true return delay("1h") end`}),
	}
	web := kubeletPod("web", "moon-1")
	t.Run("first process", func(t *testing.T) {
		must(t, asKubelet(t, s).Provider().BindPod(t.Context(), web))
	})
	t.Run("second process", func(t *testing.T) {
		p := asKubelet(t, s).Provider()
		if known := p.Known(); len(known) != 1 || known[0].Object != nil {
			t.Fatalf("known are %v", known)
		}
		must(t, p.AdoptPod(t.Context(), web))
		detail, err := p.Pod("default", "web")
		must(t, err)
		if detail.Memo["made"] != true || detail.Phase != "Pending" || detail.Due == nil {
			t.Errorf("%+v", detail)
		}
	})
}

func TestAChangedConfigShowsOnAllNodesOfAKubelet(t *testing.T) {
	dir := folder(t, map[string]string{"moonlet.yaml": "node: {capacity: [cpu=4]}\n"})
	e := asKubelet(t, settings{"CONFIG": filepath.Join(dir, "moonlet.yaml"), "SCRIPTS_DIR": folder(t, map[string]string{"a.lua": ""})})
	changed := make(chan string, 16)
	e.Provider().OnNode(func(node string) { changed <- node })
	cpu := func() string {
		s, err := e.Provider().NodeState(t.Context(), "moon-2")
		must(t, err)
		q := s.Allocatable[v1.ResourceCPU]
		return q.String()
	}
	if got := cpu(); got != "4" {
		t.Fatalf("cpu %s", got)
	}
	replace(t, dir, "moonlet.yaml", "node: {capacity: [cpu=8]}\n")
	select {
	case node := <-changed:
		if node != "" {
			t.Errorf("node %q changed, want all", node)
		}
	case <-time.After(patience):
		t.Fatal("nobody was told")
	}
	if got := cpu(); got != "8" {
		t.Errorf("cpu %s", got)
	}
}

func TestAPodOfAKubeletIsNotKnownByAnotherUID(t *testing.T) {
	p := asKubelet(t, settings{"SCRIPTS_DIR": t.TempDir()}).Provider()
	must(t, p.BindPod(t.Context(), kubeletPod("web", "moon-1")))
	if _, err := p.Status(state.Key{Namespace: "default", Name: "web"}, "uid-2"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("%v", err)
	}
}
