package suite

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/moonlet-dev/moonlet/engine/provider"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/stage"
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

// running is one test, or one scenario, and what became of it so far.
type running struct {
	file *File
	name string
	line int
	play func(ctx context.Context, seed uint64) (story time.Duration, f *Failure)

	mu      sync.Mutex
	runs    int
	story   time.Duration
	took    time.Duration
	failure *Failure // with the smallest seed so far
}

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
	for i := range r.Folder.Tests {
		r.load(&r.Folder.Tests[i])
	}
	for i := range r.Folder.Stories {
		r.loadStories(&r.Folder.Stories[i])
	}
	r.all = len(r.tests) * o.Seeds
	return r, nil
}

func (r *runner) close() {
	r.cast.Close() //nolint:gosec // in memory: there is nothing to lose
	r.runtime.Close()
}

// load finds the tests of a file.
func (r *runner) load(f *File) {
	set, problems := r.runtime.LoadTests(f.Source, r.Folder.Scripts, script.Env{})
	f.problems = problems
	if set == nil {
		return
	}
	tests := set.File(f.Source.Name).Tests
	for i := range tests {
		t := &tests[i]
		r.add(&running{file: f, name: t.Name(), line: t.Line, play: func(ctx context.Context, seed uint64) (time.Duration, *Failure) {
			return r.try(ctx, f, set, i, seed)
		}})
	}
}

// add takes a test in if it is wanted.
func (r *runner) add(t *running) {
	if r.Only == nil || r.Only.MatchString(t.name) || r.Only.MatchString(t.file.Source.Name) {
		r.tests = append(r.tests, t)
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
		story, failure := t.play(ctx, seed)
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
		if _, f := t.play(ctx, seed); f != nil {
			t.failure = f
			return
		}
	}
}

// try plays a test once and tells how long it was in the story.
func (r *runner) try(ctx context.Context, f *File, set *script.Set, test int, seed uint64) (time.Duration, *Failure) {
	t := &set.File(f.Source.Name).Tests[test]
	s, err := r.stage(ctx, f, t.Given, seed)
	if err != nil {
		return 0, failureOf(err, seed)
	}
	defer s.Close()
	began := s.Now()
	err = set.Try(ctx, &script.Trial{
		File: set.File(f.Source.Name), Test: test, Stage: s, Draws: script.NewDraws(seed, "test", f.Source.Name, t.Name()),
	})
	if err == nil {
		err = brokenHook(s.Sim)
	}
	story := s.Now().Sub(began)
	if err == nil || ctx.Err() != nil {
		return story, nil
	}
	failure := failureOf(err, seed)
	if failure.Script == f.Source.Name {
		failure.Script = f.Path
	}
	failure.At, failure.Pods, failure.Output = Seconds(story), rowsOf(s.Sim), s.output
	return story, failure
}

// stage makes the stage of a test.
func (r *runner) stage(ctx context.Context, f *File, given script.TestGiven, seed uint64) (*testStage, error) {
	o := sim.Options{Seed: seed, Like: r.cast, Params: map[string]string{}}
	if given.Config != nil {
		o.Like, o.Scripts, o.Runtime, o.Config = nil, r.Folder.Scripts, r.runtime, given.Config
	}
	for name, value := range given.Params {
		o.Params[name] = fmt.Sprint(value)
	}
	o.Node = func(n *provider.Node) { n.Admission = given.Admission }
	s, err := stage.New(ctx, stage.Options{Sim: o, Given: &script.Given{Nodes: given.Nodes, Pods: given.Pods}})
	if err != nil {
		return nil, err
	}
	return &testStage{Bounded: stage.Bound(s, longestTest), dir: f.Dir}, nil
}
