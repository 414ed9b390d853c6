package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// A RunningError says that a supervisor has the folder already.
type RunningError struct {
	Dir Dir
	PID int
}

func (e *RunningError) Error() string {
	return fmt.Sprintf("a lab runs in %s already (process %d): end it with moonlet-lab down, or choose another folder with --dir", e.Dir, e.PID)
}

// lock takes the folder for this process, until the lock is closed or the process ends, however it ends. Where another
// has it, the error is a *RunningError. It is a POSIX record lock because the kernel then knows who holds it: a file with
// a process ID in it could be stale. Such a lock is gone as soon as its process closes the file anywhere, so a process
// that holds it must not call Supervisor.
func (d Dir) lock() (io.Closer, error) {
	file, err := os.OpenFile(d.lockFile(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the lab's folder: %w", err)
	}
	request := wholeFile()
	err = syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &request)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		holder, holderErr := holderOf(file)
		return nil, errors.Join(holderErr, &RunningError{Dir: d, PID: holder}, file.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", d.lockFile(), err), file.Close())
	}
	return file, nil
}

// Supervisor is the process ID of the supervisor that runs in the folder, or 0.
func (d Dir) Supervisor() (int, error) {
	file, err := os.OpenFile(d.lockFile(), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for a lab in %s: %w: choose another folder with --dir", d, err)
	}
	defer file.Close()
	return holderOf(file)
}

func holderOf(file *os.File) (int, error) {
	request := wholeFile()
	if err := syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &request); err != nil {
		return 0, fmt.Errorf("ask who holds %s: %w", file.Name(), err)
	}
	if request.Type == syscall.F_UNLCK {
		return 0, nil
	}
	return int(request.Pid), nil
}

func wholeFile() syscall.Flock_t {
	return syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
}
