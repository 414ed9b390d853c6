package state_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/state"
)

// sample is a pod of everyday size, 2.6 KB.
func sample(b *testing.B) *v1.Pod {
	b.Helper()
	text, err := os.ReadFile("testdata/pods/sample.json")
	if err != nil {
		b.Fatal(err)
	}
	o := new(v1.Pod)
	if err := json.Unmarshal(text, o); err != nil {
		b.Fatal(err)
	}
	return o
}

func filled(b *testing.B, s *state.Store, n int) {
	b.Helper()
	o := sample(b)
	for i := range n {
		p := newPod(fmt.Sprintf("pod-%06d", i))
		p.Object = o
		commit(b, s, state.Change{Key: p.Key, New: p, Wait: i == n-1})
	}
}

func BenchmarkGet(b *testing.B) {
	s := memory(b)
	filled(b, s, 10_000)
	k := key("pod-005000")
	b.ReportAllocs()
	for b.Loop() {
		if s.Get(k) == nil {
			b.Fatal("gone")
		}
	}
}

func BenchmarkGetParallel(b *testing.B) {
	s := memory(b)
	filled(b, s, 10_000)
	k := key("pod-005000")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Get(k)
		}
	})
}

func BenchmarkCommitInMemory(b *testing.B) {
	s := memory(b)
	filled(b, s, 10_000)
	p := s.Get(key("pod-005000"))
	b.ReportAllocs()
	for b.Loop() {
		n := *p
		p = commit(b, s, state.Change{Key: p.Key, Old: p, New: &n})
	}
}

// BenchmarkCommitDurable has 50 clients that each wait for their pods.
func BenchmarkCommitDurable(b *testing.B) {
	for _, fsync := range []bool{false, true} {
		b.Run(fmt.Sprintf("fsync=%v", fsync), func(b *testing.B) {
			s := opened(b, state.Options{Path: path(b), Fsync: fsync})
			o := sample(b)
			var n atomic.Int64
			b.SetParallelism(25) // times GOMAXPROCS of 2
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					p := newPod(fmt.Sprintf("pod-%d", n.Add(1)))
					p.Object = o
					if _, err := s.Commit(context.Background(), state.Change{Key: p.Key, New: p, Wait: true}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkOpen100000(b *testing.B) {
	file := path(b)
	s := opened(b, state.Options{Path: file})
	filled(b, s, 100_000)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := state.Open(state.Options{Path: file})
		if err != nil || s.Len() != 100_000 {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size())/100_000, "bytes/pod")
}

func BenchmarkList100000(b *testing.B) {
	s := memory(b)
	filled(b, s, 100_000)
	p := s.Get(key("pod-050000"))
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			s.List()
		}
	})
	b.Run("after a change", func(b *testing.B) {
		for b.Loop() {
			n := *p
			p = commit(b, s, state.Change{Key: p.Key, Old: p, New: &n})
			s.List()
		}
	})
	b.Run("after a creation", func(b *testing.B) {
		i := 0
		for b.Loop() {
			i++
			n := newPod(fmt.Sprintf("new-%d", i))
			n = commit(b, s, state.Change{Key: n.Key, New: n})
			s.List()
			commit(b, s, state.Change{Key: n.Key, Old: n})
			s.List()
		}
	})
}
