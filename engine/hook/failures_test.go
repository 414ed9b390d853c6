package hook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
)

func TestOnCreateWordsAreThoseOfAKubelet(t *testing.T) {
	const sandbox = "Failed to create pod sandbox: cni is down"
	for body, want := range map[string]hook.CreateAnswer{
		`return "NodeShutdown"`:                                           {Refuse: &pod.Rejection{Reason: "NodeShutdown", Message: "Pod was rejected: Pod was rejected as the node is shutting down."}},
		`return "NodeAffinity", "no"`:                                     {Refuse: &pod.Rejection{Reason: "NodeAffinity", Message: "Pod was rejected: no"}},
		`return "NodeAffinity", "Pod was rejected: no"`:                   {Refuse: &pod.Rejection{Reason: "NodeAffinity", Message: "Pod was rejected: no"}},
		`return "OutOfcpu"`:                                               {Refuse: &pod.Rejection{Reason: "OutOfcpu"}},
		`return "FailedCreatePodSandBox", "cni is down"`:                  {Delay: pod.Forever, Stuck: &hook.Stuck{Reason: "FailedCreatePodSandBox", Message: sandbox}},
		`return delay("5m", "FailedCreatePodSandBox", "cni is down")`:     {Delay: 5 * time.Minute, Stuck: &hook.Stuck{Reason: "FailedCreatePodSandBox", Message: sandbox}},
		`return delay("5m", "FailedCreatePodSandBox", "` + sandbox + `")`: {Delay: 5 * time.Minute, Stuck: &hook.Stuck{Reason: "FailedCreatePodSandBox", Message: sandbox}},
		`return delay("5m")`:                                              {Delay: 5 * time.Minute},
	} {
		h := newHooks(t, hook.Limits{}, map[string]string{"a.lua": "match = true\nfunction on_create() " + body + " end"})
		got, asked := h.OnCreate(t.Context(), subject(t, h, "web"), 1, start)
		if d := cmp.Diff(want, got); d != "" || asked.Broken {
			t.Errorf("%s (-want +got), broken %v:\n%s", body, asked.Err, d)
		}
	}
}

func TestAStuckPodIsToldWithItsVolume(t *testing.T) {
	h := newHooks(t, hook.Limits{}, map[string]string{"a.lua": `match = true function on_create() return "FailedMount" end`})
	s := subject(t, h, "web")
	answer, _ := h.OnCreate(t.Context(), s, 1, start)
	wants := func(volume string) {
		t.Helper()
		if got := answer.Stuck.About(s.Pod.Object).Message; !strings.Contains(got, "unmounted volumes=["+volume+"]") {
			t.Error(got)
		}
	}
	wants("data")
	s.Pod.Object.Spec.Volumes = []v1.Volume{
		{Name: "kube-api-access-x", VolumeSource: v1.VolumeSource{Projected: &v1.ProjectedVolumeSource{}}}, {Name: "models"},
	}
	wants("models")
}

func TestBadAnswersNameTheNearest(t *testing.T) {
	for hookText, want := range map[string]string{
		`function on_create() return "FailedMound" end`:                                    `did you mean "FailedMount"?`,
		`function on_create() return "OutOfcpus" end`:                                      `did you mean "OutOfcpu"?`,
		`function on_create() return delay("1s", "FailedMont") end`:                        `did you mean "FailedMount"?`,
		`function on_update() return "OutOfcpu" end`:                                       "only on_create may refuse",
		`function on_delete() return delay("1s", "FailedMount") end`:                       "only in on_create",
		`function on_pull() return "RegistryUnavailabl" end`:                               `did you mean "RegistryUnavailable"?`,
		`function on_start() return { liveness_fail = 1 } end`:                             "liveness_fails",
		`function on_start() return { start_error = { reason = "PostStartHookErr" } } end`: `did you mean "PostStartHookError"?`,
	} {
		h := hook.New(hook.Options{Runtime: runtimeOf(t), Node: noNode})
		_, problems := h.Load(t.Context(), sources(map[string]string{"a.lua": "match = true\n" + hookText}))
		if len(problems) == 0 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%s: %v, want %q", hookText, problems, want)
		}
	}
}

func TestOutcomesOfProbes(t *testing.T) {
	h := newHooks(t, hook.Limits{}, map[string]string{"a.lua": "match = true\n" + `
function on_start(pod)
  if pod.metadata.name == "never" then return { started = false } end
  return { started = "5s", liveness_fails = "1m" }
end`})
	got, _ := startApp(t, h, "never")
	if !got.Unstarted || got.Started != nil {
		t.Errorf("started = false: %+v", got)
	}
	got, _ = startApp(t, h, "web")
	if got.Unstarted || *got.Started != 5*time.Second || *got.LivenessFails != time.Minute {
		t.Errorf("started, liveness_fails: %+v", got)
	}
}
