package fault

// The tables below are the only place where verbs are defined: command line, API, Lua and reference are made of them.

// evictReasons are those that the pod machine knows.
var evictReasons = []string{
	"memory", "ephemeral-storage", "inodes", "pids", "ephemeral-limit", "container-limit", "emptydir-limit", "shutdown", "preempted", "deadline",
	"container-lost",
}

var argContainer = Arg{Name: "container", Kind: Text, Doc: "one container; by default all that proper containers run"}

func podVerbs() []Verb {
	return []Verb{
		{
			Name: "crash", On: Pod, Args: []Arg{{Name: "code", Kind: Number, Default: "137", Doc: "exit code, 1 to 255"}, argContainer},
			Doc:     "The running containers end with an error; back-off and restarts follow, as the restart policy says.",
			Example: `pods{ labels = { app = "web" } }:sample(0.3):crash(137)`,
		}, {
			Name: "exit", On: Pod, Args: []Arg{{Name: "code", Kind: Number, Required: true, Doc: "exit code, 0 to 255"}, argContainer},
			Doc:     "The running containers end with that exit code.",
			Example: `pods{ owner = "Job/report" }:exit(3)`,
		}, {
			Name: "oom", On: Pod, Args: []Arg{argContainer},
			Doc:     "The running containers are killed as the kernel kills them for want of memory: 137, OOMKilled.",
			Example: `pods{ script = "leak" }:oom()`,
		}, {
			Name: "finish", On: Pod, Args: []Arg{argContainer},
			Doc:     "The running containers end well, with exit code 0. Under restart policy Always they start again.",
			Example: `pods{ owner = "Job/report" }:finish()`,
		}, {
			Name: "evict", On: Pod, Args: []Arg{
				{Name: "reason", Kind: Text, Default: "memory", Choices: evictReasons, Doc: "what the node is short of, which limit the pod is over, or why else the kubelet ends it"},
				{Name: "message", Kind: Text, Doc: "in place of the kubelet's words"},
			},
			Doc:     "The node throws the pods out as a kubelet does under pressure: Failed, Evicted, with DisruptionTarget.",
			Example: `pods{ node = "moonlet-0" }:evict("memory")`,
		}, {
			Name: "unready", On: Pod, Lasts: true,
			Doc:     "The readiness probes fail while it lasts; the containers go on running.",
			Example: `pods{ labels = { app = "web" } }:unready("1m")`,
		}, {
			Name: "stop", On: Pod, Args: []Arg{
				{Name: "phase", Kind: Text, Default: "Succeeded", Choices: []string{"Succeeded", "Failed"}, Doc: "the phase they end in"},
				{Name: "reason", Kind: Text, Doc: "status.reason"},
				{Name: "message", Kind: Text, Doc: "status.message"},
			},
			Doc:     "The pods are over for good, with that phase, as the lab's Stop Pod does it.",
			Example: `pods{ name = "batch-*" }:stop("Failed")`,
		}, {
			Name: "freeze", On: Pod, Lasts: true,
			Doc:     "Their status stops changing while it lasts: what they go on doing is not told. Afterwards it shows at once.",
			Example: `pods{ owner = "web" }:freeze("2m")`,
		}, {
			Name: "hang_delete", On: Pod, Lasts: true,
			Doc:     "Deleted, they stay Terminating while it lasts, whatever their grace period says.",
			Example: `pods{ namespace = "shop" }:hang_delete("10m")`,
		}, {
			Name: "log_burst", On: Pod, Lasts: true, Default: "30s", Args: []Arg{
				{Name: "rate", Kind: Number, Default: "100", Doc: "lines a second, 1 to 10000"},
				{Name: "text", Kind: Text, Default: "log burst", Doc: "what each line says"},
				argContainer,
			},
			Doc:     "Their logs get that many lines a second more while it lasts.",
			Example: `pods{ labels = { app = "web" } }:log_burst(500)`,
		},
	}
}

func nodeVerbs() []Verb {
	return []Verb{
		{
			Name: "silence", On: Node, Lasts: true,
			Doc:     "The nodes die without a word: no lease, no status, no events, no logs. Afterwards they come back with their pods.",
			Example: `nodes{ labels = { ["topology.kubernetes.io/zone"] = "a" } }:silence("3m")`,
		}, {
			Name: "not_ready", On: Node, Lasts: true, Args: []Arg{
				{Name: "reason", Kind: Text, Default: "container runtime is down", Doc: "message of the Ready condition"},
			},
			Doc:     "The kubelet lives and says that the node is not ready: Ready False, KubeletNotReady.",
			Example: `nodes{ name = "moonlet-1*" }:not_ready("container runtime is down", "5m")`,
		}, {
			Name: "pressure", On: Node, Lasts: true, Args: []Arg{
				{Name: "kind", Kind: Text, Default: "memory", Choices: []string{"memory", "disk", "pid"}, Doc: "what is short"},
			},
			Doc:     "The node reports MemoryPressure, DiskPressure or PIDPressure, and refuses the pods a kubelet then refuses.",
			Example: `nodes{}:sample(0.5):pressure("disk", "10m")`,
		}, {
			Name: "shutdown", On: Node, Lasts: true, Args: []Arg{
				{Name: "grace", Kind: Duration, Default: "30s", Doc: "what is left until the machine is off"},
				{Name: "critical", Kind: Duration, Default: "10s", Doc: "how much of it is kept for critical pods"},
			},
			Doc:     "A graceful node shutdown: NotReady, new pods refused, the pods ended, those of low priority first. When it is undone, the machine has booted again.",
			Example: `nodes{ name = "spot-*" }:shutdown("2m")`,
		}, {
			Name: "capacity", On: Node, Lasts: true, Args: []Arg{
				{Name: "resources", Kind: Resources, Required: true, Doc: "what the node has while it lasts, such as cpu=2,memory=4Gi"},
			},
			Doc:     "The node has other resources; the pods there stay.",
			Example: `nodes{ name = "gpu-*" }:capacity({ ["nvidia.com/gpu"] = "0" }, "10m")`,
		}, {
			Name: "drain", On: Node, Args: []Arg{
				{Name: "every", Kind: Duration, Default: "0s", Doc: "time from one pod to the next; 0: all at once"},
			},
			Doc:     "All pods of the nodes are thrown out, one after the other. It does not cordon: that is Kubernetes' part.",
			Example: `nodes{ labels = { ["topology.kubernetes.io/zone"] = "a" } }:drain("10s")`,
		},
	}
}

func callVerbs() []Verb {
	return []Verb{
		{
			Name: "latency", On: Call, Lasts: true, Args: []Arg{
				{Name: "time", Kind: Duration, Required: true, Doc: "how much longer the answer takes"},
			},
			Doc:     "The answers come later. Several add up.",
			Example: `calls{ calls = { "createPod" } }:latency("2s")`,
		}, {
			Name: "error", On: Call, Lasts: true, Args: []Arg{
				{Name: "code", Kind: Number, Default: "503", Doc: "HTTP status, 400 to 599"}, {Name: "message", Kind: Text, Doc: "text of the answer"},
			},
			Doc:     "The calls are answered with an error and do nothing.",
			Example: `calls{ calls = { "createPod" }, share = 0.3 }:error(503, "out of capacity")`,
		}, {
			Name: "hang", On: Call, Lasts: true, Args: []Arg{
				{Name: "time", Kind: Duration, Doc: "how long; by default until the client leaves"},
			},
			Doc:     "The calls get no answer.",
			Example: `calls{ share = 0.1 }:hang("30s")`,
		}, {
			Name: "drop", On: Call, Lasts: true,
			Doc:     "The connection is closed without an answer.",
			Example: `calls{ share = 0.1 }:drop()`,
		}, {
			Name: "garble", On: Call, Lasts: true,
			Doc:     "The answer's bytes are spoiled, so that it does not parse.",
			Example: `calls{ calls = { "getPods" } }:garble("1m")`,
		},
	}
}

func writeVerbs() []Verb {
	return []Verb{
		{
			Name: "late", On: Write, Lasts: true, Args: []Arg{{Name: "time", Kind: Duration, Required: true, Doc: "how late"}},
			Doc:     "Statuses reach Kubernetes later.",
			Example: `writes{ labels = { app = "web" } }:late("20s")`,
		}, {
			Name: "lost", On: Write, Lasts: true,
			Doc:     "Status writes are not sent; when it ends, the newest status is.",
			Example: `writes{ share = 0.2 }:lost("1m")`,
		}, {
			Name: "duplicated", On: Write, Lasts: true,
			Doc:     "Status writes are sent twice.",
			Example: `writes{}:duplicated()`,
		}, {
			Name: "reordered", On: Write, Lasts: true,
			Doc:     "An older status follows a newer one; the newest is sent last.",
			Example: `writes{ share = 0.5 }:reordered("5m")`,
		},
	}
}
