package config

import (
	"errors"
	"slices"
	"strings"
)

// Problem is one thing wrong with the configuration: where it stands, which key, what is wrong and what to write.
type Problem struct {
	Key   string // dotted; empty: the file as a whole
	Where string // as [Origin.Where]; empty: the default
	Text  string
}

// Error is one line.
func (p *Problem) Error() string {
	parts := make([]string, 0, 3)
	for _, part := range []string{p.Where, p.Key, p.Text} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// Problems is all that is wrong, in the order of the table of settings.
type Problems []*Problem

// Error is one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// add enters err, which may join several, as problems of one key.
func (ps *Problems) add(key, where string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			ps.add(key, where, e)
		}
		return
	}
	if err != nil {
		*ps = append(*ps, &Problem{Key: key, Where: where, Text: err.Error()})
	}
}

// about says that something is wrong with a key already.
func (ps Problems) about(key string) bool {
	return slices.ContainsFunc(ps, func(p *Problem) bool { return p.Key == key })
}

// err is nil where there is no problem.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// AsProblems gives the problems one by one, if err is about the configuration.
func AsProblems(err error) (Problems, bool) {
	return errors.AsType[Problems](err)
}
