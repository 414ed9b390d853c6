package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/server"
)

// described is the served document, ready to hold requests and answers against.
func described(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	served := do(newServer(newFake()), "GET", "/api/v1/openapi.json", "").Body
	doc, err := openapi3.NewLoader().LoadFromData([]byte(served))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

// Every operation is asked for real, well and badly; requests that are accepted and all answers must be as described.
func TestRequestsAndAnswersAreAsDescribed(t *testing.T) {
	doc, router := described(t)
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", openapi3filter.FileBodyDecoder) // each line is held against its schema elsewhere
	t.Cleanup(func() { openapi3filter.UnregisterBodyDecoder("application/x-ndjson") })
	asked := map[string]bool{}
	for _, c := range []struct {
		method, target, kind, body string
		code                       int
	}{
		{"GET", "/api/v1/pods", "", "", 200},
		{"GET", "/api/v1/pods?namespace=default&phase=Running&script=flaky&labels=app%3Dweb&limit=5", "", "", 200},
		{"GET", "/api/v1/pods?name=web-*&node=moon-*&owner=Deployment%2Fweb", "", "", 200},
		{"GET", "/api/v1/pods?labels=!!", "", "", 400},
		{"GET", "/api/v1/pods?name=%5B", "", "", 400},
		{"GET", "/api/v1/pods/default/web", "", "", 200},
		{"GET", "/api/v1/pods/default/nosuch", "", "", 404},
		{"GET", "/api/v1/pods/default/web/journal", "", "", 200},
		{"GET", "/api/v1/pods/default/nosuch/journal", "", "", 404},
		{"GET", "/api/v1/pods/default/web/explain", "", "", 200},
		{"GET", "/api/v1/pods/default/nosuch/explain", "", "", 404},
		{"GET", "/api/v1/scripts", "", "", 200},
		{"GET", "/api/v1/scripts/flaky", "", "", 200},
		{"GET", "/api/v1/scripts/nosuch", "", "", 404},
		{"POST", "/api/v1/scripts/flaky/check", "text/plain", "match = true\n", 200},
		{"POST", "/api/v1/scripts/flaky/check", "text/plain", "match =", 200},
		{"POST", "/api/v1/scripts/flaky/check", "text/plain", strings.Repeat("-", 5<<20), 413},
		{"POST", "/api/v1/scripts/flaky/check", "text/plain", "\xff", 400},
		{"GET", "/api/v1/params", "", "", 200},
		{"PUT", "/api/v1/params/flaky/crash_rate", "application/json", `{"value":0.5}`, 200},
		{"PUT", "/api/v1/params/flaky/crash_rate", "application/json", `{"value":"x"}`, 400},
		{"PUT", "/api/v1/params/flaky/nosuch", "application/json", `{"value":true}`, 404},
		{"PUT", "/api/v1/params/flaky/crash_rate", "application/json", `{"value":"` + strings.Repeat("x", 5<<20) + `"}`, 413},
		{"GET", "/api/v1/verbs", "", "", 200},
		{"POST", "/api/v1/actions", "application/json", `{"verb":"unready","on":"pod","select":{"names":["default/web"]},"lasts":"5m","by":"cli ann","why":"a drill"}`, 200},
		{"POST", "/api/v1/actions", "application/json", `{"verb":"crash","on":"pod","select":{"labels":"app=web","share":0.3},"args":{"code":1},"dryRun":true,"allowEmpty":true}`, 200},
		{"POST", "/api/v1/actions", "application/json", `{"verb":"crahs","on":"pod","select":{}}`, 400},
		{"POST", "/api/v1/actions", "application/json", `{"verb":"crash","on":"pod","why":"` + strings.Repeat("x", 5<<20) + `"}`, 413},
		{"GET", "/api/v1/faults", "", "", 200},
		{"DELETE", "/api/v1/faults/unready-7?by=cli+ann", "", "", 200},
		{"DELETE", "/api/v1/faults/unready-9", "", "", 404},
		{"DELETE", "/api/v1/faults", "", "", 200},
		{"GET", "/api/v1/nodes", "", "", 200},
		{"GET", "/api/v1/node", "", "", 200},
		{"GET", "/api/v1/node?node=moon-2", "", "", 200},
		{"GET", "/api/v1/node?node=none-of-ours", "", "", 404},
		{"GET", "/api/v1/scenarios", "", "", 200},
		{"POST", "/api/v1/scenarios", "application/json", `{"text":"scenario('a', function() end)","seed":7}`, 200},
		{"POST", "/api/v1/scenarios", "application/json", `{"text":"broken"}`, 400},
		{"POST", "/api/v1/scenarios", "application/json", `{"text":"` + strings.Repeat("-", 5<<20) + `"}`, 413},
		{"DELETE", "/api/v1/scenarios?by=ada", "", "", 200},
		{"DELETE", "/api/v1/scenarios/a-1?by=ada&wait=true", "", "", 200},
		{"DELETE", "/api/v1/scenarios/a-2", "", "", 404},
		{"GET", "/api/v1/openapi.json", "", "", 200},
	} {
		f := newFake()
		s := server.New(server.Options{Provider: f, Scenarios: &theatre{}})
		do(s, "POST", "/createPod", web)
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.target, strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.kind)
		route, path, err := router.FindRoute(r)
		if err != nil {
			t.Errorf("%s %s is not described: %v", c.method, c.target, err)
			continue
		}
		asked[route.Operation.OperationID] = true
		in := &openapi3filter.RequestValidationInput{
			Request: r, PathParams: path, Route: route,
			Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}, // guard_test.go looks at that
		}
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s: the request is not as described: %v", c.method, c.target, err)
		}
		r.Body = io.NopCloser(strings.NewReader(c.body)) // the validation has read it
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != c.code {
			t.Errorf("%s %s: %d, want %d: %.200s", c.method, c.target, w.Code, c.code, w.Body)
		}
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: w.Code, Header: w.Header()}
		if err := openapi3filter.ValidateResponse(t.Context(), out.SetBodyBytes(w.Body.Bytes())); err != nil {
			t.Errorf("%s %s: the answer is not as described: %v", c.method, c.target, err)
		}
	}
	asked["streamEvents"] = true // a stream has no end to validate; see TestEventsAreAsDescribed
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if !asked[op.OperationID] {
				t.Errorf("%s %s is described and not tested", method, path)
			}
		}
	}
}

// The schema names all fields of the types, so that an answer with a field left out of the document is found.
func TestEventsAreAsDescribed(t *testing.T) {
	doc, _ := described(t)
	pod := row(testPod(t))
	drill := api.Fault{
		ID: "f1", Since: started, Until: &started, Hits: []string{"default/web"}, Run: "run-1",
		Action: api.Action{Verb: "unready", On: api.OnPod, Select: api.Selector{Name: "web"}, Lasts: "5m", By: "cli ann", Why: "a drill"},
	}
	for _, e := range []api.Event{
		{Sequence: 1, At: started, Type: api.EventPodAdded, Pod: &pod},
		{Sequence: 2, At: started, Type: api.EventPodChanged, Pod: &pod},
		{Sequence: 3, At: started, Type: api.EventPodRemoved, Pod: &pod},
		{Sequence: 4, At: started, Type: api.EventScriptsLoaded, Generation: 3},
		{Sequence: 5, At: started, Type: api.EventScriptsRefused, Generation: 3, Problems: []api.Problem{{Script: "a.lua", Line: 1, Kind: "compile", Text: "x"}}},
		{Sequence: 6, At: started, Type: api.EventParamSet, Param: &api.Param{Script: "flaky", Name: "a", Value: true, Default: false}},
		{Sequence: 7, At: started, Type: api.EventNodeChanged, Node: "moon-1"},
		{Sequence: 8, At: started, Type: api.EventFaultSet, Fault: &drill},
		{Sequence: 9, At: started, Type: api.EventFaultEnded, Fault: &drill, Why: "over"},
	} {
		var tree any
		if err := json.Unmarshal(encode(e), &tree); err != nil {
			t.Fatal(err)
		}
		if err := doc.Components.Schemas["Event"].Value.VisitJSON(tree); err != nil {
			t.Errorf("%s: %v", e.Type, err)
		}
	}
}

func TestTheDocumentIsTheEmbeddedOne(t *testing.T) {
	if !bytes.Contains(server.OpenAPI(), []byte("title: Moonlet")) {
		t.Errorf("OpenAPI() is %.40s", server.OpenAPI())
	}
}

func TestTheFilterReachesTheProvider(t *testing.T) {
	s, f := withWeb(t)
	do(s, http.MethodGet, "/api/v1/pods?namespace=a&phase=Running&script=flaky&labels=app%3Dweb&limit=5&name=w*&node=n&owner=web", "")
	got := f.filter
	if got.Labels == nil || got.Labels.String() != "app=web" {
		t.Errorf("labels: %v", got.Labels)
	}
	got.Labels = nil
	if want := (api.PodFilter{Namespace: "a", Phase: "Running", Script: "flaky", Limit: 5, Name: "w*", Node: "n", Owner: "web"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAParamsValueReachesTheProvider(t *testing.T) {
	s, f := withWeb(t)
	got := do(s, http.MethodPut, "/api/v1/params/flaky/crash_rate", `{"value":0.75}`).Body
	if f.param != 0.75 || got != `{"script":"flaky","name":"crash_rate","value":0.75,"default":0.2}` {
		t.Errorf("%v, %s", f.param, got)
	}
}

func TestListsAreNeverNull(t *testing.T) {
	if got := do(newServer(newFake()), http.MethodGet, "/api/v1/pods", "").Body; got != "[]" {
		t.Errorf("pods: %s", got)
	}
	if got := do(newServer(newFake()), http.MethodPost, "/api/v1/scripts/a/check", "match = true\n").Body; got != "[]" {
		t.Errorf("check: %s", got)
	}
}
