package pod_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// t0 is when the stories of these tests begin.
var t0 = time.Date(2026, 11, 20, 9, 23, 41, 0, time.UTC)

func sec(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

// script answers the machine's questions; a missing function is the built-in behaviour.
type script struct {
	pull   func(pod.Question) pod.Pull
	start  func(pod.Question) pod.Outcome
	pulls  []pod.Question
	starts []pod.Question
}

func (s *script) Pull(q pod.Question) pod.Pull {
	s.pulls = append(s.pulls, q)
	if s.pull == nil {
		return pod.Pull{}
	}
	return s.pull(q)
}

func (s *script) Start(q pod.Question) pod.Outcome {
	s.starts = append(s.starts, q)
	if s.start == nil {
		return pod.Outcome{}
	}
	return s.start(q)
}

// always answers every start alike.
func always(o pod.Outcome) *script {
	return &script{start: func(pod.Question) pod.Outcome { return o }}
}

// by answers starts by container name.
func by(outcomes map[string]pod.Outcome) *script {
	return &script{start: func(q pod.Question) pod.Outcome { return outcomes[q.Container.Name] }}
}

func exit(code int32, after time.Duration) *pod.Exit { return &pod.Exit{Code: code, After: after} }

type edit func(*v1.Pod)

// web is the pod web-0 with one container.
func web(edits ...edit) *v1.Pod {
	p := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "web-0", Namespace: "default", UID: "uid"},
		Spec:       v1.PodSpec{Containers: []v1.Container{{Name: "app", Image: "nginx:1.27"}}},
	}
	for _, e := range edits {
		e(p)
	}
	return p
}

func policy(r v1.RestartPolicy) edit { return func(p *v1.Pod) { p.Spec.RestartPolicy = r } }

func withInit(names ...string) edit {
	return func(p *v1.Pod) {
		for _, n := range names {
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: n, Image: "nginx:1.27"})
		}
	}
}

func withSidecar(names ...string) edit {
	return func(p *v1.Pod) {
		for _, n := range names {
			always := v1.ContainerRestartPolicyAlways
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: n, Image: "nginx:1.27", RestartPolicy: &always})
		}
	}
}

func withApp(names ...string) edit {
	return func(p *v1.Pod) {
		for _, n := range names {
			p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: n, Image: "nginx:1.27"})
		}
	}
}

func withGrace(s int64) edit {
	return func(p *v1.Pod) { p.Spec.TerminationGracePeriodSeconds = &s }
}

func withDeadline(s int64) edit { return func(p *v1.Pod) { p.Spec.ActiveDeadlineSeconds = &s } }

func deleting(p *v1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: t0} }

func gated(p *v1.Pod) {
	p.Spec.ReadinessGates = []v1.PodReadinessGate{{ConditionType: "example.com/gate"}}
}

// play drives one pod. Times are counted from t0.
type play struct {
	t      *testing.T
	p      *v1.Pod
	life   *pod.Life
	ask    *script
	events []pod.Event
}

func begin(t *testing.T, p *v1.Pod, s *script) *play {
	t.Helper()
	if s == nil {
		s = &script{}
	}
	return &play{t: t, p: p, ask: s, life: pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7"})}
}

func (x *play) took(l *pod.Life, events []pod.Event) *play {
	x.life = l
	x.events = append(x.events, events...)
	return x
}

func (x *play) at(after time.Duration) *play {
	x.t.Helper()
	now := t0.Add(after)
	x.took(x.life.Advance(x.p, now, x.ask))
	if due := x.life.Due(); !due.IsZero() && !due.After(now) {
		x.t.Fatalf("due %s is not after %s", due, now)
	}
	return x
}

func (x *play) delete(after, grace time.Duration, t *pod.Termination) *play {
	x.p = x.p.DeepCopy()
	deleting(x.p)
	return x.took(x.life.Delete(x.p, t0.Add(after), grace, t))
}

func (x *play) end(after time.Duration, e pod.End) *play {
	return x.took(x.life.End(x.p, e, t0.Add(after)))
}

var node = pod.Node{HostIP: "192.0.2.1", Minor: 33}

func (x *play) status() *v1.PodStatus { return x.life.Status(x.p, node) }

// row is what kubectl prints, joined.
func (x *play) row(after time.Duration) string {
	ready, status, restarts := pod.Row(x.p, x.status(), t0.Add(after))
	return ready + " " + status + " " + restarts
}

// wantRow advances and compares what kubectl prints then.
func (x *play) wantRow(after time.Duration, want string) *play {
	x.t.Helper()
	if got := x.at(after).row(after); got != want {
		x.t.Errorf("after %s kubectl prints %q, want %q", after, got, want)
	}
	return x
}

func (x *play) container(name string) v1.ContainerStatus {
	x.t.Helper()
	s := x.status()
	for _, c := range append(s.InitContainerStatuses, s.ContainerStatuses...) {
		if c.Name == name {
			return c
		}
	}
	x.t.Fatalf("no status of container %s", name)
	return v1.ContainerStatus{}
}

func (x *play) condition(t v1.PodConditionType) v1.PodCondition {
	x.t.Helper()
	for _, c := range x.status().Conditions {
		if c.Type == t {
			return c
		}
	}
	x.t.Fatalf("no condition %s", t)
	return v1.PodCondition{}
}

func (x *play) dueAfter(want time.Duration) *play {
	x.t.Helper()
	if got := x.life.Due().Sub(t0); got != want {
		x.t.Errorf("due after %s, want %s", got, want)
	}
	return x
}

func encoded(t *testing.T, l *pod.Life) string {
	t.Helper()
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
