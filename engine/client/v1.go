package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Pods lists pods in rows, by namespace and name. Only a Moonlet answers; so it is with all that follows.
func (c *Client) Pods(ctx context.Context, f api.PodFilter) ([]api.Pod, error) {
	q := url.Values{}
	for name, value := range map[string]string{
		"namespace": f.Namespace, "phase": f.Phase, "script": f.Script, "name": f.Name, "node": f.Node, "owner": f.Owner,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Labels != nil && !f.Labels.Empty() {
		q.Set("labels", f.Labels.String())
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	return ours[[]api.Pod](ctx, c, http.MethodGet, "/pods", q, nil)
}

// Nodes lists nodes in rows, by name.
func (c *Client) Nodes(ctx context.Context) ([]api.NodeRow, error) {
	return ours[[]api.NodeRow](ctx, c, http.MethodGet, "/nodes", nil, nil)
}

// Explain says why a pod is in its state. A pod that is not known is an error for which [NotFound] is true.
func (c *Client) Explain(ctx context.Context, namespace, name string) (api.Explanation, error) {
	path := "/pods/" + url.PathEscape(namespace) + "/" + url.PathEscape(name) + "/explain"
	return ours[api.Explanation](ctx, c, http.MethodGet, path, nil, nil)
}

// Scripts lists the scripts that serve.
func (c *Client) Scripts(ctx context.Context) ([]api.Script, error) {
	return ours[[]api.Script](ctx, c, http.MethodGet, "/scripts", nil, nil)
}

// Params lists the params that scripts declare.
func (c *Client) Params(ctx context.Context) ([]api.Param, error) {
	return ours[[]api.Param](ctx, c, http.MethodGet, "/params", nil, nil)
}

// SetParam turns a param: a number, a string or a bool, as its default is.
func (c *Client) SetParam(ctx context.Context, script, name string, value any) (api.Param, error) {
	path := "/params/" + url.PathEscape(script) + "/" + url.PathEscape(name)
	return ours[api.Param](ctx, c, http.MethodPut, path, nil, api.ParamValue{Value: value})
}

// Act does a verb.
func (c *Client) Act(ctx context.Context, a api.Action) (api.ActionResult, error) {
	return ours[api.ActionResult](ctx, c, http.MethodPost, "/actions", nil, a)
}

// Faults lists the faults in force, oldest first.
func (c *Client) Faults(ctx context.Context) ([]api.Fault, error) {
	return ours[[]api.Fault](ctx, c, http.MethodGet, "/faults", nil, nil)
}

// Undo ends one fault before its time.
func (c *Client) Undo(ctx context.Context, id, by string) error {
	_, err := ours[api.ResetResult](ctx, c, http.MethodDelete, "/faults/"+url.PathEscape(id), url.Values{"by": {by}}, nil)
	return err
}

// ResetFaults ends all faults and says how many there were.
func (c *Client) ResetFaults(ctx context.Context, by string) (int, error) {
	r, err := ours[api.ResetResult](ctx, c, http.MethodDelete, "/faults", url.Values{"by": {by}}, nil)
	return r.Ended, err
}

// Runs lists the scenario runs under way, oldest first.
func (c *Client) Runs(ctx context.Context) ([]api.ScenarioRun, error) {
	return ours[[]api.ScenarioRun](ctx, c, http.MethodGet, "/scenarios", nil, nil)
}

// EndRuns ends one scenario run, or all where none is named, and lists those. Where it is told to wait, the list says
// what was undone.
func (c *Client) EndRuns(ctx context.Context, e api.ScenarioEnd) ([]api.ScenarioRun, error) {
	path, q := "/scenarios", url.Values{"by": {e.By}}
	if e.Run != "" {
		path += "/" + url.PathEscape(e.Run)
	}
	if e.Wait {
		q.Set("wait", "true")
	}
	return ours[[]api.ScenarioRun](ctx, c, http.MethodDelete, path, q, nil)
}

// ours makes one call of /api/v1.
func ours[T any](ctx context.Context, c *Client, method, path string, q url.Values, in any) (out T, err error) {
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return out, err
		}
	}
	a, err := c.call(ctx, method, api.V1+path, q, body)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(a.body, &out); err != nil {
		return out, c.odd(method, api.V1+path, a.undecoded(err))
	}
	return out, nil
}
