package script_test

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
)

func Example() {
	rt := script.NewRuntime(script.Options{})
	defer rt.Close()
	set, problems := rt.Load(1, []script.Source{{Name: "flaky.lua", Text: []byte(`
		function on_start(pod, container, run)
		  return { exit = 137, reason = "OOMKilled", message = pod.metadata.name .. " is full" }
		end`)}}, script.Env{Hooks: []script.HookSig{{Name: "on_start"}}})
	if set == nil {
		fmt.Println(problems)
		return
	}
	var outcome struct {
		Exit    int    `json:"exit"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
	}
	err := set.Call(context.Background(), &script.Call{
		File: set.File("flaky"), Hook: "on_start", Now: time.Unix(0, 0), Limit: time.Second,
		Args: []any{&script.Pod{Object: &v1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web-1"}}}},
	}, func(a script.Answer) error { return a.Values[0].Decode("answer", &outcome) })
	fmt.Println(outcome.Exit, outcome.Reason, outcome.Message, err)
	// Output: 137 OOMKilled web-1 is full <nil>
}

func ExampleRuntime_Load_problems() {
	rt := script.NewRuntime(script.Options{})
	defer rt.Close()
	_, problems := rt.Load(1, []script.Source{{Name: "flaky.lua", Text: []byte(`
function on_startt(pod)
  return { exit = 1 }
end`)}}, script.Env{Hooks: []script.HookSig{{Name: "on_start"}}})
	for _, p := range problems {
		fmt.Println(p)
		fmt.Println("   ", p.Source)
	}
	// Output:
	// flaky.lua:2: there is no hook 'on_startt', did you mean 'on_start'? (if it is a helper, make it local)
	//     function on_startt(pod)
}

func ExampleValue_Decode() {
	rt := script.NewRuntime(script.Options{})
	defer rt.Close()
	set, _ := rt.Load(1, []script.Source{{Name: "odd.lua", Text: []byte(`
		function status() return { containerStatuses = { { name = "app", state = { runnin = {} } } } } end`)}},
		script.Env{Hooks: []script.HookSig{{Name: "status"}}})
	err := set.Call(context.Background(), &script.Call{File: set.File("odd"), Hook: "status"}, func(a script.Answer) error {
		return a.Values[0].Decode("status", &v1.PodStatus{})
	})
	fmt.Println(err)
	// Output: odd.lua:2: status: status.containerStatuses[1].state: unknown field 'runnin', did you mean 'running'?
}
