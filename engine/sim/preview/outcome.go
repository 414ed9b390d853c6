package preview

import (
	"cmp"
	"slices"
)

// Outcome is how some of the lives end.
type Outcome struct {
	Status   string       `json:"status"` // what kubectl shows in the end
	Ready    bool         `json:"ready"`
	Runs     int          `json:"runs"`
	Share    float64      `json:"share"`
	Restarts Range[int]   `json:"restarts"`
	UpTime   Range[Share] `json:"upTime"` // the share of the time they are ready
	Seeds    []uint64     `json:"seeds"`  // of the first of them
}

// Share is a number from 0 to 1.
type Share float64

// Range is the smallest, the middle and the largest of several figures.
type Range[T cmp.Ordered] struct {
	Min    T `json:"min"`
	Median T `json:"median"`
	Max    T `json:"max"`
}

func rangeOf[T cmp.Ordered](values []T) Range[T] {
	slices.Sort(values)
	return Range[T]{Min: values[0], Median: values[len(values)/2], Max: values[len(values)-1]}
}

// exampleSeeds is how many seeds an outcome names, for whoever wants to see such a life.
const exampleSeeds = 3

// outcomes sorts the lives by their ends.
func outcomes(lives []*life) []Outcome {
	type end struct {
		status string
		ready  bool
	}
	byEnd := map[end][]*life{}
	for _, l := range lives {
		e := end{l.end, l.ready}
		if l.refused != "" {
			e.status = "not created: " + l.refused
		}
		byEnd[e] = append(byEnd[e], l)
	}
	out := make([]Outcome, 0, len(byEnd))
	for e, list := range byEnd {
		o := Outcome{Status: e.status, Ready: e.ready, Runs: len(list), Share: float64(len(list)) / float64(len(lives))}
		var restarts []int
		var up []Share
		for i, l := range list {
			restarts, up = append(restarts, l.whole.Restarts), append(up, Share(l.whole.Ready))
			if i < exampleSeeds {
				o.Seeds = append(o.Seeds, l.seed)
			}
		}
		o.Restarts, o.UpTime = rangeOf(restarts), rangeOf(up)
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Seeds[0], b.Seeds[0]))
	})
	return out
}
