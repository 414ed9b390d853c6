package record_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
	"github.com/moonlet-dev/moonlet/engine/scenario"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	heldstage "github.com/moonlet-dev/moonlet/engine/sim/stage"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// alone plays a story without anything but itself, as moonlet scenario run --speed max does, and is what its pods went
// through.
func alone(t *testing.T, story []byte) map[string][]string {
	t.Helper()
	runtime := sim.NewRuntime(nil)
	t.Cleanup(runtime.Close)
	file, err := scenario.Load(script.Source{Name: "story.lua", Text: story}, scenario.Options{Runtime: runtime})
	if err != nil {
		t.Fatalf("%v\n%s", err, story)
	}
	s, err := heldstage.New(t.Context(), heldstage.Options{Sim: sim.Options{Scripts: file.Scripts(nil), Runtime: runtime}, Given: file.Given()})
	if err != nil {
		t.Fatalf("%v\n%s", err, story)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	seenBy := record.New(sim.Start)
	look := func(p *state.Pod) {
		one := seen(p.Object, p.Status)
		one.UID = p.UID
		seenBy.Pod(one, s.Now())
	}
	for _, p := range s.Store.List() {
		look(p)
	}
	s.OnStatus(look)
	verdict, err := file.Run(t.Context(), "what was seen", scenario.Telling{Stage: s, Run: "alone"})
	if err != nil || !verdict.Passed {
		t.Fatalf("the story broke: %v, %s, %+v\n%s", err, verdict.Ended, verdict.Problem, story)
	}
	return seenBy.Rows()
}

// TestAStoryIsPlayedWithoutACluster plays each story that brings pods along.
func TestAStoryIsPlayedWithoutACluster(t *testing.T) {
	want := map[string][]string{ // what one pod must come to once all that can be ready are: then the scenario begins
		"crash-loop":          {"app=OOMKilled(137)*1", "app=CrashLoopBackOff*2"},
		"image":               {"app=running+ready", "app=ErrImageNeverPull"},
		"it-ran-before":       {"Running app=running+ready", "Running app=Error(1)", "Running app=running*1+ready"},
		"one-of-a-deployment": {"Running app=Error(2)", "Failed/Evicted app=Error(137)"},
		"refused-and-stuck":   {"Failed/OutOfcpu", "app=running+ready"},
	}
	for name, rows := range want {
		t.Run(name, func(t *testing.T) {
			w := watch()
			stories[name](w)
			story := w.Story(w.now, record.Telling{}).Lua("story.lua")
			all := alone(t, story)
			for _, row := range rows {
				if n := reached(all, row); n != 1 {
					t.Errorf("%d pods came to %q, want one: %q\n%s", n, row, all, story)
				}
			}
		})
	}
}

// reached counts the pods that came to a row.
func reached(all map[string][]string, row string) int {
	n := 0
	for _, rows := range all {
		if slices.ContainsFunc(rows, func(r string) bool { return strings.HasSuffix(r, row) }) {
			n++
		}
	}
	return n
}

// TestMadeUpNamesTakeTheirLivesByAge gives pods of a Deployment other names than those that were recorded.
func TestMadeUpNamesTakeTheirLivesByAge(t *testing.T) {
	w := watch()
	stories["one-of-a-deployment"](w)
	story := w.Story(w.now, record.Telling{}).Lua("story.lua")
	s := newStage(t, 1, script.Source{Name: "story.lua", Text: story})
	var pods []*v1.Pod
	for _, name := range []string{"web-77aa-k", "web-77aa-b", "web-77aa-f"} { // born at once: the names decide
		p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, GenerateName: "web-77aa-", Labels: map[string]string{"pod-template-hash": "77aa"}}}
		p.Spec.NodeName, p.Spec.Containers = "moon-0", []v1.Container{{Name: "app", Image: "app:1"}}
		pods = append(pods, p)
	}
	s.play(pods, script.Source{Name: "story.lua", Text: story})
	rows := s.Rows()
	for name, row := range map[string]string{"shop/web-77aa-f": "Running app=Error(2)", "shop/web-77aa-k": "Failed/Evicted app=Error(137)"} {
		if !slices.Contains(rows[name], row) {
			t.Errorf("%s never came to %q: %q", name, row, rows)
		}
	}
	for _, row := range rows["shop/web-77aa-b"] {
		if strings.Contains(row, "Error") {
			t.Errorf("the oldest, who had no trouble, came to %q", row)
		}
	}
}

// A start that fails is tried every ten seconds, and plays as long as it was seen to fail.
func TestAStartThatFailedForAWhileFailsAsLong(t *testing.T) {
	w := watch()
	p := w.pod("config-0", "")
	w.show(p, waits("CreateContainerConfigError", `secret "db" not found`))
	w.pass(5 * time.Minute)
	w.show(p, w.running(0, true))
	w.pass(time.Second)
	s := newStage(t, 1, script.Source{Name: "story.lua", Text: w.Story(w.now, record.Telling{}).Lua("story.lua")})
	s.create(&v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "config-0"}, Spec: *p.Spec.DeepCopy()})
	phase := func() v1.PodPhase {
		return s.Store.Get(state.Key{Namespace: "shop", Name: "config-0"}).Status.Phase
	}
	s.Pass(t.Context(), 4*time.Minute+45*time.Second)
	early := phase()
	s.Pass(t.Context(), 30*time.Second)
	if late := phase(); early != v1.PodPending || late != v1.PodRunning {
		t.Errorf("it was %s for less than five minutes, and %s thereafter", early, late)
	}
}
