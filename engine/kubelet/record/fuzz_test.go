package record_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
)

// FuzzStory shows a recorder whatever an API server would store, in any order, and wants a file that loads.
func FuzzStory(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, "exit status 1")
	}
	f.Add(uint64(1), "\"]] --[[\n\r\x00\xff\\ é")
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := &odd{r: r, text: text}
		rec := record.New(began)
		at := began
		for range 1 + r.IntN(40) {
			at = at.Add(time.Duration(r.Int64N(int64(time.Minute))))
			w.show(rec, at)
		}
		story := rec.Story(at, record.Telling{}).Lua("story.lua")
		rec.Rows()
		s, err := sim.New(t.Context(), sim.Options{Scripts: []script.Source{{Name: "story.lua", Text: story}}})
		if load, ok := errors.AsType[*sim.LoadError](err); ok {
			t.Fatalf("%v\n%s", load.Problems, story)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Warnings) > 0 {
			t.Errorf("%v\n%s", s.Warnings, story)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// odd makes pods and nodes as nobody should write them.
type odd struct {
	r    *rand.Rand
	text string
}

func (o *odd) show(rec *record.Recorder, at time.Time) {
	switch o.r.IntN(10) {
	case 0:
		rec.PodGone(types.UID(fmt.Sprint(o.r.IntN(4))), at)
	case 1:
		rec.NodeGone("node", at)
	case 2:
		rec.Lease("node", o.time(at).Time)
	case 3:
		rec.Node(o.node(), at)
	default:
		rec.Pod(o.pod(at), at)
	}
}

func (o *odd) node() *v1.Node {
	n := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node"}}
	n.Spec.Unschedulable = o.r.IntN(3) == 0
	for _, kind := range []v1.NodeConditionType{v1.NodeReady, v1.NodeDiskPressure, v1.NodePIDPressure, "Odd"} {
		status := one(o.r, v1.ConditionTrue, v1.ConditionFalse, v1.ConditionUnknown, "odd")
		n.Status.Conditions = append(n.Status.Conditions, v1.NodeCondition{Type: kind, Status: status, Message: o.word("node is shutting down", "")})
	}
	n.Status.Capacity = v1.ResourceList{"cpu": *resource.NewQuantity(o.r.Int64N(3), resource.DecimalSI), v1.ResourceName(o.word("gpu")): resource.MustParse("1")}
	return n
}

func (o *odd) pod(at time.Time) *v1.Pod {
	id := o.r.IntN(4)
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("web-%d", id%3), UID: types.UID(fmt.Sprint(id)), CreationTimestamp: o.time(at)}}
	if o.r.IntN(3) == 0 {
		p.GenerateName, p.Labels = "web-5d-", map[string]string{"pod-template-hash": one(o.r, "5d", "other", "")}
		p.OwnerReferences = []metav1.OwnerReference{{Kind: one(o.r, "ReplicaSet", "StatefulSet", "DaemonSet")}}
	}
	if o.r.IntN(5) == 0 {
		stamp := o.time(at)
		p.DeletionTimestamp = &stamp
	}
	p.Spec.NodeName = one(o.r, "", "node")
	always := v1.ContainerRestartPolicyAlways
	p.Spec.InitContainers = []v1.Container{{Name: "first"}, {Name: "side", RestartPolicy: &always, Image: "a:latest"}}
	p.Spec.Containers = []v1.Container{{Name: "app"}, {Name: "my-proxy", ImagePullPolicy: v1.PullAlways}}
	p.Status.Phase = one(o.r, v1.PodPending, v1.PodRunning, v1.PodFailed, v1.PodSucceeded, v1.PodUnknown)
	p.Status.Reason, p.Status.Message = o.word("", "Evicted", "Terminated", "DeadlineExceeded", "OutOfcpu"), o.text
	p.Status.InitContainerStatuses = []v1.ContainerStatus{o.container("first", at), o.container("side", at)}
	p.Status.ContainerStatuses = []v1.ContainerStatus{o.container("app", at), o.container("my-proxy", at), o.container("unknown", at)}
	if o.r.IntN(6) == 0 {
		p.Status.ContainerStatuses = nil
	}
	p.Status.Conditions = []v1.PodCondition{{Type: v1.PodReadyToStartContainers, Status: one(o.r, v1.ConditionTrue, v1.ConditionFalse)}}
	return p
}

func (o *odd) container(name string, at time.Time) v1.ContainerStatus {
	yes := o.r.IntN(2) == 0
	s := v1.ContainerStatus{Name: name, RestartCount: int32(o.r.IntN(4) - 1), Ready: o.r.IntN(2) == 0, Started: &yes}
	if o.r.IntN(2) == 0 {
		s.LastTerminationState.Terminated = o.terminated(at)
	}
	switch o.r.IntN(4) {
	case 0:
		s.State.Running = &v1.ContainerStateRunning{StartedAt: o.time(at)}
	case 1:
		s.State.Terminated = o.terminated(at)
	case 2:
		reason := o.word("CrashLoopBackOff", "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "CreateContainerConfigError", "RunContainerError", "")
		s.State.Waiting = &v1.ContainerStateWaiting{Reason: reason, Message: o.word("back-off 40s restarting", `Back-off pulling image "x": ErrImagePull: no`)}
	}
	return s
}

func (o *odd) terminated(at time.Time) *v1.ContainerStateTerminated {
	return &v1.ContainerStateTerminated{
		ExitCode: one(o.r, int32(0), 1, 137, 255, -1), Reason: o.word("Error", "OOMKilled", "StartError", "Completed"), Message: o.text,
		StartedAt: o.time(at), FinishedAt: o.time(at),
	}
}

// word is one of these, or the odd text.
func (o *odd) word(usual ...string) string { return one(o.r, append(usual, o.text)...) }

// time is about then, or none.
func (o *odd) time(at time.Time) metav1.Time {
	if o.r.IntN(8) == 0 {
		return metav1.Time{}
	}
	return metav1.NewTime(at.Add(time.Duration(o.r.Int64N(int64(time.Hour))) - 50*time.Minute).Truncate(time.Second))
}

func one[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }
