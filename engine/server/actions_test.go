package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

func TestAnActionReachesTheProvider(t *testing.T) {
	f := newFake()
	got := do(newServer(f), "POST", "/api/v1/actions", `{"verb":"unready","on":"pod","lasts":"1m30s","by":"cli ann","why":"a drill","allowEmpty":true,
		"select":{"namespace":"a","name":"w*","names":["a/web"],"labels":"app=web","node":"n*","owner":"Deployment/web","script":"flaky","share":0.5,"draw":3}}`).Body
	want := fault.Order{
		Verb: "unready", On: fault.Pod, Lasts: 90 * time.Second, By: "cli ann", Why: "a drill", AllowEmpty: true,
		Select: fault.Selector{
			Namespace: "a", Name: "w*", Names: []string{"a/web"}, Labels: "app=web", Node: "n*", Owner: "Deployment/web", Script: "flaky", Share: 0.5, Draw: 3,
		},
	}
	if d := cmp.Diff(want, f.order); d != "" {
		t.Errorf("order (-want +got):\n%s", d)
	}
	if want := `{"id":"unready-7","hits":["a/web"],"matched":2,"until":"2026-11-20T10:01:30Z"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	do(newServer(f), "POST", "/api/v1/actions", `{"verb":"crash","on":"pod","args":{"code":1},"dryRun":true}`)
	if want := (fault.Order{Verb: "crash", On: fault.Pod, Args: map[string]any{"code": 1.0}, By: "api", DryRun: true}); !cmp.Equal(want, f.order) {
		t.Errorf("order: %s", cmp.Diff(want, f.order))
	}
}

func TestActionsThatAreRefused(t *testing.T) {
	f := newFake()
	for _, c := range []struct {
		body string
		act  error // what the provider says
		code int
		want api.Error
	}{
		{`{"verb":"crahs","on":"pod"}`, nil, 400, api.Error{Error: `a pod has no verb "crahs", did you mean "crash"?`}},
		{`{"verb":"crash","on":"pod","select":{"label":"app=web"}}`, nil, 400, api.Error{Error: `body: unknown field "label"`, Field: "body", Hint: "GET /api/v1/openapi.json describes an Action"}},
		{`{"verb":"crash","on":"pod"} {}`, nil, 400, api.Error{Error: "body: not JSON at line 1, column 29: invalid character '{' after top-level value", Field: "body"}},
		{`{"verb":"crash","on":"pod","select":{"count":"1"}}`, nil, 400, api.Error{Error: "body: select.count: want a number, got a string", Field: "body"}},
		{`{"verb":"unready","on":"pod","lasts":"5 min"}`, nil, 400, api.Error{Error: `lasts: "5 min" is not a duration such as 30s or 1m30s, did you mean "5m"?`, Field: "lasts", Hint: "leave it out to let it hold until it is undone"}},
		{`{"verb":"unready","on":"pod","lasts":"0s"}`, nil, 400, api.Error{Error: "lasts: 0 is no time", Field: "lasts", Hint: "leave it out to let it hold until it is undone"}},
		{`{"verb":"crash","on":"pod"}`, fmt.Errorf("crash: %w", fault.ErrNoMatch), 404, api.Error{Error: "crash: nothing matches", Reason: api.ReasonNoMatch, Hint: "look at what there is, or say that nothing is well too (allowEmpty)"}},
		{`{"verb":"crash","on":"pod"}`, fmt.Errorf("crash: %w", fault.ErrBlastRadius), 403, api.Error{Error: "crash: the blast radius is too large", Reason: api.ReasonBlastRadius, Hint: "select fewer, or raise limits.blast_radius"}},
	} {
		f.order, f.fails["act"] = fault.Order{}, c.act
		r := do(newServer(f), "POST", "/api/v1/actions", c.body)
		var got api.Error
		if err := json.Unmarshal([]byte(r.Body), &got); err != nil || r.StatusCode != c.code || got != c.want {
			t.Errorf("%s: %s %s\nwant %+v", c.body, r.Status, r.Body, c.want)
		}
	}
}

func TestFaultsAreListedAndEnded(t *testing.T) {
	f := newFake()
	s := newServer(f)
	want := `[{"id":"unready-7","verb":"unready","on":"pod","select":{"labels":"app=web","share":0.5},"lasts":"5m0s","by":"cli ann","why":"a drill","since":"2026-11-20T10:00:00Z","until":"2026-11-20T10:05:00Z","hits":["default/web"]},` +
		`{"id":"error-8","verb":"error","on":"call","select":{},"args":{"code":503},"run":"run-1","since":"2026-11-20T10:00:00Z","hits":[]}]`
	if got := do(s, "GET", "/api/v1/faults", "").Body; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, c := range []struct{ target, undone, body string }{
		{"/api/v1/faults/unready-7?by=cli+ann", "unready-7 by cli ann", `{"ended":1}`},
		{"/api/v1/faults/unready-7", "unready-7 by api", `{"ended":1}`},
		{"/api/v1/faults/unready-9", "", `{"error":"undo unready-9: there is no such fault","hint":"GET /api/v1/faults lists those in force"}`},
		{"/api/v1/faults", "all of  by api", `{"ended":2}`},
		{"/api/v1/faults?run=run-1&by=me", "all of run-1 by me", `{"ended":2}`},
	} {
		f.undone = ""
		if got := do(s, "DELETE", c.target, "").Body; got != c.body || f.undone != c.undone {
			t.Errorf("%s: %s, undone %q; want %s, %q", c.target, got, f.undone, c.body, c.undone)
		}
	}
}

// Where the pods are Kubernetes', verbs work all the same.
func TestReadOnlyServersDoVerbs(t *testing.T) {
	f := newFake()
	if r := do(readOnly(f), "POST", "/api/v1/actions", `{"verb":"crash","on":"pod"}`); r.StatusCode != http.StatusOK || f.order.Verb != "crash" {
		t.Errorf("%s %s", r.Status, r.Body)
	}
}

func TestVerbsAreThoseOfTheRegistry(t *testing.T) {
	var got []api.Verb
	if err := json.Unmarshal([]byte(do(newServer(newFake()), "GET", "/api/v1/verbs", "").Body), &got); err != nil {
		t.Fatal(err)
	}
	verbs := fault.Verbs()
	if len(got) != len(verbs) {
		t.Fatalf("%d verbs, want %d", len(got), len(verbs))
	}
	for i, v := range verbs {
		if got[i].Name != v.Name || got[i].On != string(v.On) || len(got[i].Args) != len(v.Args) || got[i].Lasts != v.Lasts || got[i].Doc != v.Doc {
			t.Errorf("%+v, want %+v", got[i], v)
		}
	}
}
