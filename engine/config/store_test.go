package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine/config"
)

// start is how a test starts a Moonlet: flags as typed, variables beside HOME, and a file by name and contents.
type start struct {
	args []string
	env  []string
	name string // empty: moonlet.yaml
	file string // empty: none
}

func (s start) options(t *testing.T) config.Options {
	t.Helper()
	flags := pflag.NewFlagSet("moonlet", pflag.ContinueOnError)
	config.AddFlags(flags)
	if err := flags.Parse(s.args); err != nil {
		t.Fatal(err)
	}
	o := config.Options{Flags: flags, Env: func() []string { return append([]string{"HOME=/home/ada"}, s.env...) }}
	if s.file != "" {
		t.Chdir(t.TempDir())
		o.File = s.name
		if o.File == "" {
			o.File = "moonlet.yaml"
		}
		write(t, o.File, s.file)
	}
	return o
}

func (s start) open(t *testing.T) *config.Store {
	t.Helper()
	store, err := config.Open(s.options(t))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func write(t *testing.T, name, contents string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(contents), 0o600); err != nil {
		t.Fatal(err)
	}
}

func origin(t *testing.T, s *config.Store, key string) string {
	t.Helper()
	for _, o := range s.Origins() {
		if o.Key == key {
			return strings.TrimSpace(o.Text() + " " + string(o.From) + " " + o.Where)
		}
	}
	t.Fatalf("no origin of %s", key)
	return ""
}

func TestStrongestSourceWins(t *testing.T) {
	file := "listen: {api: 'file:1'}\nnode:\n  name: from-file\n"
	for name, tc := range map[string]struct {
		start
		want string
	}{
		"default":                   {start{}, "127.0.0.1:3000 default"},
		"file over default":         {start{file: file}, "file:1 file moonlet.yaml:1"},
		"variable over file":        {start{file: file, env: []string{"MOONLET_LISTEN_API=env:2"}}, "env:2 env MOONLET_LISTEN_API"},
		"short variable":            {start{file: file, env: []string{"MOONLET_LISTEN=env:2"}}, "env:2 env MOONLET_LISTEN"},
		"empty variable counts not": {start{file: file, env: []string{"MOONLET_LISTEN="}}, "file:1 file moonlet.yaml:1"},
		"flag over variable":        {start{file: file, env: []string{"MOONLET_LISTEN=env:2"}, args: []string{"--listen", "flag:3"}}, "flag:3 flag --listen"},
		"flag by the rule's name":   {start{args: []string{"--listen-api=flag:3"}}, "flag:3 flag --listen"},
	} {
		t.Run(name, func(t *testing.T) {
			s := tc.open(t)
			if got := origin(t, s, "listen.api"); got != tc.want {
				t.Errorf("origin %q, want %q", got, tc.want)
			}
			if want, _, _ := strings.Cut(tc.want, " "); s.Current().Listen.API != want {
				t.Errorf("value %q, want %q", s.Current().Listen.API, want)
			}
		})
	}
}

func TestFileFormatsSayTheSame(t *testing.T) {
	formats := map[string]string{
		"moonlet.yaml": "seed: 7\nadmission: true\nlimits:\n  status: 20ms\n  body: 65536\nnode:\n  labels:\n    - example.com/Zone=a\n",
		"moonlet.yml":  "seed: 7\nadmission: true\nlimits: {status: 20ms, body: 65536}\n\nnode:\n  labels: [example.com/Zone=a]\n",
		"moonlet.toml": "seed = 7\nadmission = true\n[limits]\nstatus = '20ms'\nbody = 65536\n[node]\nlabels = [\n'example.com/Zone=a']\n",
		"moonlet.json": "{\"seed\": 7,\n\t\"admission\": true,\n\t\"limits\": {\n\"status\": \"20ms\", \"body\": 65536},\n\t\"node\": {\n\n\"labels\": [\"example.com/Zone=a\"]}}",
	}
	var want *config.Config
	for name, file := range formats {
		t.Run(name, func(t *testing.T) {
			s := start{name: name, file: file}.open(t)
			got := s.Current()
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(samePrefix)); diff != "" {
				t.Error(diff)
			}
			if *got.Seed != 7 || !got.Admission || got.Limits.Status.String() != "20ms" || got.Limits.Body != 65536 || got.Node.Labels["example.com/Zone"] != "a" {
				t.Errorf("not what the file says: %+v", got)
			}
			line := map[string]string{"moonlet.yaml": "7", "moonlet.yml": "6", "moonlet.toml": "7", "moonlet.json": "7"}[name]
			if got, want := origin(t, s, "node.labels"), "example.com/Zone=a file "+name+":"+line; got != want {
				t.Errorf("origin %q, want %q", got, want)
			}
		})
	}
}

func TestFileIsFound(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "a.yaml", "node: {name: a}")
	write(t, "b.yaml", "node: {name: b}")
	for name, tc := range map[string]struct {
		start
		want string
	}{
		"by flag":            {start{args: []string{"--config", "a.yaml"}}, "a"},
		"by variable":        {start{env: []string{"MOONLET_CONFIG=b.yaml"}}, "b"},
		"flag over variable": {start{args: []string{"--config", "a.yaml"}, env: []string{"MOONLET_CONFIG=b.yaml"}}, "a"},
		"none unless named":  {start{}, "virtual-kubelet"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.open(t).Current().Node.Name; got != tc.want {
				t.Errorf("node %q, want %q", got, tc.want)
			}
		})
	}
}

func TestStateFileDefault(t *testing.T) {
	for name, tc := range map[string]struct {
		start
		want string
	}{
		"in the home folder":       {start{}, "/home/ada/.local/state/moonlet/moonlet.db"},
		"in XDG_STATE_HOME":        {start{env: []string{"XDG_STATE_HOME=/var/state"}}, "/var/state/moonlet/moonlet.db"},
		"relative XDG_STATE_HOME":  {start{env: []string{"XDG_STATE_HOME=state"}}, "/home/ada/.local/state/moonlet/moonlet.db"},
		"named":                    {start{args: []string{"--state", "x.db"}}, "x.db"},
		"none when memory is said": {start{args: []string{"--state", "memory"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.open(t).Current().State.File; got != tc.want {
				t.Errorf("state file %q, want %q", got, tc.want)
			}
		})
	}
}

func TestReload(t *testing.T) {
	s := start{file: "node: {name: one, capacity: [cpu=4]}\nadmission: true\n"}.open(t)
	first := s.Current()

	write(t, s.File(), "node: {capacity: [cpu=lots]}")
	if err := s.Reload(); err == nil || s.Current() != first {
		t.Fatalf("a bad file must leave the old one current; error %v", err)
	}

	write(t, s.File(), "node: {name: two, capacity: [cpu=8]}\nseed: 5")
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	now := s.Current()
	if now.Node.Capacity.Cpu().String() != "8" || now.Node.Allocatable.Cpu().String() != "8" || now.Admission {
		t.Errorf("live settings did not change: %+v", now)
	}
	if now.Node.Name != "one" || now.Seed != nil {
		t.Errorf("settings of a running process changed: node %q, seed %v", now.Node.Name, now.Seed)
	}
	if diff := cmp.Diff([]string{"seed", "node.name"}, s.Pending()); diff != "" {
		t.Error(diff)
	}
	if got, want := origin(t, s, "node.name"), "one file moonlet.yaml:1"; got != want {
		t.Errorf("origin %q, want %q", got, want)
	}
	if first.Node.Capacity.Cpu().String() != "4" {
		t.Error("the configuration given out before was changed")
	}

	write(t, s.File(), "seed: 5\n\nnode: {name: two, capacity: [cpu=8]}")
	if err := s.Reload(); err != nil || s.Current() != now {
		t.Errorf("nothing changed but the order, and there is another configuration; error %v", err)
	}

	write(t, s.File(), "node: {name: one}")
	if err := s.Reload(); err != nil || len(s.Pending()) != 0 {
		t.Errorf("nothing is pending once the file is as at the start: %v, %v", s.Pending(), err)
	}
}

func TestReloadKeepsFlagsAndVariables(t *testing.T) {
	s := start{file: "admission: false\nnode: {capacity: [cpu=1]}", args: []string{"--admission"}, env: []string{"MOONLET_NODE_CAPACITY=cpu=2"}}.open(t)
	write(t, s.File(), "admission: false\nnode: {capacity: [cpu=3]}")
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if c := s.Current(); !c.Admission || c.Node.Capacity.Cpu().String() != "2" {
		t.Errorf("the file beat a flag or a variable: %+v", c)
	}
}

func TestTreeStartsTheSame(t *testing.T) {
	s := start{args: []string{
		"--seed=-3", "--node-labels", "example.com/Zone=a,b=", "--node-taints", "k=v:NoExecute", "--params", `"flaky.text=a,b"`, "--params", "flaky.x=1",
		"--node-addresses", "InternalIP=::1", "--limits-body", "1Mi", "--state", "memory",
	}}.open(t)
	data, err := yaml.Marshal(s.Tree())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "again.yaml")
	write(t, file, string(data))
	again, err := config.Load(config.Options{File: file, Env: func() []string { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Current(), again, cmp.Comparer(samePrefix)); diff != "" {
		t.Error(diff)
	}
	if len(again.Params) != 2 || again.Params[0].Value != "a,b" {
		t.Errorf("a quoted comma parts no items: %+v", again.Params)
	}
}

func TestWarnsOfMisspeltVariables(t *testing.T) {
	s := start{env: []string{"MOONLET_SCRIPT=./x", "MOONLET_PORT=tcp://10.0.0.1:80", "MOONLET_SERVICE_HOST=10.0.0.1", "MOONLET_LIMITS_STATUS=10ms"}}.open(t)
	want := []string{"variable MOONLET_SCRIPT is not read: did you mean MOONLET_SCRIPTS?"}
	if diff := cmp.Diff(want, s.Warnings()); diff != "" {
		t.Error(diff)
	}
}

func TestEverySettingReachesItsField(t *testing.T) {
	c := start{args: []string{
		"--node-capacity", "cpu=4,nvidia.com/gpu=2,ephemeral-storage=0", "--node-allocatable", "cpu=3500m", "--node-taints", "a:NoSchedule",
		"--node-addresses", "Hostname=vk", "--params", "sub/flaky.lua.rate=0.5", "--script-config", "url=a=b", "--cors-origins", "*", "--os", "windows",
		"--log-level", "WARN", "--node-kubernetes", "1.35", "--nodename", "n1", "--node-arch", "arm64", "--log-format", "JSON", "--state-fsync=false",
		"--limits-status", "1ms", "--limits-create", "2ms", "--limits-logs", "3ms", "--limits-exec", "9ms", "--limits-match", "4ms", "--limits-slots", "5",
		"--limits-log-bytes", "6Ki", "--limits-log-lines", "7", "--limits-body", "8192", "--scripts", "s", "--listen", ":1", "--admission",
		"--node-labels", "a=b", "--pod-cidr", "10.0.0.0/8",
	}}.open(t).Current()
	got := map[string]any{
		"capacity":    quantities(c.Node.Capacity),
		"allocatable": quantities(c.Node.Allocatable),
		"taints":      c.Node.Taints[0].Key + c.Node.Taints[0].Value + string(c.Node.Taints[0].Effect),
		"addresses":   string(c.Node.Addresses[0].Type) + c.Node.Addresses[0].Address,
		"params":      c.Params,
		"config":      c.ScriptConfig,
		"os":          c.Node.OS,
		"level":       c.Log.Level.String(),
		"minor":       c.Node.Minor,
		"name":        c.Node.Name,
		"cidr":        c.PodCIDR.String(),
		"arch":        c.Node.Arch,
		"format":      c.Log.Format,
		"fsync":       c.State.Fsync,
		"limits":      c.Limits,
		"origins":     c.CORS.Origins,
		"scripts":     c.Scripts.Dir,
		"listen":      c.Listen.API,
		"admission":   c.Admission,
		"labels":      c.Node.Labels,
	}
	want := map[string]any{
		"capacity":    map[string]string{"cpu": "4", "memory": "100Gi", "pods": "500", "nvidia.com/gpu": "2"},
		"allocatable": map[string]string{"cpu": "3500m", "memory": "100Gi", "pods": "500", "nvidia.com/gpu": "2"},
		"taints":      "aNoSchedule",
		"addresses":   "Hostnamevk",
		"params":      []config.Param{{Script: "sub/flaky", Name: "rate", Value: "0.5"}},
		"config":      map[string]string{"url": "a=b"},
		"os":          "Windows",
		"level":       "WARN",
		"minor":       35,
		"name":        "n1",
		"cidr":        "10.0.0.0/8",
		"arch":        "arm64",
		"format":      "json",
		"fsync":       false,
		"limits": config.Limits{
			Status: time.Millisecond, Create: 2 * time.Millisecond, Logs: 3 * time.Millisecond, Exec: 9 * time.Millisecond, Match: 4 * time.Millisecond,
			Slots: 5, LogBytes: 6 << 10, LogLines: 7, Body: 8 << 10,
		},
		"origins":   []string{"*"},
		"scripts":   "s",
		"listen":    ":1",
		"admission": true,
		"labels":    map[string]string{"a": "b"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
