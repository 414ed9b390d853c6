package engine_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

// The journals of pods are kept every few seconds, not before a call is answered: kill -9 may take the latest from them,
// and nothing else. What is left is told once and in its order, before what the next process writes.

// mayBeLost is how much of the latest a kill may take: what journals tell gathers for three seconds, and the rest is for a
// busy machine.
const mayBeLost = 8 * time.Second

// The pods crash in a loop. Each ends its runs a second later than the one before, so that a pod's entries come in several
// batches, and a batch has entries of several pods.
const (
	loopPods   = 5
	loopScript = `
match = true
function on_start(pod, container, run)
  return { exit = 1, after = (pod.metadata.name:match("%d+") or 0) .. "s" }
end`
)

func TestAKilledMoonletStillExplains(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as the kubelet's back-off, some seventeen seconds")
	}
	t.Parallel()
	env := []string{
		"MOONLET_STATE=" + filepath.Join(t.TempDir(), "state.db"),
		"MOONLET_SCRIPTS=" + folder(t, map[string]string{"loop.lua": loopScript}),
	}
	c := startChild(t, env...)
	for i := range loopPods {
		c.create(t, loopPod(i))
	}
	// It does after a back-off of ten seconds. What is older than may be lost is then in more than one batch.
	eventually(t, "a pod crashes a third time", func() bool { return c.crashes(t, loopPod(1)) >= 3 })
	first := c.told(t)
	c.create(t, "last") // on disk when it is answered, and so is all that was to be written before it
	c.kill(t)

	old := first.newest().Add(-mayBeLost)
	c = startChild(t, env...)
	second := c.told(t)
	second.goesOn(t, first, old)
	eventually(t, "another one does", func() bool { return c.crashes(t, loopPod(2)) > second.crashes(loopPod(2)) })
	c.kill(t)

	// Another process that took over what was kept, and was killed itself, has spoiled nothing.
	c = startChild(t, env...)
	c.told(t).goesOn(t, second, old)
}

func loopPod(i int) string { return fmt.Sprint("loop-", i) }

func (c *child) create(t *testing.T, name string) {
	t.Helper()
	to, err := client.New(c.url, client.Options{})
	must(t, err)
	defer to.Close()
	p := &v1.Pod{}
	p.Namespace, p.Name = "default", name
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	must(t, to.CreatePod(t.Context(), p))
}

// kill ends the child as kill -9 does.
func (c *child) kill(t *testing.T) {
	t.Helper()
	p, err := os.FindProcess(c.pid)
	must(t, err)
	must(t, p.Kill())
	<-c.ended
}

func (c *child) causes(t *testing.T, pod string) []api.Cause {
	t.Helper()
	var e api.Explanation
	c.getJSON(t, "/api/v1/pods/default/"+pod+"/explain", &e)
	if e.Forgotten > 0 {
		t.Fatalf("%s has told more than is kept, which this test does not expect", pod)
	}
	return e.Causes
}

// crashes is how many ends of its runs a pod tells.
func (c *child) crashes(t *testing.T, pod string) int {
	t.Helper()
	return tales{pod: c.causes(t, pod)}.crashes(pod)
}

// told is what all the pods tell now.
func (c *child) told(t *testing.T) tales {
	t.Helper()
	all := tales{}
	for i := range loopPods {
		all[loopPod(i)] = c.causes(t, loopPod(i))
	}
	return all
}

// tales are what pods told of themselves.
type tales map[string][]api.Cause

func (s tales) crashes(pod string) (n int) {
	for _, c := range s[pod] {
		if c.What == "Exited" {
			n++
		}
	}
	return n
}

// newest is when the latest of it happened.
func (s tales) newest() (at time.Time) {
	for _, causes := range s {
		if last := causes[len(causes)-1]; last.At.After(at) {
			at = last.At
		}
	}
	return at
}

// goesOn checks what is told after a kill against what was told before it, of which what is old must be there.
func (s tales) goesOn(t *testing.T, before tales, old time.Time) {
	t.Helper()
	sure := 0
	for pod, was := range before {
		n := slices.IndexFunc(was, func(c api.Cause) bool { return c.At.After(old) })
		if n < 0 {
			n = len(was)
		}
		sure += n
		if problem := continues(was, n, s[pod]); problem != "" {
			t.Errorf("%s %s. Before the kill:\n%sand after it:\n%s", pod, problem, spell(was), spell(s[pod]))
		}
	}
	if sure < 3*loopPods {
		t.Errorf("only %d entries are so old that they must be there: this shows nothing", sure)
	}
}

// continues says what is wrong with a tale after a kill: it must begin as the one before, with its first n entries at
// least, and go on with what happened later.
func continues(was []api.Cause, n int, is []api.Cause) string {
	same := 0
	for same < len(was) && same < len(is) && cmp.Equal(was[same], is[same]) {
		same++
	}
	switch {
	case same < n:
		return fmt.Sprintf("does not tell entry %d of the %d that must be there", same+1, n)
	case !slices.IsSortedFunc(is, func(a, b api.Cause) int { return a.At.Compare(b.At) }):
		return "is out of order"
	}
	for _, c := range is[same:] {
		if c.At.Before(was[len(was)-1].At) {
			return "tells what did not happen then: " + spell([]api.Cause{c})
		}
		if slices.ContainsFunc(was[:same], func(o api.Cause) bool { return cmp.Equal(o, c) }) {
			return "tells twice: " + spell([]api.Cause{c})
		}
	}
	return ""
}

// spell writes entries one in each line.
func spell(causes []api.Cause) string {
	var b strings.Builder
	for _, c := range causes {
		text, _ := json.Marshal(c)
		fmt.Fprintf(&b, "  %s\n", text)
	}
	return b.String()
}
