package pods_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/pods"
)

func TestMain(m *testing.M) {
	utilruntime.ErrorHandlers = nil // one of them sleeps by the clock of the first bubble it meets
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"))
}

const node = "moon-1"

var web = types.NamespacedName{Namespace: "default", Name: "web"}

func newPod(name string) *v1.Pod {
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: v1.PodSpec{
			NodeName: node, RestartPolicy: v1.RestartPolicyAlways, TerminationGracePeriodSeconds: new(int64(30)),
			Containers: []v1.Container{{Name: "app", Image: "nginx:1.27"}},
		},
	}
}

// ran gives a pod the status of one that ran under another process.
func ran(p *v1.Pod, s *v1.PodStatus) *v1.Pod {
	p.Status = *s
	return p
}

// rig is a broker between an API server and a provider.
type rig struct {
	testing.TB
	api      *apiserver
	provider *provider
	broker   *pods.Broker
	events   *heard
	stop     func()
}

type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) tell(p *v1.Pod, e kubelet.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, p.Name+" "+e.Type+" "+e.Reason+" "+e.Message)
}

func (h *heard) has(text string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.list, text)
}

// newRig prepares a broker before a provider of one of the three kinds; run starts it.
func newRig(tb testing.TB, as func(*provider) kubelet.Provider, more ...func(*pods.Options)) *rig {
	tb.Helper()
	r := &rig{TB: tb, api: newAPIServer(tb), provider: newProvider(), events: &heard{}}
	o := pods.Options{
		Client: r.api.client, Provider: as(r.provider), Nodes: []string{node}, Tell: r.events.tell,
		Poll: 10 * time.Millisecond, Workers: 4,
	}
	for _, m := range more {
		m(&o)
	}
	r.broker = pods.New(o)
	return r
}

func asPlain(p *provider) kubelet.Provider    { return p }
func asNotifier(p *provider) kubelet.Provider { return notifier{p} }
func asAdopter(p *provider) kubelet.Provider  { return adopter{notifier{p}} }

var kinds = map[string]func(*provider) kubelet.Provider{"polled": asPlain, "telling": asNotifier, "adopting": asAdopter}

func (r *rig) run() *rig {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.broker.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			r.Errorf("run: %v", err)
		}
	})
	r.Cleanup(r.stop)
	eventually(r, "the broker knows all pods", r.broker.Synced)
	return r
}

func (r *rig) phase(name types.NamespacedName, phase v1.PodPhase) *v1.Pod {
	r.Helper()
	eventually(r, name.String()+" is "+string(phase), func() bool {
		p := r.api.get(name)
		return p != nil && p.Status.Phase == phase
	})
	return r.api.get(name)
}

func (r *rig) gone(name types.NamespacedName) {
	r.Helper()
	eventually(r, name.String()+" is gone everywhere", func() bool {
		return r.api.get(name) == nil && r.provider.has(name) == "" && r.broker.Pod(name.Namespace, name.Name) == nil
	})
}

// calls holds the provider's calls, statuses apart, against what they should have been.
func (r *rig) calls(want ...string) {
	r.Helper()
	if got := r.provider.called(); !slices.Equal(got, want) {
		r.Errorf("calls\n got %s\nwant %s", strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// bubbled is a test on a time of its own, which passes when all wait.
type bubbled struct{ *testing.T }

func bubble(t *testing.T, name string, test func(bubbled)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(bubbled{t}) })
	})
}

// each runs a test with each kind of provider.
func each(t *testing.T, name string, test func(bubbled, func(*provider) kubelet.Provider)) {
	t.Helper()
	for kind, as := range kinds {
		bubble(t, name+", "+kind, func(t bubbled) { test(t, as) })
	}
}

func TestPodStartsWithOnePatch(t *testing.T) {
	each(t, "with a provider", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as).run()
		p := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.stop()
		r.calls("create default/web " + string(p.UID))
		if writes := r.api.written(); len(writes) != 1 {
			t.Errorf("%d writes: %v", len(writes), writes)
		}
	})
}

func TestStatusFollowsTheProvider(t *testing.T) {
	each(t, "with a provider", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.provider.set(web, endedStatus(1))
		p := r.phase(web, v1.PodFailed)
		if got := p.Status.ContainerStatuses[0].State.Terminated; got == nil || got.ExitCode != 1 {
			t.Errorf("container %+v", p.Status.ContainerStatuses[0])
		}
		if shown := r.broker.Pod("default", "web"); shown.Status.Phase != v1.PodFailed || shown.Spec.NodeName != node {
			t.Errorf("shown %v", shown)
		}
	})
}

func TestRefusedPod(t *testing.T) {
	full := func(call string, _ *v1.Pod) error {
		if call == "create" {
			return errors.New("out of capacity")
		}
		return nil
	}
	bubble(t, "stays Pending until it is taken", func(t bubbled) {
		r := newRig(t, asNotifier)
		r.provider.failWith(full)
		r.run()
		r.api.create(newPod("web"))
		eventually(t, "the reason shows", func() bool { return r.api.get(web).Status.Reason == "ProviderFailed" })
		p := r.api.get(web)
		if p.Status.Phase != v1.PodPending || p.Status.Message != "out of capacity" {
			t.Errorf("status %+v", p.Status)
		}
		if !r.events.has("web Warning ProviderCreateFailed out of capacity") {
			t.Errorf("events %v", r.events.list)
		}
		r.provider.failWith(nil)
		r.api.change(web, func(p *v1.Pod) { p.Labels = map[string]string{"try": "again"} }) // no need to wait then
		p = r.phase(web, v1.PodRunning)
		if p.Status.Reason != "" || p.Status.Message != "" {
			t.Errorf("not cleared: %+v", p.Status)
		}
	})
	bubble(t, "is tried again by itself", func(t bubbled) {
		r := newRig(t, asNotifier)
		var tries atomic.Int32
		r.provider.failWith(func(call string, p *v1.Pod) error {
			if tries.Add(1) > 2 {
				return nil
			}
			return full(call, p)
		})
		r.run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
	})
	bubble(t, "fails for good where it is not to be restarted", func(t bubbled) {
		r := newRig(t, asNotifier)
		r.provider.failWith(full)
		r.run()
		p := newPod("web")
		p.Spec.RestartPolicy = v1.RestartPolicyNever
		p = r.api.create(p)
		got := r.phase(web, v1.PodFailed)
		if got.Status.Reason != "ProviderFailed" {
			t.Errorf("status %+v", got.Status)
		}
		r.provider.failWith(nil)
		r.api.change(web, func(p *v1.Pod) { p.Labels = map[string]string{"try": "again"} })
		r.api.create(newPod("next"))
		r.phase(types.NamespacedName{Namespace: "default", Name: "next"}, v1.PodRunning)
		if r.provider.has(web) != "" {
			t.Error("created after it failed for good")
		}
		_ = p
	})
	bubble(t, "goes at once when it is deleted", func(t bubbled) {
		r := newRig(t, asNotifier)
		r.provider.failWith(full)
		r.run()
		r.api.create(newPod("web"))
		eventually(t, "the reason shows", func() bool { return r.api.get(web).Status.Reason == "ProviderFailed" })
		r.api.delete(web, 30)
		r.gone(web)
	})
	bubble(t, "or its environment cannot be resolved", func(t bubbled) {
		r := newRig(t, asNotifier, func(o *pods.Options) {
			o.Resolve = func(context.Context, *v1.Pod) (*v1.Pod, error) { return nil, errors.New("secret a is not there") }
		}).run()
		r.api.create(newPod("web"))
		eventually(t, "the reason shows", func() bool {
			return strings.Contains(r.api.get(web).Status.Message, "secret a is not there")
		})
		r.calls()
	})
}

func TestDelete(t *testing.T) {
	each(t, "a pod that ends at once is gone at once", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as).run()
		p := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.api.delete(web, 30)
		r.gone(web)
		r.calls("create default/web "+string(p.UID), "delete(30) default/web "+string(p.UID))
	})
	each(t, "its last status is written first", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		r.provider.hold = true
		r.run()
		p := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.api.delete(web, 30)
		eventually(t, "the provider is told", func() bool { return len(r.provider.called()) == 2 })
		if r.api.get(web) == nil {
			t.Fatal("deleted before it ended")
		}
		r.provider.set(web, endedStatus(0))
		r.gone(web)
		writes := r.api.written()
		if len(writes) != 3 || !strings.Contains(writes[1].body, `"Succeeded"`) || writes[2].verb != "delete" {
			t.Errorf("writes %v", writes)
		}
		r.calls("create default/web "+string(p.UID), "delete(30) default/web "+string(p.UID), "delete(0) default/web "+string(p.UID))
	})
	bubble(t, "a shorter grace is told too", func(t bubbled) {
		r := newRig(t, asNotifier)
		r.provider.hold = true
		r.run()
		p := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		for _, grace := range []int64{30, 5} {
			r.api.delete(web, grace)
			eventually(t, "the provider is told", func() bool {
				return slices.Contains(r.provider.called(), "delete("+map[int64]string{30: "30", 5: "5"}[grace]+") default/web "+string(p.UID))
			})
		}
	})
	bubble(t, "by force: the provider forgets it", func(t bubbled) {
		r := newRig(t, asNotifier)
		r.provider.hold = true
		r.run()
		p := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.api.delete(web, 0)
		r.gone(web)
		r.calls("create default/web "+string(p.UID), "delete(0) default/web "+string(p.UID))
	})
	bubble(t, "a finalizer keeps the name, and nothing is done twice", func(t bubbled) {
		r := newRig(t, asNotifier).run()
		p := newPod("web")
		p.Finalizers = []string{"example.com/keep"}
		r.api.create(p)
		r.phase(web, v1.PodRunning)
		r.api.delete(web, 30)
		eventually(t, "it is deleted with grace 0", func() bool { return grace(r.api.get(web)) == 0 })
		r.api.change(web, func(p *v1.Pod) { p.Finalizers = nil })
		r.api.delete(web, 0)
		r.gone(web)
		if writes := r.api.written(); len(writes) != 2 {
			t.Errorf("writes %v", writes)
		}
	})
	bubble(t, "the provider refuses at first", func(t bubbled) {
		r := newRig(t, asNotifier).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		var tries atomic.Int32
		r.provider.failWith(func(call string, _ *v1.Pod) error {
			if call == "delete" && tries.Add(1) == 1 {
				return errors.New("busy")
			}
			return nil
		})
		r.api.delete(web, 30)
		r.gone(web)
	})
}

func TestUpdate(t *testing.T) {
	bubble(t, "what matters is told", func(t bubbled) {
		r := newRig(t, asNotifier).run()
		p := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		for name, change := range map[string]func(*v1.Pod){
			"label":      func(p *v1.Pod) { p.Labels = map[string]string{"a": "b"} },
			"annotation": func(p *v1.Pod) { p.Annotations = map[string]string{"a": "b"} },
			"image":      func(p *v1.Pod) { p.Spec.Containers[0].Image = "nginx:1.28" },
			"deadline":   func(p *v1.Pod) { p.Spec.ActiveDeadlineSeconds = new(int64(5)) },
			"toleration": func(p *v1.Pod) { p.Spec.Tolerations = []v1.Toleration{{Key: "a"}} },
			"gate": func(p *v1.Pod) {
				p.Status.Conditions = append(p.Status.Conditions, v1.PodCondition{Type: "gate", Status: v1.ConditionTrue})
			},
		} {
			before := len(r.provider.called())
			r.api.change(web, change)
			eventually(t, name+" is told", func() bool { return len(r.provider.called()) > before })
		}
		if got := r.provider.told(web).Status.Conditions; len(got) != 1 || got[0].Type != "gate" {
			t.Errorf("conditions told: %v", got)
		}
		if got := r.api.get(web).Status.Conditions; len(got) != 6 {
			t.Errorf("conditions %v", got)
		}
		_ = p
	})
	bubble(t, "what does not is not", func(t bubbled) {
		r := newRig(t, asNotifier).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.api.change(web, func(p *v1.Pod) { p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "x"}} })
		r.api.change(web, func(p *v1.Pod) { p.Status.NominatedNodeName = "other" })
		r.api.change(web, func(p *v1.Pod) { p.Finalizers = []string{"example.com/keep"} })
		r.api.change(web, func(p *v1.Pod) { p.Labels = map[string]string{"the": "last"} })
		eventually(t, "the last change is told", func() bool { return r.provider.told(web).Labels["the"] == "last" })
		if calls := r.provider.called(); len(calls) != 2 {
			t.Errorf("calls %v", calls)
		}
		if writes := r.api.written(); len(writes) != 1 {
			t.Errorf("writes %v", writes)
		}
	})
}

func TestNewPodUnderTheSameName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		r.provider.hold = true
		r.run()
		old := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.api.mu.Lock() // both at once: the broker may see only the outcome
		r.api.remove(r.api.pods[web], 0)
		next := newPod("web")
		next.UID = "uid-next"
		r.api.commit("ADDED", next)
		r.api.mu.Unlock()
		r.phase(web, v1.PodRunning)
		if uid := r.provider.has(web); uid != "uid-next" {
			t.Errorf("the provider has %s", uid)
		}
		r.calls("create default/web "+string(old.UID), "delete(0) default/web "+string(old.UID), "create default/web uid-next")
	})
}

func TestNewPodUnderTheNameOfALostOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		r := newRig(t, asNotifier, func(o *pods.Options) { o.Silent = func(string) bool { return silent.Load() } })
		r.api.create(ran(newPod("web"), runningStatus()))
		r.run()
		r.phase(web, v1.PodFailed)
		silent.Store(true) // so that the broker sees both at once
		r.api.delete(web, 0)
		p := r.api.create(newPod("web"))
		synctest.Wait()
		silent.Store(false)
		r.broker.Reassert(node)
		r.phase(web, v1.PodRunning)
		r.calls("create default/web " + string(p.UID))
	})
}

func TestStart(t *testing.T) {
	bubble(t, "a pod that ran is adopted with its status", func(t bubbled) {
		r := newRig(t, asAdopter)
		p := r.api.create(ran(newPod("web"), runningStatus()))
		r.run()
		eventually(t, "it is adopted", func() bool { return r.provider.has(web) == p.UID })
		if got := r.provider.told(web).Status.Phase; got != v1.PodRunning {
			t.Errorf("adopted with phase %q", got)
		}
		r.stop()
		r.calls("adopt default/web " + string(p.UID))
		if writes := r.api.written(); len(writes) != 0 {
			t.Errorf("writes %v", writes)
		}
	})
	bubble(t, "so is one whose Secret is gone by now", func(t bubbled) {
		r := newRig(t, asAdopter, func(o *pods.Options) {
			o.Resolve = func(context.Context, *v1.Pod) (*v1.Pod, error) { return nil, errors.New("secret a is not there") }
		})
		p := r.api.create(ran(newPod("web"), runningStatus()))
		r.run()
		eventually(t, "it is adopted", func() bool { return r.provider.has(web) == p.UID })
		if got := r.provider.told(web).Status.Phase; got != v1.PodRunning {
			t.Errorf("adopted with phase %q", got)
		}
		r.stop()
		r.calls("adopt default/web " + string(p.UID))
		if writes := r.api.written(); len(writes) != 0 {
			t.Errorf("writes %v", writes)
		}
	})
	each(t, "a pod that ran and is known is left running", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		p := r.api.create(ran(newPod("web"), runningStatus()))
		r.provider.put(p, endedStatus(3))
		r.run()
		if _, ok := as(r.provider).(kubelet.Adopter); !ok {
			r.phase(web, v1.PodFailed)
			r.calls()
		}
	})
	bubble(t, "a pod that ran and is unknown has failed", func(t bubbled) {
		r := newRig(t, asNotifier)
		r.api.create(ran(newPod("web"), runningStatus()))
		r.run()
		checkLost(t, r.phase(web, v1.PodFailed))
		r.calls()
	})
	each(t, "a pod that never ran is created", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		p := r.api.create(newPod("web"))
		r.run()
		r.phase(web, v1.PodRunning)
		r.calls("create default/web " + string(p.UID))
	})
	each(t, "a pod that has ended is left alone", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		r.api.create(ran(newPod("web"), endedStatus(0)))
		r.api.create(newPod("next"))
		r.run()
		r.phase(types.NamespacedName{Namespace: "default", Name: "next"}, v1.PodRunning)
		if r.provider.has(web) != "" || len(r.api.written()) != 0 {
			t.Error("something was done about it")
		}
		if p := r.broker.Pod("default", "web"); p.Status.Phase != v1.PodSucceeded {
			t.Errorf("shown as %+v", p.Status)
		}
		r.api.delete(web, 30)
		r.gone(web)
	})
	each(t, "a pod deleted meanwhile is finished", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		r.api.create(ran(newPod("web"), runningStatus()))
		r.api.delete(web, 30)
		r.run()
		r.gone(web)
	})
	each(t, "a pod deleted meanwhile that still runs is ended", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		p := r.api.create(ran(newPod("web"), runningStatus()))
		r.provider.put(p, runningStatus())
		r.provider.hold = true
		r.api.delete(web, 30)
		r.run()
		eventually(t, "it is told", func() bool { return slices.Contains(r.provider.called(), "delete(30) default/web "+string(p.UID)) })
		r.provider.set(web, endedStatus(0))
		r.gone(web)
	})
	each(t, "pods that Kubernetes does not have go", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		orphan := newPod("orphan")
		orphan.UID = "orphan"
		r.provider.put(orphan, runningStatus())
		older := newPod("web")
		older.UID = "older"
		r.provider.put(older, runningStatus())
		p := r.api.create(newPod("web"))
		r.run()
		r.phase(web, v1.PodRunning)
		r.gone(types.NamespacedName{Namespace: "default", Name: "orphan"})
		if uid := r.provider.has(web); uid != p.UID {
			t.Errorf("the provider has %s", uid)
		}
	})
	bubble(t, "pods that Kubernetes does not have go once the provider can list them", func(t bubbled) {
		r := newRig(t, asNotifier)
		orphan := newPod("orphan")
		orphan.UID = "orphan"
		r.provider.put(orphan, runningStatus())
		var tries atomic.Int32
		r.provider.failWith(func(call string, _ *v1.Pod) error {
			if call == "list" && tries.Add(1) == 1 {
				return errors.New("not yet")
			}
			return nil
		})
		r.run()
		r.gone(types.NamespacedName{Namespace: "default", Name: "orphan"})
	})
	bubble(t, "a static pod's reflection is not run", func(t bubbled) {
		r := newRig(t, asNotifier)
		p := newPod("web")
		p.Annotations = map[string]string{v1.MirrorPodAnnotationKey: "x"}
		r.api.create(p)
		r.run()
		r.api.create(newPod("next"))
		r.phase(types.NamespacedName{Namespace: "default", Name: "next"}, v1.PodRunning)
		if r.provider.has(web) != "" {
			t.Error("created")
		}
		r.api.delete(web, 30)
		r.gone(web)
	})
}

func checkLost(tb testing.TB, p *v1.Pod) {
	tb.Helper()
	c := p.Status.ContainerStatuses[0].State.Terminated
	if p.Status.Reason != "NotFound" || p.Status.Message == "" || c == nil || c.ExitCode != -137 || c.Reason != "NotFound" {
		tb.Errorf("status %+v", p.Status)
	}
}

func TestPodThatTheProviderForgot(t *testing.T) {
	each(t, "after it ran", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.provider.set(web, nil)
		checkLost(t, r.phase(web, v1.PodFailed))
	})
	each(t, "before it ran", func(t bubbled, as func(*provider) kubelet.Provider) {
		r := newRig(t, as)
		var forgotten atomic.Bool
		r.provider.failWith(func(call string, _ *v1.Pod) error {
			if call == "status" && !forgotten.Swap(true) {
				return kubelet.ErrNotFound
			}
			return nil
		})
		r.run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		if calls := r.provider.called(); len(calls) != 2 {
			t.Errorf("calls %v", calls)
		}
	})
}

func TestDriftIsPatchedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.api.change(web, unready)
		eventually(t, "it is ready again", func() bool { return ready(r.api.get(web)) })
	})
}

func TestDriftDuringAWriteIsPatchedBack(t *testing.T) {
	for name, f := range map[string]*fault{"the echo comes last": nil, "the echo comes first": {slow: time.Second}} {
		bubble(t, name, func(t bubbled) {
			r := newRig(t, asNotifier)
			var writes atomic.Int32
			r.api.fault = func(q *http.Request) *fault {
				if writesStatus(q) && writes.Add(1) == 2 {
					r.api.change(web, unready)
					return f
				}
				return nil
			}
			r.run()
			r.api.create(newPod("web"))
			r.phase(web, v1.PodRunning)
			status := runningStatus()
			status.ContainerStatuses[0].RestartCount++
			r.provider.set(web, status)
			eventually(t, "the write that somebody else's overtakes", func() bool { return writes.Load() > 1 })
			eventually(t, "it is ready again", func() bool { return ready(r.api.get(web)) })
		})
	}
}

// unready is what the node controller does to the pods of a node that fell silent.
func unready(p *v1.Pod) {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == v1.PodReady {
			c.Status, c.LastTransitionTime = v1.ConditionFalse, metav1.NewTime(started.Add(time.Minute))
		}
	}
}

func ready(p *v1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == v1.PodReady {
			return c.Status == v1.ConditionTrue
		}
	}
	return false
}

func TestTerminalPhaseOfOthersEndsThePod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		r.provider.hold = true
		r.run()
		p := r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		r.api.change(web, func(p *v1.Pod) { p.Status.Phase = v1.PodFailed })
		eventually(t, "it is ended", func() bool { return slices.Contains(r.provider.called(), "delete(-1) default/web "+string(p.UID)) })
		if p := r.api.get(web); p.Status.Phase != v1.PodFailed {
			t.Errorf("phase %s", p.Status.Phase)
		}
	})
}

func TestSilentNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		r := newRig(t, asNotifier, func(o *pods.Options) { o.Silent = func(string) bool { return silent.Load() } }).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		silent.Store(true)
		r.api.change(web, unready)
		r.provider.set(web, runningStatus())
		r.api.create(newPod("next"))
		eventually(t, "the broker has heard of it", func() bool { return len(r.broker.Pods(node)) == 2 })
		if ready(r.api.get(web)) || len(r.api.written()) != 1 {
			t.Error("something was written while the node was silent")
		}
		silent.Store(false)
		r.broker.Reassert(node)
		eventually(t, "it is ready again", func() bool { return ready(r.api.get(web)) })
		r.phase(types.NamespacedName{Namespace: "default", Name: "next"}, v1.PodRunning)
	})
}

func TestWritesThatFailAreRepeated(t *testing.T) {
	for name, f := range map[string]fault{
		"conflict":         {code: http.StatusConflict},
		"throttled":        {code: http.StatusTooManyRequests, retryAfter: "0"},
		"internal error":   {code: http.StatusInternalServerError},
		"gateway time-out": {code: http.StatusGatewayTimeout},
		"connection lost":  {cut: true},
		"answer lost":      {cut: true, late: true},
		"refused":          {code: http.StatusUnprocessableEntity},
	} {
		bubble(t, name, func(t bubbled) {
			r := newRig(t, asNotifier)
			var failures atomic.Int32
			r.api.fault = func(q *http.Request) *fault {
				if (writesStatus(q) || q.Method == http.MethodDelete) && failures.Add(1)%3 != 0 {
					return &f
				}
				return nil
			}
			r.run()
			r.api.create(newPod("web"))
			r.phase(web, v1.PodRunning)
			r.api.delete(web, 30)
			r.gone(web)
		})
	}
}

func TestProviderThatCannotSayHowAPodIs(t *testing.T) {
	each(t, "is asked again, and logged once", func(t bubbled, as func(*provider) kubelet.Provider) {
		var log lines
		r := newRig(t, as, func(o *pods.Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) }).run()
		for _, name := range []string{"web", "next"} {
			r.api.create(newPod(name))
			r.phase(types.NamespacedName{Namespace: "default", Name: name}, v1.PodRunning)
		}
		r.provider.failWith(func(call string, _ *v1.Pod) error {
			if call == "status" {
				return errors.New("<html>502 Bad Gateway</html>")
			}
			return nil
		})
		r.provider.set(web, endedStatus(1))
		time.Sleep(time.Minute)
		if n := log.count("502 Bad Gateway"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		r.provider.failWith(nil)
		r.phase(web, v1.PodFailed)
	})
}

// lines is a log that tests look into.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		r := newRig(t, asNotifier, func(o *pods.Options) { o.Registerer = registry }).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		synctest.Wait()
		problems, err := testlint(registry)
		if err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
		want := map[string]float64{
			"moonlet_kubelet_pods": 1, "moonlet_kubelet_pod_watches_total listed": 1, "moonlet_kubelet_pod_patches_total ok": 1, "moonlet_kubelet_pod_queue_length": 0,
			"moonlet_kubelet_pod_pauses": 0, "moonlet_kubelet_provider_calls_total create ok": 1, "moonlet_kubelet_provider_calls_total list ok": 1,
		}
		if d := cmp.Diff(want, gathered(t, registry)); d != "" {
			t.Error(d)
		}
	})
}

func testlint(registry *prometheus.Registry) ([]promlint.Problem, error) {
	families, err := registry.Gather()
	if err != nil {
		return nil, err
	}
	return promlint.NewWithMetricFamilies(families).Lint()
}

func gathered(tb testing.TB, registry *prometheus.Registry) map[string]float64 {
	tb.Helper()
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return values
}

func TestEndBeforeTheServerWasReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		r.api.fault = func(*http.Request) *fault { return &fault{cut: true} }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.broker.Run(ctx) }()
		time.Sleep(time.Hour)
		cancel()
		begin := time.Now()
		if err := <-done; err != nil || time.Since(begin) > 0 || r.broker.Synced() {
			t.Errorf("%v after %s, synced %v", err, time.Since(begin), r.broker.Synced())
		}
	})
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		var first atomic.Int64
		var pause atomic.Int64
		r.api.fault = func(q *http.Request) *fault {
			if !writesStatus(q) {
				return nil
			}
			if first.CompareAndSwap(0, time.Now().UnixNano()) {
				return &fault{code: http.StatusTooManyRequests, retryAfter: "1"}
			}
			pause.CompareAndSwap(0, time.Now().UnixNano()-first.Load())
			return nil
		}
		r.run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		if d := time.Duration(pause.Load()); d < time.Second {
			t.Errorf("repeated after %s", d)
		}
	})
}

func TestWatches(t *testing.T) {
	bubble(t, "one for each of few nodes", func(t bubbled) {
		r := newRig(t, asNotifier, func(o *pods.Options) { o.Nodes = []string{"a", "b", node} }).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		want := []string{"spec.nodeName=a", "spec.nodeName=b", "spec.nodeName=" + node}
		if got := r.api.watching(); !slices.Equal(got, want) {
			t.Errorf("watches %v", got)
		}
	})
	bubble(t, "one for many nodes", func(t bubbled) {
		many := make([]string, 33)
		for i := range many {
			many[i] = "n" + string(rune('A'+i))
		}
		many[32] = node
		r := newRig(t, asNotifier, func(o *pods.Options) { o.Nodes = many }).run()
		elsewhere := newPod("elsewhere")
		elsewhere.Spec.NodeName = "not-ours"
		r.api.create(elsewhere)
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		if got := r.api.watching(); !slices.Equal(got, []string{"spec.nodeName!="}) {
			t.Errorf("watches %v", got)
		}
		if len(r.provider.called()) != 1 {
			t.Errorf("calls %v", r.provider.called())
		}
	})
	bubble(t, "one for few nodes where pods come and go in crowds", func(t bubbled) {
		r := newRig(t, asNotifier, func(o *pods.Options) { o.Nodes = []string{"a", node} }).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		for range 10 {
			r.api.breakWatches(false)
			time.Sleep(time.Second)
		}
		if got := r.api.open(); !slices.Equal(got, []string{"spec.nodeName!="}) {
			t.Errorf("watches %v", got)
		}
		r.api.delete(web, 30)
		r.gone(web)
	})
	bubble(t, "of one namespace", func(t bubbled) {
		r := newRig(t, asNotifier, func(o *pods.Options) { o.Namespace = "default" }).run()
		elsewhere := newPod("elsewhere")
		elsewhere.Namespace = "other"
		r.api.create(elsewhere)
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		if len(r.provider.called()) != 1 {
			t.Errorf("calls %v", r.provider.called())
		}
	})
	bubble(t, "that break are resumed, or begun anew", func(t bubbled) {
		r := newRig(t, asNotifier).run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		for _, forget := range []bool{false, true} {
			r.api.mu.Lock()
			r.api.remove(r.api.pods[web], 0)
			r.api.mu.Unlock()
			r.api.breakWatches(forget)
			r.gone(web)
			r.api.create(newPod("web"))
			r.phase(web, v1.PodRunning)
		}
	})
}

// open lists the selectors of the watches that are open.
func (a *apiserver) open() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Sorted(maps.Keys(a.opened))
}

// watching lists the selectors of all watches that ever were.
func (a *apiserver) watching() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := slices.Clone(a.watches)
	slices.Sort(list)
	return slices.Compact(list)
}
