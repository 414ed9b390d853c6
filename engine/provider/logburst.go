package provider

import (
	"context"
	"slices"
	"time"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// keptBursts is how many log bursts that ended are remembered: what was written stays in the log.
const keptBursts = 16

// logOf is a container's log: what its script says, and what log bursts add.
func (p *Provider) logOf(ctx context.Context, one *state.Pod, q hook.LogAsk) (hook.LogText, hook.Asked) {
	var log hook.LogText
	var asked hook.Asked
	gen := p.hooks.Current()
	if gen.Asks(gen.File(one.Owner), hook.Logs) {
		log, asked = p.hooks.Logs(ctx, p.reader(gen, one), q)
	}
	for _, s := range p.faults.set.Load().bursts(one, q.Container.Name) {
		log = merge(q, log, s.lines(q, upTo(q, log)))
	}
	return log, asked
}

// bursts are the log bursts of a container, past ones too.
func (f *faultSet) bursts(one *state.Pod, container string) []*standing {
	var found []*standing
	key := one.String()
	for _, s := range append(slices.Clone(f.past), f.pods[key]...) {
		mine := s.Verb == verbBurst && s.uids[key] == one.UID
		if mine && (s.Text("container") == "" || s.Text("container") == container) {
			found = append(found, s)
		}
	}
	return found
}

// upTo is until when a log is told: where there was too much of it, until its last line.
func upTo(q hook.LogAsk, log hook.LogText) time.Time {
	n := len(log.Lines)
	if n > 0 && !q.After.IsZero() && !log.Next.IsZero() && !log.Next.After(q.At) {
		return log.Lines[n-1].Due
	}
	return q.At
}

// lines are those of a burst that are wanted, and when the next one is due.
func (s *standing) lines(q hook.LogAsk, until time.Time) hook.LogText {
	every := time.Second / time.Duration(max(1, s.Number("rate")))
	due := func(n int) time.Time { return s.Since.Add(time.Duration(n) * every) }
	from := later(later(q.Started, s.Since), q.Since)
	if q.After.After(from) {
		from = q.After.Add(1)
	}
	end := earlier(s.Until, q.Finished)
	first, stop := s.number(from, every), earlier(until.Add(1), end) // without the last moment
	last := s.number(stop, every) - 1
	if q.After.IsZero() {
		first = max(first, last-q.MaxLines+1)
	} else {
		last = min(last, first+q.MaxLines-1)
	}
	log := hook.LogText{}
	for n := first; n <= last; n++ {
		log.Lines = append(log.Lines, hook.LogLine{Due: due(n), Text: s.Text("text")})
	}
	if next := due(max(first, last+1)); end.IsZero() || next.Before(end) {
		log.Next = next
	}
	return log
}

// number is the first line of a burst that is due at that time or later.
func (s *standing) number(at time.Time, every time.Duration) int {
	if !at.After(s.Since) {
		return 0
	}
	return int((at.Sub(s.Since) + every - 1) / every)
}

// merge joins two pieces of a log, within the limits.
func merge(q hook.LogAsk, a, b hook.LogText) hook.LogText {
	all := append(slices.Clone(a.Lines), b.Lines...)
	slices.SortStableFunc(all, func(x, y hook.LogLine) int { return x.Due.Compare(y.Due) })
	log := hook.LogText{Lines: all, Next: earlier(a.Next, b.Next)}
	if q.After.IsZero() {
		most := q.MaxLines
		if q.Tail >= 0 {
			most = min(most, q.Tail)
		}
		log.Lines = all[max(0, len(all)-most):]
		return log
	}
	if n := q.MaxLines; len(all) > n {
		log.Lines, log.Next = all[:n], all[n].Due
	}
	return log
}

// retire remembers what an ended burst wrote.
func (b *faultBook) retire(s *standing, at time.Time) {
	if s.Verb != verbBurst {
		return
	}
	ended := *s
	if ended.Until.IsZero() || ended.Until.After(at) {
		ended.Until = at
	}
	b.past = append(b.past, &ended)
	b.past = slices.Clone(b.past[max(0, len(b.past)-keptBursts):])
}
