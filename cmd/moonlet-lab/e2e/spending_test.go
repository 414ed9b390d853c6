package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// spending is the CPU seconds of every process that has a part in a comparison, by its name: the simulator, the parts of
// the control plane, and this one, which creates the pods. Where all of the machine is busy it tells what a rate is made of.
type spending map[string]float64

// simulator is the contender among the processes.
const simulator = "simulator"

// spent is what has been used so far. contender is the pid of the simulator.
func spent(tb testing.TB, l *lab, contender int) spending {
	tb.Helper()
	s := spending{simulator: cpuSeconds(tb, contender), "client": cpuSeconds(tb, os.Getpid())}
	for name, pid := range l.components(tb) {
		s[name] = cpuSeconds(tb, pid)
	}
	return s
}

func (s spending) since(before spending) spending { return since(s, before) }

func (s spending) String() string {
	var parts []string
	for _, name := range []string{simulator, "client", "apiserver", "etcd", "controller-manager", "scheduler"} {
		parts = append(parts, fmt.Sprintf("%s %.1f", name, s[name]))
	}
	return strings.Join(parts, "  ")
}

// restLoad is how much of a core a control plane uses that has nothing to do but take the leases of a thousand nodes.
const restLoad = 0.35

// rests waits until the control plane does nothing of its own any more. Its controllers go on for many seconds after nodes
// come and go, taints, annotations and garbage, and whoever has its nodes Ready sooner would pay for that in what follows.
func rests(tb testing.TB, l *lab) {
	tb.Helper()
	const look = 2 * time.Second
	used, before := spending{}, spent(tb, l, os.Getpid())
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		time.Sleep(look)
		now := spent(tb, l, os.Getpid())
		used = now.since(before)
		if before = now; used.byControlPlane() < restLoad*look.Seconds() {
			return
		}
	}
	tb.Fatalf("the control plane does not come to rest: CPU seconds in %v: %s", look, used)
}

func (s spending) byControlPlane() float64 {
	sum := 0.0
	for name, used := range s {
		if name != simulator && name != "client" {
			sum += used
		}
	}
	return sum
}

// components are the processes of the control plane: the lab's binary, told which part to be.
func (l *lab) components(tb testing.TB) map[string]int {
	tb.Helper()
	found := map[string]int{}
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		words := strings.Split(string(text), "\x00")
		if len(words) < 3 || !strings.Contains(string(text), l.dir) {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		found[strings.TrimPrefix(words[1], "kube-")] = pid
	}
	return found
}

// cpuSeconds is what a process has used, user and system, as Linux counts it: in hundredths.
func cpuSeconds(tb testing.TB, pid int) float64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	user, errUser := strconv.Atoi(fields[11])
	system, errSystem := strconv.Atoi(fields[12])
	if errUser != nil || errSystem != nil {
		tb.Fatalf("/proc/…/stat: %q", text)
	}
	return float64(user+system) / 100
}
