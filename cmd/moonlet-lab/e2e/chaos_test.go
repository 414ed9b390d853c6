package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// cast is the Deployment that a scenario of examples/chaos meets, as its given{} has it for held clocks.
type cast struct {
	name     string
	replicas int32
	labels   map[string]string
	memory   string
}

var (
	webLabels = map[string]string{"app": "web"}
	casts     = map[string]cast{
		"api-brown-out":         {"web", 6, webLabels, ""},
		"crash-storm":           {"web", 6, webLabels, ""},
		"disk-pressure":         {"web", 12, webLabels, ""}, // two a node: four are evicted
		"cache-leak":            {"cache", 4, map[string]string{"behaviour": "memory-leak"}, "256Mi"},
		"registry-outage":       {"api", 4, map[string]string{"behaviour": "image-pull"}, ""},
		"rolling-node-failures": {"web", 6, webLabels, ""},
		"split-brain":           {"web", 6, webLabels, ""},
		"spot-reclaim":          {"web", 6, webLabels, ""},
		"thundering-herd":       {"api", 8, map[string]string{"behaviour": "slow-start"}, ""},
		"zone-outage":           {"web", 6, webLabels, ""},
	}
)

// TestChaos tells the scenarios of examples/chaos side by side, each in a Moonlet of its own with six nodes in three zones,
// on one control plane. They take as long as they say: four minutes in all.
func TestChaos(t *testing.T) {
	files, err := filepath.Glob("../../../examples/chaos/*.lua")
	if err != nil || len(files) != len(casts) {
		t.Fatalf("%d scenarios, and casts for %d; %v", len(files), len(casts), err)
	}
	theLab.needed()
	var wg sync.WaitGroup // not t.Parallel, which has as many at a time as there are processors: they mostly wait
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".lua")
		wg.Go(func() {
			t.Run(name, func(t *testing.T) {
				c, ok := casts[name]
				if !ok {
					t.Fatal("nobody plays in it")
				}
				c.play(t, name, file)
			})
		})
	}
	wg.Wait()
}

var doorURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func (c cast) play(t *testing.T, name, file string) {
	t.Helper()
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "chaos-"+name)
	p := startKubelet(t, &theLab, "--nodename", name, "--nodes", "6", "--node-zones", "a,b,c", "--node-labels", "story="+name,
		"--namespace", ns, "--state", "memory", "--scripts", "../../../scripts")
	door := doorURL.FindString(p.output(t))
	if door == "" {
		t.Fatalf("no address of the API in\n%s", p.output(t))
	}
	var nodes []string
	for i := range 6 {
		nodes = append(nodes, fmt.Sprintf("%s-%d", name, i))
	}
	schedulable(t, client, nodes) // else all pods go to those that are there first, and the story is another one
	if _, err := client.AppsV1().Deployments(ns).Create(t.Context(), c.deployment(name), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if c.name != "api" { // whose stories wait for them themselves, for as long as that takes
		eventually(t, "its pods are ready", func() error { return atLeast(t, client, ns, int(c.replicas)) })
	}

	verdict := tellLive(t, door, file)
	if !verdict.Passed {
		t.Errorf("verdict: %+v\n%s", verdict, theLab.kubectl(t, "get", "pods,nodes", "-n", ns, "-o", "wide"))
	}
	if left := get(t, door+"/api/v1/faults"); strings.TrimSpace(left) != "[]" {
		t.Errorf("left behind: %s", left)
	}
	eventually(t, "the cluster is whole again", func() error {
		d, err := client.AppsV1().Deployments(ns).Get(t.Context(), c.name, metav1.GetOptions{})
		if err == nil && d.Status.AvailableReplicas < c.replicas {
			err = fmt.Errorf("%d of %d are available", d.Status.AvailableReplicas, c.replicas)
		}
		return err
	})
}

// liveVerdict is what a test wants to know of a verdict.
type liveVerdict struct {
	Scenario     string
	Passed       bool
	Took         float64
	Ended        string
	Problem      map[string]any
	Expectations []map[string]any
}

// tellLive has the running Moonlet tell a scenario, as a person would.
func tellLive(t *testing.T, door, file string) liveVerdict {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), moonletBinary, "scenario", "run", file, "--server", door, "-o", "json")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var verdicts []liveVerdict
	if bad := json.Unmarshal([]byte(stdout.String()), &verdicts); bad != nil || len(verdicts) != 1 {
		t.Fatalf("scenario run: %v\n%s%s", err, stdout.String(), stderr.String())
	}
	t.Logf("%s", stderr.String())
	return verdicts[0]
}

func (c cast) deployment(story string) *appsv1.Deployment {
	container := v1.Container{Name: c.name, Image: "registry.example/" + c.name + ":1"}
	if c.memory != "" {
		limits := v1.ResourceList{v1.ResourceMemory: resource.MustParse(c.memory)}
		container.Resources = v1.ResourceRequirements{Limits: limits, Requests: limits}
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: c.name, Labels: c.labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: &c.replicas, Selector: &metav1.LabelSelector{MatchLabels: c.labels},
			Template: v1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: c.labels},
				Spec: v1.PodSpec{
					Containers:   []v1.Container{container},
					NodeSelector: map[string]string{"story": story},
					TopologySpreadConstraints: []v1.TopologySpreadConstraint{{
						MaxSkew: 1, TopologyKey: v1.LabelHostname, WhenUnsatisfiable: v1.ScheduleAnyway,
						LabelSelector: &metav1.LabelSelector{MatchLabels: c.labels},
					}},
					Tolerations: []v1.Toleration{{Key: "virtual-kubelet.io/provider", Operator: v1.TolerationOpExists}},
				},
			},
		},
	}
}
