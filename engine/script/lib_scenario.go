package script

const groupScenario = "Scenarios"

// A Scenario entry works inside scenarios only; its Example runs in one.
func scenarioEntries() []Entry {
	const selectorDoc = "namespace, name (with *), labels"
	entries := []Entry{
		{
			Name: "scenario", fn: libScenario, Params: []Arg{{"name", "string", ""}, {"story", "fun()", "what happens"}},
			Doc: "Declares a story, at the top of a file: moonlet scenario run tells it. All that it did to pods, nodes, calls and params ends with it.",
		},
		{
			Name: "given", fn: libGiven, Params: []Arg{{"world", "Given", "nodes and pods"}},
			Doc: "Says, at the top of a file, which nodes and pods its scenarios meet on a held clock (moonlet scenario run --speed). Elsewhere they meet those that there are.",
		},
		{
			Name: "wait", fn: libWait, Params: []Arg{{"d", "Duration", "how long"}},
			Doc: "Waits. It works everywhere in a scenario, inside pcall, sort and iterators too.", Example: `wait("30s")`,
		},
		{
			Name: "at", fn: libAt, Params: []Arg{{"t", "string|number", "\"09:00\" (UTC), or a duration since the scenario began"}},
			Doc: "Waits until a time of day, or until so long after the begin. What is over is not waited for.", Example: `at("2m")`,
		},
		{
			Name: "loop_every", fn: libLoopEvery, Params: []Arg{{"interval", "Duration", ""}, {"f", "fun(turn: number): false?", "return false to end the loop"}},
			Doc: "Calls f at once and then every interval, until it returns false.", Example: `loop_every("10s", function(turn) return turn < 3 end)`,
		},
		{
			Name: "loop_for", fn: libLoopFor, Params: []Arg{{"lasts", "Duration", ""}, {"interval", "Duration", ""}, {"f", "fun(turn: number): false?", "return false to end the loop"}},
			Doc: "Calls f at once and then every interval, for so long.", Example: `loop_for("1m", "20s", function() pods{}:pick(1):crash{ allow_empty = true } end)`,
		},
		{
			Name: "parallel", fn: libParallel, Params: []Arg{{"...", "fun()", "what happens side by side"}},
			Doc: "Does several things side by side, and goes on when all are done. Where one breaks the others end, too.", Example: `parallel(function() wait("5s") end, function() wait("3s") end)`,
		},
		{
			Name: "expect", fn: libExpect, Returns: "boolean",
			Params:  []Arg{{"what", "string", "in words, for the verdict"}, {"f", "fun(): boolean, any", "whether it holds; a second value is shown with it"}, {"when", "Expect?", "within: it must begin to hold in that time; holds_for: and then hold so long"}},
			Doc:     "Expects something: now, or within a time. The verdict tells; the scenario goes on either way, and can ask what expect returned.",
			Example: `expect("nothing fails", function() return pods{ phase = "Failed" }:count() == 0 end, { within = "10s", holds_for = "5s" })`,
		},
		{
			Name: "calls", fn: libCalls, Returns: "CallList", Params: []Arg{{"selector", "CallSelector?", "calls (their names), namespace, name (with *), labels, node, owner, script, share"}},
			Doc: "The provider calls to come that fit, for verbs.", Example: `calls{ calls = { "createPod" }, share = 0.3 }:error(503, "out of capacity", "1m")`,
		},
		{
			Name: "writes", fn: libWrites, Returns: "WriteList", Params: []Arg{{"selector", "CallSelector?", "namespace, name (with *), labels, node, owner, script, share"}},
			Doc: "Our own status writes to the API server that are to come, for verbs.", Example: `writes{ share = 0.5 }:late("5s", "1m")`,
		},
		{
			Name: "in_cluster", fn: libInCluster, Returns: "boolean",
			Doc: "Is there a cluster to look at? In moonlet kubelet there is.", Example: `if in_cluster() then print(deployments{}:names()) end`,
		},
		{
			Name: "deployments", fn: libDeployments, Returns: "DeploymentList", Params: []Arg{{"selector", "ClusterSelector?", selectorDoc}},
			Doc: "The deployments of the cluster that fit, as the API server has them now: :available(), :ready(), :updated(), :replicas() are numbers of pods, :count(), :names(), list[i].",
		},
		{
			Name: "endpoints", fn: libEndpoints, Returns: "EndpointList", Params: []Arg{{"selector", "ClusterSelector?", "namespace, name of the service (with *), labels"}},
			Doc: "The endpoint slices of the services that fit, as the API server has them now: :ready() and :addresses() are numbers of endpoints, :count(), :names(), list[i].",
		},
		{
			Name: "cluster_nodes", fn: libClusterNodes, Returns: "ClusterNodeList", Params: []Arg{{"selector", "ClusterSelector?", "name (with *), labels"}},
			Doc: "The nodes of the cluster, ours and others, as the API server has them now: :ready(), :count(), :names(), list[i]. A silent node of ours is not ready in nodes{} at once, and here some 40 seconds later.",
		},
	}
	for i := range entries {
		entries[i].Group, entries[i].Scenario = groupScenario, true
	}
	return entries
}
