package provider_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/state"
)

func keyOf(o *v1.Pod) state.Key { return state.Key{Namespace: o.Namespace, Name: o.Name} }

// kubernetes is an engine whose pods are Kubernetes', and what it told.
type kubernetes struct {
	*enginetest.Engine
	t      *testing.T
	told   []string // phase and readiness of each status that was pushed
	events []string
	nodes  []string // that changed
}

func cluster(t *testing.T, o enginetest.Options) *kubernetes {
	t.Helper()
	o.Kubernetes = true
	k := &kubernetes{Engine: enginetest.New(t, o), t: t}
	k.OnStatus(func(one *state.Pod) {
		ready, word, _ := pod.Row(one.Object, one.Status, k.Clock.Now())
		k.told = append(k.told, one.Name+" "+ready+" "+word)
	})
	k.OnEvent(func(o *v1.Pod, e pod.Event) {
		k.events = append(k.events, strings.TrimSpace(fmt.Sprintf("%s %s %s %s: %s", o.Name, e.Container, e.Type, e.Reason, e.Message)))
	})
	k.OnNode(func(name string) { k.nodes = append(k.nodes, name) })
	return k
}

func script(text string) enginetest.Options {
	return enginetest.Options{Scripts: map[string]string{"a.lua": "match = true\n" + text}}
}

// bound is a pod as the API server has it.
func bound(name string, uid types.UID) *v1.Pod {
	p := newPod(name)
	p.UID, p.Generation, p.ResourceVersion = uid, 1, "1"
	p.CreationTimestamp = metav1.NewTime(enginetest.Start.Add(-time.Second))
	p.Spec.NodeName = "virtual-kubelet"
	p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	p.Status = v1.PodStatus{Phase: v1.PodPending, QOSClass: v1.PodQOSBestEffort}
	return p
}

// deleted is a newer version of a pod that is being deleted since then, with that grace.
func deleted(p *v1.Pod, since time.Time, grace time.Duration) *v1.Pod {
	q := *p
	seconds, ends := int64(grace/time.Second), metav1.NewTime(since.Add(grace))
	q.DeletionTimestamp, q.DeletionGracePeriodSeconds, q.Generation = &ends, &seconds, p.Generation+1
	return &q
}

func (k *kubernetes) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *kubernetes) bind(p *v1.Pod) *v1.Pod {
	k.t.Helper()
	k.must(k.BindPod(k.t.Context(), p))
	return p
}

// status is the status of that very pod.
func (k *kubernetes) status(p *v1.Pod) *v1.PodStatus {
	k.t.Helper()
	s, err := k.Status(keyOf(p), p.UID)
	k.must(err)
	return s
}

func (k *kubernetes) wantRow(p *v1.Pod, want string) {
	k.t.Helper()
	ready, word, restarts := pod.Row(k.Store.Get(keyOf(p)).Object, k.status(p), k.Clock.Now())
	if got := ready + " " + word + " " + restarts; got != want {
		k.t.Errorf("%s is %q, want %q", p.Name, got, want)
	}
}

func (k *kubernetes) wantGone(p *v1.Pod) {
	k.t.Helper()
	if s, err := k.Status(keyOf(p), p.UID); !errors.Is(err, state.ErrNotFound) {
		k.t.Errorf("%s %s is there: %+v (%v)", p.Name, p.UID, s, err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

func TestABoundPodIsSharedAndItsStatusesArePushed(t *testing.T) {
	k := cluster(t, script(`function on_start() return { ready = "3s" } end`))
	web := k.bind(bound("web", "1"))
	k.Pass(time.Minute)
	same(t, "told", k.told, []string{"web 0/1 Running", "web 1/1 Running"})
	if got := k.Store.Get(keyOf(web)).Object; got != web {
		t.Error("the pod was copied")
	}
	if known := k.Known(); len(known) != 1 || known[0].UID != "1" {
		t.Errorf("known are %v", known)
	}
	k.bind(web)
	if len(k.told) != 2 {
		t.Errorf("binding a known pod told %v", k.told[2:])
	}
}

func TestARefusedPodIsNotTakenIn(t *testing.T) {
	o := script(`function on_create() if chance(0.8) then return reject(503, "out of capacity") end end`)
	o.Seed = 3
	k := cluster(t, o)
	tries := 0
	for web := bound("web", "1"); ; tries++ {
		err := k.BindPod(t.Context(), web)
		if err == nil {
			break
		}
		var asked *fault.Asked
		if !errors.As(err, &asked) || !strings.HasPrefix(err.Error(), "create pod default/web: ") || tries > 50 {
			t.Fatal(err)
		}
		k.wantGone(web)
	}
	if tries == 0 {
		t.Error("never refused: the seed is none for this test")
	}
}

func TestADeletedPodStaysWithItsEndUntilItIsForgotten(t *testing.T) {
	k := cluster(t, script(`function on_start() return { terminate = "20s" } end`))
	web := k.bind(bound("web", "1"))
	k.Pass(time.Second)
	going := deleted(web, k.Clock.Now(), 30*time.Second)
	k.must(k.EndPod(t.Context(), going))
	k.wantRow(web, "1/1 Terminating 0")
	k.Pass(19 * time.Second)
	k.must(k.EndPod(t.Context(), going)) // again, with the same grace: nothing new
	if got := k.Store.Get(keyOf(web)).Object.DeletionTimestamp; !got.Equal(going.DeletionTimestamp) {
		t.Errorf("deletionTimestamp moved to %s, want %s", got, going.DeletionTimestamp)
	}
	if k.Ended(keyOf(web), "1") {
		t.Error("ended before its time")
	}
	k.Pass(time.Second)
	s := k.status(web)
	if s.Phase != v1.PodFailed || s.ContainerStatuses[0].State.Terminated.ExitCode != 143 || !k.Ended(keyOf(web), "1") {
		t.Errorf("its end is not shown: %+v", s)
	}
	k.Pass(time.Hour)
	k.status(web)
	if err := k.ForgetPod(t.Context(), keyOf(web), "another"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("forgetting another UID: %v", err)
	}
	k.must(k.ForgetPod(t.Context(), keyOf(web), "1"))
	k.wantGone(web)
	if err := k.ForgetPod(t.Context(), keyOf(web), "1"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("forgetting it again: %v", err)
	}
	if err := k.EndPod(t.Context(), going); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("deleting it again: %v", err)
	}
}

func TestAShorterGraceEndsAPodSooner(t *testing.T) {
	k := cluster(t, script(`
function on_start() return { terminate = false } end
function on_delete(pod) pod.memo.asked = (pod.memo.asked or 0) + 1 end`))
	web := k.bind(bound("web", "1"))
	k.must(k.EndPod(t.Context(), deleted(web, k.Clock.Now(), time.Minute)))
	k.Pass(10 * time.Second)
	k.must(k.EndPod(t.Context(), deleted(web, k.Clock.Now(), 5*time.Second)))
	k.Pass(4 * time.Second)
	k.wantRow(web, "1/1 Terminating 0")
	k.Pass(time.Second)
	same(t, "exit code", k.status(web).ContainerStatuses[0].State.Terminated.ExitCode, int32(137))
	same(t, "times asked", k.Store.Get(keyOf(web)).Memo.Tree("")["asked"], any(1.0))
}

func TestADeleteThatAScriptRefusesChangesNothing(t *testing.T) {
	k := cluster(t, script(`function on_delete() return reject(409, "not now") end`))
	web := k.bind(bound("web", "1"))
	if err := k.EndPod(t.Context(), deleted(web, k.Clock.Now(), time.Minute)); err == nil || !strings.Contains(err.Error(), "delete pod default/web: ") {
		t.Fatal(err)
	}
	k.wantRow(web, "1/1 Running 0")
	k.must(k.ForgetPod(t.Context(), keyOf(web), "1")) // Kubernetes is not to be refused
	k.wantGone(web)
}

func TestANewUIDReplacesThePod(t *testing.T) {
	k := cluster(t, script(`function on_start(pod, c, run) if pod.metadata.uid == "1" then return { exit = 1, after = "1s" } end end`))
	old := k.bind(bound("web", "1"))
	k.Pass(5 * time.Second)
	fresh := k.bind(bound("web", "2"))
	k.wantGone(old)
	k.wantRow(fresh, "1/1 Running 0")
	same(t, "incarnation", k.Store.Get(keyOf(fresh)).Incarnation, 2)
	if err := k.EndPod(t.Context(), deleted(old, k.Clock.Now(), time.Second)); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("deleting the old one: %v", err)
	}
}

func TestConditionsOfOthersAreTakenAndCounted(t *testing.T) {
	k := cluster(t, enginetest.Options{})
	web := bound("web", "1")
	web.Spec.ReadinessGates = []v1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	k.bind(web)
	if c := condition(k.status(web), v1.PodReady); c.Status != v1.ConditionFalse || c.Reason != "ReadinessGatesNotReady" {
		t.Fatalf("Ready is %+v", c)
	}
	open := *web
	open.Status.Conditions = []v1.PodCondition{
		{Type: "example.com/gate", Status: v1.ConditionTrue},
		{Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: "EvictionByEvictionAPI"},
		{Type: v1.PodReady, Status: v1.ConditionFalse, Reason: "of an older status"},
	}
	k.must(k.RefreshPod(t.Context(), &open))
	s := k.status(web)
	if c := condition(s, v1.PodReady); c.Status != v1.ConditionTrue {
		t.Errorf("Ready is %+v", c)
	}
	if c := condition(s, v1.DisruptionTarget); c.Reason != "EvictionByEvictionAPI" {
		t.Errorf("DisruptionTarget is %+v", c)
	}
	if k.Store.Get(keyOf(web)).Object != &open {
		t.Error("the older object is held")
	}
}

func condition(s *v1.PodStatus, t v1.PodConditionType) v1.PodCondition {
	i := slices.IndexFunc(s.Conditions, func(c v1.PodCondition) bool { return c.Type == t })
	if i < 0 {
		return v1.PodCondition{}
	}
	return s.Conditions[i]
}

func TestRefreshAsksScriptsOnlyAboutWhatConcernsThem(t *testing.T) {
	const text = `function on_update(pod) pod.memo.updates = (pod.memo.updates or 0) + 1 end`
	for name, c := range map[string]struct {
		change        func(*v1.Pod)
		asked, pushed bool
	}{
		"nothing but the version":     {func(p *v1.Pod) { p.ResourceVersion = "2" }, false, false},
		"our own status came back":    {func(p *v1.Pod) { p.Status.Phase = v1.PodRunning }, false, false},
		"a label":                     {func(p *v1.Pod) { p.Labels = map[string]string{"a": "b"} }, true, false},
		"an annotation":               {func(p *v1.Pod) { p.Annotations = map[string]string{"a": "b"} }, true, false},
		"the image":                   {func(p *v1.Pod) { p.Spec.Containers[0].Image = "nginx:1.28"; p.Generation = 2 }, true, true},
		"the image, an older server":  {func(p *v1.Pod) { p.Spec.Containers[0].Image = "nginx:1.28"; p.Generation = 0 }, true, true},
		"the generation alone":        {func(p *v1.Pod) { p.Generation = 2 }, false, true},
		"somebody else's phase, dead": {func(p *v1.Pod) { p.Status.Phase = v1.PodFailed }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := script(text)
			o.Node = func(n *provider.Node) { n.Minor = 35 }
			k := cluster(t, o)
			web := k.bind(bound("web", "1"))
			newer := web.DeepCopy()
			c.change(newer)
			k.told = nil
			k.must(k.RefreshPod(t.Context(), newer))
			if asked := k.Store.Get(keyOf(web)).Memo.Tree("")["updates"] != nil; asked != c.asked {
				t.Errorf("on_update asked: %t", asked)
			}
			if pushed := len(k.told) > 0; pushed != c.pushed {
				t.Errorf("status pushed: %v", k.told)
			}
			if k.Store.Get(keyOf(web)).Object != newer {
				t.Error("the older object is held")
			}
		})
	}
}

// crashing is a pod as another process left it: in its third run since a minute.
func crashing() *v1.Pod {
	p := bound("web", "1")
	at := func(d time.Duration) metav1.Time { return metav1.NewTime(enginetest.Start.Add(d)) }
	started := at(-time.Hour)
	p.Status = v1.PodStatus{
		Phase: v1.PodRunning, StartTime: &started, PodIP: "10.128.0.9", HostIP: "192.0.2.1",
		Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: at(-time.Minute)}},
		ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", Image: "nginx:1.27", ImageID: "x", RestartCount: 2, Ready: true, Started: new(bool),
			State: v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: at(-time.Minute)}},
			LastTerminationState: v1.ContainerState{Terminated: &v1.ContainerStateTerminated{
				ExitCode: 1, Reason: "Error", StartedAt: at(-2 * time.Minute), FinishedAt: at(-90 * time.Second),
			}},
		}},
	}
	return p
}

func TestAnAdoptedPodGoesOnWhereItWas(t *testing.T) {
	k := cluster(t, script(`
function on_create(pod) pod.memo.created = true end
function on_start(pod, container, run) pod.memo.run = run.number return { exit = 7, after = "90s" } end`))
	web := crashing()
	k.must(k.AdoptPod(t.Context(), web))
	k.wantRow(web, "1/1 Running 2 (90s ago)")
	same(t, "memo", k.Store.Get(keyOf(web)).Memo.Tree(""), map[string]any{"run": 3.0})
	s := k.status(web)
	same(t, "IP", s.PodIP, "10.128.0.9")
	same(t, "start", s.StartTime, web.Status.StartTime)
	k.Pass(30 * time.Second) // 90 s after the run began
	if c := k.status(web).ContainerStatuses[0]; c.State.Terminated == nil || c.State.Terminated.ExitCode != 7 {
		t.Errorf("after the run's time: %+v", c)
	}
	k.bind(bound("other", "2"))
	if ip := k.status(bound("other", "2")).PodIP; ip == "10.128.0.9" {
		t.Error("the adopted address was given away")
	}
}

func TestAdoptingAKnownPodTakesTheStatusThatIsFurtherOn(t *testing.T) {
	k := cluster(t, script(`function on_start(pod, c, run) return { exit = 1, after = "1s" } end`))
	web := k.bind(bound("web", "1"))
	k.Pass(5 * time.Second) // it crashed twice, and waits
	older := *web
	older.Status = v1.PodStatus{Phase: v1.PodPending}
	k.must(k.AdoptPod(t.Context(), &older))
	same(t, "restarts of ours", k.status(web).ContainerStatuses[0].RestartCount, int32(1))
	k.must(k.AdoptPod(t.Context(), crashing()))
	same(t, "restarts of Kubernetes'", k.status(web).ContainerStatuses[0].RestartCount, int32(2))
}

func TestARestartRemembersRunsAndMemosButNoObjects(t *testing.T) {
	o := script(`
function on_create(pod) node.memo.made = pod.metadata.name end
function on_start(pod, c, run)
  pod.memo.runs = (pod.memo.runs or 0) + 1
  return { exit = 3, after = "10s" }
end`)
	o.State = filepath.Join(t.TempDir(), "state.db")
	var before *v1.PodStatus
	web := bound("web", "1")
	t.Run("first process", func(t *testing.T) {
		k := cluster(t, o)
		k.bind(web)
		k.bind(bound("lost", "9"))
		k.Pass(12 * time.Second)
		before = k.status(web)
		same(t, "node.memo", k.Node().Memo["made"], any("web"))
	})
	t.Run("second process", func(t *testing.T) {
		k := cluster(t, o)
		k.Clock.Set(enginetest.Start.Add(13 * time.Second))
		if k.Store.Len() != 0 {
			t.Error("pods are there before Kubernetes named any")
		}
		known := k.Known()
		if len(known) != 2 || known[0].Name != "lost" || known[0].Object != nil || known[1].UID != "1" {
			t.Errorf("known are %+v", known)
		}
		stale := *web // Kubernetes has not seen the crash
		stale.Status = *before.DeepCopy()
		stale.Status.ContainerStatuses[0].RestartCount = 0
		k.must(k.AdoptPod(t.Context(), &stale))
		same(t, "status", k.status(web), before)
		same(t, "memo", k.Store.Get(keyOf(web)).Memo.Tree("")["runs"], any(2.0))
		same(t, "node.memo", k.Node().Memo["made"], any("web"))
		k.must(k.ForgetPod(t.Context(), state.Key{Namespace: "default", Name: "lost"}, "9"))
		if known = k.Known(); len(known) != 1 {
			t.Errorf("known are %+v", known)
		}
		k.bind(bound("lost", "10"))
		same(t, "incarnation", k.Store.Get(state.Key{Namespace: "default", Name: "lost"}).Incarnation, 2)
	})
}

func TestARememberedPodThatIsBoundAgainGoesOn(t *testing.T) {
	o := script(`function on_create(pod) pod.memo.created = (pod.memo.created or 0) + 1 return delay("1m") end`)
	o.State = filepath.Join(t.TempDir(), "state.db")
	web := bound("web", "1")
	t.Run("first process", func(t *testing.T) { cluster(t, o).bind(web) })
	t.Run("second process", func(t *testing.T) {
		k := cluster(t, o)
		k.bind(web)
		same(t, "memo", k.Store.Get(keyOf(web)).Memo.Tree("")["created"], any(1.0))
		k.Pass(59 * time.Second)
		k.wantRow(web, "0/1 ContainerCreating 0")
		k.Pass(time.Second)
		k.wantRow(web, "1/1 Running 0")
	})
}

func TestAStatusHookThatWantsEveryCallIsAskedEverySecond(t *testing.T) {
	k := cluster(t, script(`function status(pod, status) return { message = rfc3339(now()) }, 0 end`))
	web := k.bind(bound("web", "1"))
	for n := range 3 {
		same(t, "message", k.status(web).Message, enginetest.Start.Add(time.Duration(n)*time.Second).Format("2006-01-02T15:04:05.000Z"))
		k.Pass(time.Second)
	}
	same(t, "pushes", len(k.told), 4)
}

func TestSameStatusesAreNotPushed(t *testing.T) {
	k := cluster(t, script(`function status(pod, status) return { message = "the same" }, 1 end`))
	k.bind(bound("web", "1"))
	k.Pass(10 * time.Second)
	k.Swap("a.lua", `match = true function status(pod, status) return { message = "the same" }, 1 end -- edited`)
	same(t, "told", k.told, []string{"web 1/1 Running"})
}

func TestEventsAreThoseOfAKubeletOfThatVersion(t *testing.T) {
	const text = `
function on_pull(pod) if pod.metadata.name == "nopull" then return "ErrImagePull", "manifest unknown" end end
function on_start(pod, c, run) return { exit = 1, after = "1s" } end
function on_create(pod) if pod.metadata.name == "big" then return "OutOfcpu", "Pod was rejected: too big" end end`
	first := []string{
		`web app Normal Pulling: Pulling image "nginx:1.27"`,
		`web app Normal Pulled: Successfully pulled image "nginx:1.27" in 0s (0s including waiting). Image size: 56699847 bytes.`,
	}
	for minor, started := range map[int][]string{
		33: {`web app Normal Created: Created container: app`, `web app Normal Started: Started container app`},
		36: {`web app Normal Created: Container created`, `web app Normal Started: Container started`},
	} {
		o := script(text)
		o.Node = func(n *provider.Node) { n.Minor = minor }
		k := cluster(t, o)
		web := k.bind(bound("web", "1"))
		k.Pass(5 * time.Second)
		k.must(k.EndPod(t.Context(), deleted(web, k.Clock.Now(), 0)))
		present := `web app Normal Pulled: Container image "nginx:1.27" already present on machine`
		if minor >= 35 {
			present += " and can be accessed by the pod"
		}
		want := slices.Concat(first, started, []string{present}, started,
			[]string{`web app Warning BackOff: Back-off restarting failed container app in pod web_default(1)`})
		same(t, fmt.Sprint("1.", minor), k.events, want)

		k.events = nil
		k.bind(bound("nopull", "2"))
		k.bind(bound("big", "3"))
		k.Pass(time.Second)
		same(t, "failures", k.events, []string{
			`nopull app Normal Pulling: Pulling image "nginx:1.27"`,
			`nopull app Warning Failed: Failed to pull image "nginx:1.27": manifest unknown`,
			`nopull app Warning Failed: Error: ErrImagePull`,
			`big  Warning OutOfcpu: too big`,
			`nopull app Normal BackOff: Back-off pulling image "nginx:1.27"`,
			`nopull app Warning Failed: Error: ImagePullBackOff`,
		})
	}
}

func TestEndsAreToldAsKubeletsDo(t *testing.T) {
	k := cluster(t, script(`function on_start() return { ready = flap("2s", "2s") } end`))
	web := bound("web", "1")
	web.Spec.ActiveDeadlineSeconds = new(int64)
	*web.Spec.ActiveDeadlineSeconds = 3
	k.bind(web)
	k.events = nil
	k.Pass(10 * time.Second)
	same(t, "events", k.events, []string{
		`web app Warning Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503`,
		`web  Normal DeadlineExceeded: Pod was active on the node longer than the specified deadline`,
		`web app Normal Killing: Stopping container app`,
	})
	if s := k.status(web); s.Phase != v1.PodFailed || s.Reason != "DeadlineExceeded" {
		t.Errorf("%s %s", s.Phase, s.Reason)
	}
}

func TestStatusesHaveTheShapesOfTheServer(t *testing.T) {
	for minor, want := range map[int]int64{34: 0, 35: 1, 37: 1} {
		k := cluster(t, enginetest.Options{Node: func(n *provider.Node) {
			n.Minor = minor
			n.Addresses = []v1.NodeAddress{{Type: v1.NodeHostName, Address: "moon"}, {Type: v1.NodeInternalIP, Address: "192.0.2.77"}}
		}})
		web := bound("web", "1")
		web.Spec.HostNetwork = true
		s := k.status(k.bind(web))
		same(t, "observedGeneration", s.ObservedGeneration, want)
		same(t, "of a condition", s.Conditions[0].ObservedGeneration, want)
		same(t, "addresses", []string{s.HostIP, s.PodIP}, []string{"192.0.2.77", "192.0.2.77"})
	}
}

func TestReadersFindPodsOfKubernetesAsTheirOwn(t *testing.T) {
	k := cluster(t, enginetest.Options{})
	web := k.bind(bound("web", "1"))
	web.Status.Message = "as the API server had it" // nobody may see this
	var one v1.Pod
	b, err := k.PodJSON(t.Context(), "default", "web")
	k.must(err)
	k.must(json.Unmarshal(b, &one))
	if one.Status.Phase != v1.PodRunning || one.Status.Message != "" || one.ManagedFields != nil || one.UID != "1" {
		t.Errorf("getPod: %s", b)
	}
	size, pods := listed(t, k.Engine)
	if size == 0 || len(pods) != 1 || pods[0].Status.Phase != v1.PodRunning || pods[0].ManagedFields != nil {
		t.Errorf("getPods: %+v", pods)
	}
	b, err = k.PodStatusJSON(t.Context(), "default", "web")
	k.must(err)
	var s v1.PodStatus
	k.must(json.Unmarshal(b, &s))
	if s.Phase != v1.PodRunning {
		t.Errorf("getPodStatus: %s", b)
	}
	detail, err := k.Pod("default", "web")
	k.must(err)
	if !strings.Contains(string(detail.Object), `"phase":"Running"`) {
		t.Errorf("/api/v1/pods/default/web: %s", detail.Object)
	}
}
