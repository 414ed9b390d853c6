package hook

import (
	"slices"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// The hooks, by the one word each has everywhere.
const (
	OnCreate    = "on_create"
	OnUpdate    = "on_update"
	OnDelete    = "on_delete"
	OnPull      = "on_pull"
	OnStart     = "on_start"
	Status      = "status"
	Logs        = "logs"
	Capacity    = "capacity"
	Conditions  = "conditions"
	Exec        = "exec"
	PortForward = "port_forward"
	HTTP        = "http"
	Usage       = "usage"
	Addresses   = "addresses"
	Heartbeat   = "heartbeat"
	OnRequest   = "on_request"
)

// Signature tells what a hook is asked, with what, and what it may answer. Editor files and the reference are made
// from it, and scripts are checked against its name.
type Signature struct {
	Name    string
	Params  []script.Arg
	Node    bool   // a node hook claims no pods: the first file in name order that defines it answers
	Writes  bool   // it may write memo
	When    string // when it is asked
	Returns string // the Lua type annotation of its answer
	Answers string // what it may answer, in prose
	Example string // a whole definition
}

// Registry lists all hooks in the order in which a pod's life meets them.
func Registry() []Signature { return slices.Clone(registry) }

var (
	argPod       = script.Arg{Name: "pod", Type: "Pod", Doc: "the pod, read-only; `pod.memo` is ours"}
	argContainer = script.Arg{Name: "container", Type: "Container", Doc: "the container's spec"}
	argPort      = script.Arg{Name: "port", Type: "number", Doc: "the port of the pod"}
	argIO        = script.Arg{Name: "io", Type: "IO", Doc: "the client: io:read(), io:write(…)"}
	argNode      = script.Arg{Name: "node", Type: "Node", Doc: "the node as config describes it; `node.memo` is ours"}
)

var registry = []Signature{
	{
		Name: OnCreate, Params: []script.Arg{argPod}, Writes: true,
		When:    "createPod, or a pod bound to our node",
		Returns: "nil|Reject|Delay|string",
		Answers: "nothing: the pod is let in; `reject(code, why)`: the call fails and nothing is stored; `delay(d)`: stored and listed at once, Pending that long; the name of an admission refusal (`\"OutOfcpu\"`, with a message as second value): stored as Failed, as a kubelet refuses; what keeps it from its sandbox (`\"FailedMount\"`, `\"FailedAttachVolume\"`, `\"FailedCreatePodSandBox\"`, `\"NetworkNotReady\"`, with a message as second value): Pending for good, or for a while: `delay(d, \"FailedMount\")`",
		Example: "function on_create(pod)\n  return delay(uniform(\"200ms\", \"2s\"))\nend",
	},
	{
		Name: OnPull, Params: []script.Arg{argPod, argContainer}, Writes: true,
		When:    "an image is wanted: before the first start, before every start under imagePullPolicy Always, and on every retry",
		Returns: "nil|string|number|PullAnswer",
		Answers: "how long the pull takes (`\"3s\"`), or `{ after = \"1s\", error = \"manifest unknown\", reason = \"ErrImagePull\" }`, or a reason and its text: `return \"ErrImagePull\", \"manifest unknown\"`",
		Example: "function on_pull(pod, container)\n  if chance(0.1) then return \"ErrImagePull\", \"registry is down\" end\n  return \"2s\"\nend",
	},
	{
		Name: OnStart, Params: []script.Arg{argPod, argContainer, {Name: "run", Type: "Run", Doc: "which run this is: number (from 1), init, sidecar, previous (how the run before ended)"}}, Writes: true,
		When:    "a container run begins",
		Returns: "nil|Outcome",
		Answers: "what this run will do: `started` (a duration, or false: the startup probe never passes), `ready` (a duration, false, or `flap(up, down)`), `liveness_fails` (a duration: from then on, until the kubelet kills the container), `exit`, `after`, `reason`, `message`, `signal`, `start_error`, `terminate` (a duration, or false: only the kill at the end of the grace ends it). An init container without `exit` exits 0 once ready",
		Example: "function on_start(pod, container, run)\n  if run.number == 1 then return { exit = 1, after = \"5s\" } end\n  return { ready = \"3s\" }\nend",
	},
	{
		Name: Status, Params: []script.Arg{argPod, {Name: "status", Type: "PodStatus", Doc: "the status a kubelet would report now"}},
		When:    "the derived status, memo, params or generation changed, or the time the hook itself named has come",
		Returns: "nil|string|PodStatus|Replace, number|string|nil",
		Answers: "nil: the status stands; a table: merged into it; `replace(table)`: a whole PodStatus; a word (`\"Running\"`, `\"CrashLoopBackOff\"`): that shape. Second value: when to ask again (0: on every call). A terminal phase latches and ends the runs",
		Example: "function status(pod, status)\n  if status.phase == \"Running\" then return { message = \"all is well\" } end\nend",
	},
	{
		Name: Logs, Params: []script.Arg{argPod, argContainer, {Name: "opts", Type: "LogOptions", Doc: "what was asked: tail, previous, and the run: run, started, finished"}},
		When:    "getContainerLogs, kubectl logs",
		Returns: "nil|string|string[]|Every",
		Answers: "text, a list of lines, or `every(interval, function(n, t) … end)`: line n is due at the run's start + n × interval",
		Example: "function logs(pod, container, opts)\n  return every(\"1s\", function(n, t) return rfc3339(t) .. \" line \" .. n end)\nend",
	},
	{
		Name: Exec, Params: []script.Arg{argPod, argContainer, {Name: "argv", Type: "string[]", Doc: "the command and its arguments; of attach the container's own, or its name where the image decides"}, argIO},
		When:    "kubectl exec; and kubectl attach -i, which joins the container's own process: io.attach is true then (attach without -i shows the log from now on)",
		Returns: "nil|string|number|ExecAnswer, number|nil",
		Answers: "the output and the exit code: `return \"hello\\n\"`, `return \"no such file\\n\", 1`, `return 127`, `return { stdout = \"\", stderr = \"no\\n\", exit = 1 }`. What `io:write(…)` wrote goes before it. `io:read()` waits for a line, as long as it takes, and is nil at the end of the input",
		Example: "function exec(pod, container, argv, io)\n  if argv[1] == \"hostname\" then return pod.metadata.name .. \"\\n\" end\n  return { stderr = argv[1] .. \": command not found\\n\", exit = 127 }\nend",
	},
	{
		Name: HTTP, Params: []script.Arg{argPod, argPort, {Name: "request", Type: "HTTPRequest", Doc: "method, path, query, headers (names in lower case), body, host"}},
		When:    "an HTTP request comes through kubectl port-forward",
		Returns: "nil|string|HTTPAnswer|Reject|false",
		Answers: "the body of a 200, or `{ status = 404, headers = { … }, body = \"…\" }`, or `reject(code, why)`; `false`: nothing listens on that port; nothing: a short page that names pod and port, if the port is one the pod has",
		Example: "function http(pod, port, request)\n  if request.path == \"/healthz\" then return \"ok\\n\" end\n  return { status = 404, body = \"not here\\n\" }\nend",
	},
	{
		Name: PortForward, Params: []script.Arg{argPod, argPort, argIO},
		When:    "a connection is made through kubectl port-forward; where a script has this hook, http is not asked",
		Returns: "nil|string|false",
		Answers: "text that goes out last, or nothing: the connection is closed when the hook ends; `false` before anything was written: nothing listens on that port",
		Example: "function port_forward(pod, port, io)\n  if port ~= 6379 then return false end\n  for line in io:lines() do io:write(line:upper() == \"PING\\r\" and \"+PONG\\r\\n\" or \"-ERR what?\\r\\n\") end\nend",
	},
	{
		Name: Usage, Params: []script.Arg{argPod, argContainer, {Name: "run", Type: "UsageRun", Doc: "which run of the container: number (from 1), started"}},
		When:    "kubectl top and metrics: every five seconds of a container's run, while somebody looks; and at the beginning of each run of a container with a memory limit",
		Returns: "nil|number|string|UsageAnswer, number|string|nil",
		Answers: "cores and memory: `{ cpu = \"250m\", memory = \"64Mi\" }`, or `return 0.25, \"64Mi\"`. What is left out is a share of the container's requests that stays the same for a run. With `oom = true` the container is looked at every five seconds, and killed once it uses more than its memory limit: OOMKilled",
		Example: "function usage(pod, container, run)\n  return { cpu = 0.2 + 0.1 * math.sin(now() / 60), memory = since(run.started) * 1024 * 1024, oom = true }\nend",
	},
	{
		Name: OnUpdate, Params: []script.Arg{argPod, {Name: "old", Type: "Pod", Doc: "the pod before"}}, Writes: true,
		When:    "updatePod, when metadata or spec changed",
		Returns: "nil|Reject|Delay",
		Answers: "nothing: taken; `reject(code, why)`: the call fails and the pod stays as it was; `delay(d)`: stored and listed at once, its containers follow after d",
		Example: "function on_update(pod, old)\n  if pod.metadata.labels.locked then return reject(409, \"locked\") end\nend",
	},
	{
		Name: OnDelete, Params: []script.Arg{argPod}, Writes: true,
		When:    "deletePod",
		Returns: "nil|Reject|Delay|string|number|false",
		Answers: "nothing: the containers end as their runs say; a duration (or `delay(d)`): termination takes that long, though no longer than the grace; `false`: never, the pod hangs Terminating; `reject(code, why)`: the call fails",
		Example: "function on_delete(pod)\n  return \"20s\"\nend",
	},
	{
		Name: Capacity, Params: []script.Arg{argNode}, Node: true,
		When:    "capacity, and the node status",
		Returns: "nil|table<string, string|number>",
		Answers: "resource names and quantities; they are laid over what config says",
		Example: "function capacity(node)\n  return { [\"nvidia.com/gpu\"] = 8 }\nend",
	},
	{
		Name: Conditions, Params: []script.Arg{argNode}, Node: true,
		When:    "nodeConditions, and the node status",
		Returns: "nil|NodeCondition[]",
		Answers: "a list of conditions; each replaces the one of its type, the others stay. Heartbeat and transition times are kept for you",
		Example: "function conditions(node)\n  return { { type = \"DiskPressure\", status = \"True\", reason = \"KubeletHasDiskPressure\" } }\nend",
	},
	{
		Name: Addresses, Params: []script.Arg{argNode}, Node: true,
		When:    "nodeAddresses, and the node status",
		Returns: "nil|NodeAddress[]",
		Answers: "a list of addresses; they replace those of the same type",
		Example: "function addresses(node)\n  return { { type = \"Hostname\", address = \"moon-1\" } }\nend",
	},
	{
		Name: Heartbeat, Params: []script.Arg{argNode}, Node: true,
		When:    "the lease of a node is due",
		Returns: "boolean|nil",
		Answers: "`false`: the node falls silent, as a machine does that died: no lease, no status, no word of its pods, until it is asked again and answers otherwise. Anything else: it lives",
		Example: "function heartbeat(node)\n  return not during(\"03:00\", \"03:05\")\nend",
	},
	{
		Name: OnRequest, Params: []script.Arg{{Name: "call", Type: "Call", Doc: "the provider call: name, namespace, pod, container, number (from 1, of that name)"}}, Writes: true,
		When:    "before each provider call that the file's `match = { calls = {…} }` names",
		Returns: "nil|Fault",
		Answers: "a fault: `latency(d)`, `reject(code, why)`, `hang()`, `drop()`, `garble()`, `cut(share)`, or a table of several: `{ latency = \"2s\", error = 503, message = \"busy\" }`. Files are asked in name order; the first fault wins, latencies add up",
		Example: "function on_request(call)\n  if chance(0.1) then return latency(\"2s\") end\nend",
	},
}

// find returns the signature of a hook.
func find(name string) (Signature, bool) {
	i := slices.IndexFunc(registry, func(s Signature) bool { return s.Name == name })
	if i < 0 {
		return Signature{}, false
	}
	return registry[i], true
}
