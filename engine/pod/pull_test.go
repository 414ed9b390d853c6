package pod_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

func TestPullBackOffDoublesUpToFiveMinutes(t *testing.T) {
	x := begin(t, web(), pullFails(pod.Pull{After: sec(2), Reason: "ErrImagePull", Message: "no"})).at(25 * time.Minute)
	var got []time.Duration
	for i := 1; i < len(x.ask.pulls); i++ {
		got = append(got, x.ask.pulls[i].At.Sub(x.ask.pulls[i-1].At)-sec(2)) // since the failure
	}
	same(t, "delays", got, []time.Duration{sec(10), sec(20), sec(40), sec(80), sec(160), sec(300), sec(300), sec(300)})
	same(t, "number", x.ask.pulls[8].Number, 9)
}

func TestPullFailureIsCalledBackOffAfterASecond(t *testing.T) {
	s := &script{pull: func(q pod.Question) pod.Pull {
		if q.Number == 1 {
			return pod.Pull{Reason: "RegistryUnavailable", Message: "down"}
		}
		return pod.Pull{After: sec(5)}
	}}
	x := begin(t, web(), s)
	x.wantRow(0, "0/1 RegistryUnavailable 0").dueAfter(sec(1))
	x.wantRow(sec(1), "0/1 ImagePullBackOff 0").dueAfter(sec(10))
	same(t, "message", x.container("app").State.Waiting.Message,
		`Back-off pulling image "nginx:1.27": RegistryUnavailable: image pull failed for nginx:1.27 because the registry is unavailable: down`)
	x.wantRow(sec(14), "0/1 ImagePullBackOff 0") // while it is pulled again
	x.wantRow(sec(15), "1/1 Running 0")
}

func TestFailuresWithoutBackOffAreTriedEveryTenSeconds(t *testing.T) {
	for _, reason := range []string{"ErrImageNeverPull", "InvalidImageName"} {
		t.Run(reason, func(t *testing.T) {
			x := begin(t, web(), pullFails(pod.Pull{Reason: reason, Message: "no"}))
			x.wantRow(sec(35), "0/1 "+reason+" 0")
			same(t, "pulls", len(x.ask.pulls), 4)
		})
	}
}

func TestPullPolicies(t *testing.T) {
	for name, c := range map[string]struct {
		image  string
		policy v1.PullPolicy
		pulls  int // in two runs
	}{
		"a tag is pulled until present":    {"nginx:1.27", "", 1},
		"latest is pulled at each start":   {"nginx:latest", "", 2},
		"no tag is latest":                 {"nginx", "", 2},
		"a port is no tag":                 {"localhost:5000/nginx", "", 2},
		"a digest is pulled until present": {"nginx@sha256:00", "", 1},
		"Always pulls at each start":       {"nginx:1.27", v1.PullAlways, 2},
		"IfNotPresent until present":       {"nginx", v1.PullIfNotPresent, 1},
		"Never asks until present":         {"nginx", v1.PullNever, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := web(func(p *v1.Pod) {
				p.Spec.Containers[0].Image, p.Spec.Containers[0].ImagePullPolicy = c.image, c.policy
			})
			x := begin(t, p, always(pod.Outcome{Exit: exit(1, sec(1))})).at(sec(2.5))
			same(t, "starts", len(x.ask.starts), 2)
			same(t, "pulls", len(x.ask.pulls), c.pulls)
		})
	}
}

func TestImageIDIsSetWhenPulled(t *testing.T) {
	x := begin(t, web(), pullFails(pod.Pull{After: sec(5)})).at(sec(4))
	same(t, "before", x.container("app").ImageID, "")
	got := x.at(sec(5)).container("app").ImageID
	if want := "docker.io/library/nginx@sha256:"; len(got) != len(want)+64 || got[:len(want)] != want {
		t.Errorf("imageID %q", got)
	}
}

func TestPullEvents(t *testing.T) {
	x := begin(t, web(), &script{pull: func(q pod.Question) pod.Pull {
		if q.Number == 1 {
			return pod.Pull{Reason: "ErrImagePull", Message: "no", By: "x.lua:1"}
		}
		return pod.Pull{After: sec(2)}
	}}).at(sec(12))
	var got []string
	for _, e := range x.events {
		got = append(got, e.At.Sub(t0).String()+" "+e.Type+" "+e.Reason+": "+e.Message+" "+e.By)
	}
	same(t, "events", got, []string{
		"0s Normal SandboxReady: Pod sandbox created ",
		`0s Normal Pulling: Pulling image "nginx:1.27" x.lua:1`,
		`0s Warning Failed: Failed to pull image "nginx:1.27": no x.lua:1`,
		"0s Warning Failed: Error: ErrImagePull x.lua:1",
		`1s Normal BackOff: Back-off pulling image "nginx:1.27" `,
		"1s Warning Failed: Error: ImagePullBackOff ",
		`10s Normal Pulling: Pulling image "nginx:1.27" `,
		`12s Normal Pulled: Successfully pulled image "nginx:1.27" in 2s (2s including waiting) `,
		"12s Normal Created: Created container: app ",
		"12s Normal Started: Started container app ",
		"12s Normal Ready: Container app is ready ",
	})
}
