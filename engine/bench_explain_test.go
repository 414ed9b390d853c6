package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// crashing is a script whose pods crash for ever, so that all they do is what explanations tell of.
const crashing = `
match = true
param("mean", "15s", "how long a run lasts")
function on_start(pod, container, run)
  return { ready = uniform("1s", "3s"), exit = pick({ 1, 137, 3 }), after = exponential(params.mean) }
end
`

// benchExplain: what it costs to know why. Ten thousand pods that crash for ever live by turns with their journals and without:
// the same pods, for two nodes full of them differ by as much as all journals cost, by chance and where they lie in memory.
// Once in memory, and once with a state file, which after each turn gets the time to take what the journals tell, as it has in a
// story that is lived; and with journals by turns with journals, which says how far to believe it. One processor at a time: what
// the garbage collector does on one that would else be idle, it does for the fun of it, and more of it than all journals cost.
func benchExplain(b *testing.B, t *table) {
	b.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	without := crashers(b, false, true)
	heap := without.heap
	must(b, without.Close())
	for _, lasting := range []bool{false, true} {
		c, where := crashers(b, lasting, false), "in memory"
		if lasting {
			where = "with a state file"
		}
		t.atMost("journals of 10,000 crashing pods, CPU, "+where, c.more(b, func(mute bool) bool { return mute }), 5, "%")
		t.figure("  with journals against with journals", fmt.Sprintf("%.1f %%", c.more(b, func(bool) bool { return false })))
		if !lasting {
			used, kept := c.heap-heap, c.entries(b)
			t.atMost("  memory of a transition", float64(used)/float64(kept), 300, "B")
			t.figure("  memory of a pod's journal", fmt.Sprintf("%.1f KiB, %d of them", float64(used)/crashPods/1024, kept/crashPods))
		}
		must(b, c.Close())
	}
	benchExplainServed(b, t)
}

// benchExplainServed: the same, where Moonlet serves ten thousand such pods and others come, are asked after once, and go.
func benchExplainServed(b *testing.B, t *table) {
	b.Helper()
	dir := folder(b, map[string]string{"crashing.lua": crashing})
	c := startChild(b, "MOONLET_SCRIPTS="+dir, "MOONLET_STATE="+filepath.Join(b.TempDir(), "state.db"), "MOONLET_STATE_FSYNC=false")
	sample := samplePod(b, "small")
	create := func(name string) func(int) string {
		return func(i int) string { return raw("POST", "/createPod", named(sample, fmt.Sprintf("%s-%d", name, i))) }
	}
	flood(b, c.url, 16, crashPods, create("pod"))
	const come, turns = 1000, 12
	turn := func() float64 {
		c.ask(b, "gc")
		before := c.cpu(b)
		flood(b, c.url, 16, come, create("guest"))
		flood(b, c.url, 16, come, func(i int) string {
			return raw("GET", fmt.Sprintf("/getPodStatus?namespace=default&name=guest-%d", i), "")
		})
		flood(b, c.url, 16, come, func(i int) string {
			return raw("DELETE", "/deletePod", fmt.Sprintf(`{"metadata":{"namespace":"default","name":"guest-%d"}}`, i))
		})
		time.Sleep(4 * time.Second) // for the state file
		return (c.cpu(b) - before).Seconds()
	}
	costs := map[string][]float64{}
	for n := range 2 * turns {
		mode := "journals on"
		if without(n) {
			mode = "journals off"
		}
		c.ask(b, mode)
		costs[mode] = append(costs[mode], turn())
	}
	t.atMost("the same, served over HTTP, with a state file", 100*(sum(costs["journals on"])/sum(costs["journals off"])-1), 5, "%")
}

func sum(costs []float64) (all float64) {
	for _, c := range costs {
		all += c
	}
	return all
}

func (t *table) atMost(what string, got, bar float64, unit string) {
	ok := got < bar
	t.row(what, fmt.Sprintf("%.1f %s", got, unit), fmt.Sprintf("< %.0f %s", bar, unit), &ok)
}

const crashPods = 10_000

// crashLoop is a node whose pods crash for ever.
type crashLoop struct {
	*sim.Sim
	rhythm rhythm
	heap   int64        // that it takes, once all have lived for a while
	mute   *atomic.Bool // no journals are kept
}

// rhythm is how a story is lived with journals and without, by turns.
type rhythm struct {
	slice   time.Duration // of the story, a turn
	each    int           // turns a round; a round gives a figure, whose median counts
	rounds  int
	wait    time.Duration // after each turn
	collect bool          // the garbage collector runs when it likes, not only before a round
}

// The back-offs of the pods end in waves, five minutes apart. Turns are much shorter than a wave, and many, and then too short to
// have the garbage collector in them, one of whose runs costs as much as many; or they are of two waves.
var (
	shortTurns = rhythm{slice: 5 * time.Second, each: 36, rounds: 60}
	longTurns  = rhythm{slice: 10 * time.Minute, each: 4, rounds: 8, wait: 4 * time.Second, collect: true} // each wait is for the state file
)

func crashers(b *testing.B, lasting, mute bool) *crashLoop {
	b.Helper()
	c := &crashLoop{rhythm: shortTurns, mute: new(atomic.Bool)}
	c.mute.Store(mute)
	o := sim.Options{Seed: 7, Scripts: []script.Source{{Name: "crashing.lua", Text: []byte(crashing)}}, NoJournal: c.mute, Encode: true}
	if lasting {
		c.rhythm = longTurns
		o.Store = runningStore(b)
	}
	before := liveHeap()
	var err error
	c.Sim, err = sim.New(b.Context(), o)
	must(b, err)
	var sample v1.Pod
	must(b, json.Unmarshal([]byte(samplePod(b, "small")), &sample))
	for i := range crashPods {
		p := sample.DeepCopy()
		p.Name = fmt.Sprintf("pod-%d", i)
		must(b, c.CreatePod(b.Context(), p))
	}
	c.Pass(b.Context(), 10*time.Minute)
	c.heap = liveHeap() - before
	return c
}

func runningStore(b *testing.B) *state.Store {
	b.Helper()
	store, err := state.Open(state.Options{Path: filepath.Join(b.TempDir(), "state.db")})
	must(b, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- store.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		must(b, errors.Join(<-ended, store.Close()))
	})
	return store
}

// more is by how much the story costs more with journals than without, in percent. quiet says whether journals rest in the turns
// of those without.
func (c *crashLoop) more(b *testing.B, quiet func(mute bool) bool) float64 {
	b.Helper()
	var ratios []float64
	for range c.rhythm.rounds {
		ratios = append(ratios, c.ratio(b, quiet))
	}
	return 100 * (median(ratios) - 1)
}

// ratio is what one round says. Its turns are in the order of a wave of their own, so that whatever grows or comes in pairs
// burdens both alike.
func (c *crashLoop) ratio(b *testing.B, quiet func(mute bool) bool) float64 {
	b.Helper()
	runtime.GC()
	if !c.rhythm.collect {
		defer debug.SetGCPercent(debug.SetGCPercent(-1))
	}
	costs := map[bool]float64{}
	for n := range c.rhythm.each {
		mute := without(n)
		c.mute.Store(quiet(mute))
		before := ownCPU(b)
		c.Pass(b.Context(), c.rhythm.slice)
		time.Sleep(c.rhythm.wait)
		costs[mute] += ownCPU(b) - before
	}
	return costs[false] / costs[true]
}

// without says whether a turn is one without journals: without, with, with, without.
func without(turn int) bool { return turn%4 == 0 || turn%4 == 3 }

func (c *crashLoop) entries(b *testing.B) (n int) {
	b.Helper()
	for i := range crashPods {
		causes, err := c.Journal("default", fmt.Sprintf("pod-%d", i))
		must(b, err)
		n += len(causes)
	}
	return n
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func ownCPU(b *testing.B) float64 {
	b.Helper()
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
