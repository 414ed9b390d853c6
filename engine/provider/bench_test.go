package provider_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/provider"
)

// benchPod is a pod about as the API server gives one of a Deployment.
func benchPod(n int, node string) *v1.Pod {
	name := fmt.Sprintf("web-7d4b9c8f6d-%05d", n)
	return &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "default", UID: types.UID(fmt.Sprintf("8a6e0804-2bd0-4672-b79d-%012d", n)), Generation: 1,
			CreationTimestamp: metav1.NewTime(time.Now()), Labels: map[string]string{"app": "web", "pod-template-hash": "7d4b9c8f6d"},
		},
		Spec: v1.PodSpec{
			NodeName: node, RestartPolicy: v1.RestartPolicyAlways,
			Containers: []v1.Container{{Name: "app", Image: "registry.example/web:1.27", ImagePullPolicy: v1.PullIfNotPresent}},
		},
		Status: v1.PodStatus{Phase: v1.PodPending, QOSClass: v1.PodQOSBestEffort},
	}
}

const benchScript = `match = true
function on_start(pod, container, run) return { ready = "0s" } end`

// BenchmarkKubernetesPod takes pods from being bound to Running and Ready, an on_start script for each, and reports
// what one costs: time of all processors, and live heap beyond the pod object itself.
func BenchmarkKubernetesPod(b *testing.B) {
	const pods, nodes = 10_000, 1_000
	names := make([]string, nodes)
	for i := range names {
		names[i] = fmt.Sprintf("moon-%04d", i)
	}
	for range b.N {
		e := enginetest.New(b, enginetest.Options{
			Clock: clock.Real(), Scripts: map[string]string{"a.lua": benchScript}, Nodes: names, Kubernetes: true,
		})
		objects := make([]*v1.Pod, pods)
		for i := range objects {
			objects[i] = benchPod(i, names[i%nodes])
		}
		heap, cpu := liveHeap(), processorTime()
		bindAll(b, e.Provider, objects)
		cost := processorTime() - cpu
		b.ReportMetric(float64(cost.Microseconds())/pods, "µs/pod")
		b.ReportMetric(float64(liveHeap()-heap)/pods, "B/pod")
		runtime.KeepAlive(objects)
		runtime.KeepAlive(e)
	}
	b.ReportMetric(0, "ns/op") // it says nothing here
}

func bindAll(b *testing.B, p *provider.Provider, objects []*v1.Pod) {
	b.Helper()
	running := 0
	for _, o := range objects {
		if err := p.BindPod(b.Context(), o); err != nil {
			b.Fatal(err)
		}
		if s, err := p.Status(keyOf(o), o.UID); err == nil && s.Phase == v1.PodRunning {
			running++
		}
	}
	if running != len(objects) {
		b.Fatalf("%d of %d pods run", running, len(objects))
	}
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// processorTime is what this process used of all processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
