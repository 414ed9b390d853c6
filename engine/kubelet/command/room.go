package command

import (
	"log/slog"
	"os"
	"runtime"
)

// makeRoom leaves half of the processors, rounded down, to the control plane that this machine also runs: it does nine tenths of
// the work that a pod is. On all of them, our threads would look for work and the garbage collector would use what seems idle, in
// time that is the API server's: a sixth of our CPU. $GOMAXPROCS goes before. On the others we are a batch job: see [asBatch].
func makeRoom(log *slog.Logger) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS((runtime.GOMAXPROCS(0) + 1) / 2)
	}
	if err := asBatch(); err != nil {
		log.Debug("this process is not scheduled as a batch job, and takes more of the control plane's time", "err", err)
	}
}
