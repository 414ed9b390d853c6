package pod_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// shaped are the words, and what kubectl prints of a running pod with one restart that is shown so.
var shaped = map[string]struct {
	row   string
	phase v1.PodPhase
}{
	"Running":                    {"1/1 Running 1", v1.PodRunning},
	"NotReady":                   {"0/1 Running 1", v1.PodRunning},
	"Unknown":                    {"1/1 Unknown 1", v1.PodUnknown},
	"Succeeded":                  {"0/1 Completed 1", v1.PodSucceeded},
	"Completed":                  {"0/1 Completed 1", v1.PodSucceeded},
	"Failed":                     {"0/1 Error 1", v1.PodFailed},
	"Error":                      {"0/1 Error 1", v1.PodFailed},
	"OOMKilled":                  {"0/1 OOMKilled 1", v1.PodRunning},
	"Pending":                    {"0/1 ContainerCreating 1", v1.PodPending},
	"ContainerCreating":          {"0/1 ContainerCreating 1", v1.PodPending},
	"ErrImagePull":               {"0/1 ErrImagePull 1", v1.PodPending},
	"ImagePullBackOff":           {"0/1 ImagePullBackOff 1", v1.PodPending},
	"ErrImageNeverPull":          {"0/1 ErrImageNeverPull 1", v1.PodPending},
	"InvalidImageName":           {"0/1 InvalidImageName 1", v1.PodPending},
	"CreateContainerConfigError": {"0/1 CreateContainerConfigError 1", v1.PodPending},
	"CreateContainerError":       {"0/1 CreateContainerError 1", v1.PodPending},
	"RunContainerError":          {"0/1 RunContainerError 1", v1.PodRunning},
	"CrashLoopBackOff":           {"0/1 CrashLoopBackOff 1", v1.PodRunning},
	"ContainerStatusUnknown":     {"0/1 ContainerStatusUnknown 2", v1.PodFailed},
	"DeadlineExceeded":           {"0/1 Error 1", v1.PodFailed},
	"Evicted":                    {"0/1 Error 1", v1.PodFailed},
	"NodeAffinity":               {"0/1 NodeAffinity 0", v1.PodFailed},
	"NodeShutdown":               {"0/1 NodeShutdown 0", v1.PodFailed},
	"OutOfcpu":                   {"0/1 OutOfcpu 0", v1.PodFailed},
	"OutOfmemory":                {"0/1 OutOfmemory 0", v1.PodFailed},
	"OutOfpods":                  {"0/1 OutOfpods 0", v1.PodFailed},
}

func restarted(t *testing.T, edits ...edit) *play {
	t.Helper()
	return begin(t, web(edits...), &script{start: func(q pod.Question) pod.Outcome {
		if q.Kind == pod.App && q.Number == 1 {
			return pod.Outcome{Exit: exit(1, sec(5))}
		}
		return pod.Outcome{}
	}}).at(sec(30))
}

func shape(t *testing.T, word string, x *play, base *v1.PodStatus) *v1.PodStatus {
	t.Helper()
	s, ok := pod.Shape(word, x.p, base, t0.Add(sec(60)))
	if !ok {
		t.Fatalf("no word %q", word)
	}
	return s
}

func TestShapes(t *testing.T) {
	words := pod.Words()
	if !slices.IsSorted(words) || len(words) != len(shaped) {
		t.Errorf("words %q", words)
	}
	for _, word := range words {
		t.Run(word, func(t *testing.T) {
			x := restarted(t)
			base := x.status()
			before := base.DeepCopy()
			s := shape(t, word, x, base)
			same(t, "base", base, before)
			ready, status, restarts := pod.Row(x.p, s, t0.Add(sec(60)))
			same(t, "row", ready+" "+status+" "+restarts[:1], shaped[word].row)
			same(t, "phase", s.Phase, shaped[word].phase)
			same(t, "start", s.StartTime, base.StartTime)
			if len(s.Conditions) == 0 {
				return // refused by the node
			}
			same(t, "host", s.HostIP, base.HostIP)
			same(t, "ip", s.PodIP, base.PodIP)
			terminal := s.Phase == v1.PodSucceeded || s.Phase == v1.PodFailed
			legalConditions(t, s, terminal)
			legalContainer(t, s.ContainerStatuses[0], terminal, false)
			if d := cmp.Diff(s, shape(t, word, x, s)); d != "" {
				t.Errorf("the same word again changes (-once +twice):\n%s", d)
			}
		})
	}
}

func TestShapesOfAllKindsOfPods(t *testing.T) {
	for name, edits := range map[string][]edit{
		"inits, sidecar, two apps": {withInit("a"), withSidecar("b"), withApp("c")},
		"never restarted":          {policy(v1.RestartPolicyNever)},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(edits...), nil)
			for _, word := range pod.Words() {
				for _, base := range []*v1.PodStatus{{}, {Phase: v1.PodPending}, x.status(), begin(t, x.p, nil).at(sec(9)).status()} {
					s := shape(t, word, x, base)
					same(t, word, s.Phase == v1.PodFailed, shaped[word].phase == v1.PodFailed || word == "OOMKilled" && name == "never restarted")
				}
			}
		})
	}
}

func TestShapeKeepsTimesThatStillFit(t *testing.T) {
	x := restarted(t)
	s := shape(t, "NotReady", x, x.status())
	same(t, "start", s.ContainerStatuses[0].State.Running.StartedAt, x.container("app").State.Running.StartedAt)
	for _, c := range s.Conditions {
		want := x.condition(c.Type).LastTransitionTime.Time
		if c.Status != x.condition(c.Type).Status {
			want = t0.Add(sec(60))
		}
		same(t, string(c.Type), c.LastTransitionTime.Time, want)
	}
}

func TestCrashLoopShapeTellsTheBackOffOfItsRestarts(t *testing.T) {
	x := restarted(t)
	base := x.status()
	base.ContainerStatuses[0].RestartCount = 4
	s := shape(t, "CrashLoopBackOff", x, base)
	same(t, "message", s.ContainerStatuses[0].State.Waiting.Message, "back-off 1m20s restarting failed container=app pod=web-0_default(uid)")
}

func TestUnknownWord(t *testing.T) {
	if s, ok := pod.Shape("Jogging", web(), &v1.PodStatus{}, time.Time{}); ok || s != nil {
		t.Error("it is a word")
	}
}
