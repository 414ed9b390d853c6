package kubeletapi

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// logOptions reads v1.PodLogOptions as a kubelet does: what cannot be read is a bad request, what makes no sense cannot
// be processed. Only the first of several values counts.
func logOptions(query url.Values, now time.Time) (kubelet.LogOptions, error) {
	q := &logQuery{values: query}
	tail, hasTail := q.number(tailName(query))
	seconds, hasSeconds := q.number("sinceSeconds")
	limit, hasLimit := q.number("limitBytes")
	since := q.time("sinceTime")
	o := kubelet.LogOptions{
		Timestamps: q.truth("timestamps"), Follow: q.truth("follow"), Previous: q.truth("previous"),
		LimitBytes: limit, Since: since,
	}
	if hasTail {
		lines := int(min(tail, math.MaxInt32)) // no log has more
		o.Tail = &lines
	}
	if hasSeconds {
		o.Since = now.Add(-time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second)
	}
	q.insist(!hasTail || tail >= 0, "tailLines is %d: it must be 0 or more", tail)
	q.insist(!hasSeconds || seconds >= 1, "sinceSeconds is %d: it must be greater than 0", seconds)
	q.insist(!hasLimit || limit >= 1, "limitBytes is %d: it must be greater than 0", limit)
	q.insist(!hasSeconds || since.IsZero(), "sinceSeconds and sinceTime: only one of them may be given")
	if kind := query.Get("stream"); kind != "" && kind != v1.LogStreamAll {
		q.fail(http.StatusBadRequest, "stream is %q: this kubelet has one stream for all, %q", kind, v1.LogStreamAll)
	}
	return o, q.err
}

// tailName is the parameter that says how many lines: tail is the old name of tailLines, and wins; its "all" is none.
func tailName(query url.Values) string {
	switch query.Get("tail") {
	case "":
		return "tailLines"
	case "all":
		return ""
	}
	return "tail"
}

// logQuery reads values until the first error, which it keeps.
type logQuery struct {
	values url.Values
	err    error
}

func (q *logQuery) fail(code int, format string, args ...any) {
	if q.err == nil {
		q.err = refuse(code, format, args...)
	}
}

func (q *logQuery) insist(sane bool, format string, args ...any) {
	if !sane {
		q.fail(http.StatusUnprocessableEntity, format, args...)
	}
}

// number reads a whole number; false: it was not given.
func (q *logQuery) number(name string) (int64, bool) {
	text := q.values.Get(name)
	if text == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		q.fail(http.StatusBadRequest, "%s is %q: it must be a whole number", name, text)
	}
	return n, err == nil
}

// truth reads a switch as all of Kubernetes does: present is on, unless it says otherwise.
func (q *logQuery) truth(name string) bool {
	if !q.values.Has(name) {
		return false
	}
	switch strings.ToLower(q.values.Get(name)) {
	case "false", "0":
		return false
	}
	return true
}

func (q *logQuery) time(name string) time.Time {
	text := q.values.Get(name)
	if text == "" || text == "null" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		q.fail(http.StatusBadRequest, "%s is %q: it must be a time such as 2026-01-31T12:00:00Z", name, text)
	}
	return t
}
