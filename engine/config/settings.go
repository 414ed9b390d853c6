package config

import (
	"log/slog"
	"net/netip"
	"time"

	v1 "k8s.io/api/core/v1"
)

// A setting is one row of the table that describes the configuration.
type setting struct {
	key     string
	short   string // flag name where the rule's would be long; it makes a short variable name too
	form    form
	kind    string // what one writes, one word: shown in help and in the documentation
	preset  any    // the default in the setting's form; nil: unset
	shown   string // how the documentation shows a default that depends on the machine
	fixed   bool   // takes effect at the next start only
	help    string
	choices []string
	take    func(*Config, any) error // puts a value of the setting's form into a Config
}

// defaultCapacity is generous, because pods cost nothing here: it is there to be lowered. Pods are 500 where a kubelet says
// 110, which protects a real machine.
var defaultCapacity = []string{"cpu=20", "memory=100Gi", "ephemeral-storage=500Gi", "pods=500"}

// settings is the only place where keys, defaults and meanings are written. Its order is the order of --help and of
// the documentation, and it is the order of taking: node.allocatable rests on node.capacity.
var settings = []setting{
	{
		key: "listen.api", short: "listen", kind: "host:port", preset: "127.0.0.1:3000", fixed: true,
		help: "where the provider API listens; port 0 picks a free one",
		take: field(func(c *Config) *string { return &c.Listen.API }, listenAddress),
	}, {
		key: "scripts.dir", short: "scripts", kind: "folder", preset: "./scripts", fixed: true,
		help: "folder of the Lua scripts; a saved script is live at once",
		take: field(func(c *Config) *string { return &c.Scripts.Dir }, nonEmpty),
	}, {
		key: "state.file", short: "state", kind: "file", fixed: true,
		shown: "moonlet.db in $XDG_STATE_HOME/moonlet or ~/.local/state/moonlet",
		help:  "file that keeps pods over a restart; memory for none",
		take:  field(func(c *Config) *string { return &c.State.File }, stateFile),
	}, {
		key: "state.fsync", form: toggle, kind: "switch", preset: true, fixed: true,
		help: "wait until a change is on the disk, so that it outlives a power cut and not only a crash",
		take: field(func(c *Config) *bool { return &c.State.Fsync }, same[bool]),
	}, {
		key: "seed", form: number, kind: "number", shown: "drawn at the first start, then kept in the state file", fixed: true,
		help: "seed of all chance: the same seed gives the same failures",
		take: field(func(c *Config) **int64 { return &c.Seed }, pointer[int64]),
	}, {
		key: "node.name", short: "nodename", kind: "name", preset: "virtual-kubelet", fixed: true,
		help: "name of the node",
		take: field(func(c *Config) *string { return &c.Node.Name }, nodeName),
	}, {
		key: "node.os", short: "os", kind: "name", preset: "Linux", fixed: true, choices: []string{"Linux", "Windows"},
		help: "operating system the node claims to run",
		take: field(func(c *Config) *string { return &c.Node.OS }, oneOf("Linux", "Windows")),
	}, {
		key: "log.format", kind: "name", preset: "text", fixed: true, choices: []string{"text", "json"},
		help: "how log lines are written",
		take: field(func(c *Config) *string { return &c.Log.Format }, oneOf("text", "json")),
	}, {
		key: "log.level", kind: "name", preset: "info", choices: []string{"debug", "info", "warn", "error"},
		help: "least severe log line that is written",
		take: field(func(c *Config) *slog.Level { return &c.Log.Level }, logLevel),
	}, {
		key: "node.arch", kind: "name", preset: "amd64", fixed: true,
		help: "processor architecture the node claims to have",
		take: field(func(c *Config) *string { return &c.Node.Arch }, labelValue),
	}, {
		key: "node.capacity", form: list, kind: "resource=quantity", preset: defaultCapacity,
		help: "what the node has; a resource not named keeps its default, and quantity 0 takes it away",
		take: field(func(c *Config) *v1.ResourceList { return &c.Node.Capacity }, capacity),
	}, {
		key: "node.allocatable", form: list, kind: "resource=quantity", shown: "node.capacity",
		help: "what of it pods may use; a resource not named is allocatable in full",
		take: allocatable,
	}, {
		key: "node.labels", form: list, kind: "key=value",
		help: "labels of the node",
		take: field(func(c *Config) *map[string]string { return &c.Node.Labels }, labels),
	}, {
		key: "node.taints", form: list, kind: "key=value:Effect",
		help: "taints of the node",
		take: field(func(c *Config) *[]v1.Taint { return &c.Node.Taints }, taints),
	}, {
		key: "node.addresses", form: list, kind: "Type=address", shown: "VKUBELET_POD_IP, else the listener's address",
		help: "addresses of the node, such as InternalIP=10.0.0.7",
		take: field(func(c *Config) *[]v1.NodeAddress { return &c.Node.Addresses }, addresses),
	}, {
		key: "node.kubernetes", kind: "version", preset: "1.33", fixed: true,
		help: "Kubernetes version whose status shapes are written",
		take: field(func(c *Config) *int { return &c.Node.Minor }, kubernetesMinor),
	}, {
		key: "pod_cidr", kind: "cidr", preset: "10.128.0.0/12", fixed: true,
		help: "range of the pod addresses, IPv4",
		take: field(func(c *Config) *netip.Prefix { return &c.PodCIDR }, podCIDR),
	}, {
		key: "admission", form: toggle, kind: "switch", preset: false,
		help: "refuse pods that do not fit (OutOfcpu …); serve has no scheduler before it that would",
		take: field(func(c *Config) *bool { return &c.Admission }, same[bool]),
	}, {
		key: "params", form: list, kind: "script.name=value",
		help: "values of params that scripts declare, such as flaky.crash_rate=0.5",
		take: field(func(c *Config) *[]Param { return &c.Params }, params),
	}, {
		key: "script_config", form: list, kind: "key=value",
		help: "what scripts read as config; values are text",
		take: field(func(c *Config) *map[string]string { return &c.ScriptConfig }, pairs),
	}, {
		key: "limits.status", kind: "duration", preset: "50ms",
		help: "time one status hook may take",
		take: field(func(c *Config) *time.Duration { return &c.Limits.Status }, limit),
	}, {
		key: "limits.create", kind: "duration", preset: "200ms",
		help: "time one on_… hook may take",
		take: field(func(c *Config) *time.Duration { return &c.Limits.Create }, limit),
	}, {
		key: "limits.logs", kind: "duration", preset: "500ms",
		help: "time one logs hook may take, with all its lines",
		take: field(func(c *Config) *time.Duration { return &c.Limits.Logs }, limit),
	}, {
		key: "limits.match", kind: "duration", preset: "20ms",
		help: "time one match function may take",
		take: field(func(c *Config) *time.Duration { return &c.Limits.Match }, limit),
	}, {
		key: "limits.slots", form: number, kind: "number", preset: int64(4), fixed: true,
		help: "hooks that may run at the same time",
		take: field(func(c *Config) *int { return &c.Limits.Slots }, between(1, 64)),
	}, {
		key: "limits.log_bytes", form: size, kind: "quantity", preset: "1Mi",
		help: "size of one log answer",
		take: field(func(c *Config) *int64 { return &c.Limits.LogBytes }, byteCount),
	}, {
		key: "limits.log_lines", form: number, kind: "number", preset: int64(10000),
		help: "lines of one log answer",
		take: field(func(c *Config) *int { return &c.Limits.LogLines }, between(1, 10_000_000)),
	}, {
		key: "limits.body", form: size, kind: "quantity", preset: "4Mi",
		help: "size of one request body",
		take: field(func(c *Config) *int64 { return &c.Limits.Body }, byteCount),
	}, {
		key: "cors.origins", form: list, kind: "origin",
		help: "web pages that may call the provider API, such as http://localhost:8080, or * for all",
		take: field(func(c *Config) *[]string { return &c.CORS.Origins }, origins),
	},
}

// field makes a setting's take: it parses a value and puts it where at points. What could be read is put there even
// beside an error, so that later settings are judged against it.
func field[V, T any](at func(*Config) *T, parse func(V) (T, error)) func(*Config, any) error {
	return func(c *Config, v any) (err error) {
		*at(c), err = parse(v.(V))
		return err
	}
}

func same[T any](v T) (T, error) { return v, nil }

func pointer[T any](v T) (*T, error) { return &v, nil }
