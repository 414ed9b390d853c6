package provider_test

import (
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// limited is the pod web with a memory limit.
func limited(memory string) *v1.Pod {
	p := newPod("web")
	p.Spec.Containers[0].Resources.Limits = v1.ResourceList{v1.ResourceMemory: resource.MustParse(memory)}
	return p
}

const leak = `function usage(pod, c, run) return { memory = since(run.started) * 1024 * 1024, oom = true } end`

// rowOf is what kubectl prints of the pod web.
func rowOf(t *testing.T, e *enginetest.Engine) string {
	t.Helper()
	one := e.Store.Get(state.Key{Namespace: "default", Name: "web"})
	if one == nil {
		t.Fatal("no pod web")
	}
	ready, word, restarts := pod.Row(one.Object, one.Status, e.Clock.Now())
	return ready + " " + word + " " + restarts
}

func TestAContainerOverItsMemoryLimitIsKilled(t *testing.T) {
	for name, c := range map[string]struct {
		lua   string
		limit string
		after time.Duration
		want  string
	}{
		"not before it is seen":      {leak, "22Mi", 24 * time.Second, "1/1 Running 0"},
		"then at once":               {leak, "22Mi", 25 * time.Second, "0/1 OOMKilled 0"},
		"at the limit it lives":      {leak, "25Mi", 25 * time.Second, "1/1 Running 0"},
		"the next run begins anew":   {leak, "22Mi", 50 * time.Second, "1/1 Running 1 (25s ago)"},
		"from the start":             {`function usage() return { memory = "1Gi", oom = true } end`, "22Mi", 0, "0/1 OOMKilled 0"},
		"only where it is asked for": {`function usage(pod, c, run) return { memory = since(run.started) * 1024 * 1024 } end`, "22Mi", time.Hour, "1/1 Running 0"},
		"only over a limit":          {leak, "0", time.Hour, "1/1 Running 0"},
		"a script that breaks for once": {`function usage(pod, c, run)
			local s = since(run.started)
			if s > 8 and s < 12 then return { memory = "many" } end
			return { memory = s * 1024 * 1024, oom = true } end`, "22Mi", 25 * time.Second, "0/1 OOMKilled 0"},
	} {
		t.Run(name, func(t *testing.T) {
			e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"a.lua": "match = true\n" + c.lua}})
			p := limited(c.limit)
			if c.limit == "0" {
				p = newPod("web")
			}
			create(t, e, p)
			e.Pass(c.after)
			if got := rowOf(t, e); got != c.want {
				t.Errorf("after %s %q, want %q", c.after, got, c.want)
			}
		})
	}
}

// TestASavedScriptIsAskedFromTheNextStepOn: what a run was said to use is used; a reload counts from then.
func TestASavedScriptIsAskedFromTheNextStepOn(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"a.lua": `match = true function usage() return { memory = "1Mi" } end`}})
	create(t, e, limited("22Mi"))
	e.Pass(62 * time.Second)
	e.Swap("a.lua", "match = true\n"+leak)
	if got := rowOf(t, e); got != "1/1 Running 0" {
		t.Errorf("at once %q", got)
	}
	e.Pass(3 * time.Second)
	if got := rowOf(t, e); got != "0/1 OOMKilled 0" {
		t.Errorf("from the next step on %q", got)
	}
}

// TestMetricsAndTheKillSeeTheSameMemory: a step is asked about once.
func TestMetricsAndTheKillSeeTheSameMemory(t *testing.T) {
	e := enginetest.New(t, enginetest.Options{Scripts: map[string]string{"a.lua": "match = true\n" + leak}})
	create(t, e, limited("22Mi"))
	e.Pass(20 * time.Second)
	if got := usageOf(t, e).MemoryBytes; got != 20<<20 {
		t.Errorf("%d bytes", got)
	}
}
