package suite

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The elements of a JUnit report, as CI systems read them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		Classname string        `xml:"classname,attr"`
		File      string        `xml:"file,attr"`
		Line      int           `xml:"line,attr,omitempty"`
		Time      string        `xml:"time,attr"`
		Failure   *junitFailure `xml:"failure"`
		Error     *junitFailure `xml:"error"`
		Output    string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes the report as XML that CI systems read.
func (r *Report) JUnit(w io.Writer) error {
	all := junitSuites{Name: "moonlet script test", Tests: r.Tests + r.Broken, Failures: r.Failed, Errors: r.Broken, Time: seconds(r.Took)}
	for i := range r.Files {
		all.Suites = append(all.Suites, r.Files[i].junit())
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(s Seconds) string { return fmt.Sprintf("%.3f", time.Duration(s).Seconds()) }

func (f *FileReport) junit() junitSuite {
	s := junitSuite{Name: f.File}
	if f.Broken {
		s.Errors++
		s.Cases = append(s.Cases, junitCase{
			Name: "loads", Classname: f.File, File: f.File, Time: seconds(0), Error: &junitFailure{Message: f.Problems[0], Text: strings.Join(f.Problems, "\n")},
		})
	}
	took := Seconds(0)
	for _, t := range f.Tests {
		took += t.Took
		c := junitCase{Name: t.Name, Classname: f.File, File: f.File, Line: t.Line, Time: seconds(t.Took)}
		if t.Failure != nil {
			s.Failures++
			c.Failure = t.Failure.junit()
			c.Output = strings.Join(t.Failure.Output, "\n")
		}
		s.Cases = append(s.Cases, c)
	}
	s.Tests, s.Time = len(s.Cases), seconds(took)
	return s
}

func (f *Failure) junit() *junitFailure {
	lines := []string{fmt.Sprintf("%s:%d: %s", f.Script, f.Line, f.Text), f.Source, fmt.Sprintf("seed %d, after %s", f.Seed, span(f.At))}
	return &junitFailure{Message: f.Text, Text: strings.Join(append(lines, f.Pods...), "\n")}
}
