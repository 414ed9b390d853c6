package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/client"
)

// The crash test: a whole Moonlet on a state file is killed at a random moment while several clients create, update
// and delete pods over loopback; started again on the same file, it must hold what it answered.
//
// Each client owns its names and does one thing at a time, so of each name at most one request is neither answered nor
// known to have done nothing. Every create and update writes a new step number into several places of the pod.
const (
	crashClients = 6
	crashNames   = 4 // per client; half of them linger when they are deleted
)

// crashEnv makes the test binary, run again, the process that is killed: its value is the folder it works in.
const crashEnv = "MOONLET_TEST_CRASH_DIR"

// TestServeUntilKilled is that process; on its own it tests nothing.
func TestServeUntilKilled(t *testing.T) {
	dir := os.Getenv(crashEnv)
	if dir == "" {
		t.Skip("runs only as the process that TestCrashLosesNothingAnswered kills")
	}
	ctx := context.Background()
	store, err := settings{
		"STATE": filepath.Join(dir, "state.db"), "SCRIPTS": filepath.Join("testdata", "crash"), "SEED": "",
		"LIMITS_CREATE": "1m", "LIMITS_MATCH": "1m", // a busy machine must not decide what the scripts say
	}.tryOpen()
	if err == nil {
		var e *engine.Engine
		if e, err = engine.New(ctx, engine.Options{Config: store}); err == nil {
			fmt.Println(e.URL())
			err = e.Run(ctx)
		}
	}
	t.Fatal(err)
}

func TestCrashLosesNothingAnswered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	book := newCrashBook()
	answered := 0
	for range crashCycles(t) {
		p := startCrash(t, dir)
		book.compare(t, p)
		if !t.Failed() {
			answered += book.load(t, p)
		}
		p.end(t)
		if t.Failed() {
			return
		}
	}
	p := startCrash(t, dir)
	book.compare(t, p)
	p.end(t)
	t.Logf("%d requests were answered, %d were cut off", answered, book.cutOff)
}

func crashCycles(t *testing.T) int {
	t.Helper()
	text := os.Getenv("MOONLET_CRASH_CYCLES")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("MOONLET_CRASH_CYCLES: %v", err)
	}
	return n
}

// crashed is one life of the process.
type crashed struct {
	cmd    *exec.Cmd
	client *client.Client
}

func startCrash(t *testing.T, dir string) *crashed {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestServeUntilKilled$", "-test.timeout=0")
	cmd.Env = append(os.Environ(), crashEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http") {
		t.Fatalf("the process says %q, %v", line, err)
	}
	c, err := client.New(strings.TrimSpace(line), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &crashed{cmd: cmd, client: c}
}

// end kills the process, if it was not killed yet.
func (c *crashed) end(t *testing.T) {
	t.Helper()
	c.client.Close()
	if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	if err := c.cmd.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
}

// crashState is a pod as far as this test cares. The zero value: there is none.
type crashState struct {
	step   int  // that its creation or latest update wrote
	ending bool // deleted, and lingering
}

// crashName is what the book says of one name.
type crashName struct {
	name string
	now  crashState
	open *crashState          // what the request under way at the kill would make of it
	uid  types.UID            // of the pod that is there
	dead map[types.UID]string // UIDs of those that were deleted
}

// crashBook is what is known of all names, by client.
type crashBook struct {
	names  [crashClients][crashNames]*crashName
	steps  atomic.Int64
	cutOff int
}

func newCrashBook() *crashBook {
	b := &crashBook{}
	for c := range b.names {
		for n := range b.names[c] {
			kind := "quick"
			if n%2 == 1 {
				kind = "lingering"
			}
			b.names[c][n] = &crashName{name: fmt.Sprintf("%s-%d-%d", kind, c, n), dead: map[types.UID]string{}}
		}
	}
	return b
}

// load lets the clients work until the process is killed in the middle of it, and tells how much was answered.
func (b *crashBook) load(t *testing.T, p *crashed) int {
	t.Helper()
	enough := 1 + rand.Int64N(200)
	var answered atomic.Int64
	var all sync.WaitGroup
	for c := range b.names {
		all.Go(func() {
			for b.act(t, p.client, b.names[c][rand.IntN(crashNames)]) {
				if answered.Add(1) == enough {
					time.AfterFunc(time.Duration(rand.IntN(4000))*time.Microsecond, func() { _ = p.cmd.Process.Kill() })
				}
			}
		})
	}
	all.Wait()
	return int(answered.Load())
}

// act sends one request and notes its answer; false: there was none.
func (b *crashBook) act(t *testing.T, c *client.Client, n *crashName) bool {
	t.Helper()
	send, then := b.choose(c, n)
	n.open = &then
	err := send(context.Background())
	if refused := (*client.Error)(nil); errors.As(err, &refused) && (!client.NotFound(err) || n.now.step != 0) {
		t.Errorf("%s: %v", n.name, err)
		return false
	} else if err != nil && refused == nil {
		return false
	}
	if then.step == 0 && n.uid != "" {
		n.dead[n.uid], n.uid = n.name, ""
	}
	n.now, n.open = then, nil
	return true
}

// choose picks a request, and says what it makes of the name.
func (b *crashBook) choose(c *client.Client, n *crashName) (send func(context.Context) error, then crashState) {
	step := int(b.steps.Add(1))
	pod := crashPod(n.name, step)
	switch rand.IntN(4) {
	case 0:
		then = crashState{}
		if n.now.step != 0 && lingers(n.name) {
			then = crashState{n.now.step, true}
		}
		return func(ctx context.Context) error { return c.DeletePod(ctx, pod) }, then
	case 1:
		return func(ctx context.Context) error { return c.UpdatePod(ctx, pod) }, crashState{step, n.now.ending}
	}
	return func(ctx context.Context) error { return c.CreatePod(ctx, pod) }, crashState{step, n.now.ending}
}

func crashPod(name string, step int) *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name = "default", name
	p.Labels = map[string]string{"step": strconv.Itoa(step)}
	p.Annotations = map[string]string{"padding": strings.Repeat("x", step%3000)}
	for _, container := range []string{"a", "b"} {
		c := v1.Container{Name: container, Image: "app:1", Env: []v1.EnvVar{{Name: "STEP", Value: strconv.Itoa(step)}}}
		if !lingers(name) {
			c.Image = fmt.Sprintf("app:%d", step) // which restarts it
		}
		p.Spec.Containers = append(p.Spec.Containers, c)
	}
	return p
}

func lingers(name string) bool { return strings.HasPrefix(name, "lingering") }

// crashStateOf reads a pod back. Parts that disagree mean that a request was applied in half.
func crashStateOf(t *testing.T, p *v1.Pod) crashState {
	t.Helper()
	step, err := strconv.Atoi(p.Labels["step"])
	if err != nil {
		t.Fatalf("%s has labels %v", p.Name, p.Labels)
	}
	want := crashPod(p.Name, step)
	if !cmp.Equal(p.Spec.Containers, want.Spec.Containers) || p.Annotations["padding"] != want.Annotations["padding"] {
		t.Errorf("%s is half applied: labels %v, containers %v, %d bytes of padding", p.Name, p.Labels, p.Spec.Containers, len(p.Annotations["padding"]))
	}
	return crashState{step, p.DeletionTimestamp != nil}
}

// compare holds what the process serves against the book, and takes over what became of requests that were cut off.
func (b *crashBook) compare(t *testing.T, p *crashed) {
	t.Helper()
	list, err := p.client.GetPods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]*v1.Pod{}
	for _, one := range list {
		there[one.Namespace+"/"+one.Name] = one
	}
	addresses := map[string]string{}
	for c := range b.names {
		for _, n := range b.names[c] {
			one := there["default/"+n.name]
			delete(there, "default/"+n.name)
			b.settle(t, n, one)
			if one != nil {
				saneStatus(t, one, addresses)
			}
		}
	}
	for key := range there {
		t.Errorf("%s is there, and nobody created it", key)
	}
}

// settle checks one name; one is nil where no such pod is served.
func (b *crashBook) settle(t *testing.T, n *crashName, one *v1.Pod) {
	t.Helper()
	got := crashState{}
	if one != nil {
		got = crashStateOf(t, one)
	}
	if got != n.now && (n.open == nil || got != *n.open) {
		t.Errorf("%s: served %+v, answered %+v, cut off %+v", n.name, got, n.now, n.open)
	}
	if n.open != nil {
		b.cutOff++
	}
	n.now, n.open = got, nil
	switch {
	case one == nil:
		if n.uid != "" {
			n.dead[n.uid], n.uid = n.name, ""
		}
	case n.uid != "" && n.uid != one.UID:
		t.Errorf("%s: it was %s, and is %s: another pod", n.name, n.uid, one.UID)
	case n.dead[one.UID] != "":
		t.Errorf("%s: %s was deleted, and is back", n.name, one.UID)
	default:
		n.uid = one.UID
	}
}

// saneStatus checks that a pod taken up again has a status a kubelet could write.
func saneStatus(t *testing.T, p *v1.Pod, addresses map[string]string) {
	t.Helper()
	s := p.Status
	if s.Phase != v1.PodPending && s.Phase != v1.PodRunning { // its containers are restarted for ever
		t.Errorf("%s is %q", p.Name, s.Phase)
	}
	if other := addresses[s.PodIP]; s.PodIP != "" && other != "" {
		t.Errorf("%s and %s both have %s", p.Name, other, s.PodIP)
	}
	addresses[s.PodIP] = p.Name
	if s.StartTime == nil || len(s.ContainerStatuses) != 2 {
		t.Errorf("%s: started %v, %d container statuses", p.Name, s.StartTime, len(s.ContainerStatuses))
	}
	ready := true
	for _, c := range s.ContainerStatuses {
		ready = ready && c.Ready
		if one := boolCount(c.State.Waiting != nil, c.State.Running != nil, c.State.Terminated != nil); one != 1 {
			t.Errorf("%s: container %s has %d states: %+v", p.Name, c.Name, one, c.State)
		}
		if c.Ready && c.State.Running == nil {
			t.Errorf("%s: container %s is ready and does not run: %+v", p.Name, c.Name, c.State)
		}
	}
	conditions := map[v1.PodConditionType]v1.ConditionStatus{}
	for _, c := range s.Conditions {
		conditions[c.Type] = c.Status
	}
	if conditions[v1.PodScheduled] != v1.ConditionTrue || conditions[v1.PodInitialized] == "" || (conditions[v1.PodReady] == v1.ConditionTrue) != ready {
		t.Errorf("%s: conditions %v, containers all ready: %v", p.Name, conditions, ready)
	}
}

func boolCount(all ...bool) (n int) {
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}
