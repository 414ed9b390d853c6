package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/moonlet-dev/moonlet/engine/api"
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

// The types of a JUnit report: a suite for each scenario, a case for each expectation.
type (
	junitReport struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Time     float64     `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
		Out      string      `xml:"system-out,omitempty"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Line    int           `xml:"line,attr,omitempty"`
		Time    float64       `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Error   *junitFailure `xml:"error,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func printJUnit(w io.Writer, verdicts []api.ScenarioVerdict) error {
	var r junitReport
	for _, v := range verdicts {
		r.Suites = append(r.Suites, suiteOf(v))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(r); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// suiteOf is a scenario as a suite. That it came to its end is a case of its own.
func suiteOf(v api.ScenarioVerdict) junitSuite {
	s := junitSuite{Name: v.Scenario, Time: v.Took, Out: stepsText(v)}
	class := strings.TrimSuffix(v.File, ".lua")
	for _, e := range v.Expectations {
		c := junitCase{Name: e.What, Class: class, File: v.File, Line: e.Line, Time: e.Took}
		if !e.Held {
			c.Failure = &junitFailure{Message: e.Found, Text: fmt.Sprintf("%s:%d: %s", v.File, e.Line, e.What)}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	end := junitCase{Name: "comes to its end", Class: class, File: v.File, Time: v.Took}
	if p := v.Problem; p != nil {
		end.Line = p.Line
		end.Error = &junitFailure{Message: p.Text, Text: fmt.Sprintf("%s:%d: %s", p.Script, p.Line, p.Text)}
	} else if v.Ended != "" {
		end.Error = &junitFailure{Message: v.Ended}
	}
	if end.Error != nil {
		s.Errors++
	}
	s.Cases = append(s.Cases, end)
	s.Tests = len(s.Cases)
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
