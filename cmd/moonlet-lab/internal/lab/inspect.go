package lab

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Report is what a lab is at this moment, asked from the programs themselves.
type Report struct {
	Dir        Dir               `json:"dir"`
	Running    bool              `json:"running"` // there is a supervisor
	Ready      bool              `json:"ready"`   // it has started, and each program answers that it is well
	Supervisor int               `json:"supervisor,omitempty"`
	Kubernetes string            `json:"kubernetes,omitempty"`
	Server     string            `json:"server,omitempty"`
	Kubeconfig string            `json:"kubeconfig,omitempty"`
	Started    time.Time         `json:"started,omitzero"`
	Options    *Options          `json:"options,omitempty"`
	Components []ComponentReport `json:"components,omitempty"`
}

// ComponentReport is one program in a Report.
type ComponentReport struct {
	Component
	Health   string `json:"health"`   // ok, or why not
	Resident int64  `json:"resident"` // bytes of memory; 0 where the operating system does not tell
}

// Inspect looks at the lab of a folder. A folder without one is no error: its report says that nothing runs.
func Inspect(ctx context.Context, dir Dir) (Report, error) {
	report := Report{Dir: dir}
	pid, err := dir.Supervisor()
	if err != nil || pid == 0 {
		return report, err
	}
	report.Running, report.Supervisor = true, pid
	state, err := dir.State()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return report, err
	}
	if state.Supervisor != pid { // it has the folder, and has not come to writing yet
		return report, nil
	}
	report.Kubernetes, report.Server, report.Kubeconfig = state.Kubernetes, state.Server, dir.Kubeconfig()
	report.Started, report.Options = state.Started, &state.Options
	report.Components = ask(ctx, dir, state.Components)
	report.Ready = state.Ready
	for _, component := range report.Components {
		report.Ready = report.Ready && component.Health == healthy
	}
	return report, nil
}

const healthy = "ok"

// ask asks all programs at the same time. Its goroutines end before it does.
func ask(ctx context.Context, dir Dir, components []Component) []ComponentReport {
	reports := make([]ComponentReport, len(components))
	var wg sync.WaitGroup
	for i, component := range components {
		wg.Go(func() {
			reports[i] = ComponentReport{Component: component, Health: health(ctx, dir, component), Resident: resident(component.PID)}
		})
	}
	wg.Wait()
	return reports
}

func health(ctx context.Context, dir Dir, c Component) string {
	switch {
	case c.PID == 0 && c.Since.IsZero():
		return "not started yet"
	case c.PID == 0:
		return "not running"
	}
	client, err := dir.client()
	if err != nil {
		return err.Error()
	}
	if err := probe(ctx, client, c.HealthURL); err != nil {
		return err.Error()
	}
	return healthy
}

// resident reads a process's memory from Linux's /proc; elsewhere it is 0.
func resident(pid int) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
