package server_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/server"
)

func TestAPortInUseSaysWhatToDo(t *testing.T) {
	first, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	address := first.Addr().String()
	_, err = server.Listen(t.Context(), address)
	if want := "listen on " + address + ": the port is in use: stop the process that has it, or choose another with --listen"; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestABadAddressSaysWhatToDo(t *testing.T) {
	for address, want := range map[string]string{
		"3000":         "missing port in address",
		"127.0.0.1:x":  "--listen",
		"192.0.2.1:80": "this machine has no such address",
	} {
		_, err := server.Listen(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "listen on "+address+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestServeAnswersUntilItIsStopped(t *testing.T) {
	l, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- newServer(newFake()).Serve(ctx, l) }()
	r, err := http.Get("http://" + l.Addr().String() + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, r); got != "ok\n" {
		t.Errorf("livez: %q", got)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
}

func TestServeEndsWithItsListener(t *testing.T) {
	l, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := newServer(newFake()).Serve(t.Context(), l); err == nil || !strings.HasPrefix(err.Error(), "serve on 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

func TestAShutdownEndsHangingCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, server.Options{Provider: newFake().strikes(fault.Fault{Hang: -1}, api.GetPods, api.Capacity)})
		errs := make(chan error, 1)
		go func() {
			r, err := s.client.Get("http://moonlet/getPods")
			if err == nil {
				_ = r.Body.Close()
			}
			errs <- err
		}()
		synctest.Wait()
		began := time.Now()
		s.stop()
		if err := <-errs; err == nil {
			t.Error("the hanging call was answered")
		}
		if err := <-s.ended; err != nil || time.Since(began) > time.Second {
			t.Errorf("serve: %v after %s", err, time.Since(began))
		}
	})
}

// slow is a provider whose GetPods waits.
type slow struct {
	*fake
	takes time.Duration
}

func (s slow) PodsJSON(ctx context.Context) ([]byte, error) {
	time.Sleep(s.takes) // of the bubble
	return s.fake.PodsJSON(ctx)
}

func TestAShutdownWaitsForWhatIsUnderWay(t *testing.T) {
	for name, c := range map[string]struct {
		takes   time.Duration
		answers bool
	}{"in time": {2 * time.Second, true}, "not for ever": {time.Minute, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := serve(t, server.Options{Provider: slow{newFake(), c.takes}})
				answered := make(chan bool, 1)
				go func() {
					r, err := s.client.Get("http://moonlet/getPods")
					if err == nil {
						_ = r.Body.Close()
					}
					answered <- err == nil
				}()
				synctest.Wait()
				s.stop()
				if got := <-answered; got != c.answers {
					t.Errorf("answered: %v, want %v", got, c.answers)
				}
				if err := <-s.ended; (err == nil) != c.answers {
					t.Errorf("serve: %v", err)
				}
				time.Sleep(c.takes)
			})
		})
	}
}
