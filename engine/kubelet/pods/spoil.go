package pods

import (
	"context"
	"time"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/pods/patch"
)

// spoilt is what was to go wrong with the writes of one pod. It takes place only while a provider spoils them.
type spoilt struct {
	round uint64             // of faults in force, in which this was so
	drawn bool               // fault is about the write that is to come
	fault kubelet.WriteFault // of it
	due   time.Time          // when it may be sent
	lost  *patch.Print       // what Kubernetes would have, had the write that was lost last been sent; nil: none was
	last  []byte             // the patch that was sent last
}

// listenForSpoils looks at all pods again when other writes go wrong than before: what was held back, or lost, is sent
// then.
func (b *Broker) listenForSpoils() {
	b.spoiler, _ = b.opts.Provider.(kubelet.WriteSpoiler)
	if b.spoiler == nil {
		return
	}
	b.spoiler.WatchSpoils(func() {
		b.spoils.Add(1)
		for _, r := range b.table.all() {
			b.queue.add(r, again)
		}
	})
}

// spoil says what is to go wrong with a write that would bring the status to after. Not before that time may it be sent;
// lost: not at all.
func (b *Broker) spoil(r *record, s *seen, after patch.Print, now time.Time) (f kubelet.WriteFault, notBefore time.Time, lost bool) {
	if b.spoiler == nil || !b.spoiler.SpoilsWrites() {
		r.mine.spoilt = nil
		return f, time.Time{}, false
	}
	x := r.mine.spoilt
	if x == nil {
		x = &spoilt{}
		r.mine.spoilt = x
	}
	if round := b.spoils.Load(); x.round != round {
		*x = spoilt{round: round, last: x.last}
	}
	if x.lost != nil && x.lost.Equal(after) {
		return f, time.Time{}, true
	}
	if !x.drawn {
		x.drawn, x.fault = true, b.spoiler.SpoilWrite(kubelet.RefTo(s.pod))
		x.due = now.Add(x.fault.Late)
	}
	if now.Before(x.due) {
		return x.fault, x.due, false
	}
	x.drawn, x.lost = false, nil
	if x.fault.Lost {
		x.lost = &after
	}
	return x.fault, time.Time{}, x.fault.Lost
}

// sendAgain does what a fault has follow a write: the same once more, or the one before it. What that makes of the status
// the watch tells, and what is wrong with it is written anew.
func (b *Broker) sendAgain(ctx context.Context, r *record, f kubelet.WriteFault, body []byte) {
	x := r.mine.spoilt
	if x == nil {
		return
	}
	before := x.last
	x.last = body
	var again []byte
	switch {
	case f.Reordered && before != nil:
		again = before
	case f.Twice:
		again = body
	default:
		return
	}
	_, err := b.api.patchStatus(ctx, r.name, again)
	b.metrics.patches.WithLabelValues(outcome(err)).Inc()
}
