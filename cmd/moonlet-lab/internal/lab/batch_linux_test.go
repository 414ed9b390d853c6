package lab

import (
	"os/exec"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAProgramIsStartedAsABatchJobByAThreadThatIsNone(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	before := policyOf(t, 0)
	if err := StartAsBatch(cmd); err != nil {
		t.Fatal(err)
	}
	if got := policyOf(t, cmd.Process.Pid); got != unix.SCHED_BATCH {
		t.Errorf("the program's policy is %d", got)
	}
	if got := policyOf(t, 0); got != before {
		t.Errorf("this thread's policy is %d now, was %d", got, before)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func policyOf(t *testing.T, thread int) uint32 {
	t.Helper()
	now, err := unix.SchedGetAttr(thread, 0)
	if err != nil {
		t.Fatal(err)
	}
	return now.Policy
}

func TestAllPartsOfALabButTheAPIServerAreBatchJobs(t *testing.T) {
	c, state := ready(t, Dir(t.TempDir()))
	for _, part := range state.Components {
		want := uint32(unix.SCHED_BATCH)
		if part.Name == apiServer {
			want = policyOf(t, 0)
		}
		if got := policyOf(t, part.PID); got != want {
			t.Errorf("the policy of %s is %d, want %d", part.Name, got, want)
		}
	}
	if err := Stop(t.Context(), c.dir); err != nil {
		t.Fatal(err)
	}
	if err := <-c.done; err != nil {
		t.Error(err)
	}
}
