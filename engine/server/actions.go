package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

// byAPI is who does what a client does without saying who it is.
const byAPI = "api"

func (s *Server) v1Verbs(ask) (any, error) {
	verbs := fault.Verbs()
	out := make([]api.Verb, len(verbs))
	for i, v := range verbs {
		out[i] = api.Verb{Name: v.Name, On: string(v.On), Args: []api.VerbArg{}, Lasts: v.Lasts, Default: v.Default, Doc: v.Doc, Example: v.Example}
		for _, a := range v.Args {
			out[i].Args = append(out[i].Args, api.VerbArg{
				Name: a.Name, Kind: string(a.Kind), Default: a.Default, Required: a.Required, Choices: a.Choices, Doc: a.Doc,
			})
		}
	}
	return out, nil
}

func (s *Server) v1Act(a ask) (any, error) {
	var buf bytes.Buffer
	if err := s.readBody(a.w, a.Request, &buf); err != nil {
		return nil, err
	}
	action, err := decodeAction(buf.Bytes())
	if err != nil {
		return nil, err
	}
	order, err := orderOf(action)
	if err != nil {
		return nil, err
	}
	r, err := s.provider.Act(a.Context(), order)
	if err != nil {
		return nil, err
	}
	return api.ActionResult{ID: r.ID, Hits: list(r.Hits), Matched: r.Matched, DryRun: r.DryRun, Until: timeOrNone(r.Until)}, nil
}

// decodeAction refuses fields it does not know: a misspelt part of a selector would hit everybody.
func decodeAction(body []byte) (a api.Action, err error) {
	if err := decodeExactly(body, &a); err != nil {
		return a, err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return a, badField("body", unknownField(err), "GET "+api.V1+"/openapi.json describes an Action")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return a, badField("body", "more than one JSON value", "send one action at a time")
	}
	return a, nil
}

// orderOf is an action in the words of the core, which checks it.
func orderOf(a api.Action) (fault.Order, error) {
	o := fault.Order{
		Verb: a.Verb, On: fault.Target(a.On), Select: fault.Selector(a.Select), Args: a.Args, By: a.By, Why: a.Why,
		DryRun: a.DryRun, AllowEmpty: a.AllowEmpty,
	}
	if o.By == "" {
		o.By = byAPI
	}
	if a.Lasts == "" {
		return o, nil
	}
	lasts, err := fault.ParseDuration(a.Lasts)
	if err == nil && lasts == 0 {
		err = errors.New("0 is no time")
	}
	if err != nil {
		return o, badField("lasts", err.Error(), "leave it out to let it hold until it is undone")
	}
	o.Lasts = lasts
	return o, nil
}

func (s *Server) v1Faults(ask) (any, error) {
	active := s.provider.Faults()
	out := make([]api.Fault, len(active))
	for i, f := range active {
		out[i] = api.Fault{
			ID: f.ID, Run: f.Run, Since: f.Since, Until: timeOrNone(f.Until), Hits: list(f.Hits),
			Action: api.Action{Verb: f.Verb, On: string(f.On), Select: api.Selector(f.Select), Args: f.Args, By: f.By, Why: f.Why},
		}
		if f.Lasts > 0 {
			out[i].Lasts = f.Lasts.String()
		}
	}
	return out, nil
}

func (s *Server) v1Undo(a ask) (any, error) {
	return api.ResetResult{Ended: 1}, s.provider.Undo(a.Context(), a.path.ByName("id"), by(a.Request))
}

func (s *Server) v1Reset(a ask) (any, error) {
	ended, err := s.provider.ResetFaults(a.Context(), a.URL.Query().Get("run"), by(a.Request))
	return api.ResetResult{Ended: len(ended)}, err
}

// by is who asks, for the journal. It is what the client says: whoever holds the token may say anything.
func by(r *http.Request) string {
	if who := r.URL.Query().Get("by"); who != "" {
		return who
	}
	return byAPI
}

func timeOrNone(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
