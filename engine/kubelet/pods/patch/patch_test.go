package patch_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"pgregory.net/rapid"

	"github.com/moonlet-dev/moonlet/engine/kubelet/pods/patch"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) metav1.Time {
	return metav1.NewTime(now.Add(time.Duration(seconds) * time.Second))
}

func condition(kind v1.PodConditionType, truth v1.ConditionStatus, moved int) v1.PodCondition {
	return v1.PodCondition{Type: kind, Status: truth, LastTransitionTime: at(moved)}
}

// apply does what the API server does with a patch.
func apply(t interface{ Fatalf(string, ...any) }, have *v1.PodStatus, body []byte) *v1.PodStatus {
	if body == nil {
		return have.DeepCopy()
	}
	before, err := json.Marshal(&v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "u"}, Status: *have})
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	after, err := strategicpatch.StrategicMergePatch(before, body, &v1.Pod{})
	if err != nil {
		t.Fatalf("the patch %s is not one: %v", body, err)
	}
	p := &v1.Pod{}
	if err := json.Unmarshal(after, p); err != nil {
		t.Fatalf("decode %s: %v", after, err)
	}
	if p.Name != "a" || p.UID != "u" {
		t.Fatalf("the patch %s changed the pod's name or UID", body)
	}
	return &p.Status
}

func diff(t interface{ Fatalf(string, ...any) }, have *v1.PodStatus, w patch.Want) ([]byte, patch.Print) {
	if w.Now.IsZero() {
		w.Now = now
	}
	c := patch.Diff(patch.Of(have), w)
	return bodyOf(t, &c), c.After()
}

// bodyOf is the patch that a change is; nil if it is none.
func bodyOf(t interface{ Fatalf(string, ...any) }, c *patch.Change) []byte {
	if c.None() {
		return nil
	}
	body, err := c.Patch("u")
	if err != nil {
		t.Fatalf("patch: %v", err)
	}
	return body
}

func TestPatchIsMinimal(t *testing.T) {
	started := at(-60)
	for name, c := range map[string]struct {
		have, want v1.PodStatus
		verdict    bool
		body       string
	}{
		"nothing to write": {
			have: v1.PodStatus{Phase: v1.PodRunning, StartTime: &started},
			want: v1.PodStatus{Phase: v1.PodRunning, StartTime: &started},
		},
		"fractions of seconds are none": {
			have: v1.PodStatus{Phase: v1.PodRunning, StartTime: &started},
			want: v1.PodStatus{Phase: v1.PodRunning, StartTime: &metav1.Time{Time: started.Add(999 * time.Millisecond)}},
		},
		"the phase alone": {
			have: v1.PodStatus{Phase: v1.PodPending, HostIP: "10.0.0.1"},
			want: v1.PodStatus{Phase: v1.PodRunning, HostIP: "10.0.0.1"},
			body: `{"metadata":{"uid":"u"},"status":{"phase":"Running"}}`,
		},
		"reason and message go": {
			have: v1.PodStatus{Phase: v1.PodPending, Reason: "ProviderFailed", Message: "full"},
			want: v1.PodStatus{Phase: v1.PodPending},
			body: `{"metadata":{"uid":"u"},"status":{"reason":null,"message":null}}`,
		},
		"a verdict leaves the rest": {
			have: v1.PodStatus{Phase: v1.PodPending, HostIP: "10.0.0.1"}, verdict: true,
			want: v1.PodStatus{Phase: v1.PodPending, Reason: "ProviderFailed", Message: "a \"quote\""},
			body: `{"metadata":{"uid":"u"},"status":{"reason":"ProviderFailed","message":"a \"quote\""}}`,
		},
		"the class that Kubernetes has stands": {
			have: v1.PodStatus{QOSClass: v1.PodQOSBurstable}, want: v1.PodStatus{QOSClass: v1.PodQOSBestEffort},
		},
		"the class that Kubernetes lacks is written": {
			want: v1.PodStatus{QOSClass: v1.PodQOSBestEffort},
			body: `{"metadata":{"uid":"u"},"status":{"qosClass":"BestEffort"}}`,
		},
		"a provider that forgot the start, the phase and the generation": {
			have: v1.PodStatus{Phase: v1.PodRunning, StartTime: &started, ObservedGeneration: 3},
		},
		"addresses are replaced": {
			have: v1.PodStatus{PodIPs: []v1.PodIP{{IP: "10.0.0.1"}}},
			want: v1.PodStatus{PodIPs: []v1.PodIP{{IP: "10.0.0.2"}}},
			body: `{"metadata":{"uid":"u"},"status":{"podIPs":[{"$patch":"replace"},{"ip":"10.0.0.2"}]}}`,
		},
		"what others own is left": {
			have: v1.PodStatus{NominatedNodeName: "n", ResourceClaimStatuses: []v1.PodResourceClaimStatus{{Name: "c"}}},
		},
		"a condition of others is left": {
			have: v1.PodStatus{Conditions: []v1.PodCondition{condition("gate", v1.ConditionTrue, 0)}},
			want: v1.PodStatus{Conditions: []v1.PodCondition{condition("gate", v1.ConditionFalse, 0)}},
		},
		"a condition that no kubelet's pod has any more goes": {
			have: v1.PodStatus{Conditions: []v1.PodCondition{condition("gate", v1.ConditionTrue, 0), condition(v1.PodResizePending, v1.ConditionTrue, 0)}},
			body: `{"metadata":{"uid":"u"},"status":{"$setElementOrder/conditions":[],"conditions":[{"type":"PodResizePending","$patch":"delete"}]}}`,
		},
		"the scheduler's time stands": {
			have: v1.PodStatus{Conditions: []v1.PodCondition{condition(v1.PodScheduled, v1.ConditionTrue, -5)}},
			want: v1.PodStatus{Conditions: []v1.PodCondition{condition(v1.PodScheduled, v1.ConditionTrue, 0)}},
		},
		"a transition without a time gets one": {
			have: v1.PodStatus{Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionFalse, Reason: "Not", LastTransitionTime: at(-9)}}},
			want: v1.PodStatus{Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue}}},
			body: `{"metadata":{"uid":"u"},"status":{"$setElementOrder/conditions":[{"type":"Ready"}],"conditions":[` +
				`{"type":"Ready","status":"True","lastTransitionTime":"2026-03-01T12:00:00Z","reason":null,"message":null}]}}`,
		},
		"a reason changes without a transition": {
			have: v1.PodStatus{Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionFalse, Reason: "A", LastTransitionTime: at(-9)}}},
			want: v1.PodStatus{Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionFalse, Reason: "B"}}},
			body: `{"metadata":{"uid":"u"},"status":{"$setElementOrder/conditions":[{"type":"Ready"}],"conditions":[` +
				`{"type":"Ready","status":"False","reason":"B","message":null}]}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			body, _ := diff(t, &c.have, patch.Want{Status: &c.want, Verdict: c.verdict})
			if string(body) != c.body {
				t.Errorf("got  %s\nwant %s", body, c.body)
			}
			apply(t, &c.have, body)
		})
	}
}

func TestConditionsOfOthers(t *testing.T) {
	gate := condition("gate", v1.ConditionTrue, 0)
	mine := v1.PodStatus{Conditions: []v1.PodCondition{gate}}
	t.Run("what the provider repeats is not its own", func(t *testing.T) {
		if body, _ := diff(t, &v1.PodStatus{}, patch.Want{Status: &mine, Told: mine.Conditions}); body != nil {
			t.Errorf("wrote %s", body)
		}
	})
	t.Run("what the provider makes up is its own from then on", func(t *testing.T) {
		body, after := diff(t, &v1.PodStatus{}, patch.Want{Status: &mine})
		have := apply(t, &v1.PodStatus{}, body)
		if foreign := after.Foreign(have); foreign != nil {
			t.Errorf("handed back as foreign: %v", foreign)
		}
		if foreign := patch.Of(have).Since(after).Foreign(have); foreign != nil {
			t.Errorf("handed back as foreign when seen again: %v", foreign)
		}
		c := patch.Diff(after, patch.Want{Status: &v1.PodStatus{}, Now: now})
		if body := bodyOf(t, &c); len(apply(t, have, body).Conditions) != 0 {
			t.Errorf("not taken back: %s", body)
		}
	})
	t.Run("others' are handed on", func(t *testing.T) {
		have := v1.PodStatus{Conditions: []v1.PodCondition{gate, condition(v1.PodReady, v1.ConditionTrue, 0)}}
		if d := cmp.Diff([]v1.PodCondition{gate}, patch.Of(&have).Foreign(&have)); d != "" {
			t.Error(d)
		}
	})
}

// TestPatchLeadsToTheStatus draws two statuses and holds what a patch makes of one against the other.
func TestPatchLeadsToTheStatus(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, want := drawStatus(t, "have"), drawStatus(t, "want")
		body, after := diff(t, have, patch.Want{Status: want})
		got := apply(t, have, body)
		if again, _ := diff(t, got, patch.Want{Status: want}); again != nil {
			t.Fatalf("after %s there is more to write: %s", body, again)
		}
		if seen := patch.Of(got); !seen.Equal(after) {
			t.Fatalf("the print foretold by the patch %s is not that of its outcome", body)
		}
		if after.Terminal() != patch.Terminal(got.Phase) {
			t.Fatalf("terminal: %v with phase %s", after.Terminal(), got.Phase)
		}
		normal := expect(have, want)
		byType(normal.Conditions)
		byType(got.Conditions)
		if d := cmp.Diff(normal, got, cmp.Comparer(func(a, b v1.PodStatus) bool { return equality.Semantic.DeepEqual(a, b) })); d != "" {
			t.Fatalf("patch %s:\n%s", body, d)
		}
	})
}

// TestApplyingAChangeIsAsPatchingIt holds the two ways to say a change against each other.
func TestApplyingAChangeIsAsPatchingIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, want := drawStatus(t, "have"), drawStatus(t, "want")
		before := have.DeepCopy()
		c := patch.Diff(patch.Of(have), patch.Want{Status: want, Verdict: rapid.Bool().Draw(t, "verdict"), Now: now})
		body := bodyOf(t, &c)
		patched, applied := apply(t, have, body), c.Apply(have)
		if d := cmp.Diff(before, have); d != "" {
			t.Fatalf("applying the change altered what it was applied to:\n%s", d)
		}
		if !patch.Of(applied).Equal(c.After()) {
			t.Fatalf("the print foretold is not that of the outcome %v", applied)
		}
		byType(patched.Conditions)
		byType(applied.Conditions)
		if d := cmp.Diff(patched, applied, cmp.Comparer(func(a, b v1.PodStatus) bool { return equality.Semantic.DeepEqual(a, b) })); d != "" {
			t.Fatalf("patch %s:\n%s", body, d)
		}
	})
}

func byType(list []v1.PodCondition) {
	slices.SortFunc(list, func(a, b v1.PodCondition) int { return strings.Compare(string(a.Type), string(b.Type)) })
}

// expect is the status that a patch must lead to, told another way.
func expect(have, want *v1.PodStatus) *v1.PodStatus {
	got := want.DeepCopy()
	if got.Phase == "" {
		got.Phase = have.Phase
	}
	if have.QOSClass != "" {
		got.QOSClass = have.QOSClass
	}
	if got.StartTime == nil {
		got.StartTime = have.StartTime
	}
	got.NominatedNodeName = have.NominatedNodeName
	inWant := map[v1.PodConditionType]bool{}
	for i := range got.Conditions {
		inWant[got.Conditions[i].Type] = true
	}
	for _, c := range have.Conditions {
		if c.Type != "gate" {
			continue
		}
		if !inWant[c.Type] {
			got.Conditions = append(got.Conditions, c)
			continue
		}
		for i := range got.Conditions {
			if got.Conditions[i].Type == c.Type {
				got.Conditions[i] = c
			}
		}
	}
	return got
}

func drawStatus(t *rapid.T, label string) *v1.PodStatus {
	pick := func(what string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label+" "+what) }
	s := &v1.PodStatus{
		Phase:  v1.PodPhase(pick("phase", "", "Pending", "Running", "Failed")),
		Reason: pick("reason", "", "Evicted", "é\n\"<"), Message: pick("message", "", "a message"),
		HostIP: pick("hostIP", "", "10.0.0.1"), PodIP: pick("podIP", "", "10.1.0.1", "10.1.0.2"),
		QOSClass: v1.PodQOSClass(pick("class", "", "Burstable", "BestEffort")),
		Resize:   v1.PodResizeStatus(pick("resize", "", "Proposed")), //nolint:staticcheck // kubelets of old write it
	}
	if label == "have" {
		s.NominatedNodeName = pick("nominated", "", "n")
	}
	for _, ip := range []string{"10.1.0.1", "fd00::1"} {
		if rapid.Bool().Draw(t, label+ip) {
			s.PodIPs = append(s.PodIPs, v1.PodIP{IP: ip})
			s.HostIPs = append(s.HostIPs, v1.HostIP{IP: ip})
		}
	}
	if n := rapid.IntRange(0, 2).Draw(t, label+" start"); n > 0 {
		s.StartTime = new(at(n))
	}
	for _, kind := range []v1.PodConditionType{"gate", v1.PodReady, v1.PodInitialized, v1.PodScheduled} {
		// Only Kubernetes' side has the gate where both could: whose it is then is another test's matter.
		if rapid.Bool().Draw(t, label+string(kind)) {
			moved := 1
			if kind == v1.PodReady {
				moved = rapid.IntRange(1, 2).Draw(t, label+" moved")
			}
			s.Conditions = append(s.Conditions, v1.PodCondition{
				Type: kind, Status: v1.ConditionStatus(pick(string(kind), "True", "False")),
				Reason: pick("why "+string(kind), "", "Why"), LastTransitionTime: at(moved),
			})
		}
	}
	s.ContainerStatuses = drawContainers(t, label)
	s.InitContainerStatuses = drawContainers(t, label+" init")
	if rapid.Bool().Draw(t, label+" resources") {
		s.AllocatedResources = v1.ResourceList{"cpu": resource.MustParse(pick("cpu", "1", "1000m", "2"))}
		s.Resources = &v1.ResourceRequirements{Limits: v1.ResourceList{v1.ResourceName(pick("limit", "cpu", "memory")): resource.MustParse("1")}}
	}
	return s
}

func drawContainers(t *rapid.T, label string) []v1.ContainerStatus {
	var list []v1.ContainerStatus
	for _, name := range []string{"app", "web"} {
		if !rapid.Bool().Draw(t, label+name) {
			continue
		}
		s := v1.ContainerStatus{Name: name, Image: "i", RestartCount: rapid.Int32Range(0, 1).Draw(t, label+name+" restarts")}
		if rapid.Bool().Draw(t, label+name+" running") {
			s.Started, s.Ready = new(true), true
			s.State.Running = &v1.ContainerStateRunning{StartedAt: at(5)}
		} else {
			s.State.Waiting = &v1.ContainerStateWaiting{Reason: "ContainerCreating"}
		}
		list = append(list, s)
	}
	return list
}

func BenchmarkDiffOfAPodThatStarts(b *testing.B) {
	want := running()
	have := patch.Of(&v1.PodStatus{Phase: v1.PodPending, QOSClass: v1.PodQOSBestEffort})
	b.ReportAllocs()
	for b.Loop() {
		c := patch.Diff(have, patch.Want{Status: want, Now: now})
		if _, err := c.Patch("0c5e4d3a-9f5b-4b83-9a2b-1f6f8b3f6f10"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPrintOfARunningPod(b *testing.B) {
	status := running()
	b.ReportAllocs()
	for b.Loop() {
		patch.Of(status)
	}
}

func running() *v1.PodStatus {
	return &v1.PodStatus{
		Phase: v1.PodRunning, HostIP: "127.0.0.1", HostIPs: []v1.HostIP{{IP: "127.0.0.1"}},
		PodIP: "10.64.0.2", PodIPs: []v1.PodIP{{IP: "10.64.0.2"}}, StartTime: new(at(0)), QOSClass: v1.PodQOSBestEffort,
		Conditions: []v1.PodCondition{
			condition(v1.PodReadyToStartContainers, v1.ConditionTrue, 0), condition(v1.PodInitialized, v1.ConditionTrue, 0),
			condition(v1.PodReady, v1.ConditionTrue, 0), condition(v1.ContainersReady, v1.ConditionTrue, 0),
			condition(v1.PodScheduled, v1.ConditionTrue, 0),
		},
		ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", Image: "nginx:1.27", ImageID: "nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000",
			ContainerID: "containerd://0000000000000000000000000000000000000000000000000000000000000000",
			Ready:       true, Started: new(true), State: v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: at(0)}},
		}},
	}
}
