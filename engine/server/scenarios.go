package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Scenarios is what the server needs of whoever tells scenarios.
type Scenarios interface {
	// Run tells the scenarios of a file, and returns when they have ended and are undone; ctx ends them. progress is
	// called for one event after the other. The error is that of a file that cannot run.
	Run(ctx context.Context, r api.ScenarioRequest, progress func(api.ScenarioEvent)) error
	Runs() []api.ScenarioRun
	// End ends a run or all, and lists those; it waits until they are undone only where that is wanted, and until ctx ends.
	End(ctx context.Context, e api.ScenarioEnd) ([]api.ScenarioRun, error)
}

// typeNDJSON is a JSON value in each line.
const typeNDJSON = "application/x-ndjson"

var errNoScenarios = &refusal{code: http.StatusNotImplemented, reason: "scenarios are not run here"}

// errClosing is why runs end at a shutdown.
var errClosing = errors.New("this Moonlet shuts down")

// runScenarios answers what happens as it happens. The end of the request is the end of the run.
func (s *Server) runScenarios(w http.ResponseWriter, r *http.Request, path httprouter.Params) {
	began := stopwatch()
	request, err := s.scenarioRequest(ask{r, w, path})
	if err != nil {
		s.logged(r, s.refuse(w, r, err), began)
		return
	}
	ctx, end := context.WithCancelCause(r.Context())
	defer end(nil)
	defer context.AfterFunc(s.closing, func() { end(errClosing) })()
	st := &lines{w: w, rc: http.NewResponseController(w), gone: end}
	beat := st.keepAlive(ctx, s.opts.Heartbeat)
	err = s.opts.Scenarios.Run(ctx, request, st.event)
	end(nil)
	<-beat
	code := http.StatusOK
	if err != nil && !st.begun {
		code = s.refuse(w, r, err)
	}
	s.logged(r, code, began)
}

func (s *Server) scenarioRequest(a ask) (r api.ScenarioRequest, err error) {
	if s.opts.Scenarios == nil {
		return r, errNoScenarios
	}
	var buf bytes.Buffer
	if err := s.readBody(a.w, a.Request, &buf); err != nil {
		return r, err
	}
	if err := decodeExactly(buf.Bytes(), &r); err != nil {
		return r, err
	}
	if r.Text == "" {
		return r, badField("text", "missing", "send the file's text")
	}
	return r, nil
}

func (s *Server) v1Runs(ask) (any, error) {
	if s.opts.Scenarios == nil {
		return nil, errNoScenarios
	}
	return list(s.opts.Scenarios.Runs()), nil
}

// v1EndRuns ends one run or all, and answers which.
func (s *Server) v1EndRuns(a ask) (any, error) {
	if s.opts.Scenarios == nil {
		return nil, errNoScenarios
	}
	e := api.ScenarioEnd{Run: a.path.ByName("run"), By: a.URL.Query().Get("by")}
	if text := a.URL.Query().Get("wait"); text != "" {
		wait, err := strconv.ParseBool(text)
		if err != nil {
			return nil, badField("wait", "want true or false, got "+quote(text), "true waits until all is undone")
		}
		e.Wait = wait
	}
	ended, err := s.opts.Scenarios.End(a.Context(), e)
	return list(ended), err
}

// lines writes events, one in each line.
type lines struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	gone func(error) // the client does not take them

	mu    sync.Mutex
	begun bool // guarded by mu until the run is over
}

func (l *lines) event(e api.ScenarioEvent) {
	text, err := json.Marshal(e)
	if err != nil {
		panic("encode a scenario's event: " + err.Error()) // its types have no value that JSON lacks
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(append(text, '\n'))
}

// write sends bytes. Callers hold mu.
func (l *lines) write(text []byte) {
	if !l.begun {
		h := l.w.Header()
		h.Set("Content-Type", typeNDJSON)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // else nginx keeps lines back
		h.Set("Connection", "close")     // the write deadline is not one for other requests
		l.begun = true
	}
	_ = l.rc.SetWriteDeadline(deadline(streamTime))
	_, err := l.w.Write(text)
	if err = errors.Join(err, l.rc.Flush()); err != nil && !errors.Is(err, http.ErrNotSupported) {
		l.gone(errors.New("nobody takes its progress any more"))
	}
}

// keepAlive writes an empty line now and then while a story waits: a client that is gone without a word shows by it.
func (l *lines) keepAlive(ctx context.Context, every time.Duration) (done chan struct{}) {
	done = make(chan struct{})
	go func() {
		defer close(done)
		heart := time.NewTicker(every) //nolint:forbidigo // keeps the connection alive, not the story
		defer heart.Stop()
		for {
			select {
			case <-heart.C:
				l.mu.Lock()
				if l.begun {
					l.write([]byte("\n"))
				}
				l.mu.Unlock()
			case <-ctx.Done():
				return
			}
		}
	}()
	return done
}
