package pod_test

import (
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// tale is what was told of a pod up to a moment, a line for each event but our own words.
func (x *play) tale(after time.Duration) []string {
	x.t.Helper()
	x.at(after)
	var all []string
	for _, e := range x.events {
		if !slices.Contains([]string{"SandboxReady", "Ready", "Exited", "Pulling", "Pulled", "Created", "Started"}, e.Reason) {
			all = append(all, e.At.Sub(t0).String()+" "+e.Reason+" "+e.Message)
		}
	}
	return all
}

func withProbes(edits ...func(*v1.Container)) edit {
	return func(p *v1.Pod) {
		for _, e := range edits {
			e(&p.Spec.Containers[0])
		}
	}
}

func startup(p v1.Probe) func(*v1.Container) { return func(c *v1.Container) { c.StartupProbe = &p } }

func readiness(p v1.Probe) func(*v1.Container) {
	return func(c *v1.Container) { c.ReadinessProbe = &p }
}

func liveness(p v1.Probe) func(*v1.Container) { return func(c *v1.Container) { c.LivenessProbe = &p } }

func TestFailingProbes(t *testing.T) {
	half := int64(5)
	for name, c := range map[string]struct {
		edits   []edit
		outcome pod.Outcome
		tale    []string // of two minutes
		row     string   // then
	}{
		"a container that is well says nothing": {nil, pod.Outcome{}, nil, "1/1 Running 0"},
		"a short start says nothing where the spec has no probe": {
			nil, pod.Outcome{Started: new(sec(5)), Ready: &pod.Readiness{After: sec(9)}}, nil, "1/1 Running 0",
		},
		"a readiness probe that never passes": {
			nil, pod.Outcome{Ready: &pod.Readiness{Never: true}}, []string{"10s Unhealthy Readiness probe failed"}, "0/1 Running 0",
		},
		"a readiness probe that passes late": {
			[]edit{withProbes(readiness(v1.Probe{InitialDelaySeconds: 2}))},
			pod.Outcome{Ready: &pod.Readiness{After: sec(9)}},
			[]string{"2s Unhealthy Readiness probe failed"},
			"1/1 Running 0",
		},
		"a startup that takes long": {
			nil, pod.Outcome{Started: new(time.Hour)}, []string{"10s Unhealthy Startup probe failed"}, "0/1 Running 0",
		},
		"a startup that never comes, with nobody to end it": {
			nil, pod.Outcome{Unstarted: true}, []string{"10s Unhealthy Startup probe failed"}, "0/1 Running 0",
		},
		"a startup probe has enough": {
			[]edit{withProbes(startup(v1.Probe{PeriodSeconds: 20}))}, pod.Outcome{Unstarted: true}, []string{
				"1s Unhealthy Startup probe failed", "1m0s Killing Container app failed startup probe, will be restarted",
				"1m2s Unhealthy Startup probe failed",
			}, "0/1 Running 1 (60s ago)",
		},
		"a startup in time is not ended": {
			[]edit{withProbes(startup(v1.Probe{}))}, pod.Outcome{Started: new(sec(29))}, []string{"1s Unhealthy Startup probe failed"}, "1/1 Running 0",
		},
		"a startup too late is ended": {
			[]edit{withProbes(startup(v1.Probe{})), policy(v1.RestartPolicyNever)}, pod.Outcome{Started: new(sec(31))}, []string{
				"1s Unhealthy Startup probe failed", "30s Killing Container app failed startup probe", "30s Failed all containers are done",
			}, "0/1 Error 0",
		},
		"a liveness probe has enough of a container that hangs": {
			[]edit{withGrace(30)}, pod.Outcome{LivenessFails: new(sec(20))}, []string{
				"20s Unhealthy Liveness probe failed", "50s Killing Container app failed liveness probe, will be restarted",
				"1m41s Unhealthy Liveness probe failed",
			}, "1/1 Running 1 (40s ago)",
		},
		"with the grace and the patience of the probe": {
			[]edit{withProbes(liveness(v1.Probe{FailureThreshold: 1, PeriodSeconds: 4, TerminationGracePeriodSeconds: &half})), policy(v1.RestartPolicyNever)},
			pod.Outcome{LivenessFails: new(sec(20))},
			[]string{
				"20s Unhealthy Liveness probe failed", "24s Killing Container app failed liveness probe", "29s Failed all containers are done",
			},
			"0/1 Error 0",
		},
		"it heeds SIGTERM where the script says so": {
			[]edit{policy(v1.RestartPolicyNever)}, pod.Outcome{LivenessFails: new(sec(20)), Terminate: &pod.Termination{After: sec(1)}}, []string{
				"20s Unhealthy Liveness probe failed", "50s Killing Container app failed liveness probe", "51s Failed all containers are done",
			}, "0/1 Error 0",
		},
		"nobody probes init containers": {
			[]edit{withInit("init-a")}, pod.Outcome{LivenessFails: new(sec(1)), Exit: exit(0, time.Hour)}, nil, "0/1 Init:0/1 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := begin(t, web(c.edits...), always(c.outcome))
			same(t, "tale", x.tale(2*time.Minute), c.tale)
			x.wantRow(2*time.Minute, c.row)
		})
	}
}

// TestLivenessKill is the kubelet's shape after it: running again, lastState 137 Error.
func TestLivenessKill(t *testing.T) {
	ask := &script{start: func(q pod.Question) pod.Outcome {
		if q.Number > 1 {
			return pod.Outcome{}
		}
		return pod.Outcome{LivenessFails: new(sec(20))}
	}}
	x := begin(t, web(withGrace(30)), ask).wantRow(sec(79), "1/1 Running 0").wantRow(sec(80), "0/1 Error 0").wantRow(sec(81), "1/1 Running 1 (1s ago)")
	last := x.container("app").LastTerminationState.Terminated
	same(t, "code", last.ExitCode, int32(137))
	same(t, "reason", last.Reason, "Error")
}

func TestAPodThatEndsIsNotKilledByItsProbes(t *testing.T) {
	ask := always(pod.Outcome{LivenessFails: new(sec(20)), Terminate: &pod.Termination{Never: true}})
	x := begin(t, web(), ask).at(sec(15)).delete(sec(15), time.Hour, nil)
	same(t, "tale", x.tale(30*time.Minute), []string{"15s Killing Stopping container app"})
}

func TestADeleteShortensTheGraceOfAProbe(t *testing.T) {
	x := begin(t, web(withGrace(600)), always(pod.Outcome{LivenessFails: new(sec(20))})).at(sec(60)).delete(sec(60), sec(5), nil).at(sec(65))
	if !x.life.Gone() {
		t.Error("it is still there")
	}
}

// TestStartErrorEvents are those of the kubelet's startContainer.
func TestStartErrorEvents(t *testing.T) {
	for reason, want := range map[string][]string{
		"CreateContainerConfigError": {"Failed Error: no"},
		"CreateContainerError":       {"Failed Error: no"},
		"PreCreateHookError":         {"Failed Internal PreCreateContainer hook failed: no"},
		"PreStartHookError":          {"Failed Internal PreStartContainer hook failed: no"},
		"RunContainerError":          {"Created Created container: app", "Failed Error: no"},
		"PostStartHookError": {
			"Created Created container: app", "Started Started container app",
			"FailedPostStartHook PostStartHook failed", "Killing FailedPostStartHook",
		},
	} {
		t.Run(reason, func(t *testing.T) {
			x := begin(t, web(), startFails(reason, "no")).at(sec(0.5))
			var got []string
			for _, e := range x.events {
				if !slices.Contains([]string{"SandboxReady", "Exited", "Pulling", "Pulled"}, e.Reason) {
					got = append(got, e.Reason+" "+e.Message)
				}
			}
			same(t, "events", got, want)
			same(t, "row", x.row(0), "0/1 "+reason+" 0")
		})
	}
}

// TestNamedPullFailures are those for which runtimes have a name.
func TestNamedPullFailures(t *testing.T) {
	for reason, what := range map[string]string{
		"RegistryUnavailable": "the registry is unavailable", "SignatureValidationFailed": "the signature validation failed",
	} {
		t.Run(reason, func(t *testing.T) {
			x := begin(t, web(), pullFails(pod.Pull{Reason: reason, Message: "no route to host"})).at(sec(0.5))
			same(t, "message", x.container("app").State.Waiting.Message, "image pull failed for nginx:1.27 because "+what+": no route to host")
			x.told("Failed", `Failed to pull image "nginx:1.27": `+reason+": no route to host", "")
			x.told("Failed", "Error: "+reason, "")
			x = begin(t, web(), pullFails(pod.Pull{Reason: reason})).at(sec(0.5))
			same(t, "message", x.container("app").State.Waiting.Message, "image pull failed for nginx:1.27 because "+what)
		})
	}
}
