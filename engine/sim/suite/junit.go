package suite

import (
	"fmt"
	"io"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/junit"
)

// JUnit writes the report as XML that CI systems read.
func (r *Report) JUnit(w io.Writer) error {
	all := junit.Report{Name: "moonlet script test", Time: junit.Seconds(r.Took)}
	for i := range r.Files {
		all.Suites = append(all.Suites, r.Files[i].junit())
	}
	return junit.Write(w, all)
}

func (f *FileReport) junit() junit.Suite {
	s := junit.Suite{Name: f.File}
	if f.Broken {
		s.Cases = append(s.Cases, junit.Case{
			Name: "loads", Class: f.File, File: f.File, Error: &junit.Fault{Message: f.Problems[0], Text: strings.Join(f.Problems, "\n")},
		})
	}
	for _, t := range f.Tests {
		s.Time += junit.Seconds(t.Took)
		c := junit.Case{Name: t.Name, Class: f.File, File: f.File, Line: t.Line, Time: junit.Seconds(t.Took)}
		if t.Failure != nil {
			c.Failure = t.Failure.junit()
			c.Output = strings.Join(t.Failure.Output, "\n")
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

func (f *Failure) junit() *junit.Fault {
	lines := []string{fmt.Sprintf("%s:%d: %s", f.Script, f.Line, f.Text), f.Source, fmt.Sprintf("seed %d, after %s", f.Seed, span(f.At))}
	return &junit.Fault{Message: f.Text, Text: strings.Join(append(lines, f.Pods...), "\n")}
}
