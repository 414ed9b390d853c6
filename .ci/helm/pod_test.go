package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

func workload(t *testing.T, all []metav1.Object) *v1.PodSpec {
	t.Helper()
	return &only[*appsv1.StatefulSet](t, all).Spec.Template.Spec
}

func TestSelectorsFindThePod(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := render(t, values...)
			set, service := only[*appsv1.StatefulSet](t, all), only[*v1.Service](t, all)
			pod := labels.Set(set.Spec.Template.Labels)
			if !labels.SelectorFromSet(set.Spec.Selector.MatchLabels).Matches(pod) {
				t.Errorf("the StatefulSet's selector %v does not match its pod %v", set.Spec.Selector.MatchLabels, pod)
			}
			if !labels.SelectorFromSet(service.Spec.Selector).Matches(pod) {
				t.Errorf("the Service's selector %v does not match the pod %v", service.Spec.Selector, pod)
			}
			for _, test := range ofType[*v1.Pod](all) {
				if labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(test.Labels)) {
					t.Errorf("the Service takes the test's pod %v for Moonlet", test.Labels)
				}
			}
			if set.Spec.ServiceName != service.Name {
				t.Errorf("the StatefulSet's Service is %s, want %s", set.Spec.ServiceName, service.Name)
			}
		})
	}
}

func TestPortsAreThoseOfTheContainers(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := render(t, values...)
			var names []string
			for _, c := range workload(t, all).Containers {
				for _, p := range c.Ports {
					names = append(names, p.Name)
				}
			}
			for _, p := range only[*v1.Service](t, all).Spec.Ports {
				if !slices.Contains(names, p.TargetPort.StrVal) {
					t.Errorf("port %s of the Service leads to %q, the containers have %v", p.Name, p.TargetPort.StrVal, names)
				}
			}
			slices.Sort(names)
			if len(slices.Compact(slices.Clone(names))) != len(names) {
				t.Errorf("two ports have one name: %v", names)
			}
		})
	}
}

func TestProbesAskMoonlet(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := workload(t, render(t, values...)).Containers[0]
			if !slices.Contains(c.Args, "--metrics-addr=:10255") {
				t.Errorf("health is not served where the kubelet can ask: %v", c.Args)
			}
			for path, probe := range map[string]*v1.Probe{"/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
				if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port.StrVal != "metrics" {
					t.Errorf("probe of %s is %v", path, probe)
				}
			}
			// Moonlet waits a minute for the API server, and then says what is wrong itself.
			start := c.StartupProbe
			if start == nil || start.PeriodSeconds*start.FailureThreshold < 90 {
				t.Errorf("startup probe %v is less patient than Moonlet", start)
			}
		})
	}
}

func TestVolumesAreMountedAsFolders(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := only[*appsv1.StatefulSet](t, render(t, values...))
			var there, mounted []string
			for _, v := range set.Spec.Template.Spec.Volumes {
				there = append(there, v.Name)
			}
			for _, c := range set.Spec.VolumeClaimTemplates {
				there = append(there, c.Name)
			}
			for _, m := range set.Spec.Template.Spec.Containers[0].VolumeMounts {
				mounted = append(mounted, m.Name)
				if m.SubPath != "" {
					t.Errorf("%s is mounted by subPath: an edit would never arrive", m.Name)
				}
			}
			slices.Sort(there)
			slices.Sort(mounted)
			if diff := cmp.Diff(there, mounted); diff != "" {
				t.Errorf("volumes (-there +mounted):\n%s", diff)
			}
		})
	}
}

// What Pod Security calls restricted, and a root file system that cannot be written.
func TestMoonletIsConfined(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := workload(t, render(t, values...))
			if p := pod.SecurityContext.SeccompProfile; p == nil || p.Type != v1.SeccompProfileTypeRuntimeDefault {
				t.Errorf("seccomp profile %v", p)
			}
			c := pod.Containers[0].SecurityContext
			if *c.RunAsUser != 65532 || !*c.RunAsNonRoot || !*c.ReadOnlyRootFilesystem || *c.AllowPrivilegeEscalation {
				t.Errorf("security context %v", c)
			}
			for i := range pod.Containers {
				if drop := pod.Containers[i].SecurityContext.Capabilities.Drop; !slices.Equal(drop, []v1.Capability{"ALL"}) {
					t.Errorf("container %s drops %v only", pod.Containers[i].Name, drop)
				}
			}
			if pod.HostNetwork || pod.HostPID || pod.EnableServiceLinks == nil || *pod.EnableServiceLinks {
				t.Errorf("the pod shares what it should not, or takes Services' variables for settings")
			}
		})
	}
}

func TestMoonletNeverLandsOnAVirtualNode(t *testing.T) {
	affinity := workload(t, render(t, "--set", "affinity.podAffinity=null")).Affinity
	terms := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	want := []v1.NodeSelectorTerm{{MatchExpressions: []v1.NodeSelectorRequirement{
		{Key: "type", Operator: v1.NodeSelectorOpNotIn, Values: []string{"virtual-kubelet"}},
	}}}
	if diff := cmp.Diff(want, terms); diff != "" {
		t.Errorf("required node affinity:\n%s", diff)
	}
}

func TestNamespacesAreWritten(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, object := range render(t, values...) {
				clusterWide := strings.Contains(object.GetName(), "moon:") && object.GetNamespace() == ""
				if object.GetNamespace() == "" && !clusterWide {
					t.Errorf("%T %s has no namespace", object, object.GetName())
				}
				if object.GetLabels()["app.kubernetes.io/managed-by"] != "Helm" {
					t.Errorf("%T %s does not say that it is helm's", object, object.GetName())
				}
			}
		})
	}
}

func TestTwoReleasesOfOneNameDoNotMeet(t *testing.T) {
	here := render(t)
	for _, there := range ofEverything(t, mustHelm(t, "template", "demo", chart, "--namespace", "sun")) {
		for _, object := range here {
			same := object.GetName() == there.GetName() && object.GetNamespace() == there.GetNamespace()
			if same && kind(object) == kind(there) {
				t.Errorf("%s %s belongs to both releases", kind(object), object.GetName())
			}
		}
	}
}
