package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// BenchmarkCompareExperiments plays six experiments under KWOK and under Moonlet, on one control plane in turn, and
// prints what each did. What a user of Moonlet may rely on is a bar; of KWOK it only tells.
func BenchmarkCompareExperiments(b *testing.B) {
	if kwokBinary == "" || kwokStages == "" {
		b.Skip("KWOK and KWOK_STAGES name what to compare with; make compare sets them")
	}
	dir := b.TempDir()
	l := &lab{dir: filepath.Join(dir, "lab")}
	if err := l.up(dir); err != nil {
		b.Fatal(err)
	}
	defer l.down()
	l.kubectl(b, "apply", "-f", filepath.Join(kwokStages, "../crd/bases/kwok.x-k8s.io_stages.yaml"))
	l.kubectl(b, "wait", "--for=condition=Established", "crd/stages.kwok.x-k8s.io", "--timeout=60s")
	client := clusterClient(b, l)
	table := [][3]string{{"experiment", "KWOK", "Moonlet"}}
	for i, e := range experiments {
		row := [3]string{e.what}
		for j, s := range []*stand{kwokStand(), moonletStand()} {
			s.open(b, l, client, fmt.Sprintf("experiment-%d-%s", i+1, s.name))
			text, missed := e.play(b, s)
			s.close(b)
			row[j+1] = text
			fmt.Fprintf(os.Stderr, "%s: %s: %s\n", e.what, s.name, text)
			if missed != "" && s.name == "moonlet" {
				b.Errorf("%s: %s, but %s", e.what, text, missed)
			}
		}
		table = append(table, row)
	}
	for _, row := range table {
		fmt.Fprintf(os.Stderr, "| %s | %s | %s |\n", row[0], row[1], row[2])
	}
	for b.Loop() { // the experiments above are the benchmark
	}
}

// experiments are those of a user who edits behaviour while pods live. play says what it saw, and which bar that misses.
var experiments = []struct {
	what string
	play func(b *testing.B, s *stand) (text, missed string)
}{
	{"delay of 8 s, nothing else touches the pod", func(b *testing.B, s *stand) (string, string) {
		b.Helper()
		s.delays(b, 8*time.Second)
		s.create(b, "web")
		return s.within(b, "Running", "web", running, 40*time.Second, 10*time.Second)
	}},
	{"the same, kubectl annotate every 4 s, five times", func(b *testing.B, s *stand) (string, string) {
		b.Helper()
		s.delays(b, 8*time.Second)
		s.create(b, "web")
		stop := s.annotating(b, "web", 4*time.Second, 5)
		defer stop()
		return s.within(b, "Running", "web", running, 60*time.Second, 10*time.Second)
	}},
	{"pod waits in a delay of 30 s; after 2 s it is edited to 0 s", func(b *testing.B, s *stand) (string, string) {
		b.Helper()
		s.delays(b, 30*time.Second)
		s.create(b, "web")
		time.Sleep(2 * time.Second)
		s.delays(b, 0)
		text, missed := s.within(b, "Running", "web", running, 60*time.Second, time.Second)
		return text + " after the edit", missed
	}},
	{"crash after 1 s is set for a pod that runs already", func(b *testing.B, s *stand) (string, string) {
		b.Helper()
		s.delays(b, 0)
		s.create(b, "web")
		s.await(b, "web", running, 30*time.Second)
		time.Sleep(3 * time.Second)
		s.fails(b)
		took, seen := s.await(b, "web", failed, 12*time.Second)
		if seen {
			return fmt.Sprintf("crashed after %.1f s", took.Seconds()), over(took, 1500*time.Millisecond)
		}
		s.annotate(b, "web", "touched")
		if took, seen = s.await(b, "web", failed, 20*time.Second); !seen {
			return "runs on, also after kubectl annotate", "it must crash"
		}
		return fmt.Sprintf("runs on for 12 s, until kubectl annotate (then crashed after %.1f s)", took.Seconds()), "it must crash"
	}},
	{"shape of a failed container, restartPolicy Always", func(b *testing.B, s *stand) (string, string) {
		b.Helper()
		s.delays(b, 0)
		s.fails(b)
		s.create(b, "web")
		s.await(b, "web", func(p *v1.Pod) bool { return p.Status.Phase == v1.PodFailed || waiting(p) == "CrashLoopBackOff" }, 30*time.Second)
		return s.shape(b, "web")
	}},
	{"a rule that does not compile, beside good ones", brokenRule},
}

// brokenRule saves a rule with a mistake, then wants a new pod to run, before and after a restart of the simulator.
func brokenRule(b *testing.B, s *stand) (text, missed string) {
	b.Helper()
	s.delays(b, 0)
	s.create(b, "before")
	s.await(b, "before", running, 30*time.Second)
	s.breaks(b)
	look := func(pod, when string) string {
		s.create(b, pod)
		took, seen := s.await(b, pod, running, 10*time.Second)
		var all []string
		if s.alive() {
			all = append(all, "lives")
		} else {
			all = append(all, "process ended ("+s.lastWords(b)+")")
			missed = "it must live"
		}
		if seen {
			all = append(all, fmt.Sprintf("new pod Running after %.1f s", took.Seconds()))
		} else {
			all, missed = append(all, "new pod not Running in 10 s"), "the new pod must run"
		}
		return when + strings.Join(all, ", ")
	}
	text = look("after", "")
	end(s.cmd)
	s.begin(b)
	text += look("restarted", "; started again: ")
	took, dark := s.awaitNode(b, 45*time.Second)
	if dark {
		return fmt.Sprintf("%s; its node NotReady %.0f s later", text, took.Seconds()), cmp.Or(missed, "the node must stay Ready")
	}
	return text + "; its node stays Ready", missed
}

// stand is a simulator with one node, and its words for what the experiments want.
type stand struct {
	name   string
	launch func(b *testing.B, s *stand) *exec.Cmd
	delays func(b *testing.B, d time.Duration) // pods run so long after their creation
	fails  func(b *testing.B)                  // containers exit with 1 after a second
	breaks func(b *testing.B)                  // a rule is added that does not compile

	l        *lab
	client   kubernetes.Interface
	node, ns string // both have the experiment's name
	cmd      *exec.Cmd
	since    time.Time // when the last thing was done to it
}

func (s *stand) open(b *testing.B, l *lab, client kubernetes.Interface, name string) {
	b.Helper()
	s.l, s.client, s.node, s.ns = l, client, name, name
	s.begin(b)
	if s.name == "kwok" {
		if _, err := client.CoreV1().Nodes().Create(b.Context(), kwokNode(name), metav1.CreateOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	allReady(b, client, []string{name})
	newNamespace(b, client, name)
}

func (s *stand) begin(b *testing.B) {
	b.Helper()
	s.cmd = s.launch(b, s)
}

func (s *stand) close(b *testing.B) {
	b.Helper()
	end(s.cmd)
	deleteNodes(b, s.client, []string{s.node})
}

// create makes a pod.
func (s *stand) create(b *testing.B, name string) {
	b.Helper()
	p := podOn(s.node, s.ns, name)
	p.Labels = map[string]string{"pod-container-running-failed.stage.kwok.x-k8s.io": "true"} // KWOK's chaos Stage wants it
	time.Sleep(time.Second)                                                                  // a rule just set is known by then
	s.since = time.Now()
	if _, err := s.client.CoreV1().Pods(s.ns).Create(b.Context(), p, metav1.CreateOptions{}); err != nil {
		b.Fatal(err)
	}
}

// await waits for what is to be seen of a pod, and says how long that took since the last thing was done.
func (s *stand) await(b *testing.B, pod string, want func(*v1.Pod) bool, patience time.Duration) (time.Duration, bool) {
	b.Helper()
	for ; time.Since(s.since) < patience; time.Sleep(20 * time.Millisecond) {
		p, err := s.client.CoreV1().Pods(s.ns).Get(b.Context(), pod, metav1.GetOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if want(p) {
			return time.Since(s.since), true
		}
	}
	return time.Since(s.since), false
}

// within is await as text, with the bar.
func (s *stand) within(b *testing.B, what, pod string, want func(*v1.Pod) bool, patience, bar time.Duration) (text, missed string) {
	b.Helper()
	took, seen := s.await(b, pod, want, patience)
	if !seen {
		return fmt.Sprintf("not %s within %s", what, patience), "it must be"
	}
	return fmt.Sprintf("%s after %.1f s", what, took.Seconds()), over(took, bar)
}

func over(took, bar time.Duration) string {
	if took <= bar {
		return ""
	}
	return fmt.Sprintf("at most %s are allowed", bar)
}

// awaitNode waits until the node is not Ready any more.
func (s *stand) awaitNode(b *testing.B, patience time.Duration) (time.Duration, bool) {
	b.Helper()
	for from := time.Now(); time.Since(from) < patience; time.Sleep(100 * time.Millisecond) {
		n, err := s.client.CoreV1().Nodes().Get(b.Context(), s.node, metav1.GetOptions{})
		if err != nil {
			b.Fatal(err)
		}
		for _, c := range n.Status.Conditions {
			if c.Type == v1.NodeReady && c.Status != v1.ConditionTrue {
				return time.Since(from), true
			}
		}
	}
	return 0, false
}

func (s *stand) annotate(b *testing.B, pod, value string) {
	b.Helper()
	s.l.kubectl(b, "annotate", "--overwrite", "-n", s.ns, "pod", pod, "note="+value)
	s.since = time.Now()
}

// annotating annotates a pod so many times, until it is stopped.
func (s *stand) annotating(b *testing.B, pod string, every time.Duration, times int) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	from := s.since
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range times {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Until(from.Add(time.Duration(i+1) * every))):
			}
			cmd := s.l.command("kubectl", "annotate", "--overwrite", "-n", s.ns, "pod", pod, fmt.Sprintf("note=%d", i))
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Errorf("kubectl annotate: %v\n%s", err, out)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// shape tells of a pod whose container failed, and what of it a kubelet would not write.
func (s *stand) shape(b *testing.B, pod string) (text, missed string) {
	b.Helper()
	p, err := s.client.CoreV1().Pods(s.ns).Get(b.Context(), pod, metav1.GetOptions{})
	if err != nil {
		b.Fatal(err)
	}
	row := strings.Fields(s.l.kubectl(b, "get", "pod", "-n", s.ns, pod, "--no-headers"))
	c, last := p.Status.ContainerStatuses[0], "{}"
	if t := c.LastTerminationState.Terminated; t != nil {
		last = fmt.Sprintf("%s, exit code %d", t.Reason, t.ExitCode)
	}
	if p.Status.Phase != v1.PodRunning || c.RestartCount == 0 || last != "Error, exit code 1" {
		missed = "a kubelet restarts it, and says how it ended"
	}
	return fmt.Sprintf("phase %s, restartCount %d, lastState %s, STATUS `%s`", p.Status.Phase, c.RestartCount, last, row[2]), missed
}

// alive says whether the simulator's process runs: one that ended is a zombie, for nobody has waited for it.
func (s *stand) alive() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(text), ") ")
	return err == nil && !strings.HasPrefix(rest, "Z")
}

// lastWords is the line of its output that says why it ended.
func (s *stand) lastWords(b *testing.B) string {
	b.Helper()
	text, err := os.ReadFile(s.cmd.Stdout.(*os.File).Name())
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "panic:") {
			return strings.TrimSpace(line)
		}
	}
	return "without a panic"
}

func running(p *v1.Pod) bool { return p.Status.Phase == v1.PodRunning }

// failed says whether a container ended, whether it is restarted or not.
func failed(p *v1.Pod) bool {
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Terminated != nil || c.RestartCount > 0 {
			return true
		}
	}
	return false
}

func waiting(p *v1.Pod) string {
	for _, c := range p.Status.ContainerStatuses {
		if c.State.Waiting != nil {
			return c.State.Waiting.Reason
		}
	}
	return ""
}

// kwokStand is KWOK with its Stages in the cluster, where they can be edited.
func kwokStand() *stand {
	s := &stand{name: "kwok"}
	s.launch = func(b *testing.B, s *stand) *exec.Cmd {
		b.Helper()
		if s.cmd == nil { // the first start: no Stage of the experiment before is left
			s.l.kubectl(b, "delete", "stages.kwok.x-k8s.io", "--all")
			for _, stage := range []string{"node/fast/node-initialize", "node/heartbeat-with-lease/node-heartbeat-with-lease", "pod/fast/pod-delete"} {
				s.apply(b, shippedStage(b, stage))
			}
		}
		return launchMeasured(b, s.l, kwokBinary, []string{
			"--kubeconfig", s.l.kubeconfig(), "--enable-crds", "Stage", "--node-ip", "127.0.0.1",
			"--manage-nodes-with-annotation-selector", "kwok.x-k8s.io/node=fake", "--node-lease-duration-seconds", "40",
		})
	}
	s.delays = func(b *testing.B, d time.Duration) {
		b.Helper()
		s.apply(b, strings.Replace(shippedStage(b, "pod/fast/pod-ready"), "\nspec:\n",
			fmt.Sprintf("\nspec:\n  delay:\n    durationMilliseconds: %d\n", d.Milliseconds()), 1))
	}
	s.fails = func(b *testing.B) {
		b.Helper()
		s.apply(b, shippedStage(b, "pod/chaos/pod-container-running-failed"))
	}
	s.breaks = func(b *testing.B) {
		b.Helper()
		s.apply(b, `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: broken
spec:
  resourceRef:
    apiGroup: v1
    kind: Pod
  selector:
    matchExpressions:
    - cel:
        expression: 'self.status.phase =='
  next:
    statusTemplate: |
      phase: Running
`)
	}
	return s
}

func (s *stand) apply(b *testing.B, manifest string) {
	b.Helper()
	cmd := s.l.command("kubectl", "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(manifest)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("kubectl apply: %v\n%s\n%s", err, out, manifest)
	}
	s.since = time.Now()
}

func shippedStage(b *testing.B, name string) string {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(kwokStages, name+".yaml"))
	if err != nil {
		b.Fatal(err)
	}
	return string(bytes.TrimSpace(text)) + "\n"
}

// moonletStand is moonlet kubelet with a folder of scripts.
func moonletStand() *stand {
	s := &stand{name: "moonlet"}
	folder := ""
	save := func(b *testing.B, file, text string) {
		b.Helper()
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		s.since = time.Now()
	}
	s.launch = func(b *testing.B, s *stand) *exec.Cmd {
		b.Helper()
		if folder == "" {
			folder = b.TempDir()
		}
		return launchMeasured(b, s.l, moonletBinary, []string{
			"kubelet", "--nodename", s.node, "--scripts", folder, "--state", "memory",
			"--kubelet-port", "0", "--metrics-addr", "off", "--listen", "127.0.0.1:0",
		})
	}
	s.delays = func(b *testing.B, d time.Duration) {
		b.Helper()
		save(b, "default.lua", fmt.Sprintf("function on_create(pod) return delay(%q) end\n", d))
	}
	s.fails = func(b *testing.B) {
		b.Helper()
		save(b, "chaos.lua", "match = true\nfunction on_start(pod, container, run) return { exit = 1, after = \"1s\" } end\n")
	}
	s.breaks = func(b *testing.B) {
		b.Helper()
		save(b, "broken.lua", "match = function(pod) return pod.status.phase == end\n")
	}
	return s
}
