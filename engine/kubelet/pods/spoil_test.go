package pods_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

var other = types.NamespacedName{Namespace: "default", Name: "other"}

// spoiler is a provider that has writes about the pod default/web go wrong.
type spoiler struct {
	notifier
	how *spoiling
}

type spoiling struct {
	mu      sync.Mutex
	fault   kubelet.WriteFault // guarded by mu; the zero value: no fault is in force
	changed func()
}

func (s spoiler) SpoilsWrites() bool {
	s.how.mu.Lock()
	defer s.how.mu.Unlock()
	return s.how.fault != kubelet.WriteFault{}
}

func (s spoiler) SpoilWrite(ref kubelet.PodRef) kubelet.WriteFault {
	s.how.mu.Lock()
	defer s.how.mu.Unlock()
	if ref.Name != web.Name {
		return kubelet.WriteFault{}
	}
	return s.how.fault
}

func (s spoiler) WatchSpoils(changed func()) { s.how.changed = changed }

func (s *spoiling) set(f kubelet.WriteFault) {
	s.mu.Lock()
	s.fault = f
	s.mu.Unlock()
	s.changed()
}

// spoilRig has the pods web and other run.
func spoilRig(t bubbled) (*rig, *spoiling) {
	how := &spoiling{}
	r := newRig(t, func(p *provider) kubelet.Provider { return spoiler{notifier{p}, how} }).run()
	for _, name := range []string{web.Name, other.Name} {
		r.api.create(newPod(name))
	}
	r.phase(web, v1.PodRunning)
	r.phase(other, v1.PodRunning)
	synctest.Wait()
	return r, how
}

func TestLateWrites(t *testing.T) {
	bubble(t, "take their time, those of others none", func(t bubbled) {
		r, how := spoilRig(t)
		how.set(kubelet.WriteFault{Late: 20 * time.Second})
		began := time.Now()
		r.provider.set(web, endedStatus(1))
		r.provider.set(other, endedStatus(1))
		r.phase(other, v1.PodFailed)
		if took := time.Since(began); took > time.Second {
			t.Errorf("the other took %s", took)
		}
		r.phase(web, v1.PodFailed)
		if took := time.Since(began); took < 20*time.Second || took > 22*time.Second {
			t.Errorf("it took %s, want 20 s", took)
		}
	})
	bubble(t, "are sent when the fault ends", func(t bubbled) {
		r, how := spoilRig(t)
		how.set(kubelet.WriteFault{Late: time.Hour})
		r.provider.set(web, endedStatus(1))
		time.Sleep(time.Minute)
		how.set(kubelet.WriteFault{})
		began := time.Now()
		r.phase(web, v1.PodFailed)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s more", took)
		}
	})
}

func TestLostWrites(t *testing.T) {
	bubble(t, "are made up for when the fault ends", func(t bubbled) {
		r, how := spoilRig(t)
		before := len(r.api.written())
		how.set(kubelet.WriteFault{Lost: true})
		r.provider.set(web, endedStatus(1))
		r.provider.set(other, endedStatus(1))
		r.phase(other, v1.PodFailed)
		time.Sleep(time.Hour)
		if n := len(r.api.written()); n != before || r.api.get(web).Status.Phase != v1.PodRunning {
			t.Errorf("%d writes, phase %s", n-before, r.api.get(web).Status.Phase)
		}
		how.set(kubelet.WriteFault{})
		r.phase(web, v1.PodFailed)
	})
	bubble(t, "do not keep a deleted pod", func(t bubbled) {
		r, how := spoilRig(t)
		how.set(kubelet.WriteFault{Lost: true})
		r.api.delete(web, 30)
		r.gone(web)
	})
}

func TestDuplicatedWrites(t *testing.T) {
	bubble(t, "arrive twice", func(t bubbled) {
		r, how := spoilRig(t)
		before := len(r.api.written())
		how.set(kubelet.WriteFault{Twice: true})
		r.provider.set(web, endedStatus(1))
		r.phase(web, v1.PodFailed)
		time.Sleep(time.Minute)
		writes := r.api.written()[before:]
		if len(writes) != 2 || writes[0].body != writes[1].body {
			t.Errorf("%d writes: %v", len(writes), writes)
		}
	})
}

func TestReorderedWrites(t *testing.T) {
	bubble(t, "let an older status follow, and mend it", func(t bubbled) {
		r, how := spoilRig(t)
		how.set(kubelet.WriteFault{Reordered: true})
		message := func(text string) {
			s := runningStatus()
			s.Message = text
			r.provider.set(web, s)
			eventually(t, text, func() bool { return r.api.get(web).Status.Message == text })
			time.Sleep(time.Minute)
		}
		message("first")
		before := len(r.api.written())
		message("second")
		var order []string
		for _, w := range r.api.written()[before:] {
			for _, text := range []string{"first", "second"} {
				if strings.Contains(w.body, text) {
					order = append(order, text)
				}
			}
		}
		if got := strings.Join(order, " "); !strings.HasPrefix(got, "second first second") || len(order) > 4 {
			t.Errorf("statuses arrived as %q", got)
		}
		if got := r.api.get(web).Status.Message; got != "second" {
			t.Errorf("it stays %q", got)
		}
	})
}
