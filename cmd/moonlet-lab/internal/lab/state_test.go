package lab

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStateIsReadAsItWasWritten(t *testing.T) {
	dir := Dir(t.TempDir())
	want := State{
		Supervisor: 7, Kubernetes: "v1.37.1", Server: "https://127.0.0.1:1", Started: time.Unix(1, 0).UTC(), Ready: true,
		Options:    Options{Dir: dir, Load: true, NodeGrace: time.Second},
		Ports:      Ports{APIServer: 1},
		Components: []Component{{Name: etcd, PID: 8, Ready: true, Since: time.Unix(2, 0).UTC(), Restarts: 3, URL: "u", HealthURL: "h", Log: "l"}},
	}
	if err := dir.writeState(want); err != nil {
		t.Fatal(err)
	}
	got, err := dir.State()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStateThatIsNotThere(t *testing.T) {
	_, err := Dir(t.TempDir()).State()
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "moonlet-lab up") {
		t.Errorf("error %v", err)
	}
}

func TestStateThatIsGarbage(t *testing.T) {
	dir := Dir(t.TempDir())
	if err := os.WriteFile(dir.stateFile(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.State(); err == nil || !strings.Contains(err.Error(), dir.stateFile()) {
		t.Errorf("error %v names no file", err)
	}
}

func TestNewerDataIsRefused(t *testing.T) {
	for before, refused := range map[string]bool{
		"": false, "v1.36.9": false, "v1.37.0": false, "v1.37.9": false, "v1.38.0": true, "v2.0.0": true, "nonsense": false,
	} {
		s := &Supervisor{Kubernetes: "v1.37.1", Options: Options{Dir: "/lab"}}
		if err := s.compatible(before); (err != nil) != refused {
			t.Errorf("data of %q: %v", before, err)
		}
	}
}
