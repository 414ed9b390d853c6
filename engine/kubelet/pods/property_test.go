package pods_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/pods"
)

// TestAnyStoryEndsInAgreement lets chance tell stories: pods come, change and go, watches break, nodes fall silent, calls
// and writes fail, the provider changes its mind. When it is over, Kubernetes and the provider agree; no status was
// written after a newer one, and no pod was looked after twice at a time.
func TestAnyStoryEndsInAgreement(t *testing.T) {
	stories := 150
	if testing.Short() {
		stories = 20
	}
	for kind, as := range kinds {
		for seed := range stories {
			bubble(t, fmt.Sprintf("%s, seed %d", kind, seed), func(t bubbled) {
				tellStory(t, as, rand.New(rand.NewPCG(1, uint64(seed))))
			})
		}
	}
}

var nodes = []string{"moon-1", "moon-2"}

// story is one run of the test.
type story struct {
	*rig
	chance *rand.Rand // of the teller only
	faults *chances   // of the goroutines that fail
	silent [2]atomic.Bool
	count  int32
}

// chances is a source of luck that many may draw from, while there is trouble.
type chances struct {
	mu      sync.Mutex
	rand    *rand.Rand // guarded by mu
	trouble bool       // guarded by mu
}

func (c *chances) hit(share float64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trouble && c.rand.Float64() < share
}

func (c *chances) set(trouble bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trouble = trouble
}

func tellStory(tb testing.TB, as func(*provider) kubelet.Provider, chance *rand.Rand) {
	tb.Helper()
	s := &story{chance: chance, faults: &chances{rand: rand.New(rand.NewPCG(2, chance.Uint64())), trouble: true}}
	s.rig = newRig(tb, as, func(o *pods.Options) {
		o.Nodes, o.Poll = nodes, 5*time.Second
		o.Silent = func(node string) bool { return s.silent[index(node)].Load() }
	})
	s.api.fault = s.apiFault
	s.provider.failWith(func(call string, _ *v1.Pod) error {
		if s.faults.hit(0.2) {
			return errors.New("the provider is in trouble with " + call)
		}
		return nil
	})
	s.provider.hold = chance.IntN(2) == 0
	for range chance.IntN(4) {
		s.act()
	}
	s.run()
	for range 40 {
		s.act()
		if chance.IntN(3) == 0 {
			time.Sleep(time.Duration(chance.IntN(3000)) * time.Millisecond)
		}
	}
	s.calm()
	time.Sleep(10 * time.Minute) // whatever is still to come, the longest pause being half of that
	synctest.Wait()
	if d := s.disagreement(); d != "" {
		tb.Errorf("in the end: %s", d)
	}
	s.checkOrder()
	if s.provider.clash != "" {
		tb.Errorf("two calls at a time about %s", s.provider.clash)
	}
}

func index(node string) int {
	if node == nodes[0] {
		return 0
	}
	return 1
}

func (s *story) apiFault(r *http.Request) *fault {
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("watch") != "" && s.faults.hit(0.1):
		return &fault{code: http.StatusInternalServerError}
	case r.Method == http.MethodGet || !s.faults.hit(0.3):
		return nil
	}
	late := s.faults.hit(0.3)
	switch {
	case s.faults.hit(0.2):
		return &fault{code: http.StatusTooManyRequests, retryAfter: "2"}
	case s.faults.hit(0.3):
		return &fault{slow: 100 * time.Millisecond}
	case s.faults.hit(0.3):
		return &fault{code: http.StatusConflict}
	case s.faults.hit(0.5):
		return &fault{code: http.StatusGatewayTimeout, late: late}
	default:
		return &fault{cut: true, late: late}
	}
}

// act lets one thing happen.
func (s *story) act() {
	name := types.NamespacedName{Namespace: "default", Name: string(rune('a' + s.chance.IntN(3)))}
	s.count++
	switch s.chance.IntN(14) {
	case 0, 1, 2:
		if s.api.get(name) == nil {
			p := newPod(name.Name)
			p.Spec.NodeName = nodes[s.chance.IntN(2)]
			if s.chance.IntN(4) == 0 {
				p.Spec.RestartPolicy = v1.RestartPolicyNever
			}
			s.api.create(p)
		}
	case 3:
		s.api.delete(name, int64(s.chance.IntN(2)*30))
	case 4:
		s.api.change(name, func(p *v1.Pod) { p.Labels = map[string]string{"n": fmt.Sprint(s.count)} })
	case 5:
		s.api.change(name, unready)
	case 6, 7, 8:
		s.provider.set(name, s.status(runningStatus()))
	case 9:
		s.provider.set(name, s.status(endedStatus(int32(s.chance.IntN(2)))))
	case 10:
		if s.chance.IntN(3) == 0 {
			s.provider.set(name, nil)
		}
	case 11:
		s.api.breakWatches(s.chance.IntN(2) == 0)
	case 12:
		s.toggle(s.chance.IntN(2))
	case 13:
		s.faults.set(s.chance.IntN(2) == 0)
	}
}

// status marks a status with a number that only grows.
func (s *story) status(of *v1.PodStatus) *v1.PodStatus {
	of.ContainerStatuses[0].RestartCount = s.count
	return of
}

func (s *story) toggle(i int) {
	if silent := !s.silent[i].Load(); silent {
		s.silent[i].Store(true)
		return
	}
	s.silent[i].Store(false)
	s.broker.Reassert(nodes[i])
}

// calm ends all trouble, and ends the pods that are to end.
func (s *story) calm() {
	s.faults.set(false)
	for i := range s.silent {
		s.silent[i].Store(false)
		s.broker.Reassert(nodes[i])
	}
	for _, name := range []string{"a", "b", "c"} {
		key := types.NamespacedName{Namespace: "default", Name: name}
		eventually(s, "the provider has ended "+name, func() bool {
			p := s.api.get(key)
			if p != nil && p.DeletionTimestamp != nil && s.provider.has(key) != "" {
				s.count++
				s.provider.set(key, s.status(endedStatus(0)))
			}
			return p == nil || p.DeletionTimestamp == nil
		})
	}
}

// disagreement says in what Kubernetes and the provider differ.
func (s *story) disagreement() string {
	for _, name := range []string{"a", "b", "c"} {
		key := types.NamespacedName{Namespace: "default", Name: name}
		p, has := s.api.get(key), s.provider.told(key)
		switch {
		case p == nil && has != nil:
			return name + " is gone, and the provider has it"
		case p == nil:
			continue
		case p.DeletionTimestamp != nil:
			return name + " is to end"
		case p.Status.Phase == v1.PodFailed || p.Status.Phase == v1.PodSucceeded:
			continue
		case has == nil || has.UID != p.UID:
			return name + " is not the provider's"
		case has.Labels["n"] != p.Labels["n"]:
			return name + " has labels the provider does not know"
		}
		if d := differ(&p.Status, s.provider.now(key)); d != "" {
			return name + ": " + d
		}
	}
	return ""
}

func (p *provider) now(name types.NamespacedName) *v1.PodStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pods[name].status
}

func differ(have, want *v1.PodStatus) string {
	var d []string
	if have.Phase != want.Phase || have.Reason != want.Reason {
		d = append(d, fmt.Sprintf("phase %s %s, not %s %s", have.Phase, have.Reason, want.Phase, want.Reason))
	}
	if len(have.ContainerStatuses) != 1 || have.ContainerStatuses[0].RestartCount != want.ContainerStatuses[0].RestartCount {
		d = append(d, fmt.Sprintf("containers %v", have.ContainerStatuses))
	}
	if ready(&v1.Pod{Status: *have}) != ready(&v1.Pod{Status: *want}) {
		d = append(d, "readiness")
	}
	return strings.Join(d, ", ")
}

// checkOrder holds that no status followed a newer one, and no phase a terminal one.
func (s *story) checkOrder() {
	s.api.mu.Lock()
	defer s.api.mu.Unlock()
	newest, terminal := map[types.UID]int32{}, map[types.UID]bool{}
	for _, e := range s.api.log {
		status := &e.pod.Status
		ended := status.Phase == v1.PodFailed || status.Phase == v1.PodSucceeded
		if terminal[e.pod.UID] && !ended {
			s.Errorf("%s left its terminal phase", e.pod.Name)
		}
		terminal[e.pod.UID] = ended
		if len(status.ContainerStatuses) == 0 {
			continue
		}
		n := status.ContainerStatuses[0].RestartCount
		if n < newest[e.pod.UID] {
			s.Errorf("%s: status %d was written after %d", e.pod.Name, n, newest[e.pod.UID])
		}
		newest[e.pod.UID] = n
	}
}
