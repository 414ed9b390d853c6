package script_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// decodeInto runs a hook body and decodes its answer.
func decodeInto(t *testing.T, body string, into any) error {
	t.Helper()
	set := hook(t, body)
	return set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start", Args: []any{webPod()}, Now: storyTime}, func(a script.Answer) error {
		return a.Values[0].Decode("status", into)
	})
}

func TestDecodeWritesKubernetesTypes(t *testing.T) {
	started := true
	got := v1.PodStatus{PodIP: "10.0.0.9", Reason: "old", Conditions: []v1.PodCondition{{Type: "Old"}}}
	err := decodeInto(t, `return {
		phase = "Running", reason = "", conditions = { { type = "Ready", status = "True", lastTransitionTime = now() } }, hostIPs = {},
		containerStatuses = { { name = "app", ready = true, restartCount = 3, started = true, state = { running = { startedAt = "2026-01-31T08:00:00Z" } },
			allocatedResources = { cpu = "250m", memory = 1024 } } } }`, &got)
	if err != nil {
		t.Fatal(err)
	}
	want := v1.PodStatus{
		Phase: v1.PodRunning, PodIP: "10.0.0.9", HostIPs: []v1.HostIP{},
		Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: metav1.NewTime(storyTime)}},
		ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", Ready: true, RestartCount: 3, Started: &started,
			State:              v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: metav1.NewTime(storyTime)}},
			AllocatedResources: v1.ResourceList{"cpu": resource.MustParse("250m"), "memory": resource.MustParse("1024")},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type embedded struct {
	Inner string `json:"inner"`
}

type everything struct {
	embedded

	Text    string             `json:"text"`
	Int     int8               `json:"int"`
	Uint    uint16             `json:"uint"`
	Float   float64            `json:"float"`
	Any     any                `json:"any"`
	List    []string           `json:"list"`
	Map     map[string]int     `json:"map"`
	Pointer *embedded          `json:"pointer"`
	Time    time.Time          `json:"time"`
	Micro   metav1.MicroTime   `json:"micro"`
	Port    intstr.IntOrString `json:"port"`
	Bytes   []byte             `json:"bytes"`
	Own     shout              `json:"own"`
	OwnPtr  *shout             `json:"ownPtr"`
	Func    func()             `json:"func"`
}

type shout string

func (s *shout) DecodeLua(v script.Value, path string) error {
	if v.Kind() != script.Text {
		return fmt.Errorf("%s: must be loud", path)
	}
	*s = shout(v.Text() + "!")
	return nil
}

func TestDecodeByGoType(t *testing.T) {
	old := &embedded{"old"}
	got := everything{Map: map[string]int{"kept": 1}, Pointer: old, Int: 3}
	kept := got.Map
	err := decodeInto(t, `return { inner = "in", text = "x", uint = 65535, float = 1.5, any = { a = { 1, "b", false } }, list = {}, map = { x = 2 },
		pointer = {}, time = "2026-01-31T08:00:00Z", micro = 1769846400.5, port = 80, bytes = "aGk=", own = "hey", ownPtr = "you" }`, &got)
	if err != nil {
		t.Fatal(err)
	}
	ho := shout("you!")
	want := everything{
		embedded: embedded{"in"}, Text: "x", Int: 3, Uint: 65535, Float: 1.5, Any: map[string]any{"a": []any{1.0, "b", false}}, List: []string{},
		Map: map[string]int{"kept": 1, "x": 2}, Pointer: &embedded{"old"}, Time: storyTime, Micro: metav1.NewMicroTime(storyTime.Add(time.Second / 2)),
		Port: intstr.FromInt32(80), Bytes: []byte("hi"), Own: "hey!", OwnPtr: &ho,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(everything{}), cmp.Comparer(func(a, b func()) bool { return a == nil && b == nil })); diff != "" {
		t.Error(diff)
	}
	if len(kept) != 1 || got.Pointer == old {
		t.Error("Decode wrote into shared values")
	}
}

func TestDecodeErrorsNameThePath(t *testing.T) {
	for body, want := range map[string]string{
		`return { containerStatuses = { {}, { state = { runnin = {} } } } }`:               "status.containerStatuses[2].state: unknown field 'runnin', did you mean 'running'?",
		`return { containerStatuses = { { restartCount = "x" } } }`:                        `status.containerStatuses[1].restartCount: must be a whole number, not "x"`,
		`return { containerStatuses = { { restartCount = 1.5 } } }`:                        "status.containerStatuses[1].restartCount: must be a whole number, not 1.5",
		`return { containerStatuses = { { restartCount = 1e12 } } }`:                       "status.containerStatuses[1].restartCount: 1000000000000 does not fit",
		`return { containerStatuses = { name = "x" } }`:                                    "status.containerStatuses: must be a list, not a table with names ('name')",
		`return { containerStatuses = { { ready = 1 } } }`:                                 "status.containerStatuses[1].ready: must be true or false, not 1",
		`return { phase = { 1 } }`:                                                         "status.phase: must be text, not a table",
		`return { phase = false }`:                                                         "status.phase: must be text, not false",
		`return { "Running" }`:                                                             "status: must be a table with names, not a list",
		`return "Running"`:                                                                 `status: must be a table, not "Running"`,
		`return reject(503)`:                                                               "status: must be a table, not reject(…)",
		`return { startTime = "yesterday" }`:                                               `status.startTime: "yesterday" is not a time`,
		`return { startTime = 1e300 }`:                                                     "status.startTime: 1e+300 is not a time",
		`return { containerStatuses = { { allocatedResources = { ["my gpu"] = "x" } } } }`: `status.containerStatuses[1].allocatedResources["my gpu"]: must be a quantity`,
		`return { conditions = { { type = "Ready" }, nil, { type = "X" } } }`:              "status.conditions: the list has a gap",
		`return { conditions = { { type = "Ready", 1 } } }`:                                "status.conditions[1]: it has both numbers and texts as keys",
		`return { [print] = 1 }`:                                                           "status: its keys are texts, or 1, 2, 3, …: not a function",
		`return pod`:                                                                       "status: unknown field 'metadata'",
	} {
		err := decodeInto(t, body, &v1.PodStatus{})
		wantError(t, err, "flaky.lua:1: on_start: "+want)
		if e := scriptError(t, err); e.Kind != script.Result || e.Hook != "on_start" || e.Line != 1 {
			t.Errorf("%s: %+v", body, e)
		}
	}
	wantError(t, decodeInto(t, `return { own = 1 }`, &everything{}), "status.own: must be loud")
	wantError(t, decodeInto(t, `return { func = 1 }`, &everything{}), "status.func: cannot be set from a script")
	wantError(t, decodeInto(t, `return { port = {} }`, &everything{}), "status.port: must be a whole number or text")
	wantError(t, decodeInto(t, `return { bytes = "?" }`, &everything{}), "status.bytes: is not base64")
	wantError(t, decodeInto(t, `local a = {} a.a = a return { any = a }`, &everything{}), "nested too deeply")
}

// What one table costs the script can be a thousand times as much to those who keep it.
func TestDecodeBoundsAnAnswerWhereverItIsLong(t *testing.T) {
	const shared = `local one = { type = "T", message = ("x"):rep(1000) } local t = {} for i = 1, %d do t[i] = one end return { conditions = t }`
	if err := decodeInto(t, fmt.Sprintf(shared, 3500), &v1.PodStatus{}); err != nil {
		t.Error(err)
	}
	err := decodeInto(t, fmt.Sprintf(shared, 4500), &v1.PodStatus{})
	wantError(t, err, "flaky.lua:1: on_start: status.conditions[")
	wantError(t, err, "].message: the answer is too long: it may hold 4 MiB, and a log 64 MiB")

	set := hook(t, `local line, small, large = ("x"):rep(1024 * 1024), {}, {} for i = 1, 63 do small[i], large[i], large[i + 63] = line, line, line end return small, large, { 1 }`)
	err = set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start", Args: []any{webPod()}}, func(a script.Answer) error {
		if lines, err := a.Values[0].Texts("answer"); len(lines) != 63 || err != nil {
			t.Errorf("%d lines, %v", len(lines), err)
		}
		_, err := a.Values[1].Texts("answer")
		wantError(t, err, "answer[64]: the answer is too long")
		_, err = a.Values[2].Texts("answer")
		wantError(t, err, "answer[1]: must be text, not 1")
		return a.Values[0].Decode("answer", &[]string{})
	})
	wantError(t, err, "answer[4]: the answer is too long")
}

// A line of a log may look at other pods as often as it likes.
func TestWhatAFunctionInAnAnswerDecodesIsNoPartOfIt(t *testing.T) {
	set := hook(t, `local long = ("x"):rep(1000) return function() return #pods{ name = long } end`)
	err := set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start", Args: []any{webPod()}, World: world{}, Limit: time.Minute}, func(a script.Answer) error {
		for range 5000 {
			if got, err := a.Values[0].Call(); err != nil || got[0].Number() != 0 {
				return fmt.Errorf("answered %v, %w", got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	var zero script.Value
	if texts, err := zero.Texts("answer"); texts != nil || err != nil {
		t.Errorf("the zero Value has texts: %q, %v", texts, err)
	}
}

func TestDecodeReadsViewsAndConstants(t *testing.T) {
	var got v1.PodStatus
	if err := decodeInto(t, `return pod.status`, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*webPod().Status, got); diff != "" {
		t.Error(diff)
	}
	set := mustLoad(t, newRuntime(t, script.Options{}), "flaky.lua", "local s = { phase = 'Failed', conditions = { { type = 'Ready' } } }\nfunction on_start() return s end")
	err := set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start"}, func(a script.Answer) error {
		if n := len(a.Values[0].Field("conditions").Items()); n != 1 {
			t.Errorf("%d conditions", n)
		}
		return a.Values[0].Decode("status", &got)
	})
	if err != nil || got.Phase != v1.PodFailed {
		t.Errorf("%v, %v", got.Phase, err)
	}
}

func TestValues(t *testing.T) {
	set := hook(t, `return nil, true, 1.5, "x", { a = 1 }, print, reject(503, "why"), "1m30s", 90, "-1s", { 4, 5 }, pod.metadata, flap("1s", 2)`)
	err := set.Call(t.Context(), &script.Call{File: set.File("flaky"), Hook: "on_start", Args: []any{webPod()}}, func(a script.Answer) error {
		v := a.Values
		kinds := []script.Kind{script.Nil, script.Bool, script.Number, script.Text, script.Table, script.Function, script.Tagged}
		for i, k := range kinds {
			if v[i].Kind() != k {
				t.Errorf("value %d is %v, want %v", i, v[i].Kind(), k)
			}
		}
		if !v[1].Bool() || v[2].Number() != 1.5 || v[3].Text() != "x" || v[4].Field("a").Number() != 1 || v[4].Field("b").Kind() != script.Nil {
			t.Error("values are not read right")
		}
		args := v[6].Args()
		if v[6].Tag() != "reject" || len(args) != 2 || args[0].Number() != 503 || args[1].Text() != "why" || v[3].Tag() != "" || v[3].Args() != nil {
			t.Error("tagged answers are not read right")
		}
		for i := 7; i <= 8; i++ {
			if d, err := v[i].Duration("d"); d != 90*time.Second || err != nil {
				t.Errorf("duration %v, %v", d, err)
			}
		}
		if _, err := v[9].Duration("after"); err == nil || err.Error() != `: after: "-1s" is negative: a duration is at least 0` {
			t.Errorf("%v", err)
		}
		if items := v[10].Items(); len(items) != 2 || items[1].Number() != 5 || v[4].Items() != nil {
			t.Error("items")
		}
		if v[11].Field("name").Text() != "web-1" || v[11].Field("nothing").Kind() != script.Nil {
			t.Error("fields of views")
		}
		if d, err := v[12].Args()[1].Duration("down"); d != 2*time.Second || err != nil {
			t.Errorf("%v, %v", d, err)
		}
		var zero script.Value
		if zero.Kind() != script.Nil || zero.Text() != "" || zero.Field("x").Kind() != script.Nil || zero.Items() != nil || zero.Tag() != "" {
			t.Error("the zero Value is not nil")
		}
		if tree, err := zero.Any(); tree != nil || err != nil {
			t.Error("the zero Value has a tree")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFunctionsInsideAnAnswer(t *testing.T) {
	set := hook(t, `return every("500ms", function(n, t) if n == 9 then error("nine") end return n .. "@" .. t .. " " .. uniform(0, 1) end)`)
	c := &script.Call{File: set.File("flaky"), Hook: "on_start", Args: []any{webPod()}, Limit: 5 * time.Second}
	err := set.Call(t.Context(), c, func(a script.Answer) error {
		line := a.Values[0].Args()[1]
		text := func(n int) string {
			line.Rekey(script.NewDraws(1, "line", n))
			out, err := line.Call(n, storyTime)
			if err != nil {
				t.Fatal(err)
			}
			return out[0].Text()
		}
		if first := text(3); first != text(3) || first == text(4) || first[:13] != "3@1769846400 " {
			t.Errorf("line 3 is %q", first)
		}
		_, err := line.Call(9, storyTime)
		wantError(t, err, "flaky.lua:2: on_start: nine")
		_, err = a.Values[0].Call()
		wantError(t, err, "a tagged answer cannot be called")
		return err
	})
	if e := scriptError(t, err); e.Kind != script.Result || e.Script != "flaky.lua" {
		t.Errorf("%+v", e)
	}
}
