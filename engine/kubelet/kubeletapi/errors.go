package kubeletapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// refusal is an answer that is no success: a status and a text for the person who reads it.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return r.text }

func refuse(code int, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

func unsupported(what string) error {
	return fmt.Errorf("%s: %w", what, kubelet.ErrUnsupported)
}

// fail answers with an error. Where an answer has begun, or the node is silent, the connection breaks instead, so that
// nobody takes half an answer for a whole one.
func (s *Server) fail(w *recorder, r *http.Request, c *call, err error) {
	if errors.Is(err, errSilent) || w.code != 0 || r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	code := statusOf(err)
	if code == http.StatusInternalServerError {
		s.Log.LogAttrs(r.Context(), slog.LevelWarn, "kubelet API call failed", slog.String("call", c.name),
			slog.String("node", c.node), slog.String("pod", c.podKey()), slog.Any("err", err))
	}
	if httpstream.IsUpgradeRequest(r) {
		writeStatus(w, code, err)
		return
	}
	plainText(w)
	w.WriteHeader(code)
	_, _ = w.Write([]byte(err.Error() + "\n")) // a client that left reads no errors
}

// writeStatus answers who wanted an upgrade with an object of Kubernetes: clients for WebSockets take a text with a colon
// for YAML, and show nothing.
func writeStatus(w http.ResponseWriter, code int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: int32(code), Message: err.Error(), //nolint:gosec // a status of HTTP
	})
}

// recovered is what a function ends with that may have panicked.
func (s *Server) recovered(panicked any, err error) error {
	if panicked == nil {
		return err
	}
	s.Log.Error("provider panicked", "err", panicked, "stack", string(debug.Stack()))
	return fmt.Errorf("the provider broke down: %v", panicked)
}

func statusOf(err error) int {
	var no *refusal
	switch {
	case errors.As(err, &no):
		return no.code
	case errors.Is(err, kubelet.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, kubelet.ErrUnsupported):
		return http.StatusNotImplemented
	}
	return http.StatusInternalServerError
}

func plainText(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}
