package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// What make compare says beside the binaries.
var (
	kwokBinary = os.Getenv("KWOK")
	kwokStages = os.Getenv("KWOK_STAGES") // kustomize/stage of its module
)

const (
	comparePods    = 10_000
	compareWorkers = 50
)

// compareRounds is how often each contender runs on each number of nodes. ONLY_NODES and ONLY (names of contenders, with commas
// between) leave out the others, for those who look for a reason.
var (
	compareRounds = cmp.Or(atoi(os.Getenv("ROUNDS")), 3)
	onlyNodes     = atoi(os.Getenv("ONLY_NODES"))
	onlyThese     = os.Getenv("ONLY")
)

func (c contender) wanted() bool {
	return onlyThese == "" || slices.Contains(strings.Split(onlyThese, ","), c.name)
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s) // nothing given: 0
	return n
}

// cheapClient is a client that costs the API server as little as one can, and itself: what the creating of pods takes, those
// who run them do not have. It has HTTP/1.1 connections, one a worker, and has nothing compressed.
func cheapClient(b *testing.B, l *lab) kubernetes.Interface {
	b.Helper()
	config := clusterConfig(b, l)
	tls, err := rest.TLSConfigFor(config)
	if err != nil {
		b.Fatal(err)
	}
	signed, err := rest.HTTPWrappersForConfig(config, &http.Transport{
		TLSClientConfig: tls, MaxIdleConnsPerHost: 2 * compareWorkers, DisableCompression: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	client, err := kubernetes.NewForConfigAndClient(config, &http.Client{Transport: signed})
	if err != nil {
		b.Fatal(err)
	}
	return client
}

// halfOfProcessors are enough for who creates pods; on all of them its threads would look for work in time that is others'.
func halfOfProcessors() int { return (runtime.GOMAXPROCS(0) + 1) / 2 }

// contender is a simulator in the comparison.
type contender struct {
	name  string
	start func(b *testing.B, l *lab, client kubernetes.Interface, nodes []string) *exec.Cmd
}

// measured is one round of one contender.
type measured struct {
	nodesReady, p50, p99, gone time.Duration
	perSecond                  float64
	cpu, deleteCPU             spending // while pods come to run, and while they go
	asked                      traffic  // while pods come to run
	rss                        float64  // MiB, the highest
}

// BenchmarkCompare creates 10,000 pods bound to one node and to a thousand, and deletes them, under Moonlet and under
// KWOK on one control plane in turn, three times, and prints what they are of each other beside the bars; and under the bare
// loop, which is what the control plane allows.
func BenchmarkCompare(b *testing.B) {
	if kwokBinary == "" || kwokStages == "" {
		b.Skip("KWOK and KWOK_STAGES name what to compare with; make compare sets them")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(halfOfProcessors()))
	dir := b.TempDir()
	l := &lab{dir: filepath.Join(dir, "lab")}
	if err := l.up(dir, "--load", "--node-grace", "40s"); err != nil {
		b.Fatal(err)
	}
	defer l.down()
	client := cheapClient(b, l)
	contenders := []contender{
		{"kwok", startKWOK}, {"moonlet", moonletStarter("0")}, {"moonlet with events", moonletStarter("")}, {"bare loop", startBare},
	}
	if !slices.ContainsFunc(contenders, contender.wanted) {
		b.Fatalf("ONLY=%s names no contender", onlyThese)
	}
	for _, nodes := range []int{1, 1000} {
		all := map[string][]measured{}
		for round := range compareRounds {
			order := slices.Clone(contenders)
			if round%2 == 1 {
				slices.Reverse(order) // nobody always comes after the same one
			}
			for _, c := range order {
				if onlyNodes != 0 && nodes != onlyNodes || !c.wanted() {
					continue
				}
				m := measure(b, l, client, c, nodes, fmt.Sprintf("%d-%d", nodes, round))
				all[c.name] = append(all[c.name], m)
				fmt.Fprintf(os.Stderr, "%4d nodes, round %d, %-20s %s\n", nodes, round+1, c.name, m)
			}
		}
		if onlyNodes == 0 && onlyThese == "" {
			judge(nodes, all)
		}
	}
	for b.Loop() { // the rounds above are the benchmark
	}
}

func (m measured) String() string {
	return fmt.Sprintf("nodes ready %5.1fs  %4.0f pods/s  lag p50 %4.1fs p99 %4.1fs  CPU %5.2fs  gone %5.1fs (CPU %5.2fs)  RSS %3.0f MiB\n%33s CPU of all: %s\n%33s requests: %s",
		m.nodesReady.Seconds(), m.perSecond, m.p50.Seconds(), m.p99.Seconds(), m.cpu[simulator], m.gone.Seconds(), m.deleteCPU[simulator], m.rss, "", m.cpu, "", m.asked)
}

// The bars: what Moonlet must be, of KWOK's.
var bars = []struct {
	name      string
	rate, cpu float64
}{{"moonlet", 1.3, 0.6}, {"moonlet with events", 1.0, 0.8}}

// judge compares round by round: a machine whose speed changes from minute to minute is the same for two contenders that follow
// each other, and not for all rounds of one.
func judge(nodes int, all map[string][]measured) {
	kwok, bare := all["kwok"], all["bare loop"]
	say := func(who, what string, got float64, verdict string) {
		fmt.Fprintf(os.Stderr, "%4d nodes, %-20s %-28s %8.2f%s\n", nodes, who, what, got, verdict)
	}
	within := func(ok bool, bar float64) string {
		if ok {
			return fmt.Sprintf("   bar %6.2f  met", bar)
		}
		return fmt.Sprintf("   bar %6.2f  MISSED", bar)
	}
	for _, bar := range bars {
		m := all[bar.name]
		rate, cpu := ratio(m, kwok, rateOf), ratio(m, kwok, cpuOf)
		say(bar.name, "pods/s of KWOK's", rate, within(rate >= bar.rate, bar.rate))
		say(bar.name, "CPU of KWOK's", cpu, within(cpu <= bar.cpu, bar.cpu))
		rss := median(m, func(m measured) float64 { return m.rss })
		say(bar.name, "RSS, MiB", rss, within(rss <= 200, 200))
		if nodes == 1000 {
			ready := median(m, func(m measured) float64 { return m.nodesReady.Seconds() })
			say(bar.name, "nodes ready, s", ready, within(ready < 4, 4))
		}
		say(bar.name, "pods/s of the bare loop's", ratio(m, bare, rateOf), "")
	}
	say("bare loop", "pods/s of KWOK's", ratio(bare, kwok, rateOf), "")
	for _, name := range []string{"kwok", "moonlet", "moonlet with events", "bare loop"} {
		say(name, "pods/s", median(all[name], rateOf), "")
	}
}

func rateOf(m measured) float64 { return m.perSecond }

func cpuOf(m measured) float64 { return m.cpu[simulator] }

// ratio is the median of what one contender was of another in each round.
func ratio(one, other []measured, of func(measured) float64) float64 {
	each := make([]float64, len(one))
	for i := range one {
		each[i] = of(one[i]) / of(other[i])
	}
	return middle(each)
}

func median(all []measured, of func(measured) float64) float64 {
	each := make([]float64, len(all))
	for i, m := range all {
		each[i] = of(m)
	}
	return middle(each)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func measure(b *testing.B, l *lab, client kubernetes.Interface, c contender, n int, round string) measured {
	b.Helper()
	var m measured
	prefix := strings.ReplaceAll(c.name, " ", "-") + "-" + round
	nodes := make([]string, n)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("%s-%d", prefix, i)
	}
	if n == 1 {
		nodes[0] = prefix
	}
	rests(b, l)
	begin := time.Now()
	cmd := c.start(b, l, client, nodes)
	defer end(cmd)
	allReady(b, client, nodes)
	m.nodesReady = time.Since(begin)
	rests(b, l)

	ns := prefix
	newNamespace(b, client, ns)
	watcher := watchPods(b, client, ns)
	defer watcher.stop()
	before, asked := spent(b, l, cmd.Process.Pid), requests(b, client)
	begin = time.Now()
	go profile(b, client, prefix)
	flood(b, client, ns, nodes, watcher)
	watcher.await(b, "Running", func() int { return len(watcher.lags) })
	m.perSecond = comparePods / time.Since(begin).Seconds()
	m.cpu, m.asked = spent(b, l, cmd.Process.Pid).since(before), requests(b, client).since(asked)
	slices.Sort(watcher.lags)
	m.p50, m.p99 = watcher.lags[comparePods/2], watcher.lags[comparePods*99/100]

	before, begin = spent(b, l, cmd.Process.Pid), time.Now()
	if err := client.CoreV1().Pods(ns).DeleteCollection(b.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		b.Fatal(err)
	}
	watcher.await(b, "gone", func() int { return watcher.gone })
	m.gone, m.deleteCPU = time.Since(begin), spent(b, l, cmd.Process.Pid).since(before)
	m.rss = peakMiB(b, cmd)
	end(cmd)
	deleteNodes(b, client, nodes)
	return m
}

// profile keeps what the API server does while pods start, where PROFILES names a folder.
func profile(b *testing.B, client kubernetes.Interface, name string) {
	b.Helper()
	folder := os.Getenv("PROFILES")
	if folder == "" {
		return
	}
	text, err := client.Discovery().RESTClient().Get().AbsPath("/debug/pprof/profile").Param("seconds", "20").DoRaw(b.Context())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".pprof"), text, 0o600)
	}
	if err != nil {
		b.Errorf("profile: %v", err)
	}
}

func flood(b *testing.B, client kubernetes.Interface, ns string, nodes []string, w *podWatch) {
	b.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range compareWorkers {
		wg.Go(func() {
			for i := range next {
				name := fmt.Sprintf("pod-%05d", i)
				w.creating(name)
				if _, err := client.CoreV1().Pods(ns).Create(context.Background(), podOn(nodes[i%len(nodes)], ns, name), metav1.CreateOptions{}); err != nil {
					b.Errorf("create %s: %v", name, err)
				}
			}
		})
	}
	for i := range comparePods {
		next <- i
	}
	close(next)
	wg.Wait()
}

// podWatch sees when pods are Running, and when they are gone.
type podWatch struct {
	stop    context.CancelFunc
	mu      sync.Mutex
	created map[string]time.Time
	lags    []time.Duration
	gone    int
}

func (w *podWatch) creating(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.created[name] = time.Now()
}

// watchPods takes the watch up again where the API server ended it: it closes those that fall behind.
func watchPods(b *testing.B, client kubernetes.Interface, ns string) *podWatch {
	b.Helper()
	ctx, stop := context.WithCancel(context.Background())
	w := &podWatch{stop: stop, created: map[string]time.Time{}}
	first, err := client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for version := first.ResourceVersion; ctx.Err() == nil; {
			stream, err := client.CoreV1().Pods(ns).Watch(ctx, metav1.ListOptions{ResourceVersion: version})
			if err != nil {
				continue
			}
			for e := range stream.ResultChan() {
				if p, ok := e.Object.(*v1.Pod); ok {
					version = p.ResourceVersion
					w.see(string(e.Type), p)
				}
			}
		}
	}()
	return w
}

func (w *podWatch) see(kind string, p *v1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if kind == "DELETED" {
		w.gone++
		return
	}
	if at, waiting := w.created[p.Name]; waiting && p.Status.Phase == v1.PodRunning {
		delete(w.created, p.Name)
		w.lags = append(w.lags, time.Since(at))
	}
}

func (w *podWatch) await(b *testing.B, what string, count func() int) {
	b.Helper()
	got := 0
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		w.mu.Lock()
		got = count()
		w.mu.Unlock()
		if got == comparePods {
			return
		}
	}
	b.Fatalf("after 5m only %d of %d pods are %s", got, comparePods, what)
}

func allReady(b *testing.B, client kubernetes.Interface, nodes []string) {
	b.Helper()
	eventuallyAll(b, client, nodes, "Ready", isReady)
}

// schedulable waits until nodes are Ready and the controllers have taken the taint away that new nodes have.
func schedulable(tb testing.TB, client kubernetes.Interface, nodes []string) {
	tb.Helper()
	eventuallyAll(tb, client, nodes, "schedulable", func(n *v1.Node) bool {
		return isReady(n) && !slices.ContainsFunc(n.Spec.Taints, func(t v1.Taint) bool { return t.Key == v1.TaintNodeNotReady })
	})
}

func isReady(n *v1.Node) bool {
	return slices.ContainsFunc(n.Status.Conditions, func(c v1.NodeCondition) bool {
		return c.Type == v1.NodeReady && c.Status == v1.ConditionTrue
	})
}

func eventuallyAll(tb testing.TB, client kubernetes.Interface, nodes []string, what string, is func(*v1.Node) bool) {
	tb.Helper()
	want := map[string]bool{}
	for _, n := range nodes {
		want[n] = true
	}
	eventually(tb, "all nodes are "+what, func() error {
		all, err := client.CoreV1().Nodes().List(tb.Context(), metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return err
		}
		ready := 0
		for i := range all.Items {
			if want[all.Items[i].Name] && is(&all.Items[i]) {
				ready++
			}
		}
		if ready < len(nodes) {
			return fmt.Errorf("%d are", ready)
		}
		return nil
	})
}

func deleteNodes(b *testing.B, client kubernetes.Interface, nodes []string) {
	b.Helper()
	var wg sync.WaitGroup
	next := make(chan string)
	for range 20 {
		wg.Go(func() {
			for n := range next {
				_ = client.CoreV1().Nodes().Delete(context.Background(), n, metav1.DeleteOptions{})
				_ = client.CoordinationV1().Leases("kube-node-lease").Delete(context.Background(), n, metav1.DeleteOptions{})
			}
		})
	}
	for _, n := range nodes {
		next <- n
	}
	close(next)
	wg.Wait()
}

// moonletStarter starts moonlet kubelet with a script that is asked for every run; events: the budget, "" for the default.
func moonletStarter(events string) func(*testing.B, *lab, kubernetes.Interface, []string) *exec.Cmd {
	return func(b *testing.B, l *lab, _ kubernetes.Interface, nodes []string) *exec.Cmd {
		b.Helper()
		scripts := scriptFolder(b, map[string]string{"default.lua": "function on_start(pod, container, run) return { ready = \"0s\" } end\n"})
		name := strings.TrimSuffix(nodes[0], "-0")
		args := []string{
			"kubelet", "--nodename", name, "--nodes", strconv.Itoa(len(nodes)), "--scripts", scripts, "--state", "memory", "--node-capacity", "pods=100000",
			"--kubelet-port", "0", "--metrics-addr", "off", "--listen", "127.0.0.1:0",
		}
		if events != "" {
			args = append(args, "--events-per-node", events)
		}
		if len(nodes) == 1 {
			args[2] = nodes[0]
		}
		return launchMeasured(b, l, moonletBinary, args)
	}
}

func launchMeasured(b *testing.B, l *lab, binary string, args []string) *exec.Cmd {
	b.Helper()
	out, err := os.Create(filepath.Join(b.TempDir(), filepath.Base(binary)+".log"))
	if err != nil {
		b.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = l.env(), out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	return cmd
}

func end(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}
}

// startKWOK starts KWOK with its fast stages in its config and a parallelism of 16, and creates its nodes.
func startKWOK(b *testing.B, l *lab, client kubernetes.Interface, nodes []string) *exec.Cmd {
	b.Helper()
	cmd := launchMeasured(b, l, kwokBinary, []string{"--kubeconfig", l.kubeconfig(), "--config", kwokConfig(b), "--cidr", "10.0.0.0/14", "--node-ip", "127.0.0.1"})
	var wg sync.WaitGroup
	next := make(chan string)
	for range 20 {
		wg.Go(func() {
			for n := range next {
				if _, err := client.CoreV1().Nodes().Create(b.Context(), kwokNode(n), metav1.CreateOptions{}); err != nil {
					b.Errorf("create node: %v", err)
				}
			}
		})
	}
	for _, n := range nodes {
		next <- n
	}
	close(next)
	wg.Wait()
	return cmd
}

func kwokConfig(b *testing.B) string {
	b.Helper()
	var config bytes.Buffer
	config.WriteString(`apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  podPlayStageParallelism: 16
  nodePlayStageParallelism: 16
  nodeLeaseParallelism: 16
  nodeLeaseDurationSeconds: 40
  manageNodesWithAnnotationSelector: kwok.x-k8s.io/node=fake
`)
	for _, stage := range []string{
		"node/fast/node-initialize.yaml", "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
		"pod/fast/pod-ready.yaml", "pod/fast/pod-complete.yaml", "pod/fast/pod-delete.yaml",
	} {
		text, err := os.ReadFile(filepath.Join(kwokStages, stage))
		if err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&config, "---\n%s\n", text)
	}
	file := filepath.Join(b.TempDir(), "kwok.yaml")
	if err := os.WriteFile(file, config.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

func kwokNode(name string) *v1.Node {
	capacity := v1.ResourceList{
		v1.ResourceCPU: resource.MustParse("32"), v1.ResourceMemory: resource.MustParse("256Gi"), v1.ResourcePods: resource.MustParse("100000"),
	}
	return &v1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"}, Labels: map[string]string{"type": "kwok", "kubernetes.io/hostname": name},
		},
		Status: v1.NodeStatus{Capacity: capacity, Allocatable: capacity},
	}
}

// peakMiB is the most memory that a process ever had resident.
func peakMiB(b *testing.B, cmd *exec.Cmd) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return float64(kib) / 1024
}
