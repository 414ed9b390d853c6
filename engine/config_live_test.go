package engine_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/config"
)

// configured is a running Moonlet with a config file, and the way to that file.
func configured(t *testing.T, scripts map[string]string, text string) (e *running, edit func(text string)) {
	t.Helper()
	dir := folder(t, map[string]string{"moonlet.yaml": text})
	e = run(t, settings{"CONFIG": filepath.Join(dir, "moonlet.yaml"), "SCRIPTS": folder(t, scripts)})
	return e, func(text string) { replace(t, dir, "moonlet.yaml", text) }
}

func cpus(t *testing.T, e *running) string {
	t.Helper()
	list, err := e.client.Capacity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list.Cpu().String()
}

func TestCapacityOfAnEditedConfigIsServedWithoutRestart(t *testing.T) {
	e, edit := configured(t, nil, "node:\n  capacity: [cpu=4]\n")
	if got := cpus(t, e); got != "4" {
		t.Fatalf("at the start: %s cpus", got)
	}
	edit("node:\n  capacity: [cpu=12, example.com/gpu=2]\n")
	eventually(t, "twelve cpus", func() bool { return cpus(t, e) == "12" })
	list, err := e.client.Capacity(t.Context())
	if gpus := list["example.com/gpu"]; err != nil || gpus.String() != "2" || list.Memory().String() != "100Gi" {
		t.Errorf("after the edit: %v, %v", list, err)
	}
}

func TestBadConfigKeepsTheLastGoodOneAndShows(t *testing.T) {
	for name, bad := range map[string]struct{ text, want string }{
		"unknown key":  {"node:\n  capcity: [cpu=8]\n", "moonlet.yaml:2: node.capcity: unknown key: did you mean node.capacity?"},
		"bad quantity": {"node:\n  capacity: [cpu=lots]\n", `moonlet.yaml:2: node.capacity: "cpu=lots" is not resource=quantity`},
		"bad duration": {"limits:\n  status: soon\n", `moonlet.yaml:2: limits.status: "soon" is not a duration`},
		"no YAML":      {"node: [\n", "moonlet.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			e, edit := configured(t, nil, "node:\n  capacity: [cpu=4]\n")
			edit(bad.text)
			eventually(t, "the mistake shows on /readyz?verbose", func() bool {
				return strings.Contains(fetch(t, e, "/readyz?verbose").body, bad.want)
			})
			if got := cpus(t, e); got != "4" {
				t.Errorf("%s cpus, want the last good config's 4", got)
			}
			if ready := fetch(t, e, "/readyz?verbose"); ready.code != http.StatusOK {
				t.Errorf("%s: a node with a last good config is ready", ready.status)
			}
			edit("node:\n  capacity: [cpu=6]\n")
			eventually(t, "the mended config serves", func() bool { return cpus(t, e) == "6" })
			if got := fetch(t, e, "/readyz?verbose").body; strings.Contains(got, "moonlet.yaml") {
				t.Errorf("the mistake still shows:\n%s", got)
			}
		})
	}
}

const paramScript = `
param("level", 3, "pods are ready from 2 on")
function on_pull(pod, container) return 0 end
function on_start(pod, container, run) return { ready = params.level >= 2 and 0 } end
`

func TestParamsOfTheConfigReachScripts(t *testing.T) {
	e, edit := configured(t, map[string]string{"default.lua": paramScript}, "params: [default.level=1]\n")
	create(t, e, "web")
	eventually(t, "the pod runs", func() bool { return phase(t, e, "web") == v1.PodRunning })
	if got := ready(t, e, "web"); got != v1.ConditionFalse {
		t.Errorf("at level 1 the pod is ready: %s", got)
	}
	edit("params: [default.level=2]\n")
	eventually(t, "the pod that waits is ready", func() bool { return ready(t, e, "web") == v1.ConditionTrue })

	edit("params: []\n")
	eventually(t, "without config the script's default is back", func() bool {
		return strings.Contains(fetch(t, e, "/api/v1/params").body, `"value":3`)
	})
}

func ready(t *testing.T, e *running, pod string) v1.ConditionStatus {
	t.Helper()
	s, err := e.client.GetPodStatus(t.Context(), "default", pod)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Conditions {
		if c.Type == v1.PodReady {
			return c.Status
		}
	}
	return v1.ConditionUnknown
}

func TestUnknownKeyIsRefusedAtTheStart(t *testing.T) {
	file := filepath.Join(folder(t, map[string]string{"moonlet.yaml": "listen:\n  api: 127.0.0.1:0\nscrips:\n  dir: x\n"}), "moonlet.yaml")
	_, err := settings{"CONFIG": file}.tryOpen()
	problems, ok := config.AsProblems(err)
	if !ok || len(problems) != 1 {
		t.Fatalf("got %v", err)
	}
	if want := file + ":4: scrips.dir: unknown key: did you mean scripts.dir?"; problems[0].Error() != want {
		t.Errorf("got  %s\nwant %s", problems[0], want)
	}
}

const wordScript = `
match = true
function logs(pod, container, opts) return { "one", ("2"):rep(1100), config.word or "three" } end
function status(pod, status) return { message = config.word } end
`

// TestLimitsOriginsAndScriptConfigTurnWhileItRuns edits one key after the other; each must show in an answer.
func TestLimitsOriginsAndScriptConfigTurnWhileItRuns(t *testing.T) {
	e, edit := configured(t, map[string]string{"a.lua": wordScript}, "log:\n  level: info\n")
	create(t, e, "web")
	logs := func() string {
		text := fetch(t, e, "/getContainerLogs?namespace=default&podName=web&containerName=app").body
		return strings.ReplaceAll(text, strings.Repeat("2", 1100), "two")
	}
	if got := logs(); got != "one\ntwo\nthree\n" {
		t.Fatalf("at the start the log is %q", got)
	}
	edit("limits:\n  log_lines: 2\n")
	eventually(t, "two lines are the limit", func() bool { return logs() == "two\nthree\n" })
	edit("limits:\n  log_bytes: 1Ki\n")
	eventually(t, "the long line is over the limit", func() bool { return logs() == "three\n" })
	edit("script_config: [word=four]\n")
	eventually(t, "scripts read the word", func() bool { return logs() == "one\ntwo\nfour\n" })
	eventually(t, "pods are presented anew", func() bool {
		return strings.Contains(fetch(t, e, "/getPodStatus?namespace=default&name=web").body, `"message":"four"`)
	})
	edit("limits:\n  body: 1Ki\n")
	eventually(t, "a body over one KiB is too large", func() bool {
		return exchange(t, http.MethodPost, e.URL()+"/createPod", strings.Repeat("0", 1025), nil).code == http.StatusRequestEntityTooLarge
	})
	edit("cors:\n  origins: [http://page.example]\n")
	eventually(t, "a page may call", func() bool {
		got := exchange(t, http.MethodGet, e.URL()+"/getPods", "", http.Header{"Origin": {"http://page.example"}})
		return got.header.Get("Access-Control-Allow-Origin") == "http://page.example"
	})
}
