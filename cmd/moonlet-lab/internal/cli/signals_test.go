package cli

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
)

func TestFirstSignalEndsTheContext(t *testing.T) {
	for name, tc := range map[string]struct {
		signal syscall.Signal
		want   error
	}{
		"Ctrl-C":            {syscall.SIGINT, errInterrupted},
		"a service":         {syscall.SIGTERM, errTerminated},
		"a closed terminal": {syscall.SIGHUP, errTerminated},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := interruptible(t.Context(), func(int) { t.Error("exit at the first signal") })
			defer stop()
			raise(t, tc.signal)
			<-ctx.Done()
			if got := context.Cause(ctx); !errors.Is(got, tc.want) {
				t.Errorf("cause %v, want %v", got, tc.want)
			}
		})
	}
}

func TestSecondSignalExitsAtOnce(t *testing.T) {
	exited := make(chan int, 1)
	ctx, stop := interruptible(t.Context(), func(code int) { exited <- code })
	defer stop()
	raise(t, syscall.SIGINT)
	<-ctx.Done()
	raise(t, syscall.SIGINT)
	if code := <-exited; code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
}

func raise(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}
