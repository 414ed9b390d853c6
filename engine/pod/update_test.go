package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

func (x *play) update(after time.Duration, edits ...edit) *play {
	old := x.p
	x.p = old.DeepCopy()
	for _, e := range edits {
		e(x.p)
	}
	return x.took(x.life.Update(old, x.p, t0.Add(after)))
}

func image(name string) edit { return func(p *v1.Pod) { p.Spec.Containers[0].Image = name } }

func TestChangedImageRestartsTheContainer(t *testing.T) {
	for name, c := range map[string]struct {
		policy  v1.RestartPolicy
		outcome pod.Outcome
		restart time.Duration
	}{
		"at once":             {v1.RestartPolicyAlways, pod.Outcome{}, sec(60)},
		"after its shutdown":  {v1.RestartPolicyAlways, pod.Outcome{Terminate: &pod.Termination{After: sec(5)}}, sec(65)},
		"killed at grace end": {v1.RestartPolicyAlways, ignoresTerm, sec(90)},
		"even under Never":    {v1.RestartPolicyNever, pod.Outcome{}, sec(60)},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(policy(c.policy)), always(c.outcome)).at(sec(60)).update(sec(60), image("nginx:1.28")).at(c.restart)
			got := x.container("app")
			same(t, "restarts", got.RestartCount, int32(1))
			same(t, "image", got.Image, "nginx:1.28")
			same(t, "start", got.State.Running.StartedAt.Time, t0.Add(c.restart))
			same(t, "pulled again", len(x.ask.pulls), 2)
		})
	}
}

func TestChangedImageEndsPullBackOff(t *testing.T) {
	s := &script{pull: func(q pod.Question) pod.Pull {
		if q.Container.Image == "nginx:1.27" {
			return pod.Pull{Reason: "ErrImagePull"}
		}
		return pod.Pull{}
	}}
	x := begin(t, web(), s).at(time.Hour).update(time.Hour, image("nginx:1.28"))
	x.wantRow(time.Hour, "1/1 Running 0")
	same(t, "numbers are not reused", x.ask.pulls[len(x.ask.pulls)-1].Number, len(x.ask.pulls))
}

func TestChangedDeadlineCountsFromTheStart(t *testing.T) {
	x := begin(t, web(withDeadline(3600)), nil).at(sec(60)).update(sec(60), withDeadline(90)).dueAfter(sec(90))
	x.update(sec(61), withDeadline(30)).at(sec(61))
	same(t, "reason", x.status().Reason, "DeadlineExceeded")
}

func TestUpdateThatChangesNothing(t *testing.T) {
	x := begin(t, web(), nil).at(sec(60))
	before := x.life
	if x.update(sec(61), func(p *v1.Pod) { p.Labels = map[string]string{"a": "b"} }).life != before {
		t.Error("it changed")
	}
}

func TestContainersComeAndGo(t *testing.T) {
	x := begin(t, web(withApp("old")), nil).at(sec(60)).update(sec(60), func(p *v1.Pod) {
		p.Spec.Containers = p.Spec.Containers[:1]
	}, withApp("new"))
	x.wantRow(sec(60), "2/2 Running 0")
	same(t, "kept", x.container("app").State.Running.StartedAt.Time, t0)
	same(t, "new", x.container("new").State.Running.StartedAt.Time, t0.Add(sec(60)))
}

func TestUpdateTakesConditionsOfOthers(t *testing.T) {
	x := begin(t, web(gated), nil).at(sec(60)).update(sec(61), func(p *v1.Pod) {
		p.Status.Conditions = []v1.PodCondition{{Type: "example.com/gate", Status: v1.ConditionTrue}}
	})
	x.p.Status = v1.PodStatus{}
	same(t, "ready", x.condition(v1.PodReady).Status, v1.ConditionTrue)
}
