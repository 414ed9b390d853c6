package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/pod"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// LogOptions is which part of a log is wanted, and how; see v1.PodLogOptions.
type LogOptions struct {
	Tail       *int      // last lines; nil: all. 0 is none at all
	Since      time.Time // of these, the lines not before; zero: all
	LimitBytes int64     // at most so many bytes of what is selected, the first ones; 0: no limit
	Timestamps bool      // each line begins with its time, RFC 3339 with nanoseconds
	Follow     bool      // go on until the run ends
	Previous   bool      // of the run before
}

const (
	// lookAgain is how soon a follower notices what does not come with a line: the end of the run, other scripts.
	lookAgain = time.Second
	// lineRush is how long a follower waits at least between two looks: lines that are closer come together.
	lineRush = 100 * time.Millisecond

	logTime = "2006-01-02T15:04:05.000000000Z07:00"
)

// LogStream streams a container's log: first the lines there are, as many as [LogLimits] lets through; with Follow then
// each line when it is due, whatever the scripts that serve at that time make of it, until the run ends. The stream
// ends with ctx too; the caller closes it. Nothing runs while nobody reads. An unknown pod or container, one that has
// not run, or has no previous run, is [state.ErrNotFound]. A script that breaks is an error of LogStream or of Read.
func (p *Provider) LogStream(ctx context.Context, c ContainerAsk, o LogOptions) (io.ReadCloser, error) {
	one := p.store.Get(state.Key{Namespace: c.Namespace, Name: c.Pod})
	if one == nil {
		return nil, fmt.Errorf("pod %s/%s: %w", c.Namespace, c.Pod, state.ErrNotFound)
	}
	container, err := containerOf(one.Object, c.Container)
	if err != nil {
		return nil, err
	}
	run, previous := one.Life.Run(container.Name)
	switch {
	case o.Previous && previous == nil:
		return nil, fmt.Errorf("previous terminated container %q in pod %s: %w", container.Name, one.Key, state.ErrNotFound)
	case o.Previous:
		run = previous
	case run == nil:
		return nil, fmt.Errorf("container %q in pod %s has not run yet: %w", container.Name, one.Key, state.ErrNotFound)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	s := &logStream{p: p, ctx: ctx, cancel: cancel, options: o, one: one, container: container, run: *run, left: o.LimitBytes}
	if err := s.first(); err != nil {
		cancel(err)
		return nil, err
	}
	return s, nil
}

// logStream is a log that is being read. One goroutine reads it; any may close it.
type logStream struct {
	p       *Provider
	ctx     context.Context //nolint:containedctx // reading blocks, and ends with it
	cancel  context.CancelCauseFunc
	options LogOptions

	one       *state.Pod // as last seen
	container *v1.Container
	run       pod.Run
	text      []byte    // to be read
	left      int64     // of LimitBytes
	cursor    time.Time // lines due until then were given out
	next      time.Time // when to look again
	over      bool      // there is nothing after text
}

var errClosed = errors.New("the log was closed")

// Close ends the stream, also under a Read that waits.
func (s *logStream) Close() error {
	s.cancel(errClosed)
	return nil
}

// Read gives the next piece of the log, and waits for one with Follow.
func (s *logStream) Read(b []byte) (int, error) {
	for len(s.text) == 0 {
		switch {
		case s.ctx.Err() != nil:
			return 0, context.Cause(s.ctx)
		case s.over:
			return 0, io.EOF
		}
		s.p.clock.Wait(s.ctx, s.next, nil)
		if s.ctx.Err() != nil {
			continue
		}
		if err := s.look(); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.text)
	s.text = s.text[n:]
	return n, nil
}

// first takes the lines that are there.
func (s *logStream) first() error {
	q := s.ask()
	q.Since = s.options.Since
	if s.options.Tail != nil {
		q.Tail = *s.options.Tail
	}
	if err := s.put(q); err != nil {
		return err
	}
	s.cursor = q.At
	s.over = s.over || !s.options.Follow || !s.run.Finished.IsZero()
	return nil
}

// look takes the lines that came since, and notices the end of the run.
func (s *logStream) look() error {
	known := s.refresh()
	q := s.ask()
	if due := s.one.Due; !known && (due.IsZero() || due.After(q.At)) {
		s.over = true // somebody ended it, and nobody knows when
		return nil
	}
	q.After = s.cursor
	if err := s.put(q); err != nil {
		return err
	}
	ended := !known || !s.run.Finished.IsZero()
	s.over = s.over || ended && !s.behind(q.At)
	return nil
}

// behind says that lines that are due were not taken yet: there were too many at once.
func (s *logStream) behind(at time.Time) bool { return s.cursor.Before(at) }

// ask is for the lines due by now. A run that is to change before now, and has not yet, is not asked beyond.
func (s *logStream) ask() hook.LogAsk {
	q := s.p.logAsk(s.container, &s.run, s.options.Previous)
	if due := s.one.Due; s.run.Finished.IsZero() && !due.IsZero() && due.Before(q.At) {
		q.At = due
	}
	return q
}

// put asks the scripts and keeps what they say to be read.
func (s *logStream) put(q hook.LogAsk) error {
	s.cursor, s.next = later(q.At, q.After), s.p.clock.Now().Add(lookAgain)
	log, asked := s.p.logOf(s.ctx, s.one, q)
	if asked.Err != nil {
		return fmt.Errorf("log of container %q in pod %s: %w", s.container.Name, s.one.Key, asked.Err)
	}
	for _, line := range log.Lines {
		s.write(line)
	}
	switch {
	case log.Next.IsZero():
	case !q.After.IsZero() && !log.Next.After(q.At):
		s.cursor, s.next = log.Lines[len(log.Lines)-1].Due, s.p.clock.Now()
	case log.Next.Before(s.next):
		s.next = later(log.Next, s.p.clock.Now().Add(lineRush))
	}
	return nil
}

// write adds a line, or the few it is made of, as far as the limit lets it.
func (s *logStream) write(line hook.LogLine) {
	for text := range strings.SplitSeq(line.Text, "\n") {
		if s.over {
			return
		}
		if s.options.Timestamps {
			text = line.Due.UTC().Format(logTime) + " " + text
		}
		text += "\n"
		if limit := s.options.LimitBytes; limit > 0 && int64(len(text)) >= s.left {
			text, s.over = text[:s.left], true
		}
		s.left -= int64(len(text))
		s.text = append(s.text, text...)
	}
}

// refresh takes the pod and the run as they are now; false: they are gone, and what was last seen of them stays.
func (s *logStream) refresh() bool {
	now := s.p.store.Get(s.one.Key)
	if now == nil || now.Incarnation != s.one.Incarnation {
		return false
	}
	run, previous := now.Life.Run(s.container.Name)
	for _, r := range []*pod.Run{run, previous} {
		if r != nil && r.Number == s.run.Number {
			s.one, s.run = now, *r
			return true
		}
	}
	return false
}
