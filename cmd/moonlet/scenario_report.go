package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/junit"
)

// report prints the verdicts in the format that was asked for.
func (f *runFlags) report(w io.Writer, verdicts []api.ScenarioVerdict) error {
	switch *f.format {
	case "json":
		if verdicts == nil {
			verdicts = []api.ScenarioVerdict{}
		}
		return printJSON(w, verdicts)
	case "junit":
		return printJUnit(w, verdicts)
	}
	return printVerdicts(w, verdicts)
}

// printVerdicts is the table for people: a row for each scenario, and one for each expectation.
func printVerdicts(w io.Writer, verdicts []api.ScenarioVerdict) error {
	if len(verdicts) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "\tSCENARIO\tTOOK\tSTEPS\tHITS\tRESULT")
	for _, v := range verdicts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\n", tick(v.Passed), v.Scenario, secondsText(v.Took), len(v.Steps), hitCount(v), outcome(v))
		for _, e := range v.Expectations {
			fmt.Fprintf(t, "\t  %s %s\t%s\t\t\t%s\n", tick(e.Held), e.What, secondsText(e.Took), e.Found)
		}
	}
	return t.Flush()
}

func tick(ok bool) string {
	if ok {
		return "✓"
	}
	return "✗"
}

// hitCount is how many different pods and nodes a scenario hit.
func hitCount(v api.ScenarioVerdict) int {
	seen := map[string]bool{}
	for _, s := range v.Steps {
		for _, h := range s.Hits {
			seen[h] = true
		}
	}
	return len(seen)
}

func outcome(v api.ScenarioVerdict) string {
	held := 0
	for _, e := range v.Expectations {
		if e.Held {
			held++
		}
	}
	switch {
	case v.Problem != nil:
		return fmt.Sprintf("broke at line %d", v.Problem.Line)
	case v.Ended != "":
		return v.Ended
	case len(v.Expectations) == 0:
		return "done"
	}
	return fmt.Sprintf("%d of %s held", held, count(len(v.Expectations), "expectation"))
}

// printJUnit writes a suite for each scenario, with a case for each expectation.
func printJUnit(w io.Writer, verdicts []api.ScenarioVerdict) error {
	r := junit.Report{Name: "moonlet scenario run"}
	for _, v := range verdicts {
		r.Suites = append(r.Suites, suiteOf(v))
		r.Time += took(v.Took)
	}
	return junit.Write(w, r)
}

// took turns seconds into those of a report.
func took(seconds float64) junit.Seconds { return junit.Seconds(seconds * float64(time.Second)) }

// suiteOf is a scenario as a suite. That it came to its end is a case of its own.
func suiteOf(v api.ScenarioVerdict) junit.Suite {
	s := junit.Suite{Name: v.Scenario, Time: took(v.Took), Output: stepsText(v)}
	class := strings.TrimSuffix(v.File, ".lua")
	for _, e := range v.Expectations {
		c := junit.Case{Name: e.What, Class: class, File: v.File, Line: e.Line, Time: took(e.Took)}
		if !e.Held {
			c.Failure = &junit.Fault{Message: e.Found, Text: fmt.Sprintf("%s:%d: %s", v.File, e.Line, e.What)}
		}
		s.Cases = append(s.Cases, c)
	}
	end := junit.Case{Name: "comes to its end", Class: class, File: v.File, Time: took(v.Took)}
	if p := v.Problem; p != nil {
		end.Line = p.Line
		end.Error = &junit.Fault{Message: p.Text, Text: fmt.Sprintf("%s:%d: %s", p.Script, p.Line, p.Text)}
	} else if v.Ended != "" {
		end.Error = &junit.Fault{Message: v.Ended}
	}
	s.Cases = append(s.Cases, end)
	return s
}

func stepsText(v api.ScenarioVerdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d\n", v.Seed)
	for _, s := range v.Steps {
		fmt.Fprintf(&b, "%s %s:%d %s%s\n", clockText(s.After), v.File, s.Line, s.What, hits(s.Hits))
	}
	return b.String()
}
