package record_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
	"github.com/moonlet-dev/moonlet/engine/script"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// watched is a cluster that is written down by hand, and what a recorder makes of it.
type watched struct {
	*record.Recorder
	now time.Time
}

var began = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func watch() *watched { return &watched{Recorder: record.New(began), now: began} }

func (w *watched) pass(d time.Duration) { w.now = w.now.Add(d) }

// show is a pod as it is from now on.
func (w *watched) show(p *v1.Pod, change func(*v1.Pod)) {
	change(p)
	w.Pod(p.DeepCopy(), w.now)
}

func (w *watched) node(name string, conditions ...v1.NodeCondition) {
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	n.Status.Capacity = v1.ResourceList{v1.ResourceCPU: resource.MustParse("8")}
	n.Status.Conditions = conditions
	w.Node(n, w.now)
}

func (w *watched) stamp() metav1.Time { return metav1.NewTime(w.now.Truncate(time.Second)) }

// pod is one with a container app, of an owner whose pods are named by it; "" owner: by hand.
func (w *watched) pod(name, owner string) *v1.Pod {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name + w.now.String()), CreationTimestamp: w.stamp()}}
	p.Spec.NodeName = "moon-0"
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	p.Status.Phase = v1.PodPending
	p.Status.ContainerStatuses = []v1.ContainerStatus{{Name: "app", State: v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}
	switch owner {
	case "ReplicaSet":
		p.GenerateName, p.Labels = "web-5d9c-", map[string]string{"pod-template-hash": "5d9c"}
	case "DaemonSet", "StatefulSet":
		p.GenerateName = "agent-"
	}
	if owner != "" {
		p.OwnerReferences = []metav1.OwnerReference{{Kind: owner, Name: owner}}
	}
	return p
}

func (w *watched) running(restarts int32, ready bool) func(*v1.Pod) {
	return func(p *v1.Pod) {
		p.Status.Phase = v1.PodRunning
		s := &p.Status.ContainerStatuses[0]
		if last := s.State.Terminated; last != nil {
			s.LastTerminationState.Terminated = last
		}
		if s.State.Running == nil || s.RestartCount != restarts {
			s.State = v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: w.stamp()}}
		}
		s.RestartCount, s.Ready = restarts, ready
	}
}

func (w *watched) exited(code int32, reason string) func(*v1.Pod) {
	return func(p *v1.Pod) {
		s := &p.Status.ContainerStatuses[0]
		begun := w.stamp()
		if s.State.Running != nil {
			begun = s.State.Running.StartedAt
		}
		s.State, s.Ready = v1.ContainerState{Terminated: &v1.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: begun, FinishedAt: w.stamp()}}, false
	}
}

func waits(reason, message string) func(*v1.Pod) {
	return func(p *v1.Pod) {
		s := &p.Status.ContainerStatuses[0]
		if s.State.Terminated != nil {
			s.LastTerminationState.Terminated = s.State.Terminated
		}
		s.State = v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
}

func (w *watched) failed(reason, message string) func(*v1.Pod) {
	return func(p *v1.Pod) {
		if p.Status.ContainerStatuses != nil {
			w.exited(137, "Error")(p)
		}
		p.Status.Phase, p.Status.Reason, p.Status.Message = v1.PodFailed, reason, message
	}
}

func (w *watched) deleted(p *v1.Pod) {
	now := w.stamp()
	p.DeletionTimestamp = &now
}

func as(*v1.Pod) {}

func condition(kind v1.NodeConditionType, status v1.ConditionStatus, message string) v1.NodeCondition {
	return v1.NodeCondition{Type: kind, Status: status, Message: message}
}

// stories are told by hand; each has its golden file.
var stories = map[string]func(w *watched){
	"nothing": func(w *watched) { w.pass(time.Minute) },

	"crash-loop": func(w *watched) {
		p := w.pod("web-0", "")
		w.show(p, as)
		w.pass(2 * time.Second)
		for i := range int32(3) {
			w.show(p, w.running(i, false))
			w.pass(3 * time.Second)
			w.show(p, w.running(i, true))
			w.pass(27 * time.Second)
			w.show(p, w.exited(137, "OOMKilled"))
			w.pass(time.Second)
			w.show(p, waits("CrashLoopBackOff", fmt.Sprintf("back-off %ds restarting failed container=app", 10<<i)))
			w.pass(10 << i * time.Second)
		}
	},

	"image": func(w *watched) {
		p := w.pod("web-0", "")
		w.show(p, as)
		w.pass(500 * time.Millisecond)
		for i := range 2 {
			w.show(p, waits("ErrImagePull", `failed to pull "app:1": not found`))
			w.pass(time.Second)
			w.show(p, waits("ImagePullBackOff", `Back-off pulling image "app:1"`))
			w.pass(time.Duration(9+10*i) * time.Second)
		}
		w.pass(4 * time.Second)
		w.show(p, w.running(0, true))
		missing := w.pod("web-1", "")
		w.show(missing, waits("ErrImageNeverPull", `Container image "app:1" is not present with pull policy of Never`))
		w.pass(time.Minute)
	},

	"it-ran-before": func(w *watched) { // what began before anybody looked is ended by the scenario
		p := w.pod("db-0", "")
		w.now = began.Add(-time.Hour)
		p.CreationTimestamp = w.stamp()
		w.running(4, true)(p)
		w.now = began
		w.show(p, as)
		w.pass(12 * time.Second)
		w.show(p, w.running(4, false))
		w.pass(8 * time.Second)
		w.show(p, w.running(4, true))
		w.pass(10 * time.Second)
		w.show(p, w.exited(1, "Error"))
		w.pass(10 * time.Second)
		w.show(p, w.running(5, true))
		w.pass(20 * time.Second)
	},

	"one-of-a-deployment": func(w *watched) {
		var all []*v1.Pod
		for i := range 3 {
			p := w.pod(fmt.Sprintf("web-5d9c-%c", 'x'-i), "ReplicaSet")
			w.show(p, as)
			all = append(all, p)
			w.pass(time.Second)
		}
		for _, p := range all {
			w.show(p, w.running(0, true))
		}
		w.pass(20 * time.Second)
		w.show(all[1], w.exited(2, "Error"))
		w.pass(time.Second)
		w.show(all[1], w.running(1, true))
		w.pass(9 * time.Second)
		w.show(all[2], w.failed("Evicted", "The node was low on resource: inodes. "))
		w.pass(time.Minute)
	},

	"agents": func(w *watched) { // a DaemonSet's pods belong to their nodes, and follow each other
		for i, node := range []string{"moon-0", "moon-1", "moon-1"} {
			p := w.pod(fmt.Sprintf("agent-%d", i), "DaemonSet")
			p.Spec.NodeName = node
			w.show(p, as)
			w.show(p, w.running(0, true))
			w.pass(10 * time.Second)
			if i == 1 {
				w.show(p, w.deleted)
				w.pass(4 * time.Second)
				w.show(p, w.exited(143, "Error"))
				w.PodGone(p.UID, w.now)
			}
		}
		w.pass(time.Second)
	},

	"nodes": func(w *watched) {
		ready := condition(v1.NodeReady, v1.ConditionTrue, "")
		for _, n := range []string{"moon-0", "moon-1", "moon-2"} {
			w.node(n, ready)
			w.Lease(n, w.now)
		}
		w.pass(30 * time.Second)
		w.Lease("moon-0", w.now)
		w.pass(40 * time.Second)
		w.node("moon-0", condition(v1.NodeReady, v1.ConditionUnknown, "Kubelet stopped posting node status."))
		w.node("moon-1", condition(v1.NodeReady, v1.ConditionFalse, "container runtime is down"))
		w.node("moon-2", condition(v1.NodeDiskPressure, v1.ConditionTrue, ""), ready)
		w.pass(time.Minute)
		w.node("moon-0", ready)
		w.node("moon-1", ready)
		w.pass(time.Minute)
	},

	"refused-and-stuck": func(w *watched) {
		refused := w.pod("big-0", "")
		refused.Status.ContainerStatuses = nil
		w.show(refused, w.failed("OutOfcpu", "Node didn't have enough resource: cpu"))
		stuck := w.pod("stuck-0", "")
		stuck.Status.Conditions = []v1.PodCondition{{Type: v1.PodReadyToStartContainers, Status: v1.ConditionFalse}}
		w.show(stuck, as)
		config := w.pod("config-0", "")
		w.show(config, waits("CreateContainerConfigError", `secret "db" not found`))
		w.pass(25 * time.Second)
		w.show(config, w.running(0, true))
		w.pass(time.Second)
	},

	"odd-texts": func(w *watched) {
		p := w.pod("web-0", "")
		p.Spec.Containers[0].Name, p.Status.ContainerStatuses[0].Name = "my-app", "my-app"
		w.show(p, w.running(0, false))
		w.pass(time.Second)
		w.show(p, w.exited(3, "Error"))
		p.Status.ContainerStatuses[0].State.Terminated.Message = "line\nbreak \"quoted\" \x00\xff ]] --[[ é"
		w.Recorder = record.New(began) // it looks only now
		w.show(p, as)
		w.pass(time.Second)
	},
}

// TestStories tells each story, compares it with its golden file, and loads it as a script.
func TestStories(t *testing.T) {
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			w := watch()
			tell(w)
			got := w.Story(w.now, record.Telling{}).Lua("story.lua")
			file := filepath.Join("testdata", name+".lua")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (- want, + got; make golden rewrites it):\n%s", file, diff)
			}
			newStage(t, 1, script.Source{Name: "story.lua", Text: got})
		})
	}
}

// A pod that is deleted without grace, or before it had a node, is gone without having been seen to go.
func TestPodsThatAreGoneAtOnceMakeRoom(t *testing.T) {
	w := watch()
	for _, name := range []string{"web-5d9c-a", "web-5d9c-b", "web-5d9c-c"} {
		p := w.pod(name, "ReplicaSet")
		w.show(p, w.running(0, true))
		w.pass(10 * time.Second)
		w.PodGone(p.UID, w.now)
		w.pass(time.Second)
	}
	s := w.Story(w.now, record.Telling{})
	if got := s.Roles[0].Cast.Count; got != 1 {
		t.Errorf("there was one at a time, not %d", got)
	}
	if lua := string(s.Lua("story.lua")); strings.Count(lua, "was deleted at once") != 3 {
		t.Errorf("it does not tell that they were deleted:\n%s", lua)
	}
}
