package pods

import "github.com/prometheus/client_golang/prometheus"

// metrics counts what goes to the provider and to Kubernetes.
type metrics struct {
	calls   *prometheus.CounterVec
	patches *prometheus.CounterVec
	deletes *prometheus.CounterVec
	watches *prometheus.CounterVec
}

func newMetrics(b *Broker, r prometheus.Registerer) *metrics {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_kubelet_provider_calls_total", Help: "Calls of the provider about pods, by call and result. Statuses are counted only where they fail.",
		}, []string{"call", "result"}),
		patches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_kubelet_pod_patches_total", Help: "Writes of the status of pods, by result.",
		}, []string{"result"}),
		deletes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_kubelet_pod_deletes_total", Help: "Pods deleted in Kubernetes after their end, by result.",
		}, []string{"result"}),
		watches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_kubelet_pod_watches_total", Help: "Watches of pods that were begun, by whether they went on from the one before (resumed) or began with all pods (listed).",
		}, []string{"result"}),
	}
	if r == nil {
		return m
	}
	r.MustRegister(m.calls, m.patches, m.deletes, m.watches,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "moonlet_kubelet_pods", Help: "Pods known, of Kubernetes or of the provider.",
		}, func() float64 { return float64(b.table.len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "moonlet_kubelet_pod_queue_length", Help: "Pods that wait for a worker.",
		}, func() float64 { return float64(b.queue.len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "moonlet_kubelet_pod_pauses", Help: "Pods that are to be looked at again at some time: to repeat what failed, or to ask the provider.",
		}, func() float64 { return float64(b.queue.paused()) }),
	)
	return m
}

func (m *metrics) call(name string, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	m.calls.WithLabelValues(name, result).Inc()
}
