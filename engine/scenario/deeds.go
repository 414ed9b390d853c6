package scenario

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// What follows makes run a [script.Stage]: what a story does reaches the Stage with the run's name on it.

// Now implements [script.Stage].
func (r *run) Now() time.Time { return r.stage.Now() }

// World implements [script.Stage].
func (r *run) World() script.World { return r.stage.World() }

// Cluster implements [script.Stage].
func (r *run) Cluster() script.Cluster { return r.stage.Cluster() }

// Wait implements [script.Stage].
func (r *run) Wait(ctx context.Context, until time.Time) error { return r.stage.Wait(ctx, until) }

// Say implements [script.Stage].
func (r *run) Say(line int, text string) {
	r.tell(api.ScenarioEvent{Type: api.ScenarioSaid, Line: line, Text: text})
}

// Waits implements [script.Stage].
func (r *run) Waits(line int, until time.Time) {
	r.tell(api.ScenarioEvent{Type: api.ScenarioWaits, Line: line, Until: &until})
}

// Act implements [script.Stage].
func (r *run) Act(ctx context.Context, o fault.Order, line int) ([]string, error) {
	o.Run, o.By = r.telling.Run, r.by()
	if o.Why == "" {
		o.Why = fmt.Sprintf("%s:%d", r.verdict.File, line)
	}
	checked, err := o.Checked()
	if err != nil {
		return nil, err
	}
	result, err := r.stage.Act(ctx, o)
	if err != nil {
		return nil, err
	}
	d := api.ScenarioDeed{After: r.after(), Line: line, What: what(checked), Hits: result.Hits}
	if !result.Until.IsZero() {
		d.Until = &result.Until
	}
	r.did(d)
	return result.Hits, nil
}

// SetParam implements [script.Stage].
func (r *run) SetParam(ctx context.Context, name string, value any, line int) error {
	if err := r.stage.OverrideParam(ctx, r.telling.Run, r.by(), name, value); err != nil {
		return err
	}
	r.did(api.ScenarioDeed{After: r.after(), Line: line, What: fmt.Sprintf("param %s = %v", name, value)})
	return nil
}

func (r *run) did(d api.ScenarioDeed) {
	if d.Hits == nil {
		d.Hits = []string{}
	}
	r.verdict.Steps = append(r.verdict.Steps, d)
	r.tell(api.ScenarioEvent{Type: api.ScenarioStep, Line: d.Line, Step: &d})
}

// what says an order in a few words: "pressure kind=disk for 5m0s".
func what(o fault.Order) string {
	words := []string{string(o.On) + " " + o.Verb}
	for _, name := range slices.Sorted(maps.Keys(o.Args)) {
		if v := fmt.Sprint(o.Args[name]); v != "" {
			words = append(words, name+"="+v)
		}
	}
	if s := o.Select; o.On == fault.Call || o.On == fault.Write {
		words = append(words, chosen(s)...)
	}
	if o.Lasts > 0 {
		words = append(words, "for "+o.Lasts.String())
	}
	return strings.Join(words, " ")
}

// chosen are the parts of a selector of calls or writes.
func chosen(s fault.Selector) []string {
	var words []string
	if s.Calls != nil {
		words = append(words, "of "+strings.Join(s.Calls, ","))
	}
	for _, part := range []struct{ name, value string }{
		{"namespace", s.Namespace}, {"name", s.Name}, {"labels", s.Labels}, {"node", s.Node}, {"owner", s.Owner}, {"script", s.Script},
	} {
		if part.value != "" {
			words = append(words, part.name+"="+part.value)
		}
	}
	if s.Share > 0 {
		words = append(words, fmt.Sprintf("share=%g", s.Share))
	}
	return words
}
