package server

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// moment is a reading of the machine's clock: durations of requests are no part of the story.
type moment time.Duration

// epoch is what moments count from: reading the time since a moment asks the machine for one clock, time.Now for two.
var epoch = time.Now() //nolint:forbidigo // monotonic, and about the machine

func stopwatch() moment { return moment(time.Since(epoch)) }

func (m moment) elapsed() time.Duration { return time.Since(epoch) - time.Duration(m) }

// deadline is the moment from which a connection is given up.
func deadline(after time.Duration) time.Time {
	return time.Now().Add(after) //nolint:forbidigo // connections live on the machine's time
}

// metrics count the provider calls.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	faults   *prometheus.CounterVec
}

func newMetrics(r *prometheus.Registry) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_provider_requests_total",
			Help: "Calls of the web-provider API by HTTP status; dropped: a fault closed the connection; left: the client did.",
		}, []string{"call", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "moonlet_provider_request_duration_seconds",
			Help:    "Time to answer calls of the web-provider API, faults included.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 4, 10),
		}, []string{"call"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_provider_faults_total",
			Help: "Faults that were asked for and served, by call and kind.",
		}, []string{"call", "kind"}),
	}
	r.MustRegister(m.requests, m.duration, m.faults)
	return m
}

// callMetrics are the handles of one call, found once so that counting the usual answer costs no look-up.
type callMetrics struct {
	all      *metrics
	call     string
	ok       prometheus.Counter
	duration prometheus.Observer
}

func (m *metrics) of(call string) *callMetrics {
	return &callMetrics{all: m, call: call, ok: m.requests.WithLabelValues(call, "200"), duration: m.duration.WithLabelValues(call)}
}

func (c *callMetrics) count(code int, began moment) {
	c.duration.Observe(began.elapsed().Seconds())
	if code == http.StatusOK {
		c.ok.Inc()
		return
	}
	c.all.requests.WithLabelValues(c.call, codeLabel(code)).Inc()
}

func (c *callMetrics) countFault(f fault.Fault) {
	for _, kind := range kinds(f) {
		c.all.faults.WithLabelValues(c.call, kind).Inc()
	}
}

// kinds are the words for what a fault does, as scripts name it.
func kinds(f fault.Fault) (words []string) {
	for _, k := range []struct {
		on   bool
		word string
	}{
		{f.Latency > 0, "latency"},
		{f.Code != 0, "error"},
		{f.Hang != 0, "hang"},
		{f.Drop, "drop"},
		{f.Cut > 0, "cut"},
		{f.Garble, "garble"},
	} {
		if k.on {
			words = append(words, k.word)
		}
	}
	return words
}
