package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveHealth serves what tells of this process, without TLS and without a question who asks.
func (b *Broker) serveHealth(ctx context.Context) error {
	router := httprouter.New()
	router.Handler(http.MethodGet, "/metrics", promhttp.HandlerFor(b.metrics(), promhttp.HandlerOpts{}))
	router.HandlerFunc(http.MethodGet, "/livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	router.HandlerFunc(http.MethodGet, "/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	router.HandlerFunc(http.MethodGet, "/readyz", b.ready)
	s := &http.Server{Handler: router, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(b.health); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ready says whether the nodes are registered and the pods known.
func (b *Broker) ready(w http.ResponseWriter, _ *http.Request) {
	if !b.pods.Synced() {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "[-]pods: not all are known yet")
		return
	}
	fmt.Fprintln(w, "[+]nodes ok\n[+]pods ok")
}
