package script_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func webPod() *script.Pod {
	t := true
	return &script.Pod{
		Object: &v1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: "web-1", Namespace: "default", Labels: map[string]string{"b": "2", "app": "web"},
				CreationTimestamp: metav1.NewTime(storyTime.Add(-time.Minute)),
				OwnerReferences:   []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "web", Controller: &t}},
			},
			Spec: v1.PodSpec{
				NodeName: "moon-1",
				Containers: []v1.Container{{
					Name:           "app",
					Resources:      v1.ResourceRequirements{Limits: v1.ResourceList{v1.ResourceMemory: resource.MustParse("64Mi")}},
					ReadinessProbe: &v1.Probe{ProbeHandler: v1.ProbeHandler{HTTPGet: &v1.HTTPGetAction{Port: intstr.FromInt32(8080)}}},
					LivenessProbe:  &v1.Probe{ProbeHandler: v1.ProbeHandler{HTTPGet: &v1.HTTPGetAction{Port: intstr.FromString("http")}}},
				}, {Name: "side"}},
			},
			Status: v1.PodStatus{Phase: v1.PodPending},
		},
		Status: &v1.PodStatus{Phase: v1.PodRunning, PodIP: "10.0.0.1", ContainerStatuses: []v1.ContainerStatus{{Name: "app", RestartCount: 2}}},
		Memo:   &script.Memo{Tree: map[string]any{"n": 1.0, "list": []any{"a"}, "deep": map[string]any{"x": map[string]any{"y": 1.0}}}},
		Script: "flaky", Ready: true,
	}
}

func TestViewsReadLikeTables(t *testing.T) {
	for expr, want := range map[string]any{
		`type(pod)`:                                             "table",
		`type(pod.spec.containers)`:                             "table",
		`pod.metadata.name`:                                     "web-1",
		`pod.metadata["namespace"]`:                             "default",
		`pod.metadata.labels.app`:                               "web",
		`pod.metadata.labels.none or "none"`:                    "none",
		`pod.metadata.annotations.none or "none"`:               "none",
		`pod.metadata.deletionTimestamp == nil`:                 true,
		`pod.metadata.creationTimestamp`:                        "2026-01-31T07:59:00Z",
		`since(pod.metadata.creationTimestamp)`:                 60.0,
		`#pod.spec.containers`:                                  2.0,
		`#pod.spec.initContainers`:                              0.0,
		`pod.spec.containers[1].name`:                           "app",
		`pod.spec.containers[3] == nil`:                         true,
		`pod.spec.containers[0] == nil`:                         true,
		`pod.spec.containers[1].resources.limits.memory`:        "64Mi",
		`bytes(pod.spec.containers[1].resources.limits.memory)`: 67108864.0,
		`pod.spec.containers[1].readinessProbe.httpGet.port`:    8080.0,
		`pod.spec.containers[1].livenessProbe.httpGet.port`:     "http",
		`pod.spec.hostNetwork == nil`:                           true,
		`pod.spec.priority == nil`:                              true,
		`pod.metadata.ownerReferences[1].controller`:            true,
		`pod.status.phase`:                                      "Running",
		`pod.status.containerStatuses[1].restartCount`:          2.0,
		`pod.memo.n`:                   1.0,
		`pod.memo.list[1]`:             "a",
		`#pod.memo.list`:               1.0,
		`pod.memo.deep.x.y`:            1.0,
		`pod.memo.none == nil`:         true,
		`pod == pod`:                   true,
		`pod.metadata == pod.metadata`: true,
		`pod.metadata == pod.spec`:     false,
		`other == pod`:                 true,
		`other.spec.containers[1] == pod.spec.containers[1]`:   true,
		`tostring(pod.metadata.labels)`:                        `{"app":"web","b":"2"}`,
		`json.encode(pod.status.containerStatuses[1].name)`:    `"app"`,
		`json.encode(pod.spec.containers[2])`:                  `{"name":"side"}`,
		`copy(pod).metadata.name`:                              "web-1",
		`#copy(pod.spec.containers)`:                           2.0,
		`copy(pod.spec.containers)[1].resources.limits.memory`: "64Mi",
		`config.zone`:                               "a",
		`config.nested.x`:                           1.0,
		`config.none == nil`:                        true,
		`node.metadata.name`:                        "moon-1",
		`node.memo.n == nil`:                        true,
		`next(pod.metadata.labels)`:                 "app",
		`(next(pod.metadata.labels, "app"))`:        "b",
		`next(pod.metadata.labels, "b") == nil`:     true,
		`select(2, next(pod.spec.containers)).name`: "app",
		`table.concat(pods():names(), ",")`:         "web-1",
		`params.rate`:                               0.5,
		`params.word`:                               "hi",
	} {
		set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", "param('rate', 0.1) param('word', 'hi')\nfunction on_start(pod, other) return "+expr+" end")
		p := webPod()
		got, err := call(t, set, script.Call{Args: []any{p, p}, Node: testNode, World: world{pods: []*script.Pod{p}}, Params: map[string]any{"rate": 0.5}})
		if err != nil {
			t.Errorf("%s: %v", expr, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", expr, diff)
		}
	}
}

func TestViewsAreGoneThroughInAFixedOrder(t *testing.T) {
	for body, want := range map[string]string{
		`for k in pairs(pod.metadata.labels) do add(k) end`:               "app b",
		`for k in pairs(pod) do add(k) end`:                               "metadata spec status",
		`for k in pairs(pod.status) do add(k) end`:                        "phase podIP containerStatuses",
		`for i, c in ipairs(pod.spec.containers) do add(i .. c.name) end`: "1app 2side",
		`for i, c in pairs(pod.spec.containers) do add(i .. c.name) end`:  "1app 2side",
		`for k in pairs(pod.memo) do add(k) end`:                          "deep list n",
		`for k in pairs({ z = 1, a = 2, 7 }) do add(k) end`:               "1 z a",
		`for k in pairs(params) do add(k) end`:                            "b a",
		`for k in pairs(config) do add(k) end`:                            "nested zone",
	} {
		set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", `param("b", 1) param("a", 1)
function on_start(pod) local out = {} local function add(x) out[#out + 1] = x end `+body+` return table.concat(out, " ") end`)
		got, err := call(t, set, script.Call{Args: []any{webPod()}})
		if body == `for k in pairs(params) do add(k) end` {
			want = "a b"
		}
		if err != nil || got != want {
			t.Errorf("%s: %v, %v, want %s", body, got, err, want)
		}
	}
}

func TestViewsRefuse(t *testing.T) {
	for body, want := range map[string]string{
		`pod.metadata.name = "x"`:               "cannot set 'name': ObjectMeta is read-only: use copy(x)",
		`pod.x = 1`:                             "cannot set 'x': pod is read-only: use copy(x)",
		`pod.spec.containers[1] = {}`:           "cannot set '1': the list is read-only",
		`pod.metadata.labels.app = "x"`:         "cannot set 'app': the table is read-only",
		`table.insert(pod.spec.containers, {})`: "table.insert: the list is read-only: use copy(x)",
		`table.sort(pod.spec.containers)`:       "table.sort: the list is read-only",
		`return pod.metdata`:                    "Pod has no field 'metdata', did you mean 'metadata'?",
		`return pod.spec.contaners`:             "PodSpec has no field 'contaners', did you mean 'containers'?",
		`return pod[1]`:                         "Pod has no field '1'",
		`return pod.spec.containers.name`:       "a list has no field 'name': use a number from 1 to 2",
		`return pod()`:                          "attempt to call a non-function object",
		`return pod + 1`:                        "cannot perform add operation",
		`return pod < pod`:                      "attempt to compare",
		`params.rate = 1`:                       "cannot set params.rate: params are turned from outside",
		`return params.rat`:                     "params has no 'rat': declare it with param(\"rat\", default, doc), did you mean 'rate'?",
		`config.zone = 1`:                       "cannot set 'zone': the table is read-only",
		`pod.memo = {}`:                         "cannot replace pod.memo: set its fields",
		`pod.memo.x = 1`:                        "cannot set pod.memo.x here: memos are written in on_* hooks only",
		`node.memo.x = 1`:                       "cannot set node.memo.x here",
		`node.spec = 1`:                         "cannot set 'spec': node is read-only",
		`local r = reject(503) return r.code`:   "reject(…) is an answer: return it",
		`local l = pods() return l.cuont`:       "the list has no 'cuont', did you mean 'count'?",
		`return "a" .. pod`:                     "attempt to concatenate a table value ('pod')",
		`return "a" .. pod.status.message .. 1`: "attempt to concatenate a nil value (field 'message')",
	} {
		set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", "param('rate', 0.1)\nfunction on_start(pod)\n"+body+"\nend")
		_, err := call(t, set, script.Call{Args: []any{webPod()}, Node: testNode, World: world{}})
		wantError(t, err, "flaky.lua:3: on_start: "+want)
	}
	_, err := eval(t, `return node.metadata`)
	wantError(t, err, "this call knows no node")
	_, err = eval(t, `return pods{}`)
	wantError(t, err, "pods{} cannot be read in on_start")
}

type runInfo struct {
	Number   int                          `json:"number"`
	Previous *v1.ContainerStateTerminated `json:"previous,omitempty"`
	Skipped  string                       `json:"-"`
}

func TestArgumentsOfAllKinds(t *testing.T) {
	set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", `function on_start(...)
		local out = {}
		for i = 1, select("#", ...) do out[i] = tostring((select(i, ...))) end
		return out
	end`)
	args := []any{
		nil, true, 7, 1.5, "x", storyTime, 90 * time.Second,
		map[string]any{"a": []any{1.0, nil}},
		[]any{"y"},
		&runInfo{Number: 2, Previous: &v1.ContainerStateTerminated{ExitCode: 137}}, (*script.Pod)(nil), (*v1.Container)(nil), int32(4), &v1.Container{Name: "c"},
	}
	got, err := call(t, set, script.Call{Args: args})
	if err != nil {
		t.Fatal(err)
	}
	want := []any{
		"nil", "true", "7", "1.5", "x", "1769846400", "90", `{"a":[1,null]}`, `["y"]`,
		`{"number":2,"previous":{"exitCode":137}}`, "nil", "nil", "4", `{"name":"c"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMemoWritesAreRecorded(t *testing.T) {
	for _, tt := range []struct {
		body string
		want script.Memo
	}{
		{`pod.memo.n = pod.memo.n + 1`, script.Memo{Set: map[string]any{"n": 2.0}}},
		{`pod.memo.n = nil`, script.Memo{Deleted: []string{"n"}}},
		{`pod.memo.n = nil pod.memo.n = 5`, script.Memo{Set: map[string]any{"n": 5.0}, Deleted: []string{}}},
		{`pod.memo.fresh = { a = { 1, true, "x" } }`, script.Memo{Set: map[string]any{"fresh": map[string]any{"a": []any{1.0, true, "x"}}}}},
		{`pod.memo.fresh = 1 pod.memo.fresh = nil`, script.Memo{Set: map[string]any{}}},
		{`pod.memo.deep.x.y = 2`, script.Memo{Set: map[string]any{"deep": map[string]any{"x": map[string]any{"y": 2.0}}}}},
		{`local d = pod.memo.deep d.x.y = 2 d.x.z = pod.memo.deep.x.y`, script.Memo{Set: map[string]any{"deep": map[string]any{"x": map[string]any{"y": 2.0, "z": 2.0}}}}},
		{`pod.memo.deep.x = nil`, script.Memo{Set: map[string]any{"deep": map[string]any{}}}},
		{`local l = pod.memo.list l[#l + 1] = "b" l[1] = "c"`, script.Memo{Set: map[string]any{"list": []any{"c", "b"}}}},
		{`pod.memo.list[1] = nil`, script.Memo{Set: map[string]any{"list": []any{}}}},
		{`pod.memo.log = {} pod.memo.log[1] = "x"`, script.Memo{Set: map[string]any{"log": []any{"x"}}}},
		{`pod.memo.labels = pod.metadata.labels`, script.Memo{Set: map[string]any{"labels": map[string]any{"app": "web", "b": "2"}}}},
	} {
		p := webPod()
		if _, err := call(t, hook(t, tt.body), script.Call{Args: []any{p}, Writable: true}); err != nil {
			t.Errorf("%s: %v", tt.body, err)
			continue
		}
		if diff := cmp.Diff(webPod().Memo.Tree, p.Memo.Tree); diff != "" {
			t.Errorf("%s changed the tree: %s", tt.body, diff)
		}
		tt.want.Tree = p.Memo.Tree
		if diff := cmp.Diff(&tt.want, p.Memo); diff != "" {
			t.Errorf("%s: %s", tt.body, diff)
		}
	}
}

func TestMemoRefuses(t *testing.T) {
	for body, want := range map[string]string{
		`pod.memo.f = print`:                                  "cannot set pod.memo.f: a function cannot be kept as data",
		`pod.memo.f = { 1, a = 2 }`:                           "both numbers and texts as keys",
		`pod.memo.f = { [3] = 1 }`:                            "the list has a gap",
		`pod.memo.f = 0/0`:                                    "not a number JSON has",
		`pod.memo.f = reject(503)`:                            "reject(…) cannot be kept as data",
		`pod.memo.f = ("x"):rep(20000)`:                       "the memo would have 20",
		`pod.memo[1] = 1`:                                     "its keys are texts",
		`pod.memo.list[5] = 1`:                                "a list takes the next number only",
		`pod.memo.list.x = 1`:                                 "a list takes the next number only",
		`local d = pod.memo.deep pod.memo.deep = nil d.x = 1`: "it was removed meanwhile",
	} {
		p := webPod()
		_, err := call(t, hook(t, body), script.Call{Args: []any{p}, Writable: true})
		wantError(t, err, "flaky.lua:2: on_start: cannot set pod.memo", want)
	}
}

func TestSelectors(t *testing.T) {
	db := webPod()
	db.Object = db.Object.DeepCopy()
	db.Object.Name, db.Object.Labels, db.Object.OwnerReferences = "db-1", map[string]string{"app": "db"}, nil
	db.Object.Spec.NodeName, db.Script, db.Ready = "moon-2", "default", false
	db.Status = &v1.PodStatus{Phase: v1.PodFailed}
	asked := 0
	w := world{pods: []*script.Pod{db, webPod()}, nodes: []*script.Node{testNode()}, asked: &asked}
	for expr, want := range map[string]any{
		`#pods()`: 2.0, `pods{}:count()`: 2.0, `pods{ labels = { app = "web" } }[1].metadata.name`: "web-1",
		`pods{ name = "db-*" }:names()[1]`: "db-1", `#pods{ namespace = "other" }`: 0.0, `pods{ node = "moon-2" }:names()[1]`: "db-1",
		`pods{ owner = "web" }:names()[1]`: "web-1", `pods{ owner = "ReplicaSet/web" }:count()`: 1.0, `pods{ script = "default" }:count()`: 1.0,
		`pods{ phase = "Failed" }:names()[1]`: "db-1", `pods{ ready = true }:names()[1]`: "web-1", `pods{ ready = false }:count()`: 1.0,
		`pods():ready()`: 1.0, `pods():filter(function(p) return p.metadata.labels.app == "db" end):count()`: 1.0,
		`pods():sample(0):count()`: 0.0, `pods():sample(1):count()`: 2.0, `nodes{ labels = { ["topology.kubernetes.io/zone"] = "a" } }:ready()`: 1.0,
		`#nodes{ name = "x*" }`: 0.0, `nodes()[1].metadata.name`: "moon-1", `pods()[9] == nil`: true,
		`(function() local n = 0 for i, p in ipairs(pods()) do n = n + i end return n end)()`: 3.0,
	} {
		got, err := call(t, hook(t, "return "+expr), script.Call{World: w})
		if err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", expr, got, err, want)
		}
	}
	_, err := call(t, hook(t, `return pods{ lables = {} }`), script.Call{World: w})
	wantError(t, err, "pods: unknown field 'lables', did you mean 'labels'?")
	_, err = call(t, hook(t, `return nodes{ phase = "x" }`), script.Call{World: w})
	wantError(t, err, "nodes: unknown field 'phase'")
	asked = 0
	set := hook(t, `local a = #pods() local b = #pods() return a + b`)
	var read bool
	if err := set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start", World: w}, func(a script.Answer) error {
		read = a.ReadWorld
		return nil
	}); err != nil || asked != 1 || !read {
		t.Errorf("the world was asked %d times, ReadWorld = %v, %v", asked, read, err)
	}
}
