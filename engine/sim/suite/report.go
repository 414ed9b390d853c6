package suite

import (
	"fmt"
	"time"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// Report is what a run found.
type Report struct {
	Files    []FileReport   `json:"files"`
	Tests    int            `json:"tests"`
	Failed   int            `json:"failed"` // tests
	Broken   int            `json:"broken"` // files that do not load
	Runs     int            `json:"runs"`   // tests times seeds
	Story    Seconds        `json:"story"`  // that all runs together lived through
	Took     Seconds        `json:"took"`
	Coverage []FileCoverage `json:"coverage,omitempty"`
}

// FileReport is the tests of one file.
type FileReport struct {
	File     string       `json:"file"`
	Problems []string     `json:"problems,omitempty"` // why it does not load; warnings, too
	Broken   bool         `json:"broken,omitempty"`   // it does not load
	Tests    []TestReport `json:"tests"`
}

// TestReport is one test.
type TestReport struct {
	Name    string   `json:"name"`
	Line    int      `json:"line"`
	Runs    int      `json:"runs"`
	Story   Seconds  `json:"story"`
	Took    Seconds  `json:"took"` // on one core
	Failure *Failure `json:"failure,omitempty"`
}

// Failure is how a test failed, with the smallest seed that makes it fail.
type Failure struct {
	Seed   uint64   `json:"seed"`
	At     Seconds  `json:"at"` // in the story
	Script string   `json:"script,omitempty"`
	Line   int      `json:"line,omitempty"`
	Hook   string   `json:"hook,omitempty"` // that broke
	Text   string   `json:"text"`
	Source string   `json:"source,omitempty"` // the line of the file
	Got    string   `json:"got,omitempty"`
	Want   string   `json:"want,omitempty"`
	Pods   []string `json:"pods,omitempty"` // as kubectl would have printed them then
	Output []string `json:"output,omitempty"`
}

// FileCoverage is how much of a script ran.
type FileCoverage struct {
	File   string `json:"file"`
	Lines  int    `json:"lines"` // with statements on them
	Ran    int    `json:"ran"`
	Missed []int  `json:"missed"` // lines
}

// Seconds is a duration; in JSON a number of seconds.
type Seconds time.Duration

// MarshalJSON writes a number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%g", time.Duration(s).Round(time.Millisecond).Seconds()), nil
}

// OK says that nothing failed, and nothing was broken.
func (r *Report) OK() bool { return r.Failed+r.Broken == 0 }

func (r *runner) report(took time.Duration) *Report {
	out := &Report{Took: Seconds(took)}
	byFile := map[*File]int{}
	for _, list := range [][]File{r.Folder.Tests, r.Folder.Stories} {
		for i := range list {
			byFile[&list[i]] = len(out.Files)
			out.Files = append(out.Files, list[i].report())
			if out.Files[len(out.Files)-1].Broken {
				out.Broken++
			}
		}
	}
	for _, t := range r.tests {
		out.Tests++
		out.Runs += t.runs
		out.Story += Seconds(t.story)
		if t.failure != nil {
			out.Failed++
		}
		file := &out.Files[byFile[t.file]]
		file.Tests = append(file.Tests, TestReport{
			Name: t.name, Line: t.line, Runs: t.runs, Story: Seconds(t.story), Took: Seconds(t.took), Failure: t.failure,
		})
	}
	out.Coverage = covered(r.coverage)
	return out
}

func (f *File) report() FileReport {
	one := FileReport{File: f.Path, Tests: []TestReport{}}
	for _, p := range f.problems {
		one.Problems = append(one.Problems, p.Error())
		one.Broken = one.Broken || !p.Warning
	}
	return one
}

func covered(c *script.Coverage) []FileCoverage {
	if c == nil {
		return nil
	}
	var out []FileCoverage
	for _, f := range c.Files() {
		out = append(out, FileCoverage{File: f.Name, Lines: len(f.Hits), Ran: f.Ran(), Missed: append([]int{}, f.Missed()...)})
	}
	return out
}

// Add joins the report of another folder to r.
func (r *Report) Add(other *Report) {
	r.Files = append(r.Files, other.Files...)
	r.Tests += other.Tests
	r.Failed += other.Failed
	r.Broken += other.Broken
	r.Runs += other.Runs
	r.Story += other.Story
	r.Took += other.Took
	r.Coverage = append(r.Coverage, other.Coverage...)
}
