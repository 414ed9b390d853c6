package kubeletapi_test

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

var golden = flag.Bool("update", false, "rewrite golden files")

// metered is a server of nodes n1 and n2 on a held clock, which says what usage says.
func metered(t *testing.T, usage func(node string) ([]kubelet.PodUsage, error)) *door {
	t.Helper()
	held := clock.Hold(noon)
	d := open(t, func(o *kubeletapi.Options) {
		o.Nodes, o.Clock = []string{"n1", "n2"}, held
		o.Provider = &provider{usage: func(_ context.Context, node string) ([]kubelet.PodUsage, error) { return usage(node) }}
	})
	held.Set(noon.Add(100 * time.Second))
	return d
}

// twoNodes run web, of two containers, on n1 and db on n2.
func twoNodes(node string) ([]kubelet.PodUsage, error) {
	web, db := webPod("web", "n1"), webPod("db", "n2")
	web.Status.StartTime = &metav1.Time{Time: noon.Add(-time.Minute)}
	web.Spec.Containers[0].Resources.Limits = v1.ResourceList{v1.ResourceMemory: resource.MustParse("64Mi")}
	db.CreationTimestamp = metav1.NewTime(noon.Add(-time.Hour))
	return map[string][]kubelet.PodUsage{
		"n1": {{Pod: web, Containers: []kubelet.ContainerUsage{
			{Name: "c", Started: noon.Add(-50 * time.Second), CPU: 0.25, CPUSeconds: 12.5, MemoryBytes: 48 << 20},
			{Name: "side", Started: noon.Add(1500 * time.Millisecond), CPU: 0.125, CPUSeconds: 1, MemoryBytes: 1 << 20},
		}}},
		"n2": {{Pod: db, Containers: []kubelet.ContainerUsage{{Name: "c", Started: noon, CPU: 1, CPUSeconds: 100, MemoryBytes: 1 << 30}}}},
	}[node], nil
}

func TestSummaryOfANode(t *testing.T) {
	d := metered(t, twoNodes)
	for path, file := range map[string]string{
		"/nodes/n1/stats/summary": "testdata/summary-n1.json",
		"/stats/summary":          "testdata/summary-all.json",
	} {
		code, body := d.ask(path)
		if *golden {
			if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), body); d != "" || code != 200 {
			t.Errorf("%s: %d\n%s", path, code, d)
		}
	}
}

// families parses a page of metrics, as metrics-server does.
func (d *door) families(path string) map[string]*dto.MetricFamily {
	d.t.Helper()
	code, body := d.ask(path)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	found, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if code != 200 || err != nil {
		d.t.Fatalf("%d, %v\n%s", code, err, body)
	}
	return found
}

// sample is one metric in words.
type sample struct {
	kind   dto.MetricType
	labels string
	value  float64
	at     int64 // milliseconds since 1970; 0: none
}

func samples(families map[string]*dto.MetricFamily) map[string][]sample {
	all := map[string][]sample{}
	for name, family := range families {
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue()
			all[name] = append(all[name], sample{family.GetType(), strings.Join(labels, ","), value, m.GetTimestampMs()})
		}
	}
	return all
}

func TestResourceMetricsOfANode(t *testing.T) {
	d := metered(t, twoNodes)
	at := noon.Add(100 * time.Second).UnixMilli()
	counter, gauge := dto.MetricType_COUNTER, dto.MetricType_GAUGE
	start := float64(noon.Unix())
	want := map[string][]sample{
		"node_cpu_usage_seconds_total":      {{counter, "", 12.5 + 1 + 5, at}},
		"node_memory_working_set_bytes":     {{gauge, "", (256 + 49) << 20, at}},
		"pod_cpu_usage_seconds_total":       {{counter, "namespace=default,pod=web", 13.5, at}},
		"pod_memory_working_set_bytes":      {{gauge, "namespace=default,pod=web", 49 << 20, at}},
		"container_cpu_usage_seconds_total": {{counter, "container=c,namespace=default,pod=web", 12.5, at}, {counter, "container=side,namespace=default,pod=web", 1, at}},
		"container_memory_working_set_bytes": {
			{gauge, "container=c,namespace=default,pod=web", 48 << 20, at}, {gauge, "container=side,namespace=default,pod=web", 1 << 20, at},
		},
		"container_start_time_seconds": {{gauge, "container=c,namespace=default,pod=web", start - 50, 0}, {gauge, "container=side,namespace=default,pod=web", start + 1.5, 0}},
		"resource_scrape_error":        {{gauge, "", 0, 0}},
	}
	if d := cmp.Diff(want, samples(d.families("/nodes/n1/metrics/resource")), cmp.AllowUnexported(sample{})); d != "" {
		t.Error(d)
	}
}

func TestResourceMetricsWithoutANodeAreOfAllPods(t *testing.T) {
	d := metered(t, twoNodes)
	got := samples(d.families("/metrics/resource"))
	if n := len(got["container_cpu_usage_seconds_total"]); n != 3 {
		t.Errorf("%d containers, want 3", n)
	}
	if sum := got["node_cpu_usage_seconds_total"][0].value; sum != 12.5+1+100+2*5 {
		t.Errorf("all nodes used %v CPU seconds", sum)
	}
}

func TestUsageThatCannotBeToldIsAScrapeError(t *testing.T) {
	d := metered(t, func(string) ([]kubelet.PodUsage, error) { return nil, errors.New("usage.lua:1: boom") })
	want := map[string][]sample{"resource_scrape_error": {{dto.MetricType_GAUGE, "", 1, 0}}}
	if d := cmp.Diff(want, samples(d.families("/nodes/n1/metrics/resource")), cmp.AllowUnexported(sample{})); d != "" {
		t.Error(d)
	}
	if code, body := d.ask("/nodes/n1/stats/summary"); code != 500 || body != "usage of node n1: usage.lua:1: boom\n" {
		t.Errorf("%d %q", code, body)
	}
}

func TestNamesThatAreNoTextAreLeftOut(t *testing.T) {
	d := metered(t, func(string) ([]kubelet.PodUsage, error) {
		all, err := twoNodes("n1")
		all[0].Containers[1].Name = "\xff"
		return all, err
	})
	got := samples(d.families("/nodes/n1/metrics/resource"))
	if n := len(got["container_cpu_usage_seconds_total"]); n != 1 {
		t.Errorf("%d containers, want 1", n)
	}
}

func TestCPUTimeNeverFalls(t *testing.T) {
	one := func(name string, uid types.UID, started time.Time, seconds float64) kubelet.PodUsage {
		p := webPod(name, "n1")
		p.UID = uid
		return kubelet.PodUsage{Pod: p, Containers: []kubelet.ContainerUsage{{Name: "c", Started: started, CPUSeconds: seconds}}}
	}
	later := noon.Add(time.Minute)
	now := []kubelet.PodUsage{}
	d := metered(t, func(string) ([]kubelet.PodUsage, error) { return now, nil })
	for _, step := range []struct {
		name      string
		now       []kubelet.PodUsage
		node, pod float64 // pod: of web; node: without the idle node's
	}{
		{"begins", []kubelet.PodUsage{one("web", "1", noon, 10)}, 10, 10},
		{"goes on", []kubelet.PodUsage{one("web", "1", noon, 20)}, 20, 20},
		{"starts again", []kubelet.PodUsage{one("web", "1", later, 1)}, 21, 21},
		{"between runs", []kubelet.PodUsage{{Pod: one("web", "1", noon, 0).Pod}}, 21, 21},
		{"beside another", []kubelet.PodUsage{one("web", "1", later, 2), one("db", "2", noon, 5)}, 28, 23},
		{"another ends", []kubelet.PodUsage{one("web", "1", later, 3)}, 29, 24},
		{"replaced under its name", []kubelet.PodUsage{one("web", "3", later, 1)}, 30, 1},
		{"all end", nil, 30, 0},
	} {
		now = step.now
		got := samples(d.families("/nodes/n1/metrics/resource"))
		if node := got["node_cpu_usage_seconds_total"][0].value - 5; node != step.node {
			t.Errorf("%s: the node's is %v, want %v", step.name, node, step.node)
		}
		for _, s := range got["pod_cpu_usage_seconds_total"] {
			if strings.Contains(s.labels, "pod=web") && s.value != step.pod {
				t.Errorf("%s: the pod's is %v, want %v", step.name, s.value, step.pod)
			}
		}
	}
}

func TestMetricsOfANodeNeedTheirOwnRight(t *testing.T) {
	d := metered(t, twoNodes)
	if code, _ := d.askAs(d.config("other"), http.MethodGet, "/nodes/n1/metrics/resource"); code != 403 {
		t.Errorf("%d", code)
	}
}
