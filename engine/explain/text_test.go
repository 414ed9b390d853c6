package explain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/explain"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) *time.Time {
	t := noon.Add(d)
	return &t
}

func TestTextTellsTheStateThenTheCausesThenWhatIsNext(t *testing.T) {
	got := explain.Text(api.Explanation{
		Pod: api.Pod{
			Namespace: "default", Name: "web", Ready: "0/1", Status: "CrashLoopBackOff", Restarts: "2 (28s ago)", Script: "flaky", Node: "moon-1",
		},
		At: noon, Since: at(-27 * time.Second), State: "app ended", Generation: 3, Forgotten: 4,
		Causes: []api.Cause{
			{
				At: *at(-time.Minute), What: "on_start", Container: "app", Message: "exit 137 after 32s", Kind: "script", By: "flaky.lua:12",
				Hook: "on_start", Ask: 3, Draws: []api.Draw{{Kind: "chance", Value: 0.05}, {Name: "life", Kind: "exponential", Value: 32}}, Generation: 3,
			},
			{At: *at(-28 * time.Second), What: "Exited", Container: "app", Message: "exit code 137, OOMKilled", Kind: "fault", By: "ann", Fault: "oom-1", Why: "drill"},
			{At: *at(-27 * time.Second), What: "BackOff", Container: "app", Kind: "kubelet", By: "kubelet", Rule: "back-off 10s after the 3rd crash"},
		},
		Next: []api.Next{
			{At: at(12300 * time.Millisecond), What: "restart", Container: "app", Text: "restarts", Rule: "back-off 10s after the 3rd crash"},
			{What: "fault", Text: "stays unready", By: "fault unready-2"},
		},
		Faults: []string{"unready-2"},
	}, explain.Options{})
	want := `default/web  0/1  CrashLoopBackOff  restarts 2 (28s ago)  since 27s
  app ended
  script flaky, generation 3, node moon-1, faults unready-2

WHY (newest last, 4 older not shown)
  11:59:00.000  app  on_start 3: exit 137 after 32s    flaky.lua:12; drew chance=0.05 life=32; generation 3
  11:59:32.000  app  Exited: exit code 137, OOMKilled  ann; fault oom-1; "drill"
  11:59:33.000  app  BackOff                           kubelet: back-off 10s after the 3rd crash

NEXT
  in 12s  app  restarts (back-off 10s after the 3rd crash)
  -       pod  stays unready (fault unready-2)
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A pod that lives for days tells of which day it speaks.
func TestTimesOfSeveralDaysHaveTheirDate(t *testing.T) {
	causes := func(ages ...time.Duration) (c []api.Cause) {
		for _, age := range ages {
			c = append(c, api.Cause{At: *at(-age), What: "Ready", Container: "app", By: "kubelet"})
		}
		return c
	}
	for want, ages := range map[string][]time.Duration{
		"  12:00:00.000  app  Ready  kubelet\n":            {0},
		"  00:00:00.000  app  Ready  kubelet\n":            {12 * time.Hour, 0},
		"  2026-11-19 23:59:59.000  app  Ready  kubelet\n": {12*time.Hour + time.Second, 0},
		"  2026-11-20 12:00:00.000  app  Ready  kubelet\n": {72 * time.Hour, 0},
	} {
		got := explain.Text(api.Explanation{At: noon, Causes: causes(ages...)}, explain.Options{})
		if !strings.Contains(got, want) {
			t.Errorf("%v: want %q in\n%s", ages, want, got)
		}
	}
}
