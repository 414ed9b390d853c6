package pod_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/engine/pod"
)

type silent struct{}

func (silent) Pull(pod.Question) pod.Pull     { return pod.Pull{} }
func (silent) Start(pod.Question) pod.Outcome { return pod.Outcome{} }

// BenchmarkCreateToRunning is a plain pod from its first second to Running, without its status.
func BenchmarkCreateToRunning(b *testing.B) {
	p := web()
	b.ReportAllocs()
	for b.Loop() {
		l, _ := pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7"}).Advance(p, t0, silent{})
		if !l.Due().IsZero() {
			b.Fatal("due")
		}
	}
}

// BenchmarkNothingDue is what a look at a quiet pod costs.
func BenchmarkNothingDue(b *testing.B) {
	p := web()
	l, _ := pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7"}).Advance(p, t0, silent{})
	b.ReportAllocs()
	for b.Loop() {
		l, _ = l.Advance(p, t0.Add(time.Hour), silent{})
	}
}

// BenchmarkReplan is an unchanged answer for a running pod.
func BenchmarkReplan(b *testing.B) {
	p := web()
	l, _ := pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7"}).Advance(p, t0, silent{})
	b.ReportAllocs()
	for b.Loop() {
		l, _ = l.Replan(p, t0.Add(time.Hour), silent{})
	}
}

func BenchmarkStatus(b *testing.B) {
	p := web()
	l, _ := pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7"}).Advance(p, t0, silent{})
	b.ReportAllocs()
	for b.Loop() {
		l.Status(p, node)
	}
}

func BenchmarkLifeJSON(b *testing.B) {
	p := web()
	l, _ := pod.Begin(p, t0, pod.Beginning{IP: "10.0.0.7"}).Advance(p, t0, silent{})
	b.ReportAllocs()
	var size int
	for b.Loop() {
		text, err := json.Marshal(l)
		if err != nil {
			b.Fatal(err)
		}
		size = len(text)
	}
	b.ReportMetric(float64(size), "bytes/life")
}
