package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Options say how a lab is to run.
type Options struct {
	Dir       Dir           `json:"dir"`
	Port      int           `json:"port,omitempty"` // of the API server; 0 takes the one it had before, else any free one
	Load      bool          `json:"load"`           // spend memory for throughput
	NodeGrace time.Duration `json:"nodeGrace"`      // without a lease for that long, a node is NotReady
	EtcdFsync bool          `json:"etcdFsync"`      // survive a power cut
}

// State is what a supervisor writes down about its lab, for other processes to read.
type State struct {
	Supervisor int         `json:"supervisor"` // process ID; 0: ended as it should
	Kubernetes string      `json:"kubernetes"` // version
	Server     string      `json:"server"`     // URL of the API server
	Started    time.Time   `json:"started"`
	Ready      bool        `json:"ready"` // it has started up; single programs may be down even so
	Options    Options     `json:"options"`
	Ports      Ports       `json:"ports"`
	Components []Component `json:"components"`
}

// Component is one of the control plane's programs.
type Component struct {
	Name      string    `json:"name"`
	PID       int       `json:"pid"` // 0: not running now
	Ready     bool      `json:"ready"`
	Since     time.Time `json:"since"` // when this process of it was started
	Restarts  int       `json:"restarts"`
	URL       string    `json:"url"`
	HealthURL string    `json:"healthURL"` // answers 200 when the program is well
	Log       string    `json:"log"`
}

// Component finds one by its name.
func (s State) Component(name string) (Component, bool) {
	for _, c := range s.Components {
		if c.Name == name {
			return c, true
		}
	}
	return Component{}, false
}

// State reads what the last supervisor of the folder wrote. Where there never was one, the error is fs.ErrNotExist.
func (d Dir) State() (State, error) {
	var s State
	text, err := os.ReadFile(d.stateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("no lab in %s: start one with moonlet-lab up (%w)", d, fs.ErrNotExist)
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("read %s: %w: remove the file, and moonlet-lab up writes a new one", d.stateFile(), err)
	}
	return s, nil
}

func (d Dir) writeState(s State) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	// Replaced as one act: others read it at any time.
	temp := d.stateFile() + ".new"
	if err := os.WriteFile(temp, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, d.stateFile())
}
