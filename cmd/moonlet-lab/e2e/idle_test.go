package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

var (
	metricsURL = regexp.MustCompile(`metrics +(http://\S+)`)
	lateLeases = regexp.MustCompile(`(?m)^moonlet_kubelet_lease_late_total (\S+)`)
)

// BenchmarkIdle lets a thousand nodes with 10,000 pods run for ten minutes (IDLE says otherwise) in which nothing
// happens, and wants no lease to be late and less than 15 % of a core to be used.
func BenchmarkIdle(b *testing.B) {
	span, err := time.ParseDuration(os.Getenv("IDLE"))
	if err != nil {
		span = 10 * time.Minute
	}
	dir := b.TempDir()
	l := &lab{dir: filepath.Join(dir, "lab")}
	if err := l.up(dir, "--load"); err != nil {
		b.Fatal(err)
	}
	defer l.down()
	client := clusterClient(b, l)
	p := startKubelet(b, l, "--nodename", "idle", "--nodes", "1000", "--state", "memory", "--node-capacity", "pods=1000", "--scripts", scriptFolder(b, nil))
	ns := newNamespace(b, client, "idle")
	createMany(b, client, ns, 10_000)
	eventually(b, "all pods run", func() error { return ranAll(b, client, ns, 10_000) })

	before := cpuSeconds(b, p.cmd.Process.Pid)
	lateBefore := late(b, p)
	time.Sleep(span)
	share := (cpuSeconds(b, p.cmd.Process.Pid) - before) / span.Seconds() * 100
	missed := late(b, p) != lateBefore
	fmt.Fprintf(os.Stderr, "idle for %s: %.1f %% of a core (bar 15 %%: %s), late leases %s, before %s (bar none: %s), RSS at most %.0f MiB\n",
		span, share, verdict(share < 15), late(b, p), lateBefore, verdict(!missed), peakMiB(b, p.cmd))
	for b.Loop() { // this was the benchmark
	}
}

func verdict(ok bool) string {
	if ok {
		return "met"
	}
	return "MISSED"
}

// late is the number of leases that were renewed late, as text.
func late(b *testing.B, p *process) string {
	b.Helper()
	url := metricsURL.FindStringSubmatch(p.output(b))
	if url == nil {
		b.Fatalf("no metrics in %s", p.output(b))
	}
	m := lateLeases.FindStringSubmatch(get(b, url[1]))
	if m == nil {
		b.Fatal("no moonlet_kubelet_lease_late_total among the metrics")
	}
	return m[1]
}

func createMany(b *testing.B, client kubernetes.Interface, ns string, n int) {
	b.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 20 {
		wg.Go(func() {
			for i := range next {
				pod := podOn(fmt.Sprintf("idle-%d", i%1000), ns, fmt.Sprintf("pod-%05d", i))
				if _, err := client.CoreV1().Pods(ns).Create(context.Background(), pod, metav1.CreateOptions{}); err != nil {
					b.Errorf("create: %v", err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// ranAll counts the pods that are Running, from the API server's cache.
func ranAll(b *testing.B, client kubernetes.Interface, ns string, n int) error {
	b.Helper()
	all, err := client.CoreV1().Pods(ns).List(b.Context(), metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	running := 0
	for i := range all.Items {
		if all.Items[i].Status.Phase == "Running" {
			running++
		}
	}
	if running < n {
		return fmt.Errorf("%d do", running)
	}
	return nil
}
