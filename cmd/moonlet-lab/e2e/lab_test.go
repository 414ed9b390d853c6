package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// What make e2e says: the binaries under test.
var (
	moonletBinary = os.Getenv("MOONLET")
	labBinary     = os.Getenv("MOONLET_LAB")
	helmBinary    = os.Getenv("MOONLET_HELM")
)

// theLab is the control plane that all tests share.
var theLab lab

func TestMain(m *testing.M) {
	if nodes := os.Getenv(bareNodes); nodes != "" {
		if err := runBare(strings.Split(nodes, ",")); err != nil {
			fmt.Fprintln(os.Stderr, "bare loop:", err)
			os.Exit(1)
		}
		return
	}
	if moonletBinary == "" || labBinary == "" {
		fmt.Fprintln(os.Stderr, "e2e: skipped: MOONLET and MOONLET_LAB name the binaries to test; make e2e builds them and sets both")
		os.Exit(0)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "moonlet-e2e")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	theLab.dir, theLab.start = filepath.Join(dir, "lab"), func() error { return theLab.up(dir) }
	defer theLab.down()
	return m.Run()
}

// lab is a control plane in a folder.
type lab struct {
	dir       string
	cert, key string       // of a kubelet
	start     func() error // when it is first needed; nil: it runs
	once      sync.Once
	running   bool
}

// needed starts a lab that waits to be needed: benchmarks have labs of their own, and want no other beside them.
func (l *lab) needed() {
	if l.start == nil {
		return
	}
	l.once.Do(func() {
		if err := l.start(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			os.Exit(1)
		}
	})
}

// nodeGrace is short, so that a silent node is NotReady soon; leases are renewed every ten seconds.
const nodeGrace = "16s"

func (l *lab) up(dir string, flags ...string) error {
	args := append([]string{"up", "--detach", "--node-grace", nodeGrace}, flags...)
	l.running = true
	if out, err := l.bare(args...).CombinedOutput(); err != nil {
		return fmt.Errorf("moonlet-lab up: %w\n%s", err, out)
	}
	certs := filepath.Join(dir, "certs")
	if out, err := l.bare("cert", "--out", certs).CombinedOutput(); err != nil {
		return fmt.Errorf("moonlet-lab cert: %w\n%s", err, out)
	}
	l.cert, l.key = filepath.Join(certs, "tls.crt"), filepath.Join(certs, "tls.key")
	return nil
}

func (l *lab) down() {
	if !l.running {
		return
	}
	if out, err := l.bare("down", "--purge").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: moonlet-lab down: %v\n%s", err, out)
	}
}

// command is moonlet-lab on this lab, which runs.
func (l *lab) command(args ...string) *exec.Cmd {
	l.needed()
	return l.bare(args...)
}

// bare is moonlet-lab on this lab, whether it runs or not.
func (l *lab) bare(args ...string) *exec.Cmd {
	cmd := exec.Command(labBinary, args...)
	cmd.Env = append(os.Environ(), "MOONLET_LAB_DIR="+l.dir, "KUBECONFIG="+filepath.Join(l.dir, "kubeconfig"))
	return cmd
}

// env is the environment in which kubectl and moonlet find the lab.
func (l *lab) env() []string {
	l.needed()
	return append(os.Environ(), "MOONLET_LAB_DIR="+l.dir, "KUBECONFIG="+l.kubeconfig(),
		"APISERVER_CERT_LOCATION="+l.cert, "APISERVER_KEY_LOCATION="+l.key)
}

func (l *lab) kubeconfig() string {
	l.needed()
	return filepath.Join(l.dir, "kubeconfig")
}

// kubectl runs kubectl and returns what it printed, or fails the test.
func (l *lab) kubectl(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := l.command(append([]string{"kubectl"}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("kubectl %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}
