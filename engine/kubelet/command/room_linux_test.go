package command

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

func policyOf(t *testing.T, thread int) uint32 {
	t.Helper()
	now, err := unix.SchedGetAttr(thread, 0)
	if err != nil {
		t.Error(err)
		return 1 << 31
	}
	return now.Policy
}

// elsewhere runs f on a thread of its own, which ends with it.
func elsewhere(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}

func TestAllThreadsAreBatchJobsAndThoseTheyStart(t *testing.T) {
	schedule(t, 0) // another test may have been here before
	if got := policyOf(t, 0); got != 0 {
		t.Fatalf("policy %d", got)
	}
	if err := asBatch(); err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil || len(threads) < 2 {
		t.Fatalf("%d threads, %v", len(threads), err)
	}
	for _, thread := range threads {
		id, _ := strconv.Atoi(thread.Name()) // the kernel's
		if got := policyOf(t, id); got != unix.SCHED_BATCH {
			t.Errorf("thread %d has policy %d", id, got)
		}
	}
	elsewhere(func() { // the runtime starts one for it, or has started it before
		elsewhere(func() {
			if got := policyOf(t, 0); got != unix.SCHED_BATCH {
				t.Errorf("a thread started later has policy %d", got)
			}
		})
	})
}

func TestAPolicyThatSomebodyChoseIsObeyed(t *testing.T) {
	elsewhere(func() {
		if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}, 0); err != nil {
			t.Error(err)
			return
		}
		if err := batch(0); err != nil {
			t.Error(err)
		}
		if got := policyOf(t, 0); got != unix.SCHED_IDLE {
			t.Errorf("policy %d", got)
		}
	})
}

func TestAThreadThatHasEndedIsNoError(t *testing.T) {
	ended := os.Getpid()
	for ended == os.Getpid() { // the first thread never ends: Go parks it, and gives the next goroutine another
		elsewhere(func() { ended = unix.Gettid() })
	}
	for policyErr := error(nil); policyErr == nil; { // it ends a little later than its goroutine
		_, policyErr = unix.SchedGetAttr(ended, 0)
	}
	if err := batch(ended); err != nil {
		t.Error(err)
	}
}

// schedule gives all threads a policy, also those that start meanwhile.
func schedule(t *testing.T, policy uint32) {
	t.Helper()
	for done := map[string]bool{}; ; {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		before := len(done)
		for _, thread := range threads {
			id, _ := strconv.Atoi(thread.Name()) // the kernel's
			err := unix.SchedSetAttr(id, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy}, 0)
			if err != nil && !errors.Is(err, unix.ESRCH) {
				t.Fatal(err)
			}
			done[thread.Name()] = true
		}
		if len(done) == before {
			return
		}
	}
}
