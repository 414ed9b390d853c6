package script

import (
	"sync"

	lua "github.com/yuin/gopher-lua"
)

const groupTests = "Tests"

// TestLibrary lists what files of tests have beside [Library].
func TestLibrary() []Entry {
	entries := []Entry{
		{
			Name: "describe", fn: libDescribe, Params: []Arg{{"what", "string", "what is tested"}, {"tests", "fun()", "declares them"}},
			Doc: "Groups tests. Groups may be nested.",
		},
		{
			Name: "it", fn: libIt, Params: []Arg{{"does", "string", "what it should do"}, {"given", "TestGiven|fun()", "nodes, config, params, admission; may be left out"}, {"test", "fun()?", "the test"}},
			Doc: "Declares a test. Each is played in a world of its own, with the folder's scripts, on a clock that only advance and wait move.",
		},
		{
			Name: "before_each", fn: libBeforeEach, Params: []Arg{{"prepare", "fun()", ""}},
			Doc: "Runs a function before each test of the group it stands in.",
		},
		{
			Name: "pod", fn: libPod, Returns: "TestPod",
			Params:  []Arg{{"manifest", "TestPodWish|string", "a short form, a whole manifest, or the name of a file beside the test"}},
			Doc:     "Creates a pod, as the scheduler would have it created. It raises if the pod is refused. What it returns shows the pod as it is whenever it is looked at.",
			Example: `local p = pod{ labels = { behaviour = "flaky" } }`,
		},
		{
			Name: "advance", fn: libAdvance, Params: []Arg{{"d", "Duration", ""}},
			Doc: "Lets time pass, with all that falls due on the way. It costs no time.", Example: `advance("5m")`,
		},
		{
			Name: "expect", fn: libExpectValue, Returns: "Expectation",
			Params:  []Arg{{"value", "any", "or, as in scenarios: what is expected, in words"}, {"f", "(fun(): boolean, any)?", "whether it holds"}, {"when", "Expect?", "within, holds_for"}},
			Doc:     "Expects something of a value: expect(x):is(1). With a function it is expect of scenarios: it must hold now, or within a time. The test ends where an expectation fails.",
			Example: `expect(1 + 1):is(2)`,
		},
		{
			Name: "node_status", fn: libQuestion("node_status"), Returns: "table", Params: []Arg{{"name", "string?", "left out: the first"}},
			Doc: "A node as it shows itself now: capacity, conditions (by type), addresses, pods.", Example: `expect(node_status().capacity.cpu):is("20")`,
		},
		{
			Name: "heartbeat", fn: libQuestion("heartbeat"), Returns: "boolean", Params: []Arg{{"name", "string?", "left out: the first"}},
			Doc: "Whether the node renews its lease, which is due now.", Example: `expect(heartbeat()):is(true)`,
		},
		{
			Name: "request", fn: libQuestion("request"), Returns: "table?", Params: []Arg{{"call", "string", "createPod, getPodStatus …"}, {"about", "table?", "namespace, pod, container"}},
			Doc: "What on_request makes of a provider call: the fault as a table, or nil.", Example: `expect(request("getPods")):is(nil)`,
		},
	}
	for i := range entries {
		entries[i].Group = groupTests
	}
	return entries
}

// testGlobals lays the names of tests over those of a set. They are none of scripts', or a helper that forgets its
// parameter pod would find another.
func testGlobals(under *lua.LTable) *lua.LTable {
	t := &lua.LTable{Metatable: under}
	for _, e := range TestLibrary() {
		t.RawSetString(e.Name, goFunction(e.fn))
	}
	return t
}

var testNames = sync.OnceValue(func() []string {
	var names []string
	for _, e := range TestLibrary() {
		names = append(names, e.Name)
	}
	return names
})
