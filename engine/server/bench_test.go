package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"

	"github.com/moonlet-dev/moonlet/engine/server"
)

func testPod(tb testing.TB) *v1.Pod {
	tb.Helper()
	p, err := server.DecodePod([]byte(web))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// writer is a response that costs next to nothing and is used again and again.
type writer struct{ header http.Header }

func (w *writer) Header() http.Header         { return w.header }
func (w *writer) Write(b []byte) (int, error) { return len(b), nil }
func (w *writer) WriteHeader(int)             {}

// constant is a provider whose status is there already.
type constant struct {
	*fake
	status []byte
}

func (c constant) PodStatusJSON(context.Context, string, string) ([]byte, error) {
	return c.status, nil
}

// What the server adds to a handler that writes constant bytes.
func BenchmarkGetPodStatus(b *testing.B) {
	status := []byte(strings.Repeat("x", 2600))
	for name, h := range map[string]http.Handler{
		"constant": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(status)
		}),
		"server": newServerOf(constant{newFake(), status}),
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/getPodStatus?namespace=default&name=web", nil)
			w := &writer{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

// The call that every kubelet makes for every pod every five seconds.
func TestTheStatusCallAllocatesNothing(t *testing.T) {
	s := newServerOf(constant{newFake(), []byte(strings.Repeat("x", 2600))})
	r := httptest.NewRequest(http.MethodGet, "/getPodStatus?namespace=default&name=web", nil)
	w := &writer{header: http.Header{}}
	if got := testing.AllocsPerRun(100, func() { s.ServeHTTP(w, r) }); got != 0 {
		t.Errorf("%v allocations a request", got)
	}
	if got := w.header["Content-Length"]; len(got) != 1 || got[0] != "2600" {
		t.Errorf("length %v", got)
	}
}

func newServerOf(p server.Provider) *server.Server { return server.New(server.Options{Provider: p}) }

func BenchmarkDecodePod(b *testing.B) {
	body := []byte(readFile(b, "testdata/pods/podn.json"))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := server.DecodePod(body); err != nil {
			b.Fatal(err)
		}
	}
}
