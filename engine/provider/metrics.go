package provider

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Metrics counts what the provider does. Nil counts nothing.
type Metrics struct {
	hooks   *prometheus.HistogramVec
	broken  *prometheus.CounterVec
	reloads *prometheus.CounterVec
	events  *prometheus.CounterVec
}

// NewMetrics registers the provider's metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		hooks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "moonlet_script_call_duration_seconds", Help: "How long hooks ran, by hook and result.",
			Buckets: []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, .1, 1},
		}, []string{"hook", "result"}),
		broken: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_script_errors_total", Help: "Hooks that broke, by hook and kind of error.",
		}, []string{"hook", "kind"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_script_reloads_total", Help: "Loads of the scripts folder, by result.",
		}, []string{"result"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moonlet_pod_events_total", Help: "What happened to pods, by what.",
		}, []string{"what"}),
	}
	r.MustRegister(m.hooks, m.broken, m.reloads, m.events)
	return m
}

// Watch registers the figures that are read when metrics are asked for.
func (p *Provider) Watch(r prometheus.Registerer) {
	r.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "moonlet_pods", Help: "Pods held.",
		}, func() float64 { return float64(p.store.Len()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "moonlet_script_generation", Help: "Number of the generation of scripts that serves.",
		}, func() float64 { return float64(p.hooks.Current().ID()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "moonlet_script_folder_broken", Help: "1 while the scripts as saved last do not load and an older generation serves.",
		}, func() float64 { return float64(min(1, len(p.Problems().Errors))) }),
	)
	for _, on := range fault.Targets() {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "moonlet_faults", Help: "Faults in force that verbs set, by what they hit.", ConstLabels: prometheus.Labels{"on": string(on)},
		}, func() float64 { return float64(p.faults.set.Load().count(on)) }))
	}
}

func (m *Metrics) hookCalled(hook, result string, took time.Duration) {
	if m != nil {
		m.hooks.WithLabelValues(hook, result).Observe(took.Seconds())
	}
}

func (m *Metrics) hookFailed(e *script.Error) {
	if m != nil {
		m.broken.WithLabelValues(e.Hook, string(e.Kind)).Inc()
	}
}

func (m *Metrics) loaded(ok bool) {
	if m == nil {
		return
	}
	result := "refused"
	if ok {
		result = "ok"
	}
	m.reloads.WithLabelValues(result).Inc()
}

func (m *Metrics) transition(what string) {
	if m != nil {
		m.events.WithLabelValues(what).Inc()
	}
}
