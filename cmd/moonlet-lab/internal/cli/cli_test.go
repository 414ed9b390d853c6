package cli

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/pki"
)

func TestBadInputSaysWhatToDo(t *testing.T) {
	dir := string(oldLab(t))
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown command":         {[]string{"upp"}, exitUsage, "did you mean up?"},
		"unknown flag":            {[]string{"up", "--prot", "1"}, exitUsage, "See moonlet-lab up --help"},
		"an argument too many":    {[]string{"down", "now"}, exitUsage, `unexpected argument "now"`},
		"no such port":            {[]string{"up", "--port", "70000"}, exitUsage, "1 to 65535"},
		"grace too short":         {[]string{"up", "--node-grace", "1ms"}, exitUsage, "one second is the least"},
		"an empty folder":         {[]string{"status", "--dir", ""}, exitUsage, "name a folder"},
		"no such format":          {[]string{"status", "-o", "yaml"}, exitUsage, "-o text or -o json"},
		"no component":            {[]string{"restart"}, exitUsage, "component"},
		"no such component":       {[]string{"restart", "kubelet"}, exitUsage, `no component "kubelet": there are etcd, kube-apiserver`},
		"restart without a lab":   {[]string{"restart", "etcd"}, exitFailure, "moonlet-lab up"},
		"two identities":          {[]string{"kubeconfig", "--user", "a", "--service-account", "b/c"}, exitUsage, "choose one"},
		"a group of nobody":       {[]string{"kubeconfig", "--group", "a"}, exitUsage, "--group belongs to --user"},
		"ServiceAccount no slash": {[]string{"kubeconfig", "--service-account", "moonlet"}, exitUsage, "NAMESPACE/NAME"},
		"too short a life":        {[]string{"kubeconfig", "--user", "a", "--duration", "1s"}, exitUsage, "ten minutes"},
		"cert without authority":  {[]string{"cert"}, exitFailure, "up --detach"},
		"supervise by hand":       {[]string{"supervise", "x"}, exitUsage, "not for people"},
		"a folder that is a file": {[]string{"up", "--dir", "/etc/passwd"}, exitFailure, "choose another folder with --dir"},
		"unknown shell":           {[]string{"completion", "tcsh"}, exitUsage, "bash, zsh, fish"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(dirVariable, dir)
			got := call(t, tc.args...)
			if got.code != tc.code || !strings.Contains(got.stderr, tc.want) {
				t.Errorf("code %d, want %d; stderr, wanted with %q:\n%s", got.code, tc.code, tc.want, got.stderr)
			}
			if got.stdout != "" {
				t.Errorf("an error on standard output: %s", got.stdout)
			}
		})
	}
}

func TestFolderOfTheLab(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for name, tc := range map[string]struct {
		flag, variable, state string
		want                  string
	}{
		"nothing said":              {want: filepath.Join(home, ".local/state/moonlet/lab")},
		"the user's state folder":   {state: "/state", want: "/state/moonlet/lab"},
		"a relative one is ignored": {state: "state", want: filepath.Join(home, ".local/state/moonlet/lab")},
		"the variable":              {variable: "/of/variable", state: "/state", want: "/of/variable"},
		"the flag":                  {flag: "/of/flag", variable: "/of/variable", want: "/of/flag"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(dirVariable, tc.variable)
			t.Setenv("XDG_STATE_HOME", tc.state)
			args := []string{"status"}
			if tc.flag != "" {
				args = append(args, "--dir", tc.flag)
			}
			got := call(t, args...)
			if want := "No lab runs in " + tc.want + "\n"; got.stdout != want || got.code != exitNotWell {
				t.Errorf("code %d, %q, want %q", got.code, got.stdout, want)
			}
		})
	}
}

func TestWhichClusterKubectlAsks(t *testing.T) {
	dir := oldLab(t)
	other := oldLab(t)
	for name, tc := range map[string]struct {
		args     []string
		variable string
		want     string
		passed   []string
	}{
		"the lab":                  {args: []string{"kubectl", "get", "ns"}, want: dir.Kubeconfig(), passed: []string{"get", "ns"}},
		"the one of KUBECONFIG":    {args: []string{"kubectl", "get", "ns"}, variable: "/mine", want: "/mine", passed: []string{"get", "ns"}},
		"the one of --kubeconfig":  {args: []string{"kubectl", "--kubeconfig=/x", "get"}, want: "", passed: []string{"--kubeconfig=/x", "get"}},
		"another lab's":            {args: []string{"--dir", string(other), "kubectl", "get"}, variable: "/mine", want: other.Kubeconfig(), passed: []string{"get"}},
		"flags are kubectl's":      {args: []string{"kubectl", "get", "-o", "yaml", "--help"}, want: dir.Kubeconfig(), passed: []string{"get", "-o", "yaml", "--help"}},
		"a container's own flags":  {args: []string{"kubectl", "exec", "p", "--", "x", "--kubeconfig=y"}, want: dir.Kubeconfig(), passed: []string{"exec", "p", "--", "x", "--kubeconfig=y"}},
		"alone, it shows its help": {args: []string{"kubectl"}, want: dir.Kubeconfig(), passed: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(dirVariable, string(dir))
			t.Setenv("KUBECONFIG", tc.variable)
			got := call(t, tc.args...)
			if got.code != 7 || !slices.Equal(got.kubectl, tc.passed) || got.kubeconfig != tc.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestKubectlWithoutALab(t *testing.T) {
	t.Setenv(dirVariable, t.TempDir())
	if got := call(t, "kubectl", "get", "ns"); got.kubectl != nil || got.code != exitFailure || !strings.Contains(got.stderr, "up --detach") {
		t.Errorf("%+v", got)
	}
	if got := call(t, "kubectl", "help"); got.kubectl == nil {
		t.Errorf("help needs a lab: %+v", got)
	}
}

func TestKubeconfigPrintsAPath(t *testing.T) {
	dir := oldLab(t)
	t.Setenv(dirVariable, string(dir))
	if got := call(t, "kubeconfig"); got.stdout != dir.Kubeconfig()+"\n" {
		t.Errorf("%+v", got)
	}
	if got := call(t, "kubeconfig", "--out", "-"); got.stdout != "the lab's\n" {
		t.Errorf("%+v", got)
	}
}

func TestCertIsForTheHostsAskedForAndThisMachine(t *testing.T) {
	dir := lab.Dir(t.TempDir())
	if err := os.Mkdir(filepath.Dir(dir.CA().Cert), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := pki.LoadOrCreateCA(dir.CA(), "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "certs")
	got := call(t, "cert", "--dir", string(dir), "--out", out, "--san", "10.1.2.3,node-1", "--node", "n1")
	cert, key := filepath.Join(out, "tls.crt"), filepath.Join(out, "tls.key")
	if got.code != 0 || got.stdout != cert+"\n"+key+"\n" {
		t.Fatalf("%+v", got)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "::1", "localhost", "10.1.2.3", "node-1"} {
		if err := pair.Leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if pair.Leaf.Subject.CommonName != "system:node:n1" {
		t.Errorf("subject %s", pair.Leaf.Subject)
	}
}

func TestCompletionOfEachShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if got := call(t, "completion", shell); got.code != 0 || !strings.Contains(got.stdout, "moonlet-lab") {
			t.Errorf("%s: %+v", shell, got)
		}
	}
}

func TestVersionNamesKubernetes(t *testing.T) {
	if got := call(t, "version"); !strings.Contains(got.stdout, "Kubernetes v1.37.1") {
		t.Errorf("%+v", got)
	}
	if got := call(t, "version", "-o", "json"); !strings.Contains(got.stdout, `"kubernetes": "v1.37.1"`) {
		t.Errorf("%+v", got)
	}
}

func TestDownWithoutALabIsFine(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	if got := call(t, "down", "--purge", "--dir", dir); got.code != 0 || !strings.Contains(got.stderr, "No lab runs in "+dir) {
		t.Errorf("%+v", got)
	}
}

func TestWordsAreQuotedForTheShell(t *testing.T) {
	for word, want := range map[string]string{
		"/tmp/lab-1": "/tmp/lab-1", "my lab": "'my lab'", "it's": `'it'\''s'`, "": "''", "$HOME": "'$HOME'",
	} {
		if got := quote(word); got != want {
			t.Errorf("%q became %s, want %s", word, got, want)
		}
	}
}
