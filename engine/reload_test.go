package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/enginetest"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// A folderState is what a scripts folder holds: texts by file name.
type folderState map[string]string

func (s folderState) key() string {
	b, err := json.Marshal(s) // sorted by name
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (s folderState) sources() []script.Source {
	var all []script.Source
	for name, text := range s {
		all = append(all, script.Source{Name: name, Text: []byte(text)})
	}
	return all
}

// servingState is the folder state that a generation was made of.
func servingState(g *hook.Generation) folderState {
	s := folderState{}
	for _, f := range g.Files() {
		s[f.Name] = string(f.Text)
	}
	return s
}

// What must become of a folder state.
type fate int

const (
	unknown fate = iota // cut at random: only the loader can say
	loads
	refused
)

// marker is a script that shows in /capacity which folder state serves.
const marker = "a-marker.lua"

func markerText(number int) string {
	return fmt.Sprintf("function capacity(node) return { [\"example.com/state\"] = %d } end\n", number)
}

// damages are what happens to files while somebody edits: each changes a text and says what must become of it.
var damages = []func(r *rand.Rand, text string) (string, fate){
	func(r *rand.Rand, text string) (string, fate) { return text[:r.IntN(len(text))], unknown },
	func(r *rand.Rand, text string) (string, fate) {
		from := r.IntN(len(text))
		return text[:from] + text[from+r.IntN(len(text)-from):], unknown
	},
	func(r *rand.Rand, text string) (string, fate) {
		at := r.IntN(len(text))
		return text[:at] + string(rune(r.IntN(256))) + text[at:], unknown
	},
	func(_ *rand.Rand, text string) (string, fate) { return text + "\nfunction on_create(pod)\n", refused },
	func(_ *rand.Rand, text string) (string, fate) { return text + "\nlocal x = = 1\n", refused },
	func(_ *rand.Rand, text string) (string, fate) {
		return text + "\nfunction on_begin(pod) end\n", refused
	},
	func(_ *rand.Rand, text string) (string, fate) { return text + "\nstatus = 1\n", refused },
	func(_ *rand.Rand, text string) (string, fate) { return text + "\nos.execute('true')\n", refused },
}

// randomState is a folder of up to three of the shipped scripts, perhaps damaged, and the marker.
func randomState(r *rand.Rand, shipped map[string]string, number int) (folderState, fate) {
	names := slices.Sorted(maps.Keys(shipped))
	s, verdict := folderState{marker: markerText(number)}, loads
	for range r.IntN(4) {
		name := names[r.IntN(len(names))]
		if s[name] != "" {
			continue
		}
		text, one := shipped[name], loads
		if r.IntN(3) == 0 {
			text, one = damages[r.IntN(len(damages))](r, text)
		}
		s[name] = text
		if one == refused || verdict == loads {
			verdict = one
		}
	}
	return s, verdict
}

func TestTenThousandFolderStatesThroughTheLoader(t *testing.T) {
	states := 10_000
	if testing.Short() {
		states /= 20
	}
	shipped := enginetest.ReadFolder(t, filepath.Join("..", "scripts"))
	const engines = 4
	for n := range engines {
		t.Run(fmt.Sprint("engine ", n), func(t *testing.T) {
			t.Parallel()
			loadStates(t, rand.New(rand.NewPCG(20, uint64(n))), shipped, states/engines)
		})
	}
}

func loadStates(t *testing.T, r *rand.Rand, shipped map[string]string, states int) {
	t.Helper()
	e := enginetest.New(t, enginetest.Options{})
	for _, behaviour := range []string{"flaky", "slow-start"} {
		p := &v1.Pod{}
		p.Namespace, p.Name, p.Labels = "default", behaviour, map[string]string{"behaviour": behaviour}
		p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
		if err := e.CreatePod(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	seen := look(t, e)
	serving, number, generation := folderState{}, 0, 0
	loaded := map[string]bool{serving.key(): true}
	for n := 1; n <= states; n++ {
		state, verdict := randomState(r, shipped, n)
		problems := hook.Errors(e.Load(t.Context(), state.sources()))
		if good := len(problems) == 0; good && verdict == refused || !good && verdict == loads {
			t.Fatalf("state %d: loaded is %v: %v\n%s", n, good, problems, state.key())
		} else if good {
			serving, number, generation = state, n, generation+1
			loaded[state.key()] = true
		}
		if got := servingState(e.Hooks().Current()); !maps.Equal(got, serving) {
			t.Fatalf("state %d: not what was loaded last (-want +got):\n%s", n, cmp.Diff(serving, got))
		}
		if e.Generation() != strconv.Itoa(generation) {
			t.Fatalf("state %d: generation %s, want %d", n, e.Generation(), generation)
		}
		if got := stateInCapacity(t, e); got != number {
			t.Fatalf("state %d: /capacity is state %d's, want %d's", n, got, number)
		}
	}
	if generation < states/10 || generation > states*9/10 {
		t.Errorf("%d of %d states loaded: that tests little", generation, states)
	}
	for key := range seen() {
		if !loaded[key] {
			t.Errorf("served for a moment, and is no state that loaded: %s", key)
		}
	}
}

// stateInCapacity is the number of the state whose marker answers.
func stateInCapacity(t *testing.T, e *enginetest.Engine) int {
	t.Helper()
	r := e.Do(http.MethodGet, "/capacity", "")
	defer r.Body.Close()
	var list v1.ResourceList
	if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	quantity := list["example.com/state"]
	return int(quantity.Value())
}

// look watches what serves, side by side with the loads, until the result is asked for.
func look(t *testing.T, e *enginetest.Engine) func() map[string]bool {
	t.Helper()
	stop, seen := make(chan struct{}), map[string]bool{}
	var looking sync.WaitGroup
	looking.Go(func() {
		var last *hook.Generation
		for {
			if g := e.Hooks().Current(); g != last {
				seen[servingState(g).key()] = true
				last = g
			}
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Microsecond):
			}
		}
	})
	done := sync.OnceFunc(func() { close(stop); looking.Wait() })
	t.Cleanup(done)
	return func() map[string]bool { done(); return seen }
}

// Two hundred states of a real folder, saved in bursts as an editor, a git checkout or a careless script would, while
// the whole engine runs.
func TestTwoHundredFolderStatesThroughTheWatcher(t *testing.T) {
	states := 200
	if testing.Short() {
		states /= 10
	}
	shipped := enginetest.ReadFolder(t, filepath.Join("..", "scripts"))
	const engines = 8
	for n := range engines {
		t.Run(fmt.Sprint("engine ", n), func(t *testing.T) {
			t.Parallel()
			watchStates(t, rand.New(rand.NewPCG(5, uint64(n))), shipped, states/engines)
		})
	}
}

func watchStates(t *testing.T, r *rand.Rand, shipped map[string]string, rounds int) {
	t.Helper()
	dir := diskFolder{dir: folder(t, nil), now: folderState{}, held: map[string]bool{"{}": true}}
	e := run(t, settings{"SCRIPTS": dir.dir})
	judge := enginetest.New(t, enginetest.Options{}) // says which states load
	number := 0
	for range rounds {
		var last folderState
		for range 1 + r.IntN(4) {
			number++
			last, _ = randomState(r, shipped, number)
			dir.become(t, r, last)
		}
		if len(hook.Errors(judge.Load(t.Context(), last.sources()))) == 0 {
			eventually(t, "the last state serves: "+last.key(), func() bool {
				return maps.Equal(servingState(e.Provider().Hooks().Current()), last)
			})
			continue
		}
		eventually(t, "the last state is refused: "+last.key(), func() bool { return refusedNow(e, judge) })
		got := servingState(e.Provider().Hooks().Current())
		if !dir.held[got.key()] {
			t.Fatalf("the folder never was as what serves: %s", got.key())
		}
		if problems := hook.Errors(judge.Load(t.Context(), got.sources())); len(problems) > 0 {
			t.Fatalf("what serves does not load: %v: %s", problems, got.key())
		}
	}
}

// refusedNow says that e refuses what judge refused last, for the same reasons.
func refusedNow(e *running, judge *enginetest.Engine) bool {
	texts := func(all []*script.Error) (out []string) {
		for _, p := range all {
			out = append(out, p.Error())
		}
		return out
	}
	return slices.Equal(texts(e.Provider().Problems().Errors), texts(judge.Problems().Errors))
}

// diskFolder is a folder on disk and every state it ever was in.
type diskFolder struct {
	dir  string
	now  folderState
	held map[string]bool // by key
}

// become makes the folder hold a state, file by file, each saved in another way.
func (d *diskFolder) become(t *testing.T, r *rand.Rand, s folderState) {
	t.Helper()
	for name := range maps.Clone(d.now) {
		if _, stays := s[name]; !stays {
			if err := os.Remove(filepath.Join(d.dir, name)); err != nil {
				t.Fatal(err)
			}
			delete(d.now, name)
			d.held[d.now.key()] = true
		}
	}
	for name, text := range s {
		if r.IntN(2) == 0 {
			replace(t, d.dir, name, text)
			d.hold(name, text)
			continue
		}
		for _, part := range []string{text[:len(text)/2], text} { // cut off in the middle for a moment
			d.hold(name, "") // a plain save empties the file first
			d.hold(name, part)
			write(t, d.dir, name, part)
		}
	}
}

func (d *diskFolder) hold(name, text string) {
	d.now[name] = text
	d.held[d.now.key()] = true
}

func TestWaitingPodMovesOnWhenTheDelayIsEditedAway(t *testing.T) {
	const text = "function on_create(pod) return delay(%q) end\nfunction on_pull() return 0 end\nfunction on_start() return { ready = 0 } end\n"
	dir := folder(t, map[string]string{"default.lua": fmt.Sprintf(text, "30s")})
	e := run(t, settings{"SCRIPTS": dir})
	create(t, e, "web")
	if got := phase(t, e, "web"); got != v1.PodPending {
		t.Fatalf("before the edit it is %s", got)
	}
	saved := time.Now()
	replace(t, dir, "default.lua", fmt.Sprintf(text, "0s"))
	eventually(t, "the pod runs", func() bool { return phase(t, e, "web") == v1.PodRunning })
	t.Logf("it ran %s after the save", time.Since(saved).Round(time.Millisecond))
}

// A ConfigMap volume: the files link to ..data, which links to a folder, and is swapped by a rename.
func TestConfigMapSwapIsLive(t *testing.T) {
	dir := t.TempDir()
	swap := func(version int) {
		data := fmt.Sprintf("..v%d", version)
		if err := os.Mkdir(filepath.Join(dir, data), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, data), marker, markerText(version))
		link(t, filepath.Join("..data", marker), filepath.Join(dir, marker))
		link(t, data, filepath.Join(dir, "..data_tmp"))
		if err := os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	swap(1)
	e := run(t, settings{"SCRIPTS": dir})
	for version := 1; version <= 3; version++ {
		if version > 1 {
			swap(version)
		}
		eventually(t, fmt.Sprintf("version %d answers", version), func() bool {
			list, err := e.client.Capacity(t.Context())
			quantity := list["example.com/state"]
			return err == nil && quantity.Value() == int64(version)
		})
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}

func TestAnswersNameTheGeneration(t *testing.T) {
	dir := folder(t, map[string]string{marker: markerText(1)})
	e := run(t, settings{"SCRIPTS": dir})
	paths := []string{"/capacity", "/getPods", "/getPod?namespace=default&name=nosuch", "/nosuch", "/api/v1/pods", "/livez"}
	expect := func(want string) {
		t.Helper()
		eventually(t, "generation "+want, func() bool { return e.Provider().Generation() == want })
		for _, path := range paths {
			if got := fetch(t, e, path).header.Get("X-Moonlet-Generation"); got != want {
				t.Errorf("GET %s names generation %q, want %s", path, got, want)
			}
		}
	}
	expect("1")
	replace(t, dir, marker, markerText(2))
	expect("2")

	write(t, dir, "broken.lua", "function on_create(")
	eventually(t, "the error shows", func() bool {
		return strings.Contains(fetch(t, e, "/readyz?verbose").body, "broken.lua:1")
	})
	expect("2")
	if err := os.Remove(filepath.Join(dir, "broken.lua")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the error is gone", func() bool { return !strings.Contains(fetch(t, e, "/readyz?verbose").body, "broken.lua") })
}

func fetch(t *testing.T, e *running, path string) answer {
	t.Helper()
	return exchange(t, http.MethodGet, e.URL()+path, "", nil)
}

func create(t *testing.T, e *running, name string) {
	t.Helper()
	p := &v1.Pod{}
	p.Namespace, p.Name = "default", name
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	if err := e.client.CreatePod(context.Background(), p); err != nil {
		t.Fatal(err)
	}
}

func phase(t *testing.T, e *running, name string) v1.PodPhase {
	t.Helper()
	s, err := e.client.GetPodStatus(context.Background(), "default", name)
	if err != nil {
		t.Fatal(err)
	}
	return s.Phase
}
