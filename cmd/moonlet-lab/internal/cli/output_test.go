package cli

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

var duration = regexp.MustCompile(`\d+\.\d s`)

func TestStepsAreShownAsTheReaderCanTakeThem(t *testing.T) {
	for name, tc := range map[string]struct {
		style style
		want  string
	}{
		"a file": {style{}, "✓ etcd (T)\n✗ kube-apiserver\nmoonlet-lab: one\nmoonlet-lab: two\n"},
		"a terminal": {
			style{Rewrite: true},
			" • etcd …\r\x1b[K ✓ etcd (T)\n • kube-apiserver …\r\x1b[K ✗ kube-apiserver\n\r\x1b[Kmoonlet-lab: one\nmoonlet-lab: two\n",
		},
		"a terminal with color": {
			style{Rewrite: true, Color: true},
			" • etcd …\r\x1b[K \x1b[32m✓\x1b[0m etcd (T)\n • kube-apiserver …\r\x1b[K \x1b[31m✗\x1b[0m kube-apiserver\n" +
				"\r\x1b[Kmoonlet-lab: one\nmoonlet-lab: two\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			steps := &progress{style: tc.style, w: &out}
			steps.Step("etcd")(nil)
			steps.Step("kube-apiserver")(errors.New("it ended"))
			steps.warn("one\ntwo")
			if diff := cmp.Diff(tc.want, duration.ReplaceAllString(out.String(), "T")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	if got := styleOf(&bytes.Buffer{}); got != (style{}) {
		t.Errorf("%+v", got)
	}
}

func TestStatusAsText(t *testing.T) {
	now := time.Unix(1000, 0)
	report := lab.Report{
		Dir: "/lab", Running: true, Supervisor: 10, Kubernetes: "v1.37.1", Server: "https://127.0.0.1:1",
		Kubeconfig: "/lab/kubeconfig", Started: now.Add(-90 * time.Second),
		Components: []lab.ComponentReport{
			{Component: lab.Component{Name: "etcd", PID: 11, Since: now.Add(-time.Minute), Restarts: 1}, Health: "ok", Resident: 5 << 20},
			{Component: lab.Component{Name: "kube-apiserver"}, Health: "not running"},
		},
	}
	const want = `lab         /lab
kubernetes  v1.37.1
server      https://127.0.0.1:1
kubeconfig  /lab/kubeconfig
state       not ready, started 1m30s ago, process 10

COMPONENT       PID  UP    RESTARTS  MEMORY  HEALTH
etcd            11   1m0s  1         5 MiB   ok
kube-apiserver  -    -     0         -       not running
`
	var out strings.Builder
	if err := printReport(&out, report, now); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestFlagsThatARunningLabDoesNotFollow(t *testing.T) {
	running := lab.State{Options: lab.Options{Load: true, NodeGrace: 40 * time.Second}, Ports: lab.Ports{APIServer: 6443}}
	for line, want := range map[string][]string{
		"":                        nil,
		"--load --node-grace=40s": nil,
		"--port=6443":             nil,
		"--port=0":                nil,
		"--port=1 --load=false":   {"--port=6443", "--load=true"},
		"--etcd-fsync":            {"--etcd-fsync=false"},
	} {
		cmd := upCommand(Linked{})
		var got []string
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			flags := cmd.Flags()
			var asked lab.Options
			asked.Port, _ = flags.GetInt("port")
			asked.Load, _ = flags.GetBool("load")
			asked.NodeGrace, _ = flags.GetDuration("node-grace")
			asked.EtcdFsync, _ = flags.GetBool("etcd-fsync")
			got = differences(cmd, asked, running)
			return nil
		}
		cmd.SetArgs(strings.Fields(line))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.Execute(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("up %s: %s", line, diff)
		}
	}
}
