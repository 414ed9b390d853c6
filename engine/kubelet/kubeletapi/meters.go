package kubeletapi

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// meters are the server's own metrics.
type meters struct {
	requests *prometheus.CounterVec
	reviews  *prometheus.CounterVec
	open     *prometheus.GaugeVec
}

func newMeters(r prometheus.Registerer) *meters {
	m := &meters{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_kubelet_api_requests_total",
			Help: "Calls to the kubelet API that ended, by call and status; code 0 got no answer.",
		}, []string{"call", "code"}),
		reviews: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_kubelet_api_reviews_total",
			Help: "Reviews asked of the API server, by kind (token, access) and result (allowed, denied, error).",
		}, []string{"kind", "result"}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "moonlet_kubelet_api_sessions",
			Help: "Logs, execs, attaches and port-forwards under way, by call.",
		}, []string{"call"}),
	}
	if r != nil {
		r.MustRegister(m.requests, m.reviews, m.open)
	}
	return m
}

// served counts a call; "" is a path that there is not.
func (m *meters) served(call string, code int) {
	if call == "" {
		call = "other"
	}
	m.requests.WithLabelValues(call, strconv.Itoa(code)).Inc()
}

func (m *meters) reviewed(kind string, allowed bool, err error) {
	result := "denied"
	switch {
	case err != nil:
		result = "error"
	case allowed:
		result = "allowed"
	}
	m.reviews.WithLabelValues(kind, result).Inc()
}

// streaming counts a session until the func it returns is called.
func (m *meters) streaming(call string) (end func()) {
	g := m.open.WithLabelValues(call)
	g.Inc()
	return g.Dec
}
