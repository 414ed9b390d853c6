package pods_test

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
)

// verbs lists the writes that reached the server about a pod.
func (a *apiserver) verbs(pod string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []string
	for _, w := range a.writes {
		if w.pod == pod {
			list = append(list, w.verb)
		}
	}
	return list
}

func TestStatusOfAFreshPodIsReplacedAndPatchedFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier).run()
		p := newPod("web")
		p.Labels, p.Annotations, p.Finalizers = map[string]string{"a": "b"}, map[string]string{"c": "d"}, []string{"example.com/e"}
		gate := v1.PodCondition{Type: "gate", Status: v1.ConditionTrue}
		p.Status.Conditions, p.Status.NominatedNodeName = []v1.PodCondition{gate}, "n"
		r.api.create(p)
		r.phase(web, v1.PodRunning)
		if s := r.api.get(web).Status; s.NominatedNodeName != "n" || !slices.Contains(s.Conditions, gate) {
			t.Errorf("what others wrote is lost: %v", s)
		}
		status := runningStatus()
		status.ContainerStatuses[0].RestartCount++
		r.provider.set(web, status)
		eventually(t, "the restart is written", func() bool { return r.api.get(web).Status.ContainerStatuses[0].RestartCount == 1 })
		if d := cmp.Diff([]string{"put", "patch"}, r.api.verbs(web.String())); d != "" {
			t.Errorf("writes (-want +got)\n%s", d)
		}
	})
}

// Whoever changes a pod between the event and our write is not overwritten.
func TestAPodChangedMeanwhileIsPatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		r.api.fault = func(q *http.Request) *fault {
			if q.Method == http.MethodPut {
				r.api.change(web, func(p *v1.Pod) { p.Labels = map[string]string{"changed": "meanwhile"} })
			}
			return nil
		}
		r.run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		if got := r.api.get(web).Labels["changed"]; got != "meanwhile" {
			t.Error("the label is lost")
		}
		if d := cmp.Diff([]string{"put", "patch"}, r.api.verbs(web.String())); d != "" {
			t.Errorf("writes (-want +got)\n%s", d)
		}
	})
}

// What an API server newer than we are has of a pod must not be lost by our writing it.
func TestAPodWithFieldsOfANewerAPIServerIsPatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		r.api.newer = true
		r.run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		if d := cmp.Diff([]string{"patch"}, r.api.verbs(web.String())); d != "" {
			t.Errorf("writes (-want +got)\n%s", d)
		}
	})
}

// A role as kubelets have it allows patches only.
func TestWhoMayNotReplacePatchesFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		var refused atomic.Int32
		r.api.fault = func(q *http.Request) *fault {
			if q.Method == http.MethodPut {
				refused.Add(1)
				return &fault{code: http.StatusForbidden}
			}
			return nil
		}
		r.run()
		for _, name := range []string{"web", "other"} {
			r.phase(nameOf(r.api.create(newPod(name))), v1.PodRunning)
		}
		if n := refused.Load(); n != 1 {
			t.Errorf("asked %d times for what is forbidden", n)
		}
	})
}

func TestAWriteThatIsNeverAnsweredIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, asNotifier)
		var first sync.Once
		var waited time.Duration
		r.api.fault = func(q *http.Request) (f *fault) {
			if writesStatus(q) {
				first.Do(func() {
					begin := time.Now()
					<-q.Context().Done()
					waited, f = time.Since(begin), &fault{cut: true}
				})
			}
			return f
		}
		r.run()
		r.api.create(newPod("web"))
		r.phase(web, v1.PodRunning)
		if waited != 30*time.Second {
			t.Errorf("the first write had %s", waited)
		}
	})
}
