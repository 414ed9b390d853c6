package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// A way to write the first status of a pod.
type wayToWrite struct {
	name string
	do   func(context.Context, kubernetes.Interface, *v1.Pod) (*v1.Pod, error)
}

var waysToWrite = []wayToWrite{
	{"patch, a kubelet's", patching(kubeletRunning)},
	{"replace, a kubelet's", replacing(kubeletRunning)},
	{"patch, the least", patching(bareRunning)},
	{"replace, the least", replacing(bareRunning)},
}

func patching(running func(*v1.Pod) *v1.Pod) func(context.Context, kubernetes.Interface, *v1.Pod) (*v1.Pod, error) {
	return func(ctx context.Context, client kubernetes.Interface, p *v1.Pod) (*v1.Pod, error) {
		body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.UID}, "status": running(p).Status})
		if err != nil {
			return nil, err
		}
		return client.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.StrategicMergePatchType, body, metav1.PatchOptions{FieldValidation: "Ignore"}, "status")
	}
}

func replacing(running func(*v1.Pod) *v1.Pod) func(context.Context, kubernetes.Interface, *v1.Pod) (*v1.Pod, error) {
	return func(ctx context.Context, client kubernetes.Interface, p *v1.Pod) (*v1.Pod, error) {
		return client.CoreV1().Pods(p.Namespace).UpdateStatus(ctx, running(p), metav1.UpdateOptions{})
	}
}

// kubeletRunning is a pod with all that a kubelet writes of one that runs.
func kubeletRunning(p *v1.Pod) *v1.Pod {
	p = bareRunning(p)
	s := &p.Status
	now := *s.StartTime
	s.ObservedGeneration, s.HostIP, s.PodIP = 1, "127.0.0.1", "10.142.115.63"
	s.HostIPs, s.PodIPs, s.Conditions = []v1.HostIP{{IP: s.HostIP}}, []v1.PodIP{{IP: s.PodIP}}, nil
	for _, kind := range []v1.PodConditionType{v1.PodReadyToStartContainers, v1.PodInitialized, v1.PodReady, v1.ContainersReady, v1.PodScheduled} {
		s.Conditions = append(s.Conditions, v1.PodCondition{Type: kind, Status: v1.ConditionTrue, LastTransitionTime: now, ObservedGeneration: 1})
	}
	for i := range s.ContainerStatuses {
		c := &s.ContainerStatuses[i]
		c.Started, c.ContainerID, c.ImageID = new(true), "containerd://"+strings.Repeat("0", 64), "docker.io/library/nginx@sha256:"+strings.Repeat("0", 64)
	}
	return p
}

// BenchmarkCompareWrites says what it costs the control plane to take the first status of a pod, by the way it is written and by
// how much it says. A few hundred writes of each kind take turns, so that all meet the same minutes of a machine, and of each
// kind a fifth of the turns is left out at either end: those in which a garbage collector, or something else, was at work.
func BenchmarkCompareWrites(b *testing.B) {
	const turns, batch = 25, 200
	dir := b.TempDir()
	l := &lab{dir: filepath.Join(dir, "lab")}
	if err := l.up(dir, "--load"); err != nil {
		b.Fatal(err)
	}
	defer l.down()
	client := cheapClient(b, l)
	pods := pendingPods(b, client, turns*batch*len(waysToWrite))
	rests(b, l)
	used := make([][]spending, len(waysToWrite))
	for turn := range turns {
		for i := range waysToWrite {
			i = (i + turn) % len(waysToWrite)
			used[i] = append(used[i], writeAll(b, l, client, waysToWrite[i], pods[:batch]))
			pods = pods[batch:]
		}
	}
	for i, way := range waysToWrite {
		fmt.Fprintf(os.Stderr, "%-22s CPU ms for one: %s\n", way.name, millisecondsEach(used[i], batch))
	}
	for b.Loop() { // the turns above are the benchmark
	}
}

// pendingPods creates pods on fifty nodes that nobody runs.
func pendingPods(b *testing.B, client kubernetes.Interface, n int) []*v1.Pod {
	b.Helper()
	nodes := make([]string, 50)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("writes-%d", i)
		if _, err := client.CoreV1().Nodes().Create(b.Context(), kwokNode(nodes[i]), metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	newNamespace(b, client, "writes")
	pods := make([]*v1.Pod, n)
	each(n, func(i int) {
		p, err := client.CoreV1().Pods("writes").Create(b.Context(), podOn(nodes[i%len(nodes)], "writes", fmt.Sprintf("pod-%05d", i)), metav1.CreateOptions{})
		if err != nil {
			b.Errorf("create: %v", err)
		}
		pods[i] = p
	})
	if b.Failed() {
		b.FailNow()
	}
	return pods
}

// writeAll writes the statuses of some pods, and returns what that took of all processes.
func writeAll(b *testing.B, l *lab, client kubernetes.Interface, way wayToWrite, pods []*v1.Pod) spending {
	b.Helper()
	const settle = 300 * time.Millisecond // until all who watch pods have seen them
	before := spent(b, l, os.Getpid())
	each(len(pods), func(i int) {
		if _, err := way.do(b.Context(), client, pods[i]); err != nil {
			b.Errorf("%s: %v", way.name, err)
		}
	})
	time.Sleep(settle)
	s := spent(b, l, os.Getpid()).since(before)
	delete(s, simulator) // there is none
	return s
}

// each calls do for 0 … n-1 from eight goroutines.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// millisecondsEach are the means of the middle three fifths of some batches, for one write.
func millisecondsEach(all []spending, batch int) string {
	var text strings.Builder
	total := 0.0
	for _, part := range slices.Sorted(maps.Keys(all[0])) {
		values := make([]float64, len(all))
		for i, s := range all {
			values[i] = s[part] / float64(batch) * 1000
		}
		slices.Sort(values)
		values = values[len(values)/5 : len(values)-len(values)/5]
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		mean := sum / float64(len(values))
		total += mean
		fmt.Fprintf(&text, "  %s %.2f", part, mean)
	}
	return fmt.Sprintf("%.2f %s", total, text.String())
}
