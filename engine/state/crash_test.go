package state_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// The crash test: a process commits under load, says on its standard output before each commit what it is about to
// do and after it that it is done, and is killed. Its parent then opens the file.
//
// Each of crashWorkers owns its names and does one thing at a time, so at most one commit per worker is neither
// acknowledged nor known to be absent. A step writes the same number into the object, the life's record and the memo.
const (
	crashWorkers = 8
	crashNames   = 6 // per worker
)

// crashHelper works until it is killed.
func crashHelper(file string) error {
	s, err := state.Open(state.Options{Path: file})
	if err != nil {
		return err
	}
	go func() { _ = s.Run(context.Background()) }()
	var group sync.WaitGroup
	for w := range crashWorkers {
		group.Go(func() {
			if err := crashWorker(s, w); err != nil {
				fmt.Println("error", err)
			}
		})
	}
	group.Wait()
	return nil
}

func crashWorker(s *state.Store, worker int) error {
	random := rand.New(rand.NewPCG(rand.Uint64(), uint64(worker)))
	for {
		name := fmt.Sprintf("w%d-%d", worker, random.IntN(crashNames))
		c := state.Change{Key: key(name), Old: s.Get(key(name)), Wait: true}
		step := random.IntN(1_000_000_000) + 1
		if c.Old == nil || random.IntN(4) > 0 {
			c.New = crashPod(name, step)
		} else {
			step = 0 // removed
		}
		fmt.Printf("try %s %d\n", name, step) // one write, so that lines stay whole
		if _, err := s.Commit(context.Background(), c); err != nil {
			return err
		}
		fmt.Printf("did %s %d\n", name, step)
	}
}

func crashPod(name string, step int) *state.Pod {
	p := newPod(name)
	p.Attempt = step
	p.Object.Labels["step"] = strconv.Itoa(step)
	p.Object.Annotations = map[string]string{"padding": strings.Repeat("x", step%3000)}
	p.Memo, _ = p.Memo.Record("ask", map[string]any{"step": float64(step)}, nil)
	return p
}

// stepOf is the step a pod is at; 0: no pod. Parts that disagree end the test: the commit was applied in half.
func stepOf(t *testing.T, p *state.Pod) int {
	t.Helper()
	if p == nil {
		return 0
	}
	memo, _ := p.Memo.Tree("")["step"].(float64)
	if p.Object.Labels["step"] != strconv.Itoa(p.Attempt) || int(memo) != p.Attempt || p.Life == nil ||
		len(p.Object.Annotations["padding"]) != p.Attempt%3000 {
		t.Fatalf("%s is half applied: record %d, object %s, memo %v", p.Name, p.Attempt, p.Object.Labels["step"], memo)
	}
	return p.Attempt
}

// crashModel is what the parent knows: the last acknowledged step of each name, and the step under way.
type crashModel struct{ did, trying map[string]int }

func (m *crashModel) read(t *testing.T, line string) {
	t.Helper()
	var word, name string
	var step int
	if _, err := fmt.Sscanf(line, "%s %s %d", &word, &name, &step); err != nil {
		t.Fatalf("the process said %q", line)
	}
	switch word {
	case "try":
		m.trying[name] = step
	case "did":
		m.did[name] = step
		delete(m.trying, name)
	default:
		t.Fatalf("the process said %q", line)
	}
}

// compare holds the file against the model, and takes over what the file decided about commits under way.
func (m *crashModel) compare(t *testing.T, s *state.Store) {
	t.Helper()
	for _, p := range s.List() {
		if _, known := m.did[p.Name]; known {
			continue
		}
		if _, tried := m.trying[p.Name]; !tried {
			t.Errorf("%s appeared, nobody created it", p.Name)
		}
	}
	for w := range crashWorkers {
		for n := range crashNames {
			name := fmt.Sprintf("w%d-%d", w, n)
			got := stepOf(t, s.Get(key(name)))
			trying, open := m.trying[name]
			if got != m.did[name] && (!open || got != trying) {
				t.Errorf("%s is at step %d, acknowledged was %d, tried %d", name, got, m.did[name], trying)
			}
			m.did[name] = got
		}
	}
	clear(m.trying)
}

func TestNothingAcknowledgedIsLostInACrash(t *testing.T) {
	cycles := 20
	if text := os.Getenv("MOONLET_CRASH_CYCLES"); text != "" {
		var err error
		if cycles, err = strconv.Atoi(text); err != nil {
			t.Fatalf("MOONLET_CRASH_CYCLES: %v", err)
		}
	}
	file := path(t)
	model := &crashModel{map[string]int{}, map[string]int{}}
	acknowledged := 0
	for range cycles {
		acknowledged += crashCycle(t, file, model)
		s, err := state.Open(state.Options{Path: file})
		if err != nil {
			t.Fatal(err)
		}
		model.compare(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d commits acknowledged in %d cycles", acknowledged, cycles)
}

// crashCycle runs the process, kills it in the middle of its work and returns how many commits it acknowledged.
func crashCycle(t *testing.T, file string, model *crashModel) int {
	t.Helper()
	cmd := helperCommand(t, "crash", file)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	acknowledged, enough := 0, 1+rand.IntN(150)
	for lines.Scan() {
		model.read(t, lines.Text())
		if !strings.HasPrefix(lines.Text(), "did") {
			continue
		}
		if acknowledged++; acknowledged == enough { // somewhere within one of the next transactions
			time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); err == nil || acknowledged < enough {
		t.Fatalf("the process ended by itself: %v", err)
	}
	return acknowledged
}
