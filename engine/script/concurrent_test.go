package script_test

import (
	"fmt"
	"sync"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// All states share protos, library and the Go values behind views; the race detector looks on.
func TestManyGoroutinesShareASet(t *testing.T) {
	rt := newRuntime(t, script.Options{Log: func(script.LogLine) {}})
	set := mustLoad(t, rt, "flaky.lua", `
local weights = { a = 1, list = { 1, 2, 3 } }
local helper = require "helper"
function on_start(pod, container, run)
  pod.memo.n = (pod.memo.n or 0) + #weights.list
  local keys = {}
  for k, v in pairs(pod.metadata.labels) do keys[#keys + 1] = k .. "=" .. v end
  for _, c in ipairs(pod.spec.containers) do keys[#keys + 1] = c.name .. tostring(c.resources.limits.memory) end
  return { phase = helper.word(pods():count()), message = table.concat(keys, ",") .. uniform(0, 1), reason = regexp.replace("a1", "1", "b") }
end`, "helper.lua", `function word(n) if n == 1 then return "Running" end return "Failed" end`)
	shared := webPod().Object
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				p := &script.Pod{Object: shared, Memo: &script.Memo{}}
				draws := script.NewDraws(1, i)
				var status v1.PodStatus
				err := set.Call(t.Context(), &script.Call{
					File: set.File("flaky"), Hook: "on_start", Args: []any{p}, Now: storyTime, Draws: draws, Writable: true, World: world{pods: []*script.Pod{p}},
				}, func(a script.Answer) error { return a.Values[0].Decode("status", &status) })
				if err != nil || status.Phase != v1.PodRunning || p.Memo.Set["n"] != 3.0 || status.Reason != "ab" {
					t.Errorf("goroutine %d: %+v, %v", g, status, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestLoadsBesideCalls(t *testing.T) {
	rt := newRuntime(t, script.Options{})
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 10 {
				set, problems := rt.Load(uint64(i), sources([]string{"flaky.lua", fmt.Sprintf("function on_start() return %d end", g*100+i)}), env)
				if set == nil {
					t.Error(problems)
					return
				}
				if got, err := call(t, set, script.Call{}); err != nil || got != float64(g*100+i) {
					t.Errorf("%v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

// Calls are independent: nothing a call leaves behind may show in the next, whatever state it gets.
func TestCallsAreIndependent(t *testing.T) {
	set := hook(t, `local t = setmetatable({}, { __index = function(t, k) return k end })
		t.x = (t.y or "") .. "z"
		local seen = pod.memo.seen
		return { t.x, seen == nil, uniform(0, 1) }`)
	first, err := call(t, set, script.Call{})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		again, err := call(t, set, script.Call{})
		if err != nil || fmt.Sprint(first) != fmt.Sprint(again) {
			t.Errorf("%v then %v, %v", first, again, err)
		}
	}
}
