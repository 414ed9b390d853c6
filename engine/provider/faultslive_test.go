package provider_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/sim"
)

// TestFaultsEndOnARunningClock has the provider's own goroutine end them.
func TestFaultsEndOnARunningClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := sim.New(t.Context(), sim.Options{Clock: clock.Real()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		web := &v1.Pod{}
		web.Namespace, web.Name = "default", "web"
		web.Spec.Containers = []v1.Container{{Name: "app", Image: "nginx:1.27"}}
		if err := s.CreatePod(ctx, web); err != nil {
			t.Fatal(err)
		}
		ready := func() string { return s.Pods(api.PodFilter{})[0].Ready }
		for _, lasts := range []time.Duration{time.Hour, time.Minute} { // the second one's end comes nearer
			if _, err := s.Act(ctx, fault.Order{On: fault.Pod, Verb: "unready", Lasts: lasts}); err != nil {
				t.Fatal(err)
			}
		}
		if got := ready(); got != "0/1" {
			t.Errorf("hit: %s", got)
		}
		time.Sleep(time.Minute - time.Millisecond)
		synctest.Wait()
		if got := ready(); got != "0/1" {
			t.Errorf("before its end: %s", got)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if got := ready(); got != "1/1" || len(s.Faults()) != 0 {
			t.Errorf("after its end: %s, %d faults in force", got, len(s.Faults()))
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkAct(b *testing.B) {
	e := throng(b, enginetest.Options{}, 10_000)
	unready := fault.Order{On: fault.Pod, Verb: "unready", Select: fault.Selector{Labels: "app=web", Share: 0.5}}
	b.Run("dry run of half of 10,000 pods", func(b *testing.B) {
		order := unready
		order.DryRun = true
		for b.Loop() {
			act(b, e, order)
		}
	})
	b.Run("half of 10,000 pods unready and back", func(b *testing.B) {
		for b.Loop() {
			act(b, e, unready)
			if _, err := e.ResetFaults(context.Background(), "", ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}
