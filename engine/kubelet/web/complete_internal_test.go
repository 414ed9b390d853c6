package web

import (
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

var (
	now   = metav1.NewTime(time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC))
	later = metav1.NewTime(now.Add(time.Minute))
)

// parse reads a status as people write one.
func parse(t *testing.T, text string) *v1.PodStatus {
	t.Helper()
	s := &v1.PodStatus{}
	if err := yaml.UnmarshalStrict([]byte(text), s); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return s
}

// podOf has the containers that are named; "init:x" is an init container, "sidecar:x" one that goes on.
func podOf(policy v1.RestartPolicy, names ...string) *v1.Pod {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: "1"}}
	p.Spec.RestartPolicy = policy
	always := v1.ContainerRestartPolicyAlways
	for _, name := range names {
		if init, ok := strings.CutPrefix(name, "init:"); ok {
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: init, Image: "i"})
		} else if init, ok := strings.CutPrefix(name, "sidecar:"); ok {
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: init, Image: "i", RestartPolicy: &always})
		} else {
			p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: name, Image: "i"})
		}
	}
	return p
}

// What a real kubelet writes needs no completion: all of it stands.
func TestAKubeletsStatusStands(t *testing.T) {
	text, err := os.ReadFile("testdata/kubelet-statuses.txt")
	if err != nil {
		t.Fatal(err)
	}
	cases := regexp.MustCompile(`(?m)^### (.*)\nkubectl: .*\n`).Split(string(text), -1)[1:]
	names := regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(string(text), -1)
	tested := 0
	for i, one := range cases {
		said := parse(t, one)
		if said.StartTime == nil { // written by the scheduler: no provider has seen the pod
			continue
		}
		tested++
		p := podOf(v1.RestartPolicyAlways)
		p.Generation = 1
		p.Status.QOSClass = said.QOSClass
		for _, c := range said.ContainerStatuses {
			p.Spec.Containers = append(p.Spec.Containers, v1.Container{Name: c.Name})
		}
		for _, c := range said.InitContainerStatuses {
			p.Spec.InitContainers = append(p.Spec.InitContainers, v1.Container{Name: c.Name})
		}
		got := complete(account{pod: p, said: said.DeepCopy(), now: now})
		for i := range got.Conditions { // the fixtures leave out transition times
			if got.Conditions[i].LastTransitionTime != now {
				t.Errorf("%s: %v", names[i][1], got.Conditions[i])
			}
			got.Conditions[i].LastTransitionTime = metav1.Time{}
		}
		if diff := cmp.Diff(said, got); diff != "" {
			t.Errorf("%s (-kubelet +completed):\n%s", names[i][1], diff)
		}
	}
	if tested < 30 {
		t.Errorf("only %d cases were found", tested)
	}
}

func TestWhatIsLeftOutIsConcluded(t *testing.T) {
	for name, c := range map[string]struct {
		pod  *v1.Pod
		said string
		want string // phase; containers; conditions
	}{
		"nothing at all": {
			podOf("Always", "app"), `{}`,
			"Pending; app waiting ContainerCreating; Initialized",
		},
		"a phase: Running": {
			podOf("Always", "app", "log"), `{phase: Running}`,
			"Running; app running ready, log running ready; PodReadyToStartContainers Initialized Ready ContainersReady",
		},
		"a phase: Pending": {
			podOf("Always", "init:first", "app"), `{phase: Pending}`,
			"Pending; first waiting PodInitializing, app waiting PodInitializing; ",
		},
		"a phase: Succeeded": {
			podOf("Never", "app"), `{phase: Succeeded}`,
			"Succeeded; app exit 0 Completed; Initialized",
		},
		"a phase: Failed": {
			podOf("Never", "app"), `{phase: Failed}`,
			"Failed; app exit 1 Error; Initialized",
		},
		"a phase in other letters": {
			podOf("Always", "app"), `{phase: running}`,
			"Running; app running ready; PodReadyToStartContainers Initialized Ready ContainersReady",
		},
		"a phase that there is not": {
			podOf("Always", "app"), `{phase: Whatever}`,
			"Unknown (the web provider says that the pod's phase is Whatever); ; Initialized",
		},
		"a phase with a reason: turned away as a kubelet does": {
			podOf("Always", "app"), `{phase: Failed, reason: OutOfcpu, message: full}`,
			"Failed OutOfcpu (full); ; ",
		},
		"a failure with a reason and conditions": {
			podOf("Always", "app"), `{phase: Failed, reason: OutOfDisk, conditions: [{type: Ready, status: "True"}]}`,
			"Failed OutOfDisk; app exit 1 OutOfDisk; Initialized",
		},
		"containers without a phase: running": {
			podOf("Always", "app"), `{containerStatuses: [{name: app, ready: true, state: {running: {}}}]}`,
			"Running; app running ready; PodReadyToStartContainers Initialized Ready ContainersReady",
		},
		"containers without a phase: ended well": {
			podOf("OnFailure", "app"), `{containerStatuses: [{name: app, state: {terminated: {exitCode: 0}}}]}`,
			"Succeeded; app exit 0; Initialized",
		},
		"containers without a phase: ended badly": {
			podOf("Never", "app"), `{containerStatuses: [{name: app, state: {terminated: {exitCode: 3}}}]}`,
			"Failed; app exit 3; Initialized",
		},
		"containers without a phase: they will start again": {
			podOf("Always", "app"), `{containerStatuses: [{name: app, state: {terminated: {exitCode: 3}}}]}`,
			"Running; app exit 3; PodReadyToStartContainers Initialized",
		},
		"containers without a phase: only one of two": {
			podOf("Never", "app", "log"), `{containerStatuses: [{name: app, state: {terminated: {exitCode: 3}}}]}`,
			"Running; app exit 3, log running ready; PodReadyToStartContainers Initialized",
		},
		"containers without a phase: waiting after a crash": {
			podOf("Always", "app"), `{containerStatuses: [{name: app, restartCount: 2, state: {waiting: {reason: CrashLoopBackOff}}}]}`,
			"Running; app waiting CrashLoopBackOff ×2; PodReadyToStartContainers Initialized",
		},
		"an unready container": {
			podOf("Always", "app"), `{phase: Running, containerStatuses: [{name: app, state: {running: {}}}]}`,
			"Running; app running; PodReadyToStartContainers Initialized",
		},
		"an unready pod without containers": {
			podOf("Always", "app"), `{phase: Running, conditions: [{type: Ready, status: "false"}]}`,
			"Running; app running; PodReadyToStartContainers Initialized",
		},
		"conditions in other letters": {
			podOf("Always", "app"), `{phase: Running, conditions: [{type: Ready, status: "true"}, {type: Initialized, status: "maybe"}]}`,
			"Running; app running ready; Ready PodReadyToStartContainers ContainersReady",
		},
		"a stopped pod that still says it is ready": {
			podOf("Always", "app"), `{phase: Failed, conditions: [{type: Ready, status: "True"}], containerStatuses: [{name: app, ready: false, restartCount: 100, state: {terminated: {exitCode: -1, message: "terminated by web ui"}}}]}`,
			"Failed; app exit -1 ×100; Initialized",
		},
		"a stopped pod whose containers still run": {
			podOf("Always", "app"), `{phase: Succeeded, containerStatuses: [{name: app, ready: true, state: {running: {}}}]}`,
			"Succeeded; app exit 0 Completed; Initialized",
		},
		"all three states at once": {
			podOf("Always", "app"), `{phase: Running, containerStatuses: [{name: app, ready: true, state: {waiting: {}, running: {}, terminated: {exitCode: 1}}}]}`,
			"Running; app running ready; PodReadyToStartContainers Initialized Ready ContainersReady",
		},
		"no state": {
			podOf("Always", "app"), `{phase: Running, containerStatuses: [{name: app, ready: true}]}`,
			"Running; app running ready; PodReadyToStartContainers Initialized Ready ContainersReady",
		},
		"a container twice, one of another pod, in another order": {
			podOf("Always", "app", "a"), `{phase: Running, containerStatuses: [{name: x}, {name: app, state: {running: {}}}, {name: a, state: {running: {}}}, {name: app, ready: true, state: {running: {}}}]}`,
			"Running; a running, app running ready; PodReadyToStartContainers Initialized",
		},
		"init containers of a running pod": {
			podOf("Always", "init:first", "sidecar:proxy", "app"), `{phase: Running}`,
			"Running; first exit 0 Completed ready, proxy running ready, app running ready; PodReadyToStartContainers Initialized Ready ContainersReady",
		},
		"init containers of a failed pod": {
			podOf("Never", "init:first", "app"), `{phase: Failed, initContainerStatuses: [{name: first, state: {terminated: {exitCode: 1, reason: Error}}}]}`,
			"Failed; first exit 1 Error, app exit 1 Error; ",
		},
		"conditions that the API server would refuse": {
			podOf("Always", "app"), `{phase: Running, conditions: [{type: "not a name", status: "True"}, {type: "", status: "True"}, {type: example.com/mine, status: "True"}]}`,
			"Running; app running ready; example.com/mine PodReadyToStartContainers Initialized Ready ContainersReady",
		},
		"a pod whose spec is not known": {
			podOf("Always"), `{phase: Running, containerStatuses: [{name: app, ready: true, state: {running: {}}}]}`,
			"Running; app running ready; PodReadyToStartContainers Initialized Ready ContainersReady",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.pod.Status.QOSClass = v1.PodQOSBurstable
			got := complete(account{pod: c.pod, said: parse(t, c.said), now: now})
			if inWords(got) != c.want {
				t.Errorf("got  %s\nwant %s", inWords(got), c.want)
			}
			if got.QOSClass != v1.PodQOSBurstable || got.StartTime == nil {
				t.Errorf("qosClass %s, startTime %v", got.QOSClass, got.StartTime)
			}
			for _, problem := range problems(c.pod, got, nil) {
				t.Error("the API server refuses: " + problem)
			}
		})
	}
}

// inWords is a status in one line: phase; containers; conditions that are True, but PodScheduled.
func inWords(s *v1.PodStatus) string {
	phase := string(s.Phase)
	if s.Reason != "" {
		phase += " " + s.Reason
	}
	if s.Message != "" {
		phase += " (" + s.Message + ")"
	}
	var containers, conditions []string
	for _, c := range append(slices.Clone(s.InitContainerStatuses), s.ContainerStatuses...) {
		containers = append(containers, stateInWords(c))
	}
	for _, c := range s.Conditions {
		if c.Status == v1.ConditionTrue && c.Type != v1.PodScheduled {
			conditions = append(conditions, string(c.Type))
		}
	}
	return phase + "; " + strings.Join(containers, ", ") + "; " + strings.Join(conditions, " ")
}

func stateInWords(c v1.ContainerStatus) string {
	text := c.Name
	switch {
	case c.State.Running != nil:
		text += " running"
	case c.State.Terminated != nil:
		text += strings.TrimRight(" exit "+jsonOf(c.State.Terminated.ExitCode)+" "+c.State.Terminated.Reason, " ")
	case c.State.Waiting != nil:
		text += " waiting " + c.State.Waiting.Reason
	}
	if c.Ready {
		text += " ready"
	}
	if c.RestartCount > 0 {
		text += " ×" + jsonOf(c.RestartCount)
	}
	return text
}

func jsonOf(v any) string {
	text, _ := yaml.Marshal(v)
	return strings.TrimSpace(string(text))
}

// What follows is a pod's second status, after that of the first line.
func TestWhatMayNotGoBackDoesNot(t *testing.T) {
	for name, c := range map[string]struct {
		policy       v1.RestartPolicy
		before, said string
		want         string
	}{
		"a terminal phase":              {"Never", `{phase: Succeeded}`, `{phase: Running}`, "Succeeded; app exit 0 Completed; Initialized"},
		"the number of restarts":        {"Always", `{containerStatuses: [{name: app, restartCount: 3, state: {running: {}}}]}`, `{phase: Running, containerStatuses: [{name: app, restartCount: 1, state: {running: {}}}]}`, "Running; app running ×3; PodReadyToStartContainers Initialized"},
		"the end under Never":           {"Never", `{phase: Running, containerStatuses: [{name: app, state: {terminated: {exitCode: 1}}}]}`, `{phase: Running, containerStatuses: [{name: app, ready: true, state: {running: {}}}]}`, "Running; app exit 1; PodReadyToStartContainers Initialized"},
		"a good end under OnFailure":    {"OnFailure", `{phase: Running, containerStatuses: [{name: app, state: {terminated: {exitCode: 0}}}]}`, `{phase: Running, containerStatuses: [{name: app, state: {running: {}}}]}`, "Running; app exit 0; PodReadyToStartContainers Initialized"},
		"but a bad end under OnFailure": {"OnFailure", `{phase: Running, containerStatuses: [{name: app, state: {terminated: {exitCode: 1}}}]}`, `{phase: Running, containerStatuses: [{name: app, restartCount: 1, state: {running: {}}}]}`, "Running; app running ×1; PodReadyToStartContainers Initialized"},
		"but an end under Always":       {"Always", `{phase: Running, containerStatuses: [{name: app, state: {terminated: {exitCode: 0}}}]}`, `{phase: Running, containerStatuses: [{name: app, restartCount: 1, state: {running: {}}}]}`, "Running; app running ×1; PodReadyToStartContainers Initialized"},
	} {
		t.Run(name, func(t *testing.T) {
			p := podOf(c.policy, "app")
			before := complete(account{pod: p, said: parse(t, c.before), now: now})
			got := complete(account{pod: p, said: parse(t, c.said), before: before, now: later})
			if inWords(got) != c.want {
				t.Errorf("got  %s\nwant %s", inWords(got), c.want)
			}
			for _, problem := range problems(p, got, before) {
				t.Error("the API server refuses: " + problem)
			}
		})
	}
}

// Mocks send the time of the request with everything.
func TestTimesMoveWithStatusesOnly(t *testing.T) {
	p := podOf("Always", "app")
	say := func(ready string, at metav1.Time) *v1.PodStatus {
		s := parse(t, `{phase: Running, conditions: [{type: Ready, status: "`+ready+`"}], containerStatuses: [{name: app, state: {running: {}}}]}`)
		s.StartTime, s.Conditions[0].LastTransitionTime, s.Conditions[0].LastProbeTime = &at, at, at
		s.ContainerStatuses[0].State.Running.StartedAt = at
		return s
	}
	first := complete(account{pod: p, said: say("False", now), now: now})
	same := complete(account{pod: p, said: say("False", later), before: first, now: later})
	if diff := cmp.Diff(first, same); diff != "" {
		t.Errorf("the same with other times:\n%s", diff)
	}
	other := complete(account{pod: p, said: say("True", later), before: first, now: later})
	if other.Conditions[0].LastTransitionTime != later || other.Conditions[0].LastProbeTime != (metav1.Time{}) || *other.StartTime != now {
		t.Errorf("changed: %+v, started %v", other.Conditions[0], other.StartTime)
	}
}

func TestAddresses(t *testing.T) {
	for name, c := range map[string]struct{ said, nodeIP, want string }{
		"none":                           {`{}`, "", "[] []"},
		"of the pod only":                {`{podIP: 10.0.0.1}`, "192.168.0.1", "[10.0.0.1] [192.168.0.1]"},
		"only in the list":               {`{podIPs: [{ip: 10.0.0.1}]}`, "", "[10.0.0.1] []"},
		"two that differ":                {`{podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.2}, {ip: "fd00::1"}]}`, "", "[10.0.0.1 fd00::1] []"},
		"words instead":                  {`{podIP: pending, hostIP: localhost}`, "::1", "[] [::1]"},
		"of the host":                    {`{hostIP: 10.1.1.1, hostIPs: [{ip: 10.1.1.1}]}`, "::1", "[] [10.1.1.1]"},
		"zone, leading zero, mapped, ''": {`{podIP: "fe80::1%eth0", podIPs: [{ip: 010.0.0.1}, {ip: "::ffff:1.2.3.4"}, {ip: ""}]}`, "", "[] []"},
	} {
		s := complete(account{pod: podOf("Always", "app"), said: parse(t, c.said), now: now, nodeIP: c.nodeIP})
		pods, hosts := []string{}, []string{}
		for _, ip := range s.PodIPs {
			pods = append(pods, ip.IP)
		}
		for _, ip := range s.HostIPs {
			hosts = append(hosts, ip.IP)
		}
		if got := "[" + strings.Join(pods, " ") + "] [" + strings.Join(hosts, " ") + "]"; got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// problems says what the API server would refuse of a status, by the rules of its validation.
func problems(p *v1.Pod, s, before *v1.PodStatus) (found []string) {
	say := func(refused bool, why string) {
		if refused {
			found = append(found, why)
		}
	}
	say(s.QOSClass != p.Status.QOSClass, "qosClass is not what it was")
	say(s.ObservedGeneration < 0, "observedGeneration is negative")
	say(s.NominatedNodeName != "", "nominatedNodeName is set")
	for _, c := range s.Conditions {
		say(len(validation.IsQualifiedName(string(c.Type))) > 0, "condition "+string(c.Type))
		say(c.ObservedGeneration < 0, "a condition's observedGeneration is negative")
	}
	say((s.PodIP == "") != (len(s.PodIPs) == 0) || len(s.PodIPs) > 0 && s.PodIPs[0].IP != s.PodIP, "podIP is not podIPs[0]")
	say(len(s.HostIPs) > 0 && s.HostIPs[0].IP != s.HostIP, "hostIP is not hostIPs[0]")
	say(len(s.PodIPs) > 2 || len(s.HostIPs) > 2, "more than two addresses")
	for _, ip := range s.PodIPs {
		_, err := netip.ParseAddr(ip.IP)
		say(err != nil, "podIPs")
	}
	if before == nil {
		return found
	}
	for _, pair := range [][2][]v1.ContainerStatus{{before.ContainerStatuses, s.ContainerStatuses}, {before.InitContainerStatuses, s.InitContainerStatuses}} {
		for _, old := range pair[0] {
			c := last(pair[1], old.Name)
			if old.State.Terminated == nil || c == nil {
				continue
			}
			stuck := p.Spec.RestartPolicy == v1.RestartPolicyNever || p.Spec.RestartPolicy == v1.RestartPolicyOnFailure && old.State.Terminated.ExitCode == 0
			say(stuck && c.State.Terminated == nil, "container "+c.Name+" was terminated")
		}
	}
	return found
}

// Whatever a provider says twice, the API server takes both, saying the same again changes nothing, and what was given
// out is not changed afterwards.
func FuzzComplete(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"phase":"Running"}`, `{"phase":"Whatever","conditions":null}`, `{"phase":"Failed","reason":"OutOfcpu"}`,
		`{"phase":"Running","containerStatuses":[{"name":"app","restartCount":-1,"state":{"running":{},"waiting":{},"terminated":{"exitCode":1}}}]}`,
		`{"podIP":"x","podIPs":[{"ip":"1.2.3.4"},{"ip":"::1"}],"qosClass":"Best","conditions":[{"type":" "}]}`,
		`{"initContainerStatuses":[{"name":"first","state":{"terminated":{"exitCode":0}}}],"observedGeneration":-3}`,
	} {
		f.Add(uint8(0), seed, `{"phase":"Running"}`)
		f.Add(uint8(1), `{"phase":"Running"}`, seed)
		f.Add(uint8(2), seed, seed)
	}
	f.Fuzz(func(t *testing.T, policy uint8, one, two string) {
		policies := []v1.RestartPolicy{v1.RestartPolicyAlways, v1.RestartPolicyNever, v1.RestartPolicyOnFailure}
		p := podOf(policies[int(policy)%3], "init:first", "sidecar:proxy", "app", "log")
		p.Status.QOSClass = v1.PodQOSBestEffort
		var before *v1.PodStatus
		for _, text := range []string{one, two} {
			said := &v1.PodStatus{}
			if yaml.Unmarshal([]byte(text), said) != nil {
				return
			}
			asked := said.DeepCopy()
			s := complete(account{pod: p, said: said, before: before, now: now})
			if found := problems(p, s, before); len(found) > 0 {
				t.Fatalf("refused: %v\n%s", found, jsonOf(s))
			}
			kept := s.DeepCopy()
			if again := complete(account{pod: p, said: said, before: s, now: later}); !reflect.DeepEqual(kept, again) {
				t.Fatalf("saying it again:\n%s", cmp.Diff(kept, again))
			}
			if !reflect.DeepEqual(kept, s) || !reflect.DeepEqual(asked, said) {
				t.Fatal("an input was changed")
			}
			before = s
		}
	})
}
