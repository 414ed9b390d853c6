package pods_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// provider is one that remembers what it was told. It tells no news and adopts nobody: see notifier and adopter.
type provider struct {
	mu     sync.Mutex
	pods   map[types.NamespacedName]*held
	calls  []string
	busy   map[types.NamespacedName]int
	clash  string // a pod about which two calls took place at a time
	fail   func(call string, p *v1.Pod) error
	hold   bool // deleted pods stay until they are ended
	notify func(kubelet.PodRef)
	counts bool // keep no list of calls
}

type held struct {
	pod    *v1.Pod
	status *v1.PodStatus
}

func newProvider() *provider {
	return &provider{pods: map[types.NamespacedName]*held{}, busy: map[types.NamespacedName]int{}}
}

// notifier is a provider that tells its news.
type notifier struct{ *provider }

func (n notifier) Notify(changed func(kubelet.PodRef)) { n.notify = changed }

// adopter is one that takes over pods.
type adopter struct{ notifier }

func (a adopter) AdoptPod(_ context.Context, p *v1.Pod) error {
	defer a.enter("adopt", p)()
	if err := a.failure("adopt", p); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pods[nameOf(p)] = &held{pod: p, status: p.Status.DeepCopy()}
	return nil
}

func nameOf(p *v1.Pod) types.NamespacedName {
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
}

// enter notes a call, and that it goes on until the func is called.
func (p *provider) enter(call string, pod *v1.Pod) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := nameOf(pod)
	if !p.counts {
		p.calls = append(p.calls, fmt.Sprintf("%s %s %s", call, name, pod.UID))
	}
	if p.busy[name]++; p.busy[name] > 1 {
		p.clash = name.String()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.busy[name]--; p.busy[name] == 0 {
			delete(p.busy, name)
		}
	}
}

func (p *provider) failure(call string, pod *v1.Pod) error {
	p.mu.Lock()
	fail := p.fail
	p.mu.Unlock()
	if fail == nil {
		return nil
	}
	return fail(call, pod)
}

func (p *provider) CreatePod(_ context.Context, pod *v1.Pod) error {
	defer p.enter("create", pod)()
	if err := p.failure("create", pod); err != nil {
		return err
	}
	p.mu.Lock()
	p.pods[nameOf(pod)] = &held{pod: pod, status: runningStatus()}
	notify := p.notify
	p.mu.Unlock()
	if notify != nil {
		notify(kubelet.RefTo(pod))
	}
	return nil
}

func (p *provider) UpdatePod(_ context.Context, pod *v1.Pod) error {
	defer p.enter("update", pod)()
	if err := p.failure("update", pod); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.pods[nameOf(pod)]; h != nil {
		h.pod = pod
	}
	return nil
}

func (p *provider) DeletePod(_ context.Context, pod *v1.Pod) error {
	defer p.enter(fmt.Sprintf("delete(%d)", grace(pod)), pod)()
	if err := p.failure("delete", pod); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.pods[nameOf(pod)]
	if h == nil || h.pod.UID != pod.UID {
		return kubelet.ErrNotFound
	}
	if grace(pod) == 0 || !p.hold {
		delete(p.pods, nameOf(pod))
	}
	return nil
}

func grace(p *v1.Pod) int64 {
	if p.DeletionGracePeriodSeconds == nil {
		return -1
	}
	return *p.DeletionGracePeriodSeconds
}

func (p *provider) PodStatus(_ context.Context, ref kubelet.PodRef) (*v1.PodStatus, error) {
	if err := p.failure("status", &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ref.Namespace, Name: ref.Name, UID: ref.UID}}); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.pods[types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}]
	if h == nil || ref.UID != "" && h.pod.UID != ref.UID {
		return nil, kubelet.ErrNotFound
	}
	return h.status, nil
}

func (p *provider) Pods(context.Context) ([]*v1.Pod, error) {
	if err := p.failure("list", &v1.Pod{}); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*v1.Pod
	for _, h := range p.pods {
		list = append(list, h.pod)
	}
	return list, nil
}

// put makes the provider have a pod that nobody told it of.
func (p *provider) put(pod *v1.Pod, status *v1.PodStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pods[nameOf(pod)] = &held{pod: pod, status: status}
}

// set changes a pod's status, and tells it if the provider tells news. Without a status it forgets the pod.
func (p *provider) set(name types.NamespacedName, status *v1.PodStatus) {
	p.mu.Lock()
	ref := kubelet.PodRef{Namespace: name.Namespace, Name: name.Name}
	if status == nil {
		delete(p.pods, name)
	} else if h := p.pods[name]; h != nil {
		h.status = status
	}
	notify := p.notify
	p.mu.Unlock()
	if notify != nil {
		notify(ref)
	}
}

// has says which UID the provider has under a name; "": none.
func (p *provider) has(name types.NamespacedName) types.UID {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.pods[name]; h != nil {
		return h.pod.UID
	}
	return ""
}

func (p *provider) told(name types.NamespacedName) *v1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h := p.pods[name]; h != nil {
		return h.pod
	}
	return nil
}

func (p *provider) called() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.calls...)
}

func (p *provider) failWith(fail func(call string, p *v1.Pod) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = fail
}

var started = metav1.NewTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

func runningStatus() *v1.PodStatus {
	return &v1.PodStatus{
		Phase: v1.PodRunning, HostIP: "127.0.0.1", HostIPs: []v1.HostIP{{IP: "127.0.0.1"}},
		PodIP: "10.64.0.2", PodIPs: []v1.PodIP{{IP: "10.64.0.2"}}, StartTime: &started, QOSClass: v1.PodQOSBestEffort,
		Conditions: []v1.PodCondition{
			{Type: v1.PodReadyToStartContainers, Status: v1.ConditionTrue, LastTransitionTime: started},
			{Type: v1.PodInitialized, Status: v1.ConditionTrue, LastTransitionTime: started},
			{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: started},
			{Type: v1.ContainersReady, Status: v1.ConditionTrue, LastTransitionTime: started},
			{Type: v1.PodScheduled, Status: v1.ConditionTrue, LastTransitionTime: started},
		},
		ContainerStatuses: []v1.ContainerStatus{{
			Name: "app", Image: "nginx:1.27", ImageID: "nginx@sha256:0000000000000000000000000000000000000000000000000000000000000000",
			ContainerID: "containerd://0000000000000000000000000000000000000000000000000000000000000000",
			Ready:       true, Started: new(true), State: v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: started}},
		}},
	}
}

// endedStatus is that of a pod whose container exited.
func endedStatus(exit int32) *v1.PodStatus {
	s := runningStatus()
	s.Phase = v1.PodSucceeded
	if exit != 0 {
		s.Phase = v1.PodFailed
	}
	s.ContainerStatuses[0].State = v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: exit, StartedAt: started, FinishedAt: started}}
	s.ContainerStatuses[0].Ready, s.ContainerStatuses[0].Started = false, new(false)
	for i := range s.Conditions {
		if c := &s.Conditions[i]; c.Type == v1.PodReady || c.Type == v1.ContainersReady {
			c.Status = v1.ConditionFalse
		}
	}
	return s
}
