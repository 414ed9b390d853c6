package command

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// asBatch has Linux schedule the threads of this process as batch jobs, also those that they will start. A thread that wakes
// up, because an answer came or because Go's monitor looks around thousands of times a second, does not take the processor
// from another process then; it waits for a turn, and finds more to do at once: a quarter of our CPU where all processors
// are busy. On a processor that is free it starts at once as before. Whoever has given this process another policy than
// the usual one is obeyed.
func asBatch() error {
	for batched := map[int]bool{}; ; {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		before := len(batched)
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return err
			}
			if err := batch(id); err != nil {
				return fmt.Errorf("thread %d: %w", id, err)
			}
			batched[id] = true
		}
		if len(batched) == before {
			return nil // nor was there one that a thread of the usual policy could have started
		}
	}
}

// batch has a thread scheduled as a batch job if it has the usual policy. One that has ended is none.
func batch(thread int) error {
	const usual = 0 // SCHED_OTHER
	now, err := unix.SchedGetAttr(thread, 0)
	if err == nil && now.Policy == usual {
		err = unix.SchedSetAttr(thread, &unix.SchedAttr{
			Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: now.Nice, Flags: now.Flags & unix.SCHED_FLAG_RESET_ON_FORK,
		}, 0)
	}
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}
