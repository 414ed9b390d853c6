package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/moonlet-dev/moonlet/engine/api"
)

// Error is an answer that is not 2xx.
type Error struct {
	Method string
	URL    string    // without query and password
	Code   int       // 503
	Status string    // the status line, whose words may be the provider's own: "503 out of capacity"
	Text   string    // first line of the body, for people
	Told   api.Error // what a Moonlet's own API said; zero: the answer was another's
}

// Error is all of it in one line. What a Moonlet says of its own API speaks for itself: what, why and what to do.
func (e *Error) Error() string {
	if e.Told.Error != "" {
		return strings.TrimSuffix(e.Told.Error+": "+e.Told.Hint, ": ")
	}
	line := e.Method + " " + e.URL + ": " + e.Status
	if e.Text != "" && !strings.HasSuffix(e.Status, e.Text) {
		line += ": " + e.Text
	}
	return line
}

// NotFound says that the provider does not know what was asked for. It makes the error one that Virtual Kubelet's
// errdefs understand.
func (e *Error) NotFound() bool { return e.Code == http.StatusNotFound }

// NotFound says that an error of this package means: the provider does not know that pod or container.
func NotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.NotFound()
}

// ErrNull says that the answer was the JSON null where an object was asked for.
var ErrNull = errors.New("the answer is null")

// ErrEmpty says that the answer had no body where JSON was asked for.
var ErrEmpty = errors.New("an empty body")

// Unanswered is a call to which no whole answer came.
type Unanswered struct {
	Method string
	URL    string // without query and password
	Sent   bool   // the provider may have got it; else there was no connection, and it may be repeated whatever it is
	Err    error
}

// Error is all of it in one line.
func (e *Unanswered) Error() string { return e.Method + " " + e.URL + ": " + e.Err.Error() }

// Unwrap is what went wrong.
func (e *Unanswered) Unwrap() error { return e.Err }

// Dropped says that the connection was lost; else it was time that ran out, or a certificate that is not trusted.
func (e *Unanswered) Dropped() bool {
	return !e.Sent || errors.Is(e.Err, io.EOF) || errors.Is(e.Err, io.ErrUnexpectedEOF) ||
		errors.Is(e.Err, syscall.ECONNRESET) || errors.Is(e.Err, syscall.EPIPE)
}

// shown is where a call goes, fit for an error.
func (c *Client) shown(call string) string {
	u := *c.base.JoinPath(call)
	u.RawQuery = ""
	return u.String()
}

// odd is a 2xx answer that cannot be used.
func (c *Client) odd(method, call string, why error) error {
	return fmt.Errorf("%s %s: %w", method, c.shown(call), why)
}

// unanswered takes the query, which may hold a token, out of what net/http says.
func (c *Client) unanswered(ctx context.Context, method, call string, err error) error {
	err = cause(ctx, err)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	op, isOp := errors.AsType[*net.OpError](err)
	return &Unanswered{Method: method, URL: c.shown(call), Sent: !isOp || (op.Op != "dial" && op.Op != "proxyconnect"), Err: err}
}

// late is the end of the client's patience, after so long.
type late time.Duration

func (l late) Error() string { return "no answer within " + time.Duration(l).String() }
func (l late) Timeout() bool { return true }

// cause is why a context ended, where that is why a call did.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// firstLine is the beginning of a body for people: printable, and not too long.
func firstLine(body []byte) string {
	const longest = 200
	line, _, _ := strings.Cut(strings.TrimSpace(string(body[:min(len(body), 4*longest)])), "\n")
	line = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, line)
	if cut := []rune(line); len(cut) > longest {
		return string(cut[:longest]) + "…"
	}
	return line
}
