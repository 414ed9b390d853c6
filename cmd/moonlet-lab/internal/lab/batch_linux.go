package lab

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// StartAsBatch starts a command whose threads Linux schedules as batch jobs: it takes the policy of the thread that starts
// it. One that wakes up does not take the processor from another process then, but waits for a turn; on a processor that is
// free it starts at once. Where there is no such policy to have, the command is started without it.
func StartAsBatch(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const usual = 0 // SCHED_OTHER
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil || before.Policy != usual {
		return cmd.Start()
	}
	schedule := func(policy uint32) error {
		return unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Nice: before.Nice}, 0)
	}
	if schedule(unix.SCHED_BATCH) == nil {
		defer func() { _ = schedule(usual) }() // whoever got the one gets the other
	}
	return cmd.Start()
}
