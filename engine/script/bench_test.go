package script_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func benchmarkCall(b *testing.B, body string, read func(script.Answer) error) {
	b.Helper()
	set := mustLoad(b, newRuntime(b, script.Options{}), "flaky.lua", "function status(pod, status)\n"+body+"\nend")
	p := testPod(b)
	c := &script.Call{File: set.File("flaky"), Hook: "status", Args: []any{p}, Now: storyTime, Limit: time.Second}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := set.Call(ctx, c, read); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallEmpty(b *testing.B) { benchmarkCall(b, "", nil) }

func BenchmarkCallShortStatus(b *testing.B) {
	benchmarkCall(b, `return "Running"`, func(a script.Answer) error {
		if a.Values[0].Text() != "Running" {
			return fmt.Errorf("answer %q", a.Values[0].Text())
		}
		return nil
	})
}

func BenchmarkCallThreeFields(b *testing.B) {
	benchmarkCall(b, `local m = pod.metadata
		return m.name == pod.spec.containers[1].name and m.namespace`, nil)
}

func BenchmarkCallFullStatus(b *testing.B) {
	benchmarkCall(b, `local list = {}
		for i, c in ipairs(pod.spec.containers) do
			list[i] = { name = c.name, image = c.image, ready = true, restartCount = 0, started = true, state = { running = { startedAt = "2026-01-31T08:00:00Z" } } }
		end
		return { phase = "Running", podIP = "10.0.0.1", hostIP = "10.0.0.2", containerStatuses = list,
			conditions = { { type = "Ready", status = "True" }, { type = "Initialized", status = "True" } } }`,
		func(a script.Answer) error {
			var s v1.PodStatus
			return a.Values[0].Decode("status", &s)
		})
}

// longScript is 345 lines of what scripts look like.
func longScript() string {
	var b strings.Builder
	b.WriteString("match = { labels = { app = \"web\" } }\nparam(\"rate\", 0.1, \"share\")\nlocal words = { \"a\", \"b\", \"c\" }\n")
	for i := range 34 {
		fmt.Fprintf(&b, `local function step_%d(pod, n)
  local m = pod.metadata
  if n > %d and m.labels.app == "web" then
    return { exit = 1, after = "%ds", reason = "Error", message = m.name .. ": " .. n }
  end
  for i, c in ipairs(pod.spec.containers) do
    if c.name == "web-" .. i then return { ready = "3s" } end
  end
  return nil
end
`, i, i, i)
	}
	b.WriteString("function on_start(pod)\n  return step_1(pod, 2)\nend\n")
	return b.String()
}

func BenchmarkLoad345Lines(b *testing.B) {
	rt := newRuntime(b, script.Options{})
	src := sources([]string{"flaky.lua", longScript()})
	b.ReportAllocs()
	for b.Loop() {
		if set, problems := rt.Load(1, src, env); set == nil {
			b.Fatal(problems[0])
		}
	}
}

func BenchmarkNewState(b *testing.B) {
	set := mustLoad(b, newRuntime(b, script.Options{}), "flaky.lua", longScript())
	b.ReportAllocs()
	for b.Loop() {
		if err := set.NewState(); err != nil {
			b.Fatal(err)
		}
	}
}
