package preview_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/preview"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop has a bit of everything: an init container, pulls that fail, a container that flaps and one that crashes.
const shop = `
match = true
function on_create(pod)
  if chance(0.1) then return reject(503, "out of capacity") end
end
function on_pull(pod, container)
  if chance(0.2) then return "ErrImagePull", "registry down" end
  return uniform("2s", "20s")
end
function on_start(pod, container, run)
  if run.init then return { exit = 0, after = "40s" } end
  if container.name == "log" then return { ready = flap("8m", "3m") } end
  if chance(0.5) then return { exit = pick{ 1, 137 }, after = exponential("6m"), reason = "OOMKilled" } end
  return { ready = uniform("20s", "3m"), exit = 1, after = exponential("25m") }
end`

func shopPod() *v1.Pod {
	p := &v1.Pod{}
	p.Namespace, p.Name = "shop", "web"
	p.Spec.InitContainers = []v1.Container{{Name: "migrate", Image: "m:1"}}
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "a:1"}, {Name: "log", Image: "l:1"}}
	return p
}

func of(text string) sim.Options {
	return sim.Options{Seed: 3, Scripts: []script.Source{{Name: "shop.lua", Text: []byte(text)}}}
}

func shown(t *testing.T, o preview.Options) *preview.Preview {
	t.Helper()
	p, err := preview.Make(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// drawn is a preview with a bit of everything, written by hand: what scripts and machine make of a pod is not tested here.
func drawn() *preview.Preview {
	const m = preview.Seconds(time.Minute)
	story := []preview.Happens{
		{After: 0, Cause: api.Cause{What: "Created", Message: "69a479b2-e57c-8f9b-9703-da8e338205fd", By: "user"}},
		{After: m, Cause: api.Cause{What: "on_start", Container: "app", Message: "exit 137 after 5m", By: "shop.lua:13", Draws: []api.Draw{
			{Kind: "chance", Value: 0.12345}, {Name: "when", Kind: "exponential", Value: 301.5},
		}}},
		{After: m, Cause: api.Cause{What: "Started", Container: "app", Message: "Started container app"}},
	}
	for n := range preview.Seconds(20) {
		story = append(story, preview.Happens{After: 6*m + n, Cause: api.Cause{What: "BackOff", Container: "app", By: "kubelet"}})
	}
	return &preview.Preview{
		Pod: "shop/web", Script: "shop", Seed: 3, Length: 60 * m, Runs: 40, Story: story,
		Rows: []preview.Row{
			{Kind: preview.Whole, Name: "pod", Restarts: 2, Ready: 0.6, Spans: []preview.Span{
				{From: 0, To: m, State: preview.Waiting},
				{From: m, To: 6 * m, State: preview.Running},
				{From: 6 * m, To: 24 * m, State: preview.Backoff, Why: "CrashLoopBackOff"},
				{From: 24 * m, To: 60 * m, State: preview.Ready},
			}},
			{Kind: preview.Init, Name: "migrate", Spans: []preview.Span{
				{From: 0, To: m, State: preview.Running}, {From: m, To: 60 * m, State: preview.Done, Why: "Completed"},
			}, Exits: []preview.Exit{{At: m, Reason: "Completed"}}},
			{Kind: preview.App, Name: "a-container-with-a-rather-long-name", Restarts: 2, Ready: 0.6, Spans: []preview.Span{
				{From: 0, To: m, State: preview.Waiting, Why: "PodInitializing"},
				{From: m, To: 6 * m, State: preview.Running},
				{From: 6 * m, To: 24 * m, State: preview.Backoff, Why: "CrashLoopBackOff"},
				{From: 24 * m, To: 58 * m, State: preview.Ready},
				{From: 58 * m, To: 59 * m, State: preview.Failed, Why: "OOMKilled"},
				{From: 59 * m, To: 60 * m, State: preview.Gone},
			}, Exits: []preview.Exit{{At: 6 * m, Code: 137, Reason: "OOMKilled"}, {At: 6*m + 1, Code: 1}, {At: 58 * m, Code: 137}}},
		},
		Outcomes: []preview.Outcome{
			{Status: "Running", Ready: true, Runs: 24, Share: 0.6, Restarts: preview.Range[int]{Min: 0, Median: 2, Max: 5}, UpTime: preview.Range[preview.Share]{Min: 0.5, Median: 0.6, Max: 1}, Seeds: []uint64{3, 4, 6}},
			{Status: "Running", Runs: 8, Share: 0.2, UpTime: preview.Range[preview.Share]{Min: 0.5, Median: 0.5, Max: 0.5}},
			{Status: "CrashLoopBackOff", Runs: 4, Share: 0.1, Restarts: preview.Range[int]{Min: 1, Median: 1, Max: 1}},
			{Status: "Completed", Runs: 2, Share: 0.05},
			{Status: "not created: out of capacity", Runs: 2, Share: 0.05},
		},
	}
}

func TestWhatIsShown(t *testing.T) {
	p := drawn()
	for name, write := range map[string]func(io.Writer) error{
		"shop.txt":   func(w io.Writer) error { return p.Text(w, preview.Look{Width: 100}) },
		"narrow.txt": func(w io.Writer) error { return p.Text(w, preview.Look{Width: 40, Color: true}) },
		"shop.svg":   p.SVG,
		"shop.json": func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", " ")
			return e.Encode(p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name), got.String())
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; make golden rewrites it):\n%s", file, diff)
	}
}

// Spans follow each other without gaps, and what they say of readiness adds up.
func TestSpansFillTheTime(t *testing.T) {
	p := shown(t, preview.Options{Sim: of(shop), Pod: shopPod(), For: 3 * time.Hour})
	for _, r := range p.Rows {
		var at, ready preview.Seconds
		for _, s := range r.Spans {
			if s.From != at || s.To < s.From {
				t.Errorf("%s: a span from %v to %v after %v", r.Name, s.From, s.To, at)
			}
			if s.State == preview.Ready {
				ready += s.To - s.From
			}
			at = s.To
		}
		if at != p.Length {
			t.Errorf("%s ends at %v of %v", r.Name, at, p.Length)
		}
		if got := float64(ready) / float64(p.Length); got != r.Ready {
			t.Errorf("%s is ready %v of the time, its spans say %v", r.Name, r.Ready, got)
		}
	}
}

func TestEveryExitIsSeen(t *testing.T) {
	p := shown(t, preview.Options{Pod: shopPod(), For: time.Hour, Sim: of(`match = true
function on_start(pod, container, run)
  if run.init then return { exit = 0 } end
  return { exit = 3, after = "1s" }
end`)})
	for _, r := range p.Rows[2:] {
		if len(r.Exits) != r.Restarts+1 || r.Exits[0].Code != 3 {
			t.Errorf("%s: %d exits seen, %d restarts", r.Name, len(r.Exits), r.Restarts)
		}
	}
}

func TestSameSeedSamePreview(t *testing.T) {
	text := func(seed uint64) string {
		o := of(shop)
		o.Seed = seed
		var b bytes.Buffer
		if err := shown(t, preview.Options{Sim: o, Pod: shopPod(), For: time.Hour, Runs: 20}).Text(&b, preview.Look{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if a, b := text(7), text(7); a != b {
		t.Errorf("seed 7 shows two things:\n%s", cmp.Diff(a, b))
	}
	if text(7) == text(8) {
		t.Error("the seed does not matter")
	}
}

func TestAPodThatIsRefused(t *testing.T) {
	p := shown(t, preview.Options{Pod: shopPod(), For: time.Hour, Runs: 3, Sim: of(`match = true
function on_create(pod) return reject(503, "out of capacity") end`)})
	if len(p.Outcomes) != 1 || !strings.Contains(p.Outcomes[0].Status, "out of capacity") {
		t.Errorf("outcomes: %+v", p.Outcomes)
	}
	for _, write := range []func(io.Writer) error{p.SVG, func(w io.Writer) error { return p.Text(w, preview.Look{}) }} {
		var b bytes.Buffer
		if err := write(&b); err != nil || !strings.Contains(b.String(), "out of capacity") {
			t.Errorf("%v:\n%s", err, b.String())
		}
	}
}

func TestScriptsThatDoNotLoad(t *testing.T) {
	_, err := preview.Make(t.Context(), preview.Options{Pod: shopPod(), For: time.Hour, Sim: of("x = = 1")})
	if load := (*sim.LoadError)(nil); !errors.As(err, &load) {
		t.Errorf("got %v", err)
	}
}

// Whatever a pod is called, the drawing stays one.
func TestTheDrawingIsXML(t *testing.T) {
	pod := shopPod()
	pod.Name = `<script>"&`
	pod.Spec.Containers[0].Name = "a<b>&"
	var b bytes.Buffer
	if err := shown(t, preview.Options{Sim: of(shop), Pod: pod, For: time.Hour}).SVG(&b); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(&b)
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
