package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// storyScripts draw, remember, read each other and flap: all that could let the order of pods show.
var storyScripts = map[string]string{
	"crash.lua": `
match = { labels = { behaviour = "crash" } }
param("crash_rate", 0.3, "share of runs that crash")
function on_create(pod)
  if chance(0.15) then return reject(503, "out of capacity") end
  pod.memo.born = uniform(1, 100)
  return delay(uniform("100ms", "3s"))
end
function on_pull(pod, container)
  if chance(0.2) then return "ErrImagePull", "registry is down" end
  return uniform("100ms", "1s")
end
function on_start(pod, container, run)
  pod.memo.starts = (pod.memo.starts or 0) + 1
  if chance(params.crash_rate) then return { exit = 1, after = exponential("10s"), message = "start " .. pod.memo.starts } end
  return { ready = uniform("1s", "4s"), exit = pick{ 0, 1, 137 }, after = lognormal(20, 0.4) }
end
function on_delete(pod) return uniform("1s", "5s") end
`,
	"neighbour.lua": `
match = { labels = { behaviour = "neighbour" } }
function on_start(pod, container, run)
  local ready, all = 0, 0
  for _, other in ipairs(pods{ labels = { app = "web" } }) do
    all = all + 1
    if other.status.phase == "Running" then ready = ready + 1 end
  end
  return { ready = 1 + ready / 10, exit = 1, after = 3 + ready + exponential("5s"), message = ready .. " of " .. all .. " run" }
end
function status(pod, status)
  return { message = "crashing beside me: " .. #pods{ script = "crash", ready = false } }, "2s"
end
`,
	"count.lua": `
match = { labels = { behaviour = "count" } }
function on_create(pod)
  node.memo.last = pod.metadata.name
  node.memo.created = (node.memo.created or 0) + 1
end
function on_start(pod, container, run)
  node.memo.starts = (node.memo.starts or 0) + 1
  return { exit = 1, after = 5, message = "start " .. node.memo.starts .. " of " .. tostring(node.memo.created) .. " after " .. tostring(node.memo.last) }
end
`,
	"flap.lua": `
match = { labels = { behaviour = "flap" } }
param("up", "4s", "how long it is ready")
function on_start(pod, container, run) return { ready = flap(params.up, uniform("1s", "3s")) } end
`,
	"job.lua": `
match = { labels = { behaviour = "job" } }
function on_start(pod, container, run)
  if chance(0.5, "fails") then return { exit = 1, after = uniform("1s", "6s") } end
  return { exit = 0, after = uniform("1s", "6s") }
end
function status(pod, status)
  if status.phase == "Running" and chance(0.1, "lost") then return { phase = "Failed", reason = "Lost" } end
end
`,
}

// crashOften is what crash.lua is saved as in the middle of the story.
var crashOften = strings.NewReplacer(`exponential("10s")`, `exponential("3s")`, `chance(0.2)`, `chance(0.6)`).Replace(storyScripts["crash.lua"])

// story plays one life of the node. Calls at one moment come in the order that shuffle makes. It tells per pod all that its
// journal and its status said on the way.
type story struct {
	*enginetest.Engine

	shuffle *rand.Rand
	told    map[string]string
}

const (
	storyPodsOfAKind = 3
	storyWorkers     = 4
)

func tell(t *testing.T, seed, order uint64) map[string]string {
	t.Helper()
	s := &story{
		Engine:  enginetest.New(t, enginetest.Options{Seed: seed, Scripts: storyScripts}),
		shuffle: rand.New(rand.NewPCG(order, 1)), told: map[string]string{},
	}
	names := s.names()
	s.each(names, func(name string) error { return s.CreatePod(context.Background(), storyPod(name)) })
	s.pass(10 * time.Second)
	s.each(slices.DeleteFunc(s.names(), func(n string) bool { return !strings.HasSuffix(n, "-1") }), s.remove)
	s.pass(10 * time.Second)
	s.must(t, s.swap("crash.lua", crashOften))
	s.pass(10 * time.Second)
	s.each(names, func(name string) error { return s.CreatePod(context.Background(), storyPod(name)) }) // some were rejected, some are gone
	s.pass(10 * time.Second)
	_, err := s.SetParam(context.Background(), "crash", "crash_rate", 0.9)
	s.must(t, err)
	_, err = s.SetParam(context.Background(), "flap", "up", "1s")
	s.must(t, err)
	s.each(names, s.relabel)
	s.pass(20 * time.Second)
	s.must(t, s.swap("neighbour.lua", ""))
	s.pass(20 * time.Second)
	s.told["node.memo"] = fmt.Sprint(s.Node().Memo)
	return s.told
}

func (s *story) names() []string {
	var names []string
	for _, kind := range []string{"crash", "neighbour", "count", "flap", "job"} {
		for n := range storyPodsOfAKind {
			names = append(names, fmt.Sprintf("%s-%d", kind, n))
		}
	}
	return names
}

func storyPod(name string) *v1.Pod {
	kind, _, _ := strings.Cut(name, "-")
	p := &v1.Pod{}
	p.Name, p.Namespace, p.UID = name, "default", types.UID("uid-"+name)
	p.Labels = map[string]string{"behaviour": kind, "app": "web"}
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}, {Name: "log", Image: "log:1"}}
	if kind == "job" {
		p.Spec.RestartPolicy = v1.RestartPolicyOnFailure
	}
	return p
}

// each makes one call per pod, all at this moment, in another order in every run. Refusals that scripts ask for are part of the
// story.
func (s *story) each(names []string, call func(string) error) {
	names = slices.Clone(names)
	s.shuffle.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		err := call(name)
		var asked *fault.Asked
		if errors.As(err, &asked) || errors.Is(err, state.ErrNotFound) {
			s.told[name] += err.Error() + "\n"
		} else if err != nil {
			s.told[name] += "UNEXPECTED " + err.Error() + "\n"
		}
	}
	s.note()
}

func (s *story) remove(name string) error { return s.DeletePod(context.Background(), storyPod(name)) }

func (s *story) relabel(name string) error {
	p := storyPod(name)
	p.Labels["round"] = "2"
	return s.UpdatePod(context.Background(), p)
}

func (s *story) swap(name, text string) error {
	for _, problem := range s.Swap(name, text) {
		return problem
	}
	s.note()
	return nil
}

// pass lets time go by in steps, so that entries are seen before a journal forgets them.
func (s *story) pass(d time.Duration) {
	for range d / (5 * time.Second) {
		s.Pass(5 * time.Second)
		s.note()
	}
}

// note writes down what pods look like now.
func (s *story) note() {
	for _, p := range s.Store.List() {
		s.told[p.Name] += fmt.Sprintf("at %s\n%s%s\n", s.Clock.Now().Sub(enginetest.Start), s.JournalText(p.Namespace, p.Name), p.StatusJSON)
	}
}

func (s *story) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Same seed, scripts and calls: the same journals, byte for byte, whatever the order of the pods.
func TestSameSeedGivesTheSameJournals(t *testing.T) {
	runs := 100
	if testing.Short() {
		runs = 10
	}
	first := tell(t, 7, 0)
	for pod, text := range first {
		if strings.Contains(text, "UNEXPECTED") {
			t.Fatalf("%s:\n%s", pod, text)
		}
	}
	for worker := range storyWorkers {
		t.Run(fmt.Sprintf("worker %d", worker), func(t *testing.T) {
			t.Parallel()
			for n := 1 + worker; n < runs && !t.Failed(); n += storyWorkers {
				next := tell(t, 7, uint64(n))
				for _, pod := range slices.Sorted(maps.Keys(first)) {
					if next[pod] != first[pod] {
						t.Errorf("run %d tells another story of %s:\n%s", n, pod, firstDifference(first[pod], next[pod]))
					}
				}
			}
		})
	}
}

// firstDifference shows the lines around where two stories part.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	n := 0
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	around := func(lines []string) []string { return lines[max(0, min(n-2, len(lines))):min(n+2, len(lines))] }
	return cmp.Diff(around(x), around(y))
}

// The story is one that chance decides: another seed tells another one of every kind of pod that draws.
func TestAnotherSeedGivesOtherJournals(t *testing.T) {
	one, other := tell(t, 7, 0), tell(t, 8, 0)
	for _, pod := range []string{"crash-0", "neighbour-0", "flap-0", "job-0"} {
		if one[pod] == other[pod] {
			t.Errorf("%s does not notice the seed:\n%s", pod, one[pod])
		}
	}
}
