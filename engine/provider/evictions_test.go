package provider_test

import (
	"slices"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/pod"
)

// TestAPodThatIsOverGoesOnceItsDeleteIsNotHeldUp: also if it ended by itself meanwhile.
func TestAPodThatIsOverGoesOnceItsDeleteIsNotHeldUp(t *testing.T) {
	k := cluster(t, script(`function on_start() return { exit = 0, after = "5s" } end`))
	p := bound("web", "1")
	p.Spec.RestartPolicy = v1.RestartPolicyNever
	k.bind(p)
	k.Pass(time.Second)
	held, err := k.Act(t.Context(), fault.Order{On: fault.Pod, Verb: "hang_delete"})
	k.must(err)
	k.Pass(time.Minute)
	k.wantRow(p, "0/1 Completed 0")
	k.must(k.EndPod(t.Context(), deleted(p, k.Clock.Now(), time.Second)))
	k.Pass(time.Hour)
	if k.Ended(keyOf(p), p.UID) {
		t.Error("it went although that was held up")
	}
	k.must(k.Undo(t.Context(), held.ID, "user"))
	if !k.Ended(keyOf(p), p.UID) {
		t.Error("it does not go although nothing holds it up")
	}
}

// TestEvictKnowsEveryEvictionOfTheMachine: the verb's choices are the machine's words.
func TestEvictKnowsEveryEvictionOfTheMachine(t *testing.T) {
	verb, err := fault.Find(fault.Pod, "evict")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range verb.Args {
		if a.Name == "reason" {
			same(t, "choices", slices.Sorted(slices.Values(a.Choices)), pod.Evictions())
		}
	}
}
