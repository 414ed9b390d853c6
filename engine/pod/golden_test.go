package pod_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/pod/podtest"
)

const pressure = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. " +
	"Container app was using 812Mi, request is 0, has larger consumption of memory. "

// told brings a pod to the moment of a case; the row is printed as of its time.
type told struct {
	edits []edit
	ask   *script
	tell  func(*play)
	life  func(*v1.Pod) *pod.Life // instead of a play
	ago   time.Duration           // when kubectl looks, after the last run finished
}

func until(after time.Duration) func(*play) { return func(x *play) { x.at(after) } }

func pullFails(p pod.Pull) *script {
	return &script{pull: func(pod.Question) pod.Pull { return p }}
}

func startFails(reason, message string) *script {
	return always(pod.Outcome{StartError: &pod.StartError{Reason: reason, Message: message}})
}

func rejected(reason, message string) func(*v1.Pod) *pod.Life {
	return func(p *v1.Pod) *pod.Life {
		return pod.Begin(p, t0, pod.Beginning{Rejected: &pod.Rejection{Reason: reason, Message: message}})
	}
}

func admitted(a pod.Allocation) func(*v1.Pod) *pod.Life {
	return func(p *v1.Pod) *pod.Life {
		return pod.Begin(p, t0, pod.Beginning{Rejected: pod.Admit(p, a)})
	}
}

func list(cpu, memory, pods string) v1.ResourceList {
	return v1.ResourceList{
		v1.ResourceCPU: resource.MustParse(cpu), v1.ResourceMemory: resource.MustParse(memory), v1.ResourcePods: resource.MustParse(pods),
	}
}

// asking makes the pod's container ask for a resource.
func asking(name v1.ResourceName, q string) edit {
	return func(p *v1.Pod) {
		p.Spec.Containers[0].Resources.Requests = v1.ResourceList{name: resource.MustParse(q)}
	}
}

func disrupted(reason, message string) edit {
	return func(p *v1.Pod) {
		p.Status.Conditions = []v1.PodCondition{{Type: v1.DisruptionTarget, Status: v1.ConditionTrue, Reason: reason, Message: message}}
	}
}

// ignoresTerm runs for ever and does not heed SIGTERM.
var ignoresTerm = pod.Outcome{Terminate: &pod.Termination{Never: true}}

var cases = map[string]told{
	"ContainerCreating, no sandbox yet": {life: func(p *v1.Pod) *pod.Life {
		return pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7", Delay: sec(5)})
	}},
	"ContainerCreating, sandbox ready (image pulling)": {ask: pullFails(pod.Pull{After: sec(5)}), tell: until(sec(1))},
	"Running+Ready":                     {tell: until(sec(1))},
	"Running, readiness failing":        {ask: always(pod.Outcome{Ready: &pod.Readiness{Never: true}}), tell: until(sec(9))},
	"Running, startup probe not passed": {ask: always(pod.Outcome{Started: new(time.Hour)}), tell: until(sec(9))},
	"ErrImagePull": {
		ask: pullFails(pod.Pull{Reason: "ErrImagePull", Message: "failed to pull and unpack image ..."}), tell: until(sec(0.5)),
	},
	"ImagePullBackOff": {
		ask: pullFails(pod.Pull{Reason: "ErrImagePull", Message: "failed to pull and unpack image ..."}), tell: until(sec(1)),
	},
	"ErrImageNeverPull": {
		edits: []edit{func(p *v1.Pod) { p.Spec.Containers[0].ImagePullPolicy = v1.PullNever }},
		ask: pullFails(pod.Pull{
			Reason: "ErrImageNeverPull", Message: `Container image "nginx:1.27" is not present with pull policy of Never`,
		}), tell: until(sec(30)),
	},
	"CreateContainerConfigError": {ask: startFails("CreateContainerConfigError", `secret "db" not found`), tell: until(sec(30))},
	"RunContainerError first time": {ask: always(pod.Outcome{StartError: &pod.StartError{
		Message: "failed to start containerd task ...",
		Dead:    `failed to create containerd task: ... exec: "nope": executable file not found in $PATH`,
	}}), tell: until(sec(0.5))},
	"Error exit 1, restart pending (no back-off reason yet), Always": {
		ask: always(pod.Outcome{Exit: exit(1, sec(1))}), tell: until(sec(1.5)),
	},
	"CrashLoopBackOff after 1st restart, Always": {
		ask: always(pod.Outcome{Exit: exit(1, sec(1))}), tell: until(sec(5)), ago: 9*time.Minute + 52*time.Second,
	},
	"CrashLoopBackOff, Always, OOM": {
		ask:  always(pod.Outcome{Exit: &pod.Exit{Code: 137, Reason: "OOMKilled", After: sec(10)}}),
		tell: func(x *play) { x.untilRow("0/1 CrashLoopBackOff 7") }, ago: 4*time.Minute + 50*time.Second,
	},
	"OOMKilled just now, Always (before back-off is recorded)": {
		ask: always(pod.Outcome{Exit: &pod.Exit{Code: 137, Reason: "OOMKilled", After: sec(55)}}), tell: until(sec(55.5)),
	},
	"Error exit 3, Never": {edits: []edit{policy(v1.RestartPolicyNever)}, ask: always(pod.Outcome{Exit: exit(3, sec(55))}), tell: until(sec(60))},
	"Completed, Never/OnFailure": {
		edits: []edit{policy(v1.RestartPolicyOnFailure)}, ask: always(pod.Outcome{Exit: exit(0, sec(55))}), tell: until(sec(60)),
	},
	"Completed exit 0 but Always -> restart": {
		ask:  always(pod.Outcome{Exit: exit(0, sec(55))}),
		tell: func(x *play) { x.untilRow("0/1 CrashLoopBackOff 3") }, ago: 9 * time.Minute,
	},
	"Init running 0/2": {
		edits: []edit{withInit("init-a", "init-b")}, ask: always(pod.Outcome{Exit: exit(0, time.Hour)}), tell: until(sec(5)),
	},
	"Init failed exit 1, Always (just failed)": {
		edits: []edit{withInit("init-a")}, ask: always(pod.Outcome{Exit: exit(1, sec(1))}), tell: until(sec(1.5)),
	},
	"Init failed, Never": {
		edits: []edit{withInit("init-a"), policy(v1.RestartPolicyNever)}, ask: always(pod.Outcome{Exit: exit(1, sec(1))}), tell: until(sec(9)),
	},
	"Init done, app starting": {
		edits: []edit{withInit("init-a")},
		ask: &script{pull: func(q pod.Question) pod.Pull {
			if q.Kind == pod.App {
				return pod.Pull{After: time.Minute}
			}
			return pod.Pull{}
		}}, tell: until(sec(9)),
	},
	"Sidecar running + app running": {edits: []edit{withSidecar("proxy")}, tell: until(sec(9))},
	"Evicted (node pressure, after kill)": {tell: func(x *play) {
		x.at(sec(60)).end(sec(60), pod.End{
			Reason: "Evicted", Message: pressure, Disruption: &pod.Disruption{Reason: "TerminationByKubelet", Message: pressure},
		}).at(sec(61))
	}},
	"Evicted at admission (node under pressure)": {life: rejected("Evicted", "Pod was rejected: The node had condition: [DiskPressure]. ")},
	"OutOfcpu": {edits: []edit{asking(v1.ResourceCPU, "4")}, life: admitted(pod.Allocation{
		Allocatable: list("4", "4Gi", "110"), Used: v1.ResourceList{v1.ResourceCPU: resource.MustParse("1")},
	})},
	"OutOfmemory":              {edits: []edit{asking(v1.ResourceMemory, "8Gi")}, life: admitted(pod.Allocation{Allocatable: list("4", "4Gi", "110")})},
	"OutOfpods":                {life: admitted(pod.Allocation{Allocatable: list("4", "4Gi", "110"), Pods: 110})},
	"NodeShutdown (admission)": {life: rejected("NodeShutdown", "Pod was rejected: Pod was rejected as the node is shutting down.")},
	"DeadlineExceeded (pod activeDeadlineSeconds)": {
		edits: []edit{withDeadline(30), withGrace(30)}, ask: always(ignoresTerm), tell: until(sec(61)),
	},
	"Terminating (grace period)": {ask: always(ignoresTerm), tell: func(x *play) {
		x.at(sec(60)).delete(sec(60), sec(30), nil).at(sec(80))
	}},
	"Terminating, scheduler preemption": {
		edits: []edit{disrupted("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod")},
		ask:   always(ignoresTerm), tell: func(x *play) { x.at(sec(60)).delete(sec(60), sec(30), nil).at(sec(80)) },
	},
	"Terminating, taint manager (stuck on dead node)": {
		edits: []edit{disrupted("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")},
		ask:   always(ignoresTerm), tell: func(x *play) {
			x.at(sec(60)).delete(sec(60), sec(30), &pod.Termination{Never: true}).at(time.Hour)
		},
	},
	"ContainerStatusUnknown (container lost, Never)": {
		edits: []edit{policy(v1.RestartPolicyNever)}, tell: func(x *play) { x.at(sec(60)).end(sec(60), pod.End{Lost: true}) },
	},
}

// untilRow advances from due time to due time until kubectl prints that, times aside.
func (x *play) untilRow(want string) {
	x.t.Helper()
	for range 1000 {
		ready, status, restarts := pod.Row(x.p, x.status(), t0)
		restarts, _, _ = strings.Cut(restarts, " ")
		if ready+" "+status+" "+restarts == want {
			return
		}
		x.at(x.life.Due().Sub(t0))
	}
	x.t.Fatalf("kubectl never prints %q", want)
}

// TestKubeletStatuses plays every case that a kubelet writes to its moment and compares every field the case gives, and
// what kubectl prints.
func TestKubeletStatuses(t *testing.T) {
	all := podtest.Cases(t, "testdata/kubelet-statuses.txt")
	for name := range cases {
		if _, ok := all[name]; !ok {
			t.Errorf("no golden case %q", name)
		}
	}
	for name, want := range all {
		c, ok := cases[name]
		if podtest.ByOthers[name] {
			continue
		}
		if !ok {
			t.Errorf("golden case %q is not played", name)
			continue
		}
		t.Run(name, func(t *testing.T) { c.compare(t, want) })
	}
}

func (c told) compare(t *testing.T, want podtest.Case) {
	t.Helper()
	p := web(c.edits...)
	x := begin(t, p, c.ask)
	if c.life != nil {
		x.life = c.life(p)
	} else {
		c.tell(x)
	}
	got := x.status()
	if d := cmp.Diff(podtest.Plain(t, &want.Status), podtest.Plain(t, got)); d != "" {
		t.Errorf("status (-kubelet +ours):\n%s", d)
	}
	ready, status, restarts := pod.Row(x.p, got, lastFinish(got).Add(c.ago))
	if row := ready + " " + status + " " + restarts; row != want.Row {
		t.Errorf("row %q, want %q", row, want.Row)
	}
}

func lastFinish(s *v1.PodStatus) time.Time {
	last := t0
	for _, c := range s.ContainerStatuses {
		if e := c.LastTerminationState.Terminated; e != nil && e.FinishedAt.After(last) {
			last = e.FinishedAt.Time
		}
	}
	return last
}
