package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// A bomb is a script that means ill. Its first line says how; its second one how that must end: "shows: TEXT", an error with that
// text once it has been asked, or with one of "TEXT|TEXT" where the machine's speed decides, or with "TEXT|race: TEXT" where it
// decides with the race detector only; "refused: TEXT", it never gets to serve; "harmless: TEXT", nothing breaks, and why.
type bomb struct {
	file, text string
	end, want  string
	whose      string // the label of the pods it is for
}

// shownIn says whether the error a bomb must end with is among those shown.
func (b bomb) shownIn(errors string) bool {
	return slices.ContainsFunc(strings.Split(b.want, "|"), func(text string) bool {
		text, slow := strings.CutPrefix(text, "race: ")
		return (raceDetector || !slow) && strings.Contains(errors, text)
	})
}

func readBombs(t *testing.T) []bomb {
	t.Helper()
	files, err := filepath.Glob("testdata/hostile/*.lua")
	must(t, err)
	bombs := make([]bomb, 0, len(files))
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(t, err)
		lines := strings.SplitN(string(text), "\n", 3)
		end, want, ok := strings.Cut(strings.TrimPrefix(lines[1], "-- "), ": ")
		if !ok || end != "shows" && end != "refused" && end != "harmless" {
			t.Fatalf("%s: the second line must tell how it ends: %q", f, lines[1])
		}
		bombs = append(bombs, bomb{filepath.Base(f), string(text), end, want, "hostile"})
	}
	return bombs
}

// innocent lives beside the bombs. Every hook of it must go on answering.
const innocent = `
match = function(pod) return pod.metadata.labels.behaviour == "innocent" end
function on_create(pod) pod.memo.word = "I am " .. pod.metadata.name end
function on_start(pod, container, run) return { ready = 0 } end
function status(pod, status)
  local n = 0
  for i = 1, 200 do n = n + i end
  return { message = tostring(pod.memo.word) .. " " .. n }, 0
end
function logs(pod, container, opts) return { tostring(pod.memo.word), "and well" } end
`

const (
	mostMemory = memoryFactor * 512 << 20
	mostOfFour = memoryFactor * 1 << 30
	bombTime   = 15 * time.Second // for a bomb to show; all do in a fraction of it
)

// siege is a Moonlet under attack, with those who look after it.
type siege struct {
	*child
	dir      string
	stop     context.CancelFunc
	watchers sync.WaitGroup
	failed   atomic.Pointer[string] // the first thing that was not as it must be
	checked  atomic.Int64           // answers to innocent pods that were right
}

func besiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{dir: folder(t, map[string]string{"innocent.lua": innocent})}
	s.child = startChild(t, "MOONLET_SCRIPTS="+s.dir)
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	s.watchers.Go(func() { s.watch(ctx, s.checkAlive) })
	for n := range 2 {
		name := fmt.Sprintf("innocent-%d", n)
		mustPost(t, s.url+"/createPod", hostilePod(name, "innocent"))
		s.watchers.Go(func() { s.watch(ctx, func() error { return s.checkInnocent(name) }) })
	}
	t.Cleanup(func() {
		stop()
		s.watchers.Wait()
	})
	return s
}

// watch looks again and again until the siege is over or something is wrong.
func (s *siege) watch(ctx context.Context, look func() error) {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for {
		if err := look(); err != nil && ctx.Err() == nil {
			text := err.Error()
			s.failed.CompareAndSwap(nil, &text)
			return
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *siege) checkAlive() error {
	body, err := s.fetch("GET", "/livez", "")
	if err == nil && body != "ok\n" {
		err = fmt.Errorf("/livez: %q", body)
	}
	return err
}

// checkInnocent asks after a pod and its log, and lets a brother of it come and go.
func (s *siege) checkInnocent(name string) error {
	status, err := s.fetch("GET", "/getPodStatus?namespace=default&name="+name, "")
	if err == nil && !strings.Contains(status, `"message":"I am `+name+` 20100"`) {
		err = fmt.Errorf("status of %s: %s", name, status)
	}
	log, logErr := s.fetch("GET", "/getContainerLogs?namespace=default&podName="+name+"&containerName=app", "")
	if logErr == nil && log != "I am "+name+"\nand well\n" {
		logErr = fmt.Errorf("log of %s: %q", name, log)
	}
	brother := hostilePod("brother-of-"+name, "innocent")
	_, createErr := s.fetch("POST", "/createPod", brother)
	_, deleteErr := s.fetch("DELETE", "/deletePod", brother)
	s.checked.Add(1)
	return errors.Join(err, logErr, createErr, deleteErr)
}

// fetch makes a call and wants 200.
func (s *siege) fetch(method, target, body string) (string, error) {
	r, err := http.NewRequest(method, s.url+target, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	resp, err := web.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, target, resp.Status, text)
	}
	return string(text), err
}

func hostilePod(name, behaviour string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"default","labels":{"behaviour":%q}},
		"spec":{"containers":[{"name":"app","image":"app:1"}],"terminationGracePeriodSeconds":0}}`, name, behaviour)
}

// lay puts bombs beside the innocent script, in place of those that lay there.
func (s *siege) lay(t *testing.T, bombs ...bomb) {
	t.Helper()
	s.forgetPeak(t)
	before, _ := get(t, s.url+"/readyz")
	if before != http.StatusOK {
		t.Fatalf("/readyz before the bomb: %d", before)
	}
	old, err := filepath.Glob(filepath.Join(s.dir, "*.lua"))
	must(t, err)
	for _, b := range bombs {
		replace(t, s.dir, b.file, b.text)
	}
	for _, f := range old {
		if filepath.Base(f) != "innocent.lua" {
			must(t, os.Remove(f))
		}
	}
}

// shown is all that the child tells of what is wrong with a script.
func (s *siege) shown(t *testing.T, file string) string {
	t.Helper()
	var scripts []api.Script
	s.getJSON(t, "/api/v1/scripts", &scripts)
	var b strings.Builder
	for _, one := range scripts {
		for _, p := range one.Problems {
			if p.Script == file {
				fmt.Fprintf(&b, "%s:%d: %s: %s\n", p.Script, p.Line, p.Hook, p.Text)
			}
		}
	}
	_, ready := get(t, s.url+"/readyz?verbose")
	for line := range strings.Lines(string(ready)) {
		if strings.Contains(line, file) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// serves says whether a script is among those that serve.
func (s *siege) serves(t *testing.T, file string) bool {
	t.Helper()
	code, _ := get(t, s.url+"/api/v1/scripts/"+strings.TrimSuffix(file, ".lua"))
	return code == http.StatusOK
}

// provoke makes every call that could wake the bombs, from several clients, until ctx ends.
func (s *siege) provoke(ctx context.Context, clients int, bombs []bomb) *sync.WaitGroup {
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				s.provokeOnce(fmt.Sprintf("bomb-%d-%d", client, n), bombs[client%len(bombs)].whose)
			}
		})
	}
	return &wg
}

// provokeOnce lives through one pod's life. What is answered does not matter: a bomb may well ask for faults.
func (s *siege) provokeOnce(name, behaviour string) {
	pod := hostilePod(name, behaviour)
	about := "?namespace=default&name=" + name
	for _, call := range [][3]string{
		{"POST", "/createPod", pod},
		{"GET", "/getPodStatus" + about, ""},
		{"PUT", "/updatePod", strings.Replace(pod, `"behaviour"`, `"again":"yes","behaviour"`, 1)},
		{"GET", "/getContainerLogs?namespace=default&containerName=app&podName=" + name, ""},
		{"GET", "/getPods", ""},
		{"GET", "/capacity", ""},
		{"GET", "/nodeConditions", ""},
		{"GET", "/nodeAddresses", ""},
		{"DELETE", "/deletePod", pod},
	} {
		_, _ = s.fetch(call[0], call[1], call[2])
	}
}

// intact fails the test unless the process lives, was never silent, left the innocent alone and stayed small.
func (s *siege) intact(t *testing.T, most int64) {
	t.Helper()
	if !s.alive() {
		t.Fatalf("the process is dead:\n%s", s.errors.String())
	}
	if wrong := s.failed.Load(); wrong != nil {
		t.Fatalf("%s\n%s", *wrong, s.errors.String())
	}
	if broken := s.shown(t, "innocent.lua"); broken != "" {
		t.Fatalf("the innocent script was hit: %s", broken)
	}
	if peak := s.memory(t, "VmHWM"); peak > most {
		t.Fatalf("the process needed %d MiB, %d are allowed", peak>>20, most>>20)
	}
	if errors := s.errors.String(); strings.Contains(errors, "panic") {
		t.Fatalf("a panic: %s", errors)
	}
}

// Whatever a script does, the process lives, answers, stays small and tells what was wrong, and scripts beside it do not notice.
func TestHostileScriptsHarmNobodyElse(t *testing.T) {
	s := besiege(t)
	for i, b := range readBombs(t) {
		if testing.Short() && i%12 != 0 {
			continue
		}
		ok := t.Run(strings.TrimSuffix(b.file, ".lua"), func(t *testing.T) {
			defer func() {
				if t.Failed() && s.alive() {
					t.Logf("shown of %s: %q", b.file, s.shown(t, b.file))
				}
			}()
			s.lay(t, b)
			switch b.end {
			case "refused":
				eventually(t, b.file+" is refused and its error shows "+b.want, func() bool { return b.shownIn(s.shown(t, b.file)) })
				if s.serves(t, b.file) {
					t.Errorf("%s serves", b.file)
				}
			case "shows":
				s.explode(t, 3, b)
			case "harmless":
				s.fizzle(t, b)
			}
			s.intact(t, mostMemory)
			t.Logf("%d MiB at most", s.memory(t, "VmHWM")>>20)
		})
		if !ok && (!s.alive() || s.failed.Load() != nil) {
			t.FailNow() // what follows would say nothing about itself
		}
	}
	if s.checked.Load() == 0 {
		t.Error("nobody looked after the innocent pods")
	}
}

// load waits until a bomb serves.
func (s *siege) load(t *testing.T, b bomb) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(s.errors.String())
		}
	}()
	eventually(t, b.file+" is loaded", func() bool {
		if wrong := s.shown(t, b.file); wrong != "" && !s.serves(t, b.file) {
			t.Fatalf("refused: %s", wrong)
		}
		return s.serves(t, b.file)
	})
}

// fizzle lets a bomb serve whose work is cut short without an error.
func (s *siege) fizzle(t *testing.T, b bomb) {
	t.Helper()
	s.load(t, b)
	for n := range 3 {
		s.provokeOnce(fmt.Sprintf("bomb-%d", n), b.whose)
	}
	if wrong := s.shown(t, b.file); wrong != "" {
		t.Errorf("not harmless: %s", wrong)
	}
}

// explode lets bombs serve, provokes them and waits until each has shown the error it must.
func (s *siege) explode(t *testing.T, clients int, bombs ...bomb) {
	t.Helper()
	for _, b := range bombs {
		s.load(t, b)
	}
	ctx, stop := context.WithTimeout(t.Context(), bombTime)
	provoking := s.provoke(ctx, clients, bombs)
	defer provoking.Wait()
	defer stop()
	for _, b := range bombs {
		for !b.shownIn(s.shown(t, b.file)) {
			if ctx.Err() != nil || s.failed.Load() != nil {
				t.Errorf("%s never showed %q but:\n%s", b.file, b.want, s.shown(t, b.file))
				break
			}
		}
	}
}

// Four at once take all the places there are to run in, and more memory than one.
func TestFourHostileScriptsAtOnce(t *testing.T) {
	four := map[string]bool{"doubling-pcall.lua": true, "nested-growth.lua": true, "long-strings.lua": true, "while-loop.lua": true}
	var bombs []bomb
	for _, b := range readBombs(t) {
		if four[b.file] {
			b.whose = fmt.Sprintf("hostile-%d", len(bombs))
			b.text = strings.Replace(b.text, `behaviour = "hostile"`, fmt.Sprintf("behaviour = %q", b.whose), 1)
			bombs = append(bombs, b)
		}
	}
	s := besiege(t)
	s.lay(t, bombs...)
	s.explode(t, 8, bombs...)
	s.intact(t, mostOfFour)
	t.Logf("%d MiB at most", s.memory(t, "VmHWM")>>20)
}
