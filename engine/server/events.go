package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// streamTime is how long a client of the stream may take to accept what is written.
const streamTime = 10 * time.Second

// events is the stream of changes as server-sent events. The id is the event's sequence; a client that comes back
// with it misses nothing, or is told to list again.
func (s *Server) events(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	began := stopwatch()
	feed, missed, err := s.subscribe(r)
	if err != nil {
		s.logged(r, s.refuse(w, r, err), began)
		return
	}
	defer feed.Close()
	st := openStream(w)
	if missed {
		st.tell("resync")
	}
	s.pump(st, r, feed)
	s.logged(r, http.StatusOK, began)
}

// subscribe goes on where the client was. If that is too long ago, it goes on from now: missed is true.
func (s *Server) subscribe(r *http.Request) (feed api.Feed, missed bool, err error) {
	var after uint64
	if id := r.Header.Get(api.HeaderLastEvent); id != "" {
		if after, err = strconv.ParseUint(id, 10, 64); err != nil {
			return feed, false, badField(api.HeaderLastEvent, "want the id of an event, got "+quote(id), "send the last one received, or none")
		}
	}
	feed, err = s.provider.Subscribe(after)
	if errors.Is(err, api.ErrTooOld) || errors.Is(err, state.ErrTooOld) {
		feed, err = s.provider.Subscribe(0)
		return feed, true, err
	}
	return feed, false, err
}

// pump copies events to the client until one of the two goes.
func (s *Server) pump(st *stream, r *http.Request, feed api.Feed) {
	heart := time.NewTicker(s.opts.Heartbeat) //nolint:forbidigo // keeps the connection alive, not the story
	defer heart.Stop()
	for st.flush() {
		select {
		case e, ok := <-feed.Events:
			if !ok { // too slow: the provider let it go, and it comes back with its last id
				return
			}
			st.event(e)
			st.waiting(feed.Events)
		case <-heart.C:
			st.comment("heartbeat")
		case <-r.Context().Done():
			return
		case <-s.closing.Done():
			st.tell("bye")
			st.flush()
			return
		}
	}
}

// stream writes server-sent events.
type stream struct {
	w   http.ResponseWriter
	rc  *http.ResponseController
	buf bytes.Buffer
	enc *json.Encoder
}

func openStream(w http.ResponseWriter) *stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // else nginx keeps events back
	h.Set("Connection", "close")     // the write deadline is not one for other requests
	st := &stream{w: w, rc: http.NewResponseController(w)}
	st.enc = json.NewEncoder(&st.buf)
	st.comment("moonlet")
	return st
}

// event writes e; its JSON is one line.
func (st *stream) event(e api.Event) {
	st.buf.WriteString("id: " + strconv.FormatUint(e.Sequence, 10) + "\nevent: " + e.Type + "\ndata: ")
	if err := st.enc.Encode(e); err != nil {
		panic("encode an event: " + err.Error()) // its types have no value that JSON lacks
	}
	st.buf.WriteByte('\n')
}

// waiting writes what is there already, so that a burst is one write; not more than a bufferful at a time.
func (st *stream) waiting(events <-chan api.Event) {
	for st.buf.Len() < keptBuffer {
		select {
		case e, ok := <-events:
			if !ok {
				return // the next read sees it too
			}
			st.event(e)
		default:
			return
		}
	}
}

// tell writes an event of the stream itself.
func (st *stream) tell(what string) { st.buf.WriteString("event: " + what + "\ndata: {}\n\n") }

func (st *stream) comment(text string) { st.buf.WriteString(": " + text + "\n\n") }

// flush sends what was written. False: the client has gone or does not take it.
func (st *stream) flush() bool {
	_ = st.rc.SetWriteDeadline(deadline(streamTime))
	_, err := st.buf.WriteTo(st.w)
	return err == nil && st.rc.Flush() == nil
}
