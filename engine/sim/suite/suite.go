package suite

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
)

// Options say which tests are played, and how.
type Options struct {
	Folder   Folder
	Only     *regexp.Regexp // tests whose name matches, or the name of their file; nil: all
	Seed     uint64         // the first
	Seeds    int            // how many each test is played with; 0: one
	Coverage bool           // count the lines of the scripts that ran
	Workers  int            // tests played at once; 0: one for each core
	Progress func(Progress) // told after each playing, from any goroutine; may be nil
}

// Progress is how far a run is.
type Progress struct{ Played, All, Failed int }

// Run plays the tests. The error is about the folder, a [*sim.LoadError] where its scripts do not load, or the end of
// ctx; what tests find is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	began := time.Now() //nolint:forbidigo // how long a person waits is not part of the story
	r, err := newRunner(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.close()
	r.playAll(ctx)
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, t := range r.tests {
		r.shrink(ctx, t)
	}
	return r.report(time.Since(began)), context.Cause(ctx)
}

// runner is one run.
type runner struct {
	Options
	coverage *script.Coverage
	runtime  *script.Runtime
	cast     *sim.Sim // whose scripts all tests share
	tests    []*running
	all      int
	played   atomic.Int64
	failed   atomic.Int64
}

// running is one test and what became of it so far.
type running struct {
	file *File
	set  *script.Set
	test int

	mu      sync.Mutex
	runs    int
	story   time.Duration
	took    time.Duration
	failure *Failure // with the smallest seed so far
}

func (t *running) Test() *script.Test { return &t.file.tests[t.test] }

func newRunner(ctx context.Context, o Options) (*runner, error) {
	o.Seeds = max(o.Seeds, 1)
	r := &runner{Options: o}
	if o.Coverage {
		r.coverage = script.NewCoverage()
	}
	r.runtime = sim.NewRuntime(r.coverage)
	cast, err := sim.New(ctx, sim.Options{Scripts: o.Folder.Scripts, Runtime: r.runtime})
	if err != nil {
		r.runtime.Close()
		return nil, err
	}
	r.cast = cast
	for i := range o.Folder.Tests {
		r.load(&r.Folder.Tests[i])
	}
	r.all = len(r.tests) * o.Seeds
	return r, nil
}

func (r *runner) close() {
	r.cast.Close() //nolint:errcheck,gosec // in memory: there is nothing to lose
	r.runtime.Close()
}

// load finds the tests of a file.
func (r *runner) load(f *File) {
	set, problems := r.runtime.LoadTests(f.Source, r.Folder.Scripts, script.Env{})
	f.problems = problems
	if set == nil {
		return
	}
	loaded := set.File(f.Source.Name)
	f.tests = loaded.Tests
	for i := range f.tests {
		if r.Only == nil || r.Only.MatchString(f.tests[i].Name()) || r.Only.MatchString(f.Source.Name) {
			r.tests = append(r.tests, &running{file: f, set: set, test: i})
		}
	}
}

// playAll plays every test with every seed, on all cores.
func (r *runner) playAll(ctx context.Context) {
	var next atomic.Int64
	var wg sync.WaitGroup
	workers := r.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= r.all {
					return
				}
				r.playOne(ctx, r.tests[n/r.Seeds], r.Seed+uint64(n%r.Seeds)) //nolint:gosec // never negative
			}
		})
	}
	wg.Wait()
}

// playOne plays a test with a seed, unless it failed with a smaller one.
func (r *runner) playOne(ctx context.Context, t *running, seed uint64) {
	if !t.decided(seed) {
		began := time.Now() //nolint:forbidigo // as in Run
		story, failure := r.play(ctx, t, seed)
		if t.note(seed, story, time.Since(began), failure) {
			r.failed.Add(1)
		}
	}
	n := r.played.Add(1)
	if r.Progress != nil {
		r.Progress(Progress{Played: int(n), All: r.all, Failed: int(r.failed.Load())})
	}
}

func (t *running) decided(seed uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failure != nil && t.failure.Seed < seed
}

// note keeps a playing's outcome, and tells whether it is the test's first failure.
func (t *running) note(seed uint64, story, took time.Duration, f *Failure) (first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.runs++
	t.story += story
	t.took += took
	if f == nil || t.failure != nil && t.failure.Seed < seed {
		return false
	}
	first = t.failure == nil
	t.failure = f
	return first
}

// shrinkTries bounds the search for a smaller seed.
const shrinkTries = 1000

// shrink looks for the smallest seed with which a test fails, from 1: small numbers are easily told.
func (r *runner) shrink(ctx context.Context, t *running) {
	if t.failure == nil {
		return
	}
	end := min(t.failure.Seed, r.Seed, shrinkTries+1)
	for seed := uint64(1); seed < end && ctx.Err() == nil; seed++ {
		if _, f := r.play(ctx, t, seed); f != nil {
			t.failure = f
			return
		}
	}
}

// play plays a test once and tells how long it was in the story.
func (r *runner) play(ctx context.Context, t *running, seed uint64) (time.Duration, *Failure) {
	b, err := r.set(ctx, t, seed)
	if err != nil {
		return 0, &Failure{Seed: seed, Text: err.Error()}
	}
	defer b.Close() //nolint:errcheck // in memory: there is nothing to lose
	name := t.Test().Name()
	err = t.set.Try(ctx, &script.Trial{
		File: t.set.File(t.file.Source.Name), Test: t.test, Stage: b, Draws: script.NewDraws(seed, "test", t.file.Source.Name, name),
	})
	if err == nil {
		err = b.brokenHook()
	}
	story := b.Clock.Now().Sub(sim.Start)
	if err == nil || ctx.Err() != nil {
		return story, nil
	}
	f := b.failure(seed, story, err)
	if f.Script == t.file.Source.Name {
		f.Script = t.file.Path
	}
	return story, f
}

// set makes the stage of a test.
func (r *runner) set(ctx context.Context, t *running, seed uint64) (*stage, error) {
	given := t.Test().Given
	o := sim.Options{Seed: seed, Like: r.cast, Params: map[string]string{}}
	if given.Config != nil {
		o.Like, o.Scripts, o.Runtime, o.Config = nil, r.Folder.Scripts, r.runtime, given.Config
	}
	for name, value := range given.Params {
		o.Params[name] = fmt.Sprint(value)
	}
	nodes := nodesOf(given)
	o.Nodes, o.Each = nodes.names, nodes.dress
	s, err := sim.New(ctx, o)
	if err != nil {
		return nil, err
	}
	return &stage{Sim: s, dir: t.file.Dir}, nil
}
