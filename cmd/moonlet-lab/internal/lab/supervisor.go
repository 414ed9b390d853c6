package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/version"
)

// A Reporter shows the steps of a start.
type Reporter interface {
	// Step begins a step; done ends it, with the error that failed it or nil.
	Step(what string) (done func(error))
}

// A Supervisor runs the lab of a folder. The fields are not to be changed once Run was called.
type Supervisor struct {
	Options
	Executable string       // this program, to be started again as each of the four
	Kubernetes string       // the version that is linked in
	Steps      Reporter     // for the start
	Log        func(string) // for what happens later; may be several lines; called from several goroutines
	OnReady    func(State)  // called once, when the lab has started

	mu    sync.Mutex
	state State // guarded by mu
}

// Run starts the lab, keeps it running and ends it with the context: then it returns nil. Any error means that the lab
// has ended for another reason; either way nothing of it runs any more.
func (s *Supervisor) Run(ctx context.Context) error {
	if err := s.Dir.create(); err != nil {
		return err
	}
	lock, err := s.Dir.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	stages, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	defer s.retire()
	client, err := s.Dir.client()
	if err != nil {
		return err
	}
	lifeline, supervisorEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	defer supervisorEnd.Close()
	defer lifeline.Close()
	return s.supervise(ctx, stages, keeper{
		launch: launcher{executable: s.Executable, lifeline: lifeline}, client: client, changed: s.changed, log: s.Log,
	})
}

// prepare chooses ports, signs certificates and writes the first state.
func (s *Supervisor) prepare(ctx context.Context) ([][]program, error) {
	done := s.Steps.Step("certificates and ports")
	stages, err := s.plan(ctx)
	done(err)
	return stages, err
}

func (s *Supervisor) plan(ctx context.Context) ([][]program, error) {
	before, err := s.Dir.State()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := s.compatible(before.Kubernetes); err != nil {
		return nil, err
	}
	p := plan{Options: s.Options}
	if p.ports, err = choosePorts(ctx, s.Port, before.Ports); err != nil {
		return nil, err
	}
	if err := (identities{dir: s.Dir, server: p.server(), now: time.Now()}).write(); err != nil {
		return nil, fmt.Errorf("write the lab's certificates: %w", err)
	}
	stages := p.stages()
	return stages, s.begin(p, slices.Concat(stages...))
}

// compatible refuses what a newer Kubernetes has stored: an older API server may not be able to read it.
func (s *Supervisor) compatible(before string) error {
	if !newer(before, s.Kubernetes) {
		return nil
	}
	return fmt.Errorf("the lab in %s holds data of Kubernetes %s, and this moonlet-lab has %s: use a newer one, another --dir, or start over with moonlet-lab down --purge",
		s.Dir, before, s.Kubernetes)
}

// newer compares minor versions. What is no version, such as that of a build without stamps, is not newer.
func newer(a, b string) bool {
	one, err := version.ParseGeneric(a)
	if err != nil {
		return false
	}
	other, err := version.ParseGeneric(b)
	return err == nil && one.WithPatch(0).GreaterThan(other.WithPatch(0))
}

// begin writes the state of a lab that is about to start, and empties the logs.
func (s *Supervisor) begin(p plan, programs []program) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = State{
		Supervisor: os.Getpid(),
		Kubernetes: s.Kubernetes,
		Server:     p.server(),
		Started:    time.Now(),
		Options:    s.Options,
		Ports:      p.ports,
	}
	for _, program := range programs {
		s.state.Components = append(s.state.Components, program.Component)
		if err := os.WriteFile(program.Log, nil, 0o600); err != nil {
			return err
		}
	}
	return s.Dir.writeState(s.state)
}

// retire says that the lab has ended as it should; version and ports stay, for the next start.
func (s *Supervisor) retire() {
	s.change(func(state *State) { state.Supervisor, state.Ready, state.Components = 0, false, nil })
}

// changed is how a keeper tells about its program.
func (s *Supervisor) changed(name string, change func(*Component)) {
	s.change(func(state *State) {
		for i := range state.Components {
			if state.Components[i].Name == name {
				change(&state.Components[i])
			}
		}
	})
}

// change alters the state and writes it down. It returns a copy.
func (s *Supervisor) change(change func(*State)) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	if err := s.Dir.writeState(s.state); err != nil {
		s.Log(fmt.Sprintf("write the lab's state, which others will now read out of date: %v", err))
	}
	copied := s.state
	copied.Components = slices.Clone(s.state.Components)
	return copied
}
