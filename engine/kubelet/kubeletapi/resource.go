package kubeletapi

import (
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	stats "k8s.io/kubelet/pkg/apis/stats/v1alpha1"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Metrics of /metrics/resource, with a kubelet's names, labels and help: metrics-server reads them.
var (
	ofContainer = []string{"container", "pod", "namespace"}
	ofPod       = []string{"pod", "namespace"}

	nodeCPU = prometheus.NewDesc("node_cpu_usage_seconds_total",
		"[STABLE] Cumulative cpu time consumed by the node in core-seconds", nil, nil)
	nodeMemory = prometheus.NewDesc("node_memory_working_set_bytes",
		"[STABLE] Current working set of the node in bytes", nil, nil)
	containerStart = prometheus.NewDesc("container_start_time_seconds",
		"[STABLE] Start time of the container since unix epoch in seconds", ofContainer, nil)
	containerCPU = prometheus.NewDesc("container_cpu_usage_seconds_total",
		"[STABLE] Cumulative cpu time consumed by the container in core-seconds", ofContainer, nil)
	containerMemory = prometheus.NewDesc("container_memory_working_set_bytes",
		"[STABLE] Current working set of the container in bytes", ofContainer, nil)
	podCPU = prometheus.NewDesc("pod_cpu_usage_seconds_total",
		"[STABLE] Cumulative cpu time consumed by the pod in core-seconds", ofPod, nil)
	podMemory = prometheus.NewDesc("pod_memory_working_set_bytes",
		"[STABLE] Current working set of the pod in bytes", ofPod, nil)
	scrapeError = prometheus.NewDesc("resource_scrape_error",
		"[STABLE] 1 if there was an error while getting container metrics, 0 otherwise", nil, nil)
)

// resourceMetrics shows what the pods of a node use, for metrics-server and kubectl top. Where that is not to be had,
// resource_scrape_error is all it shows.
func (s *Server) resourceMetrics(w http.ResponseWriter, r *http.Request, c *call) error {
	summary, err := s.summary(r.Context(), c)
	if err != nil && !errors.Is(err, kubelet.ErrUnsupported) {
		s.Log.Warn("usage cannot be told", "call", c.name, "node", c.node, "err", err)
	}
	serveMetrics(w, r, usageCollector{summary})
	return nil
}

// processMetrics shows the metrics of the process.
func (s *Server) processMetrics(w http.ResponseWriter, r *http.Request, _ *call) error {
	promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
	return nil
}

func serveMetrics(w http.ResponseWriter, r *http.Request, c prometheus.Collector) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}).ServeHTTP(w, r)
}

// usageCollector is one summary as metrics; nil: it could not be had.
type usageCollector struct{ *stats.Summary }

// Describe implements prometheus.Collector.
func (u usageCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{nodeCPU, nodeMemory, containerStart, containerCPU, containerMemory, podCPU, podMemory, scrapeError} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (u usageCollector) Collect(to chan<- prometheus.Metric) {
	failed := 0.0
	if u.Summary == nil {
		failed = 1
	} else {
		collectUsage(to, nodeCPU, nodeMemory, u.Node.CPU, u.Node.Memory)
		for i := range u.Pods {
			collectPod(to, &u.Pods[i])
		}
	}
	to <- metric(scrapeError, prometheus.GaugeValue, failed)
}

func collectPod(to chan<- prometheus.Metric, p *stats.PodStats) {
	collectUsage(to, podCPU, podMemory, p.CPU, p.Memory, p.PodRef.Name, p.PodRef.Namespace)
	for i := range p.Containers {
		c := &p.Containers[i]
		labels := []string{c.Name, p.PodRef.Name, p.PodRef.Namespace}
		collectUsage(to, containerCPU, containerMemory, c.CPU, c.Memory, labels...)
		if c.StartTime.Unix() > 0 {
			to <- metric(containerStart, prometheus.GaugeValue, float64(c.StartTime.UnixNano())/nano, labels...)
		}
	}
}

func collectUsage(to chan<- prometheus.Metric, cpu, memory *prometheus.Desc, c *stats.CPUStats, m *stats.MemoryStats, labels ...string) {
	to <- prometheus.NewMetricWithTimestamp(c.Time.Time, metric(cpu, prometheus.CounterValue, float64(*c.UsageCoreNanoSeconds)/nano, labels...))
	to <- prometheus.NewMetricWithTimestamp(m.Time.Time, metric(memory, prometheus.GaugeValue, float64(*m.WorkingSetBytes), labels...))
}

// metric is left out, with an error in the log of whoever gathers, where a provider's names are no text.
func metric(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) prometheus.Metric {
	m, err := prometheus.NewConstMetric(d, kind, value, labels...)
	if err != nil {
		return prometheus.NewInvalidMetric(d, err)
	}
	return m
}
