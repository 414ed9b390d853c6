package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/server"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// theatre tells stories of two events, of which the second waits for the end where the text says so.
type theatre struct {
	mu    sync.Mutex
	asked api.ScenarioRequest // guarded by mu
	by    string              // guarded by mu
	cause error               // why the last run was ended; guarded by mu
	left  chan struct{}       // a run has ended
}

func (s *theatre) Run(ctx context.Context, r api.ScenarioRequest, tell func(api.ScenarioEvent)) error {
	s.mu.Lock()
	s.asked = r
	s.mu.Unlock()
	if r.Text == "broken" {
		return fmt.Errorf("tale.lua:1: broken: %w", state.ErrInvalid)
	}
	tell(api.ScenarioEvent{Type: api.ScenarioBegan, Run: "a-1", Scenario: "a", At: started})
	if r.Text == "wait" {
		<-ctx.Done()
	}
	v := verdict()
	if ctx.Err() != nil {
		v.Ended = context.Cause(ctx).Error()
	}
	tell(api.ScenarioEvent{Type: api.ScenarioEnded, Run: "a-1", Scenario: "a", At: started, Verdict: &v})
	s.mu.Lock()
	s.cause = context.Cause(ctx)
	s.mu.Unlock()
	if s.left != nil {
		close(s.left)
	}
	return nil
}

func (s *theatre) Runs() []api.ScenarioRun {
	return []api.ScenarioRun{
		{
			Run: "a-1", File: "tale.lua", Scenario: "a", By: "ada", Began: started, Steps: 2, Held: 1, Failed: 1,
			State: api.ScenarioWaiting, Line: 4, Expects: "x", Until: &started,
		},
		{Run: "b-3", File: "tale.lua", Scenario: "b", Began: started, State: api.ScenarioRunning},
	}
}

func (s *theatre) End(_ context.Context, e api.ScenarioEnd) ([]api.ScenarioRun, error) {
	s.by = strings.TrimSpace(e.Run + " " + e.By)
	if e.Run == "a-2" {
		return nil, fmt.Errorf("%q: no such scenario run: %w", e.Run, state.ErrNotFound)
	}
	ended := slices.DeleteFunc(s.Runs(), func(r api.ScenarioRun) bool { return e.Run != "" && r.Run != e.Run })
	for i := range ended {
		ended[i].State = api.ScenarioEnding
		if e.Wait {
			ended[i].Undone = []string{"param flaky.rate"}
		}
	}
	return ended, nil
}

func verdict() api.ScenarioVerdict {
	return api.ScenarioVerdict{
		Run: "a-1", File: "tale.lua", Scenario: "a", Seed: 7, Began: started, Took: 1.5, Restored: 1, Undone: []string{"param flaky.rate"},
		Steps:        []api.ScenarioDeed{{After: 1, Line: 2, What: "pod crash code=137", Hits: []string{"default/web-0"}, Until: &started}},
		Expectations: []api.ScenarioExpectation{{What: "x", Line: 3, After: 1, Took: 0.5, Within: 60, HoldsFor: 1, Held: true, Found: "2"}},
		Problem:      &api.Problem{Script: "tale.lua", Line: 4, Kind: "run", Text: "no"},
	}
}

func TestARunIsAStreamOfEvents(t *testing.T) {
	s := &theatre{}
	srv := server.New(server.Options{Provider: newFake(), Scenarios: s})
	r := do(srv, http.MethodPost, "/api/v1/scenarios", `{"file":"tale.lua","text":"fine","name":"a","seed":7,"params":{"n":"1"},"by":"ada"}`)
	if kind := r.Header.Get("Content-Type"); r.StatusCode != http.StatusOK || kind != "application/x-ndjson" {
		t.Errorf("%s, %s", r.Status, kind)
	}
	doc, _ := described(t)
	lines := strings.Split(strings.TrimSpace(r.Body), "\n")
	for _, line := range lines {
		var tree any
		if err := json.Unmarshal([]byte(line), &tree); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas["ScenarioEvent"].Value.VisitJSON(tree); err != nil {
			t.Errorf("%s\n%v", line, err)
		}
	}
	if len(lines) != 2 || s.asked.Name != "a" || *s.asked.Seed != 7 || s.asked.Params["n"] != "1" || s.asked.By != "ada" || s.asked.File != "tale.lua" {
		t.Errorf("asked %+v, answered\n%s", s.asked, r.Body)
	}
}

func TestRunsThatCannotBegin(t *testing.T) {
	srv := server.New(server.Options{Provider: newFake(), Scenarios: &theatre{}})
	for body, want := range map[string]string{
		`{"text":"broken"}`: "tale.lua:1: broken", `{}`: "text: missing", `{"text":1}`: "text", `{`: "JSON",
	} {
		if r := do(srv, http.MethodPost, "/api/v1/scenarios", body); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.Body, want) {
			t.Errorf("%s: %s %s", body, r.Status, r.Body)
		}
	}
	for _, c := range []struct{ method, path string }{{"POST", ""}, {"GET", ""}, {"DELETE", ""}, {"DELETE", "/a-1"}} {
		if r := do(newServer(newFake()), c.method, "/api/v1/scenarios"+c.path, `{"text":"x"}`); r.StatusCode != http.StatusNotImplemented {
			t.Errorf("%v: %s", c, r.Status)
		}
	}
}

func TestRunsAreListedAndEnded(t *testing.T) {
	s := &theatre{}
	srv := server.New(server.Options{Provider: newFake(), Scenarios: s})
	if r := do(srv, http.MethodGet, "/api/v1/scenarios", ""); !strings.Contains(r.Body, `"run":"a-1"`) || !strings.Contains(r.Body, `"run":"b-3"`) {
		t.Error(r.Body)
	}
	if r := do(srv, http.MethodDelete, "/api/v1/scenarios/b-3?by=ada", ""); s.by != "b-3 ada" || strings.Contains(r.Body, "a-1") || !strings.Contains(r.Body, "b-3") {
		t.Errorf("%q, %s", s.by, r.Body)
	}
	if r := do(srv, http.MethodDelete, "/api/v1/scenarios/b-3?wait=true", ""); !strings.Contains(r.Body, `"undone":["param flaky.rate"]`) {
		t.Error(r.Body)
	}
	if r := do(srv, http.MethodDelete, "/api/v1/scenarios/b-3?wait=long", ""); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.Body, "wait: want true or false") {
		t.Errorf("%s %s", r.Status, r.Body)
	}
	if r := do(srv, http.MethodDelete, "/api/v1/scenarios", ""); s.by != "" || !strings.Contains(r.Body, "a-1") {
		t.Errorf("%q, %s", s.by, r.Body)
	}
}

// The end of the request, and of the server, is the end of the run.
func TestARunEndsWithItsClientAndItsServer(t *testing.T) {
	for name, want := range map[string]string{"client": context.Canceled.Error(), "server": "this Moonlet shuts down"} {
		t.Run(name, func(t *testing.T) {
			s := &theatre{left: make(chan struct{})}
			l, err := server.Listen(t.Context(), "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			serving, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- server.New(server.Options{Provider: newFake(), Scenarios: s, Heartbeat: time.Millisecond}).Serve(serving, l)
			}()
			asking, leave := context.WithCancel(t.Context())
			defer leave()
			r, err := http.NewRequestWithContext(asking, http.MethodPost, "http://"+l.Addr().String()+"/api/v1/scenarios", strings.NewReader(`{"text":"wait"}`))
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Transport: &http.Transport{}}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			lines := bufio.NewReader(resp.Body)
			if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "began") {
				t.Fatal(line, err)
			}
			if line, err := lines.ReadString('\n'); err != nil || line != "\n" {
				t.Fatalf("no heartbeat but %q, %v", line, err)
			}
			if name == "client" {
				leave()
			} else {
				stop()
			}
			<-s.left
			if s.cause == nil || s.cause.Error() != want {
				t.Errorf("ended because %v", s.cause)
			}
			if rest, err := io.ReadAll(lines); name == "server" && (err != nil || !strings.Contains(string(rest), `"ended":"this Moonlet shuts down"`)) {
				t.Errorf("%s, %v", rest, err)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			client.CloseIdleConnections()
		})
	}
}
