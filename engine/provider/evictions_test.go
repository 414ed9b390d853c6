package provider_test

import (
	"slices"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/pod"
)

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
