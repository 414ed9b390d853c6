package events

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what became of events.
type metrics struct{ results *prometheus.CounterVec }

func newMetrics() metrics {
	return metrics{results: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "moonlet_kubelet_events_total",
		Help: "Events by what became of them: ok, combined (with others alike), overflow (fell out of the queue), refused or error.",
	}, []string{"result"})}
}

func (m metrics) register(r prometheus.Registerer, q *queue) {
	if r == nil {
		return
	}
	r.MustRegister(m.results, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "moonlet_kubelet_event_queue_length", Help: "Events that wait to be written.",
	}, func() float64 { return float64(q.len()) }))
}
