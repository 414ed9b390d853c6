package nodes

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

type metrics struct {
	late   prometheus.Counter
	lag    prometheus.Histogram
	writes *prometheus.CounterVec
	silent prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) metrics {
	m := metrics{
		late: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "moonlet_kubelet_lease_late_total",
			Help: "Renewals of node leases that were accepted more than a quarter of the lease's duration after they were due, or not at all.",
		}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "moonlet_kubelet_lease_lag_seconds",
			Help:    "Time from when the renewal of a node lease was due to when it was accepted.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8),
		}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_kubelet_node_status_writes_total",
			Help: "Requests that wrote the status of a node.",
		}, []string{"result"}),
		silent: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "moonlet_kubelet_silent_nodes",
			Help: "Nodes of which nothing reaches Kubernetes now.",
		}),
	}
	if r != nil {
		r.MustRegister(m.late, m.lag, m.writes, m.silent)
	}
	return m
}

func (m metrics) written(err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.writes.WithLabelValues(result).Inc()
}

// complaints logs what goes wrong for many nodes at once: each kind once in a while, with how many there were.
type complaints struct {
	log   *slog.Logger
	clock clock.Clock

	mu    sync.Mutex
	kinds map[string]*complaint // guarded by mu
}

type complaint struct {
	at    time.Time // of the last line
	since int       // complaints that were not logged
}

const complainEvery = 10 * time.Second

// note logs one, or counts it.
func (c *complaints) note(ctx context.Context, what, node string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds == nil {
		c.kinds = make(map[string]*complaint)
	}
	seen := c.kinds[what]
	if seen == nil {
		seen = &complaint{}
		c.kinds[what] = seen
	}
	now := c.clock.Now()
	if !seen.at.IsZero() && now.Sub(seen.at) < complainEvery {
		seen.since++
		return
	}
	c.log.WarnContext(ctx, what, "node", node, "err", err, "more", seen.since)
	*seen = complaint{at: now}
}
