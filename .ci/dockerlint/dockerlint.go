// Package dockerlint answers: does BuildKit itself find anything to say about a Dockerfile?
//
// It is a module of its own, so that the product does not carry BuildKit.
package dockerlint

import (
	"fmt"
	"io"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Finding is one thing the linter says.
type Finding struct {
	Rule string
	Line int
	Text string
}

func (f Finding) String() string { return fmt.Sprintf("line %d: %s: %s", f.Line, f.Rule, f.Text) }

// Lint parses a Dockerfile as BuildKit does and returns its stages and what the linter finds. The error is a Dockerfile
// that does not parse.
func Lint(dockerfile io.Reader) ([]instructions.Stage, []Finding, error) {
	parsed, err := parser.Parse(dockerfile)
	if err != nil {
		return nil, nil, err
	}
	var findings []Finding
	for _, w := range parsed.Warnings {
		findings = append(findings, Finding{Rule: "Parser", Line: line(parsed.AST.Location(), w.Location), Text: w.Short})
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, text string, at []parser.Range) {
		findings = append(findings, Finding{Rule: rule, Line: line(at, nil), Text: text})
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	return stages, findings, err
}

// line is where at begins, and where fallback does if at is nowhere.
func line(fallback []parser.Range, at *parser.Range) int {
	switch {
	case at != nil:
		return at.Start.Line
	case len(fallback) > 0:
		return fallback[0].Start.Line
	}
	return 0
}
