package connect

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// wire is a transport that answers after a while.
type wire struct{ after atomic.Int64 }

func wireOf(after time.Duration) *wire {
	w := &wire{}
	w.after.Store(int64(after))
	return w
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Duration(w.after.Load())):
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// send sends a request that waits for limit.
func send(t *testing.T, r *redial, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://h", http.NoBody)
	if err != nil {
		t.Error(err)
		return
	}
	if response, err := r.RoundTrip(request); err == nil {
		_ = response.Body.Close()
	}
}

func TestDeadConnectionIsClosedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := 0
		r := newRedial(wireOf(time.Hour), func() { closed++ })
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { send(t, r, 10*time.Second) })
		}
		all.Wait()
		if closed != 1 {
			t.Errorf("closed %d times, want once", closed)
		}
		send(t, r, 10*time.Second)
		if closed != 2 {
			t.Errorf("closed %d times after another deadline, want twice", closed)
		}
	})
}

func TestConnectionThatAnswersStaysOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wireOf(time.Hour)
		r := newRedial(w, func() { t.Error("closed") })
		var slow sync.WaitGroup
		slow.Go(func() { send(t, r, 15*time.Second) })
		time.Sleep(12 * time.Second)
		w.after.Store(0)
		send(t, r, time.Second)
		slow.Wait()
	})
}

func TestShortDeadlineClosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRedial(wireOf(time.Hour), func() { t.Error("closed") })
		send(t, r, 100*time.Millisecond)
	})
}
