package provider_test

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// usageOf reads the only container of the pod web.
func usageOf(t *testing.T, e *enginetest.Engine) provider.ContainerUsage {
	t.Helper()
	list, err := e.Usage(t.Context(), "virtual-kubelet")
	if err != nil || len(list) != 1 || list[0].Pod.Name != "web" || len(list[0].Containers) != 1 {
		t.Fatalf("usage %+v, %v", list, err)
	}
	return list[0].Containers[0]
}

func near(got, want float64) bool { return math.Abs(got-want) < 1e-6 }

func TestUsageIsAsItsHookSays(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		cpu    float64
		memory uint64
	}{
		"a table":         {`return { cpu = "250m", memory = "64Mi" }`, 0.25, 64 << 20},
		"numbers":         {`return { cpu = 1.5, memory = 1000 }`, 1.5, 1000},
		"two values":      {`return 0.5, "1Gi"`, 0.5, 1 << 30},
		"nothing in use":  {`return 0, 0`, 0, 0},
		"of the time":     {`return since(pod.metadata.creationTimestamp) / 100, "1Mi"`, 0.1, 1 << 20},
		"of the requests": {`return { cpu = cpu(container.resources.requests.cpu) / 2, memory = 1 }`, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"a.lua": `match = { names = { "web" } }
				function usage(pod, container) if pod.metadata.name == "web" then ` + c.answer + ` end end`}})
			create(t, e, requesting("2", "1Gi"))
			e.Pass(12 * time.Second)
			if got := usageOf(t, e); !near(got.CPU, c.cpu) || got.MemoryBytes != c.memory || !got.Started.Equal(enginetest.Start) {
				t.Errorf("usage %+v, want %v cores and %d bytes", got, c.cpu, c.memory)
			}
		})
	}
}

func requesting(cpu, memory string) *v1.Pod {
	p := newPod("web")
	p.Spec.Containers[0].Resources.Requests = v1.ResourceList{v1.ResourceCPU: resource.MustParse(cpu), v1.ResourceMemory: resource.MustParse(memory)}
	return p
}

// Without a script, or where it breaks or leaves something out, a container uses a share of its requests that stays.
func TestUsageWithoutAScriptIsAShareOfTheRequests(t *testing.T) {
	for name, lua := range map[string]string{
		"no hook":      ``,
		"says nothing": `function usage() end`,
		"breaks later": `function usage(pod) if pod.metadata.uid ~= "00000000-0000-0000-0000-000000000001" then return { cpu = "many" } end end`,
	} {
		t.Run(name, func(t *testing.T) {
			e := running(t, lua)
			create(t, e, requesting("2", "1Gi"))
			first := usageOf(t, e)
			if first.CPU < 0.4 || first.CPU > 1.6 || first.MemoryBytes < 400<<20 || first.MemoryBytes > 1<<30 {
				t.Errorf("usage %+v is no share of 2 cores and 1Gi", first)
			}
			e.Pass(time.Hour)
			if later := usageOf(t, e); later.CPU != first.CPU || !near(later.CPUSeconds, first.CPU*3600) {
				t.Errorf("an hour later %+v, at first %+v", later, first)
			}
		})
	}
	if u := usageOf(t, running(t, "")); u.CPU < 0.01 || u.CPU > 0.04 || u.MemoryBytes < 25<<20 || u.MemoryBytes > 58<<20 {
		t.Errorf("usage %+v of a container without requests", u)
	}
}

const stairs = `function usage() return math.floor(now() / 5) % 3, 1 end`

// CPU time is the sum of the steps, whoever looked when.
func TestCPUTimeAddsUpHoweverOftenOneLooks(t *testing.T) {
	often, seldom := running(t, stairs), running(t, stairs)
	last := 0.0
	for range 60 {
		often.Pass(time.Second)
		seldom.Pass(time.Second)
		u := usageOf(t, often)
		if u.CPUSeconds < last {
			t.Fatalf("CPU time fell from %v to %v", last, u.CPUSeconds)
		}
		last = u.CPUSeconds
	}
	if got := usageOf(t, seldom).CPUSeconds; !near(got, last) || !near(got, 60) {
		t.Errorf("looked at once %v, each second %v; want 60", got, last)
	}
}

func TestAYearOfCPUTimeIsAskedForInAFewQuestions(t *testing.T) {
	e := running(t, `function usage() return 0.5, 1 end`)
	e.Pass(365 * 24 * time.Hour)
	if got := usageOf(t, e).CPUSeconds; !near(got, 0.5*365*24*3600) {
		t.Errorf("%v", got)
	}
}

func TestANewRunStartsAtNothing(t *testing.T) {
	e := running(t, `function on_start(pod, container, run) if run.number == 1 then return { exit = 1, after = "1m" } end end
		function usage() return 1, 1 end`)
	e.Pass(59 * time.Second)
	if got := usageOf(t, e).CPUSeconds; !near(got, 59) {
		t.Errorf("the first run used %v", got)
	}
	e.Pass(2 * time.Second) // the exit is shown for a second, then it runs again
	e.Pass(9 * time.Second)
	if got := usageOf(t, e); got.CPUSeconds > 10 || !got.Started.After(enginetest.Start.Add(time.Minute)) {
		t.Errorf("the second run: %+v", got)
	}
}

func TestUsageListsWhatRunsOnThatNode(t *testing.T) {
	e := running(t, `function on_start(pod) if pod.metadata.name == "done" then return { exit = 0, after = 0 } end end`)
	p := newPod("done")
	p.Spec.RestartPolicy = v1.RestartPolicyNever
	create(t, e, p)
	usageOf(t, e)
	if _, err := e.Usage(t.Context(), "elsewhere"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a node of somebody else's: %v", err)
	}
}

func TestManyMayLookAtOnce(t *testing.T) {
	e := running(t, stairs)
	e.Pass(time.Hour)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			last := 0.0
			for range 50 {
				list, err := e.Usage(t.Context(), "")
				if err != nil || len(list) != 1 || list[0].Containers[0].CPUSeconds < last {
					t.Errorf("%+v, %v after %v", list, err, last)
					return
				}
				last = list[0].Containers[0].CPUSeconds
			}
		})
	}
	for range 20 {
		e.Pass(3 * time.Second)
	}
	wg.Wait()
}
