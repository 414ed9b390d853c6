package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// followPause is how long a follower waits between looks.
const followPause = time.Second

// follower is a log that goes on, read by asking for all of it again and again.
type follower struct {
	p       *Provider
	ctx     context.Context // ends reads that wait
	cancel  context.CancelFunc
	of      kubelet.ContainerRef
	request api.LogRequest
	pending []byte // not yet read by the caller
	seen    []byte // the last answer
	run     int32  // restartCount of the run that is followed; -1: not known
	over    bool
}

func (p *Provider) follow(ctx context.Context, c kubelet.ContainerRef, r api.LogRequest, text []byte, tail *int) *follower {
	f := &follower{p: p, of: c, request: r, pending: lastLines(text, tail), seen: text, run: -1}
	f.ctx, f.cancel = context.WithCancel(ctx)
	return f
}

// Close ends the reads under way.
func (f *follower) Close() error {
	f.cancel()
	return nil
}

// Read waits until there is more, or the run has ended. A look that fails is not the end: the next may not.
func (f *follower) Read(b []byte) (int, error) {
	for len(f.pending) == 0 {
		if f.over {
			return 0, io.EOF
		}
		if err := f.p.clock.Sleep(f.ctx, followPause); err != nil {
			return 0, err
		}
		f.over = f.ended() // asked first, so that what was written until then is read
		text, err := f.p.logText(f.ctx, f.request)
		if errors.Is(err, kubelet.ErrNotFound) {
			f.over = true
		}
		if err == nil {
			f.pending, f.seen = news(f.seen, text), text
		}
	}
	n := copy(b, f.pending)
	f.pending = f.pending[n:]
	return n, nil
}

// ended says that the followed run of the container is over.
func (f *follower) ended() bool {
	s, err := f.p.status(f.ctx, key{f.of.Namespace, f.of.Name})
	if err != nil {
		return client.NotFound(err)
	}
	if isTerminal(s.Phase) {
		return true
	}
	i := slices.IndexFunc(s.ContainerStatuses, func(c v1.ContainerStatus) bool { return c.Name == f.of.Container })
	if i < 0 {
		return false
	}
	c := s.ContainerStatuses[i]
	if f.run < 0 {
		f.run = c.RestartCount
	}
	return c.RestartCount != f.run || (c.State.Terminated != nil && c.State.Running == nil)
}

// news is what a log says that it did not say before. Providers that keep only the last lines send a window that moves:
// then it is what follows the longest end of the old that the new begins with.
func news(old, now []byte) []byte {
	if rest, ok := bytes.CutPrefix(now, old); ok {
		return rest
	}
	whole := bytes.LastIndexByte(old, '\n') + 1
	unfinished := old[whole:] // the last line may have grown
	same := overlap(lines(old[:whole]), lines(now))
	rest := now
	for range same {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	if same == 0 {
		return rest
	}
	return bytes.TrimPrefix(rest, unfinished)
}

func lines(text []byte) [][]byte { return slices.Collect(bytes.Lines(text)) }

// overlap is how many of the last of old are the first of now: the search of Knuth, Morris and Pratt for now in old, and
// how much of it has matched when old ends.
func overlap(old, now [][]byte) int {
	if len(old) > len(now) { // more cannot match
		old = old[len(old)-len(now):]
	}
	border := make([]int, len(now)+1) // of the first i lines, how many of the last are also the first
	border[0] = -1
	step := func(matched int, line []byte) int {
		for matched >= 0 && (matched == len(now) || !bytes.Equal(now[matched], line)) {
			matched = border[matched]
		}
		return matched + 1
	}
	for i := 1; i < len(now); i++ {
		border[i+1] = step(border[i], now[i])
	}
	matched := 0
	for _, line := range old {
		matched = step(matched, line)
	}
	return matched
}
