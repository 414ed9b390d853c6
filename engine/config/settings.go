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
	kubelet bool   // only moonlet kubelet heeds it
	env     string // a variable that Virtual Kubelet reads for it
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
		shown: "moonlet.db, or kubelet.db for moonlet kubelet, in $XDG_STATE_HOME/moonlet or ~/.local/state/moonlet",
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
		key: "node.name", short: "nodename", kind: "name", preset: "virtual-kubelet", fixed: true, env: "DEFAULT_NODE_NAME",
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
		key: "node.zones", form: list, kind: "zone", fixed: true,
		help: "zones of the nodes in turn, as label topology.kubernetes.io/zone: a,b,c",
		take: field(func(c *Config) *[]string { return &c.Node.Zones }, zones),
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
		help: "Kubernetes version whose status shapes are written; moonlet kubelet follows its API server",
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
		key: "limits.exec", kind: "duration", preset: "1s",
		help: "time an exec or port_forward hook may take between two inputs",
		take: field(func(c *Config) *time.Duration { return &c.Limits.Exec }, limit),
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
		key: "limits.blast_radius", kind: "pods|share", shown: "none", preset: "",
		help: "how many pods faults may concern at a time: a number, or a share such as 30%",
		take: field(func(c *Config) *BlastRadius { return &c.Limits.BlastRadius }, blastRadius),
	}, {
		key: "cors.origins", form: list, kind: "origin",
		help: "web pages that may call the provider API, such as http://localhost:8080, or * for all",
		take: field(func(c *Config) *[]string { return &c.CORS.Origins }, origins),
	}, {
		key: "auth.token_file", short: "token-file", kind: "file", shown: "none", preset: "",
		help: "file with the token that clients of /api/v1 must send, for reading too; read again when it changes",
		take: field(func(c *Config) *string { return &c.Auth.TokenFile }, same[string]),
	}, {
		key: "node.count", short: "nodes", form: number, kind: "number", preset: int64(1), fixed: true, kubelet: true,
		help: "how many nodes to be",
		take: field(func(c *Config) *int { return &c.Node.Count }, between(1, 5000)),
	}, {
		key: "node.pattern", kind: "pattern", preset: "{name}-{number}", fixed: true, kubelet: true,
		help: "names of several nodes: {name} is node.name, {number} counts from 0",
		take: takePattern,
	}, {
		key: "kubelet.provider", short: "provider", kind: "name", preset: "lua", fixed: true, kubelet: true,
		help: "what stands behind the nodes: lua (scripts) or web (a web provider, see web.url)",
		take: field(func(c *Config) *string { return &c.Kubelet.Provider }, nonEmpty),
	}, {
		key: "kubelet.kubeconfig", short: "kubeconfig", kind: "file", preset: "", fixed: true, kubelet: true,
		shown: "$KUBECONFIG, ~/.kube/config, or the pod's own service account",
		help:  "cluster to join",
		take:  field(func(c *Config) *string { return &c.Kubelet.Kubeconfig }, same[string]),
	}, {
		key: "kubelet.namespace", short: "namespace", kind: "name", shown: "all", preset: "", fixed: true, kubelet: true,
		help: "run the pods of this namespace only",
		take: field(func(c *Config) *string { return &c.Kubelet.Namespace }, namespace),
	}, {
		key: "kubelet.taint", short: "taint", kind: "key", preset: defaultTaint, fixed: true, kubelet: true, env: "VKUBELET_TAINT_KEY",
		help: "key of the nodes' taint",
		take: takeTaintKey,
	}, {
		key: "kubelet.taint_value", kind: "value", shown: "the provider's name, with the default key", preset: "", fixed: true, kubelet: true, env: "VKUBELET_TAINT_VALUE",
		help: "value of the nodes' taint",
		take: takeTaintValue,
	}, {
		key: "kubelet.taint_effect", kind: "effect", preset: "NoSchedule", fixed: true, kubelet: true, env: "VKUBELET_TAINT_EFFECT",
		choices: taintEffects,
		help:    "effect of the nodes' taint",
		take:    takeTaintEffect,
	}, {
		key: "kubelet.disable_taint", short: "disable-taint", form: toggle, kind: "switch", preset: false, fixed: true, kubelet: true,
		help: "give the nodes no taint, so that pods need no toleration",
		take: takeTaintOff,
	}, {
		key: "kubelet.port", form: number, kind: "number", preset: int64(10250), fixed: true, kubelet: true, env: "KUBELET_PORT",
		help: "port of the kubelet API, for kubectl logs and exec; 0 picks a free one. It listens on VKUBELET_POD_IP, else on 127.0.0.1",
		take: field(func(c *Config) *int { return &c.Kubelet.Port }, between(0, 65535)),
	}, {
		key: "kubelet.cert", kind: "file", shown: "self-made", preset: "", fixed: true, kubelet: true, env: "APISERVER_CERT_LOCATION",
		help: "serving certificate of the kubelet API, read again when it changes",
		take: field(func(c *Config) *string { return &c.Kubelet.Cert }, same[string]),
	}, {
		key: "kubelet.key", kind: "file", shown: "self-made", preset: "", fixed: true, kubelet: true, env: "APISERVER_KEY_LOCATION",
		help: "key of kubelet.cert",
		take: takeKey,
	}, {
		key: "kubelet.client_ca", kind: "file", shown: "the cluster's", preset: "", fixed: true, kubelet: true, env: "APISERVER_CA_CERT_LOCATION",
		help: "CA of the clients of the kubelet API",
		take: field(func(c *Config) *string { return &c.Kubelet.ClientCA }, same[string]),
	}, {
		key: "kubelet.metrics_addr", short: "metrics-addr", kind: "host:port", preset: "127.0.0.1:10255", fixed: true, kubelet: true,
		help: "where /metrics, /livez and /readyz are served without TLS; off for nowhere",
		take: field(func(c *Config) *string { return &c.Kubelet.MetricsAddr }, metricsAddress),
	}, {
		key: "kubelet.startup_timeout", short: "startup-timeout", kind: "duration", preset: "1m", fixed: true, kubelet: true,
		help: "how long to try to reach the cluster at the start",
		take: field(func(c *Config) *time.Duration { return &c.Kubelet.StartupTimeout }, span(time.Second, time.Hour)),
	}, {
		key: "kubelet.on_exit", short: "on-exit", kind: "word", preset: "keep", fixed: true, kubelet: true, choices: exits,
		help: "what becomes of the nodes at the end: keep stops nothing, drain ends their pods, delete removes the nodes too",
		take: field(func(c *Config) *string { return &c.Kubelet.OnExit }, oneOf(exits...)),
	}, {
		key: "kubelet.adopt", short: "adopt", form: toggle, kind: "switch", preset: false, fixed: true, kubelet: true,
		help: "take over nodes of these names that somebody else made",
		take: field(func(c *Config) *bool { return &c.Kubelet.Adopt }, same[bool]),
	}, {
		key: "events.per_node", form: number, kind: "number", preset: int64(50), fixed: true, kubelet: true,
		help: "events written in a second at most, for each node; 0 writes none at all",
		take: field(func(c *Config) *float64 { return &c.Events.PerNode }, rate),
	}, {
		key: "events.per_process", form: number, kind: "number", preset: int64(200), fixed: true, kubelet: true,
		help: "events written in a second at most, for all nodes together; 0 writes none at all",
		take: field(func(c *Config) *float64 { return &c.Events.PerProcess }, rate),
	}, {
		key: "web.url", kind: "url", shown: "none", preset: "", fixed: true, kubelet: true, env: "WEB_ENDPOINT_URL",
		help: "the web provider of --provider web",
		take: field(func(c *Config) *string { return &c.Web.URL }, webURL),
	}, {
		key: "web.ca", kind: "file", preset: "", shown: "the system's", fixed: true, kubelet: true,
		help: "CA of an https web provider",
		take: field(func(c *Config) *string { return &c.Web.CA }, same[string]),
	}, {
		key: "web.timeout", kind: "duration", preset: "10s", fixed: true, kubelet: true,
		help: "time one call of the web provider may take",
		take: field(func(c *Config) *time.Duration { return &c.Web.Timeout }, span(100*time.Millisecond, 10*time.Minute)),
	}, {
		key: "web.poll", kind: "duration", preset: "5s", fixed: true, kubelet: true,
		help: "how often the web provider is asked for its pods' statuses, where it does not tell of them itself",
		take: field(func(c *Config) *time.Duration { return &c.Web.Poll }, span(100*time.Millisecond, time.Hour)),
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
