package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/sim"
	"github.com/moonlet-dev/moonlet/engine/sim/stage"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// longestTest is how many days of its story a test may last: hours are nothing to tests.
const longestTest = 366

// testStage is what one test is played on. It is used by one goroutine at a time.
type testStage struct {
	*stage.Bounded
	dir    string
	output []string
}

// Act does what a verb says.
func (s *testStage) Act(ctx context.Context, o fault.Order, line int) ([]string, error) {
	o.By = fmt.Sprintf("the test, line %d", line)
	done, err := s.Provider.Act(ctx, o)
	return done.Hits, err
}

// SetParam turns a param, as a person would.
func (s *testStage) SetParam(ctx context.Context, name string, value any, _ int) error {
	file, param, _ := strings.Cut(name, ".")
	_, err := s.Provider.SetParam(ctx, file, param, value)
	return err
}

// expectEvery is how often an expectation is looked at that may hold later.
const expectEvery = time.Second

// Expect looks until the expectation holds, and whether it goes on to hold.
func (s *testStage) Expect(e script.Expectation, p script.Probe) bool {
	deadline := s.Now().Add(e.Within)
	for {
		if yes, _ := p.Holds(); yes && s.holdsOn(e, p) {
			return true
		}
		left := deadline.Sub(s.Now())
		if left <= 0 {
			return false
		}
		p.Wait(min(expectEvery, left))
	}
}

func (s *testStage) holdsOn(e script.Expectation, p script.Probe) bool {
	for end := s.Now().Add(e.HoldsFor); s.Now().Before(end); {
		p.Wait(min(expectEvery, end.Sub(s.Now())))
		if yes, _ := p.Holds(); !yes {
			return false
		}
	}
	return true
}

// Say keeps what the test prints.
func (s *testStage) Say(line int, text string) {
	s.output = append(s.output, fmt.Sprintf("%d: %s", line, text))
}

// Waits is of no interest here.
func (s *testStage) Waits(int, time.Time) {}

// Manifest reads a pod from a file beside the test.
func (s *testStage) Manifest(file string) (*v1.Pod, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(file)))
	if err != nil {
		return nil, err
	}
	p := &v1.Pod{}
	if err := yaml.UnmarshalStrict(text, p); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(p.Spec.Containers) == 0 {
		return nil, fmt.Errorf("%s is no pod with containers", file)
	}
	return p, nil
}

// Create takes a pod in.
func (s *testStage) Create(ctx context.Context, p *v1.Pod) error { return plain(s.CreatePod(ctx, p)) }

// Update takes a changed object.
func (s *testStage) Update(ctx context.Context, p *v1.Pod) error { return plain(s.UpdatePod(ctx, p)) }

// Delete lets a pod go.
func (s *testStage) Delete(ctx context.Context, name script.PodName, grace *time.Duration) error {
	p := &v1.Pod{}
	p.Namespace, p.Name = name.Namespace, name.Name
	if grace != nil {
		seconds := int64(*grace / time.Second)
		p.DeletionGracePeriodSeconds = &seconds
	}
	return plain(s.DeletePod(ctx, p))
}

// plain words a fault that a script asked for as the script did.
func plain(err error) error {
	if asked, ok := errors.AsType[*fault.Asked](err); ok {
		return asked
	}
	return err
}

// Pod is a pod as it is now.
func (s *testStage) Pod(name script.PodName) *script.Pod {
	one := s.get(name)
	if one == nil {
		return nil
	}
	return &script.Pod{Object: one.Object, Status: one.Status, Script: one.Owner, Ready: ready(one.Status), Memo: &script.Memo{Tree: one.Memo.Tree("")}}
}

func (s *testStage) get(name script.PodName) *state.Pod {
	return s.Store.Get(state.Key{Namespace: name.Namespace, Name: name.Name})
}

func ready(s *v1.PodStatus) bool {
	for i := range s.Conditions {
		if s.Conditions[i].Type == v1.PodReady {
			return s.Conditions[i].Status == v1.ConditionTrue
		}
	}
	return false
}

// brokenHook is an error where a script broke: in life its default would serve, and nobody might look.
func brokenHook(s *sim.Sim) error {
	for _, f := range s.Hooks().Failures() {
		return f.Error
	}
	return nil
}

// rowsShown bounds the pods that a failure shows.
const rowsShown = 8

// rowsOf are the pods as kubectl prints them.
func rowsOf(s *sim.Sim) (rows []string) {
	for i, one := range s.Store.List() {
		if i == rowsShown {
			return append(rows, fmt.Sprintf("… %d more", s.Store.Len()-i))
		}
		rows = append(rows, one.String()+" "+rowOf(s, one))
	}
	return rows
}

// rowOf is what kubectl prints of a pod.
func rowOf(s *sim.Sim, one *state.Pod) string {
	ready, status, restarts := pod.Row(one.Object, one.Status, s.Clock.Now())
	restarts, _, _ = strings.Cut(restarts, " ")
	return strings.Join([]string{ready, status, restarts}, " ")
}

// failureOf words what went wrong.
func failureOf(err error, seed uint64) *Failure {
	f := &Failure{Seed: seed, Text: err.Error()}
	if e, ok := errors.AsType[*script.Error](err); ok {
		f.Script, f.Line, f.Text, f.Source, f.Got, f.Want, f.Hook = e.Script, e.Line, e.Text, e.Source, e.Got, e.Want, e.Hook
	}
	return f
}
