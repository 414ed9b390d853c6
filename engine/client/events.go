package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Resync is the type of an event that tells: events may have been missed, look at everything.
const Resync = "resync"

const (
	// silence is how long a stream may say nothing at all; a Moonlet sends a comment every 15 s.
	silence = 45 * time.Second

	// longestEvent is the size of one line of the stream.
	longestEvent = 8 << 20
)

// ErrNoEvents says that whoever answers has no event stream.
var ErrNoEvents = errors.New("this provider has no event stream")

// Moonlet says that the last answer was a Moonlet's, which has an event stream.
func (c *Client) Moonlet() bool { return c.moonlet.Load() }

// Events listens to a Moonlet's event stream until it ends, and says why it did; ctx ends it too. tell is called from
// within, for one event after the other. last is the number of the last event that was seen, 0 for none; the number to
// go on with is returned. The first event is a [Resync] unless the stream goes on where it was.
func (c *Client) Events(ctx context.Context, last uint64, tell func(api.Event)) (uint64, error) {
	const call = api.V1 + "/events"
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(silence, func() { cancel(errors.New("nothing was heard for " + silence.String())) })
	defer watchdog.Stop()
	r, err := c.request(ctx, http.MethodGet, call, nil, nil)
	if err != nil {
		return last, err
	}
	r.Header.Set("Accept", "text/event-stream")
	if last > 0 {
		r.Header.Set(api.HeaderLastEvent, strconv.FormatUint(last, 10))
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return last, c.unanswered(ctx, http.MethodGet, call, err)
	}
	defer resp.Body.Close()
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != "text/event-stream" {
		return last, c.odd(http.MethodGet, call, ErrNoEvents)
	}
	if last == 0 {
		tell(api.Event{Type: Resync})
	}
	last, err = follow(resp.Body, last, func() { watchdog.Reset(silence) }, tell)
	return last, c.unanswered(ctx, http.MethodGet, call, err)
}

// follow reads server-sent events, as a Moonlet writes them: each line is whole, data is one line.
func follow(stream io.Reader, last uint64, heard func(), tell func(api.Event)) (uint64, error) {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, longestEvent)
	for lines.Scan() {
		heard()
		if kind, ok := bytes.CutPrefix(lines.Bytes(), []byte("event: ")); ok && string(kind) == Resync {
			last = 0
			tell(api.Event{Type: Resync})
			continue
		}
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		var e api.Event
		if err := json.Unmarshal(data, &e); err != nil {
			return 0, errors.New("an event does not decode")
		}
		if e.Type == "" { // the stream's own: resync and bye carry no more than their name
			continue
		}
		last = max(last, e.Sequence)
		tell(e)
	}
	if err := lines.Err(); err != nil {
		return last, err
	}
	return last, io.EOF
}
