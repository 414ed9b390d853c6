package server

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// maxPhrase is the longest reason phrase sent: kubectl shows it in one column.
const maxPhrase = 100

// reasonPhrase makes the first line of a message fit for a status line: printable ASCII, at most maxPhrase bytes.
func reasonPhrase(message string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(message), "\n")
	clean := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, strings.TrimSpace(line))
	return clean[:min(len(clean), maxPhrase)]
}

// writeWithPhrase sends the answer with a reason phrase of its own, which net/http cannot: it takes the connection
// over and closes it. False, and nothing is sent, where the connection cannot be had (HTTP/2, a recorder).
func writeWithPhrase(w http.ResponseWriter, r *http.Request, a reply, phrase string) bool {
	if r.ProtoMajor != 1 {
		return false
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	now := clock.Real().Now()
	_ = conn.SetDeadline(now.Add(10 * time.Second))
	h := w.Header()
	h["Content-Type"] = a.kind
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	h.Set("Connection", "close")
	h.Set("Date", now.Format(http.TimeFormat))
	_, _ = buf.WriteString("HTTP/1.1 " + strconv.Itoa(a.code) + " " + phrase + "\r\n")
	_ = h.Write(buf)
	_, _ = buf.WriteString("\r\n")
	if r.Method != http.MethodHead {
		_, _ = buf.Write(a.body)
	}
	_ = buf.Flush() // errors of the connection are the client's leaving: nobody is left to tell
	_ = conn.Close()
	return true
}
