package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/pki"
)

// A Dir is the folder of a lab, an absolute path. All that a lab writes is in it.
type Dir string

// Kubeconfig is the file that makes its reader the lab's administrator.
func (d Dir) Kubeconfig() string { return d.path("kubeconfig") }

// Identity is the default place of a kubeconfig for somebody else.
func (d Dir) Identity(file string) string { return d.path("kubeconfigs", file) }

// CA are the files of the authority that the lab trusts: it signs for users, API server and kubelets.
func (d Dir) CA() pki.Files { return d.pair("ca") }

// Log is where a program's own words go.
func (d Dir) Log(program string) string { return d.path("logs", program+".log") }

func (d Dir) etcdData() string  { return d.path("etcd") }
func (d Dir) tokens() string    { return d.pki("tokens.csv") }
func (d Dir) lockFile() string  { return d.path("lock") }
func (d Dir) stateFile() string { return d.path("lab.json") }
func (d Dir) pair(name string) pki.Files {
	return pki.Files{Cert: d.pki(name + ".crt"), Key: d.pki(name + ".key")}
}
func (d Dir) pki(name string) string { return d.path("pki", name) }

func (d Dir) path(parts ...string) string {
	return filepath.Join(append([]string{string(d)}, parts...)...)
}

// create makes the folder and those in it. They are the owner's alone: they hold keys.
func (d Dir) create() error {
	for _, folder := range []string{d.path("pki"), d.path("kubeconfigs"), d.path("logs"), d.etcdData()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("make the lab's folder: %w: choose another with --dir", err)
		}
	}
	return nil
}

// Purge removes what a lab left behind, and nothing else that somebody may have put beside it. The lab must have ended.
// A folder where none ever started is left alone, with the error fs.ErrNotExist: its pki and logs are somebody else's.
func (d Dir) Purge() error {
	if _, err := os.Stat(d.stateFile()); err != nil {
		return fmt.Errorf("no lab to remove in %s: %w", d, err)
	}
	lock, err := d.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	// The state goes near the end: as long as it is there, a purge that was broken off can be done again.
	for _, name := range []string{"etcd", "pki", "kubeconfigs", "logs", "kubeconfig", "lab.json", "lock"} {
		if err := os.RemoveAll(d.path(name)); err != nil {
			return fmt.Errorf("remove the lab in %s: %w", d, err)
		}
	}
	// A folder that holds other things stays.
	_ = os.Remove(string(d))
	return nil
}

// OpenLog begins a log anew.
func (d Dir) OpenLog(program string) (*os.File, error) {
	if err := d.create(); err != nil {
		return nil, err
	}
	return os.OpenFile(d.Log(program), os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
}
