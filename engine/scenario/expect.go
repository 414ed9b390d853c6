package scenario

import (
	"fmt"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// pollEvery is the time between two looks at an expectation. It is the same live and on a held clock: else the same story
// could end otherwise there.
const pollEvery = time.Second

// Expect implements [script.Stage]: it must begin to hold within its time, and then hold as long as it should. Where it
// stops holding too soon, it may begin anew as long as that time is not over.
func (r *run) Expect(e script.Expectation, p script.Probe) bool {
	x := &expectation{Expectation: e, began: r.stage.Now()}
	result := api.ScenarioExpectation{
		What: e.What, Line: e.Line, After: r.after(), Within: e.Within.Seconds(), HoldsFor: e.HoldsFor.Seconds(),
	}
	for told := false; ; {
		yes, found := p.Holds()
		pause, judged := x.look(r.stage.Now(), yes)
		if judged {
			result.Held, result.Took = yes, r.stage.Now().Sub(x.began).Seconds()
			result.Found = x.why(yes, found)
			break
		}
		if !told {
			until := x.began.Add(e.Within + e.HoldsFor)
			r.tell(api.ScenarioEvent{Type: api.ScenarioExpects, Line: e.Line, Expect: &result, Until: &until})
			told = true
		}
		p.Wait(pause)
	}
	r.verdict.Expectations = append(r.verdict.Expectations, result)
	r.tell(api.ScenarioEvent{Type: api.ScenarioJudged, Line: e.Line, Expect: &result})
	return result.Held
}

// expectation is one that is being judged.
type expectation struct {
	script.Expectation
	began time.Time
	since time.Time // it holds since then; zero: it does not
	broke time.Time // when it last stopped holding; zero: never
}

// look takes what was found at a moment. It is judged, or is to be looked at again after a pause.
func (x *expectation) look(now time.Time, yes bool) (pause time.Duration, judged bool) {
	if !yes {
		if !x.since.IsZero() {
			x.since, x.broke = time.Time{}, now
		}
		left := x.began.Add(x.Within).Sub(now)
		return min(pollEvery, left), left <= 0
	}
	if x.since.IsZero() {
		x.since = now
	}
	left := x.since.Add(x.HoldsFor).Sub(now)
	return min(pollEvery, left), left <= 0
}

// why words what was found: the function's own words, else what of the times was missed.
func (x *expectation) why(held bool, found string) string {
	switch {
	case found != "" || held:
		return found
	case !x.broke.IsZero():
		return fmt.Sprintf("it began to hold, and stopped after less than %v", x.HoldsFor)
	case x.Within > 0:
		return fmt.Sprintf("it did not begin to hold within %v", x.Within)
	default:
		return "it does not hold"
	}
}
