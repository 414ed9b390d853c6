package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

// asked is the last request that a provider got.
type asked struct{ Method, Target, Token, Body string }

func recording(t *testing.T, body string, o client.Options) (*client.Client, *asked) {
	t.Helper()
	last := &asked{}
	return provider(t, func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		*last = asked{r.Method, r.URL.String(), r.Header.Get("Authorization"), string(sent)}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}, "http://HOST/prefix", o), last
}

func TestOwnCallsAsTheyGoOut(t *testing.T) {
	web, err := labels.Parse("app=web")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body string // of the answer
		do   func(*client.Client) (any, error)
		want asked
		got  any
	}{
		"pods": {
			`[{"name":"web","namespace":"a"}]`,
			func(c *client.Client) (any, error) {
				return c.Pods(t.Context(), api.PodFilter{Namespace: "a", Phase: "Running", Script: "flaky", Labels: web, Limit: 3, Name: "w*", Node: "n", Owner: "Deployment/web"})
			},
			asked{"GET", "/prefix/api/v1/pods?labels=app%3Dweb&limit=3&name=w%2A&namespace=a&node=n&owner=Deployment%2Fweb&phase=Running&script=flaky", "Bearer s", ""},
			[]api.Pod{{Name: "web", Namespace: "a"}},
		},
		"nodes": {
			`[{"name":"n"}]`,
			func(c *client.Client) (any, error) { return c.Nodes(t.Context()) },
			asked{"GET", "/prefix/api/v1/nodes", "Bearer s", ""},
			[]api.NodeRow{{Name: "n"}},
		},
		"scripts": {
			`[{"name":"s"}]`, func(c *client.Client) (any, error) { return c.Scripts(t.Context()) },
			asked{"GET", "/prefix/api/v1/scripts", "Bearer s", ""},
			[]api.Script{{Name: "s"}},
		},
		"explain": {
			`{"name":"web","state":"it runs"}`, func(c *client.Client) (any, error) { return c.Explain(t.Context(), "a", "web") },
			asked{"GET", "/prefix/api/v1/pods/a/web/explain", "Bearer s", ""},
			api.Explanation{Pod: api.Pod{Name: "web"}, State: "it runs"},
		},
		"params": {
			`[{"script":"s","name":"n","value":1}]`, func(c *client.Client) (any, error) { return c.Params(t.Context()) },
			asked{"GET", "/prefix/api/v1/params", "Bearer s", ""},
			[]api.Param{{Script: "s", Name: "n", Value: 1.0}},
		},
		"set param": {
			`{"value":true}`, func(c *client.Client) (any, error) { return c.SetParam(t.Context(), "a b", "n/m", true) },
			asked{"PUT", "/prefix/api/v1/params/a%20b/n%2Fm", "Bearer s", `{"value":true}`},
			api.Param{Value: true},
		},
		"act": {
			`{"id":"crash-1","hits":["a/web"],"matched":1}`,
			func(c *client.Client) (any, error) {
				return c.Act(t.Context(), api.Action{Verb: "crash", On: api.OnPod, Select: api.Selector{Name: "web"}})
			},
			asked{"POST", "/prefix/api/v1/actions", "Bearer s", `{"verb":"crash","on":"pod","select":{"name":"web"}}`},
			api.ActionResult{ID: "crash-1", Hits: []string{"a/web"}, Matched: 1},
		},
		"faults": {
			`[{"id":"crash-1","verb":"crash"}]`, func(c *client.Client) (any, error) { return c.Faults(t.Context()) },
			asked{"GET", "/prefix/api/v1/faults", "Bearer s", ""},
			[]api.Fault{{ID: "crash-1", Action: api.Action{Verb: "crash"}}},
		},
		"undo": {
			`{"ended":1}`, func(c *client.Client) (any, error) { return nil, c.Undo(t.Context(), "crash-1", "cli ann") },
			asked{"DELETE", "/prefix/api/v1/faults/crash-1?by=cli+ann", "Bearer s", ""},
			nil,
		},
		"reset": {
			`{"ended":3}`, func(c *client.Client) (any, error) { return c.ResetFaults(t.Context(), "me") },
			asked{"DELETE", "/prefix/api/v1/faults?by=me", "Bearer s", ""},
			3,
		},
		"runs": {
			`[{"run":"tale-1","state":"waiting"}]`, func(c *client.Client) (any, error) { return c.Runs(t.Context()) },
			asked{"GET", "/prefix/api/v1/scenarios", "Bearer s", ""},
			[]api.ScenarioRun{{Run: "tale-1", State: api.ScenarioWaiting}},
		},
		"end a run": {
			`[{"run":"tale-1","undone":["param flaky.rate"]}]`,
			func(c *client.Client) (any, error) {
				return c.EndRuns(t.Context(), api.ScenarioEnd{Run: "tale-1", By: "me", Wait: true})
			},
			asked{"DELETE", "/prefix/api/v1/scenarios/tale-1?by=me&wait=true", "Bearer s", ""},
			[]api.ScenarioRun{{Run: "tale-1", Undone: []string{"param flaky.rate"}}},
		},
		"end all runs": {
			`[]`, func(c *client.Client) (any, error) { return c.EndRuns(t.Context(), api.ScenarioEnd{By: "me"}) },
			asked{"DELETE", "/prefix/api/v1/scenarios?by=me", "Bearer s", ""},
			[]api.ScenarioRun{},
		},
	} {
		client, last := recording(t, c.body, client.Options{Token: "s"})
		got, err := c.do(client)
		if err != nil || !cmp.Equal(got, c.got) || *last != c.want {
			t.Errorf("%s: %v, %+v\n got %+v\nwant %+v", name, err, got, *last, c.want)
		}
	}
}

// What a Moonlet says of its own API is told as it is; what somebody else says is told with who said it.
func TestErrorsOfTheOwnAPI(t *testing.T) {
	body, err := json.Marshal(api.Error{Error: "no pod fits: nothing matches", Hint: "look", Reason: api.ReasonNoMatch})
	if err != nil {
		t.Fatal(err)
	}
	p := provider(t, answer(404, string(body)), "http://HOST", client.Options{})
	_, err = p.Faults(t.Context())
	if err == nil || err.Error() != "no pod fits: nothing matches: look" || !client.NotFound(err) {
		t.Errorf("%v", err)
	}
	p = provider(t, answer(404, "<html>nginx</html>"), "http://HOST", client.Options{})
	if _, err = p.Faults(t.Context()); err == nil || err.Error() == "" || !client.NotFound(err) {
		t.Errorf("%v", err)
	}
	p = provider(t, answer(200, "<html>hello</html>"), "http://HOST", client.Options{})
	if _, err = p.Faults(t.Context()); err == nil {
		t.Error("HTML is taken for faults")
	}
}
