package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// Error is an answer that is not 2xx.
type Error struct {
	Method string
	URL    string // without query and password
	Code   int    // 503
	Status string // the status line, whose words may be the provider's own: "503 out of capacity"
	Text   string // first line of the body, for people
}

// Error is all of it in one line.
func (e *Error) Error() string {
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

// shown is where a call goes, fit for an error.
func (c *Client) shown(call string) string {
	u := *c.base.JoinPath(call)
	u.RawQuery = ""
	return u.String()
}

// odd is a 2xx answer that cannot be used.
func (c *Client) odd(call string, why error) error {
	return fmt.Errorf("%s %s: %w", http.MethodGet, c.shown(call), why)
}

// unreachable takes the query, which may hold a token, out of what net/http says.
func (c *Client) unreachable(method, call string, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return fmt.Errorf("%s %s: %w", method, c.shown(call), err)
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
