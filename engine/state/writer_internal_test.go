package state

import (
	"math"
	"slices"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

// TestOnlyWhatChangedIsWritten looks at what a change queues for the file.
func TestOnlyWhatChangedIsWritten(t *testing.T) {
	web := Key{"default", "web"}
	old := &Pod{Key: web, UID: "1", Object: &v1.Pod{}, Life: &pod.Life{}, Memo: &Memo{}}
	edit := func(fn func(*Pod)) Change {
		p := *old
		fn(&p)
		return Change{Key: web, Old: old, New: &p}
	}
	both := []string{bucketLives, bucketObjects}
	for name, c := range map[string]struct {
		change Change
		want   []string
	}{
		"created":         {Change{Key: web, New: old}, both},
		"removed":         {Change{Key: web, Old: old}, both},
		"another object":  {edit(func(p *Pod) { p.Object = &v1.Pod{} }), []string{bucketObjects}},
		"another life":    {edit(func(p *Pod) { p.Life = &pod.Life{} }), []string{bucketLives}},
		"another memo":    {edit(func(p *Pod) { p.Memo = &Memo{} }), []string{bucketLives}},
		"another UID":     {edit(func(p *Pod) { p.UID = "2" }), []string{bucketLives}},
		"another attempt": {edit(func(p *Pod) { p.Attempt++ }), []string{bucketLives}},
		"derived fields": {edit(func(p *Pod) {
			p.Status, p.StatusJSON, p.ObjectJSON, p.Owner, p.Extra = &v1.PodStatus{}, []byte("{}"), []byte("{"), "x", 1
		}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var q queue
			q.pod(&c.change)
			var got []string
			for at := range q.writes {
				got = append(got, at.bucket)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("writes %q, want %q", got, c.want)
			}
		})
	}
}

func TestRecordThatCannotBeEncodedIsLeftOutAlone(t *testing.T) {
	records, unfit := encodeAll(map[slot]any{
		{bucketNodes, "good"}: &Memo{base: map[string]any{"x": 1.0}},
		{bucketNodes, "bad"}:  &Memo{base: map[string]any{"x": math.NaN()}},
		{bucketNodes, "gone"}: nil,
	})
	if len(records) != 2 || records[0].key != "gone" || records[0].sealed != nil || records[1].key != "good" || records[1].sealed == nil {
		t.Errorf("records %+v, want gone and good", records)
	}
	if len(unfit) != 1 || unfit["bad"] == nil {
		t.Errorf("unfit %v, want bad", unfit)
	}
}
