package provider

import (
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/pod"
)

func TestWhatARunWillDoIsSaidInWords(t *testing.T) {
	after := func(d time.Duration) *time.Duration { return &d }
	for want, o := range map[string]pod.Outcome{
		"runs until stopped":                          {},
		"never started":                               {Unstarted: true},
		"never started, never ready":                  {Unstarted: true, Ready: &pod.Readiness{Never: true}},
		"started after 2s, liveness fails after 1m0s": {Started: after(2 * time.Second), LivenessFails: after(time.Minute)},
		"ready 3s, unready 1.5s, in turn, exit 0 after 1h0m0s": {
			Ready: &pod.Readiness{Up: 3 * time.Second, Down: 1500 * time.Millisecond}, Exit: &pod.Exit{After: time.Hour},
		},
		"ready after 1.001s, exit 137 after 20ms OOMKilled": {
			Ready: &pod.Readiness{After: 1000600 * time.Microsecond}, Exit: &pod.Exit{Code: 137, After: 20 * time.Millisecond, Reason: "OOMKilled"},
		},
		"RunContainerError: 100%s of %d":                 {StartError: &pod.StartError{Reason: "RunContainerError", Message: "100%s of %d"}},
		"RunContainerError: %d, exit 128 after 0s %s %d": {StartError: &pod.StartError{Reason: "RunContainerError", Message: "%d"}, Exit: &pod.Exit{Code: 128, Reason: "%s %d"}},
	} {
		others := []int64{7, 8}
		text, figures := outcomeText(o, others)
		if len(figures) < 2 || figures[0] != 7 || figures[1] != 8 {
			t.Errorf("%q: the figures of others became %v", want, figures)
		}
		if len(figures) > 2 {
			text = journal.Fill(text, figures[2:])
		}
		if text != want {
			t.Errorf("got %q, want %q", text, want)
		}
	}
}
