package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// ErrBrokeOff says that a run's progress ended before the run did: nobody knows how it went on.
var ErrBrokeOff = errors.New("the Moonlet broke off in the middle of the run: it undoes what the scenario did, at the latest when it starts again")

// RunScenarios has a Moonlet tell the scenarios of a file, and hands on what happens until they have ended. When ctx
// ends, so do they, and what they did is undone; tell then still gets the verdict.
func (c *Client) RunScenarios(ctx context.Context, r api.ScenarioRequest, tell func(api.ScenarioEvent)) error {
	const call = api.V1 + "/scenarios"
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// The request outlives ctx: ending the run is a call of its own, so that the verdict can still come.
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	req, err := c.request(reading, http.MethodPost, call, nil, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unanswered(ctx, http.MethodPost, call, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, errorLimit))
		return c.refused(resp, http.MethodPost, call, text)
	}
	f := &follower{client: c, tell: tell, run: make(chan string, 1)}
	defer context.AfterFunc(ctx, func() { f.end(ctx, cancel) })()
	return f.follow(resp.Body)
}

const (
	errorLimit = 1 << 20
	// goodbye is how long a run that was ended may take to undo what it did before nobody waits for that any more.
	goodbye = 30 * time.Second
)

// follower reads the progress of a run.
type follower struct {
	client *Client
	tell   func(api.ScenarioEvent)
	run    chan string // the latest run, once there is one
}

// follow reads until the run has ended: each line is an event, empty lines keep the connection alive.
func (f *follower) follow(body io.Reader) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, longestEvent)
	over := true
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var e api.ScenarioEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("an event of the run does not decode: %w", err)
		}
		f.note(e.Run)
		over = e.Verdict != nil
		f.tell(e)
	}
	switch err := lines.Err(); {
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrBrokeOff, err)
	case !over:
		return ErrBrokeOff
	}
	return nil
}

// note keeps the name of the run under way.
func (f *follower) note(run string) {
	select {
	case <-f.run:
	default:
	}
	f.run <- run
}

// end has the run ended, and gives it time to say how.
func (f *follower) end(ctx context.Context, giveUp func()) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	select {
	case run := <-f.run:
		f.run <- run
		if _, err := f.client.EndRuns(ctx, api.ScenarioEnd{Run: run, By: "Ctrl-C"}); err != nil {
			giveUp()
		}
	default:
		giveUp() // it has not begun: that the connection is gone will do
	}
}
