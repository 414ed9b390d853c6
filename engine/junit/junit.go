// Package junit answers: how does a CI system read what was tested?
//
// The elements are those that Jenkins, GitLab and GitHub's reporters agree on. Counts are left to [Write]. Pure.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// Report is what all tests came to.
type Report struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr,omitempty"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     Seconds  `xml:"time,attr"`
	Suites   []Suite  `xml:"testsuite"`
}

// Suite is the cases of a file, or of a story.
type Suite struct {
	Name     string  `xml:"name,attr"`
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Time     Seconds `xml:"time,attr"`
	Cases    []Case  `xml:"testcase"`
	Output   string  `xml:"system-out,omitempty"`
}

// Case is one test. A Failure is an expectation that did not hold, an Error a test that broke.
type Case struct {
	Name    string  `xml:"name,attr"`
	Class   string  `xml:"classname,attr"`
	File    string  `xml:"file,attr"`
	Line    int     `xml:"line,attr,omitempty"`
	Time    Seconds `xml:"time,attr"`
	Failure *Fault  `xml:"failure"`
	Error   *Fault  `xml:"error"`
	Output  string  `xml:"system-out,omitempty"`
}

// Fault is what was wrong: in a line, and at length.
type Fault struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// Seconds is a duration as the reports have it: 1.250.
type Seconds time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (s Seconds) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(s).Seconds()), nil
}

// Write counts what is in the report and writes it as XML.
func Write(w io.Writer, r Report) error {
	r.count()
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Report) count() {
	for i := range r.Suites {
		s := &r.Suites[i]
		s.Tests = len(s.Cases)
		for _, c := range s.Cases {
			if c.Failure != nil {
				s.Failures++
			}
			if c.Error != nil {
				s.Errors++
			}
		}
		r.Tests, r.Failures, r.Errors = r.Tests+s.Tests, r.Failures+s.Failures, r.Errors+s.Errors
	}
}
