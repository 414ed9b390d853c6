package cli

import (
	"bytes"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

func TestMain(m *testing.M) {
	// Of the user's own shell, nothing may reach the tests.
	for _, name := range []string{"KUBECONFIG", dirVariable, "XDG_STATE_HOME"} {
		os.Unsetenv(name)
	}
	goleak.VerifyTestMain(m)
}

// called is what a command line led to.
type called struct {
	code           int
	stdout, stderr string
	kubectl        []string // arguments of the kubectl that was run; nil: none was
	kubeconfig     string   // its KUBECONFIG
}

// call runs a command line with a kubectl that only remembers.
func call(t *testing.T, args ...string) called {
	t.Helper()
	t.Setenv("KUBECONFIG", os.Getenv("KUBECONFIG")) // so that it is as before after the test
	var got called
	var stdout, stderr bytes.Buffer
	got.code = Run(args, Linked{Kubernetes: "v1.37.1", Kubectl: func(args []string) int {
		got.kubectl = append([]string{}, args...)
		got.kubeconfig = os.Getenv("KUBECONFIG")
		return 7
	}}, &stdout, &stderr)
	got.stdout, got.stderr = stdout.String(), stderr.String()
	return got
}

// oldLab is the folder of a lab that has ended: as far as these tests go, a kubeconfig.
func oldLab(t *testing.T) lab.Dir {
	t.Helper()
	dir := lab.Dir(t.TempDir())
	if err := os.WriteFile(dir.Kubeconfig(), []byte("the lab's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
