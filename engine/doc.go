// Package engine assembles a Moonlet: a node whose pods live the lives that Lua scripts give them.
//
// Each package below answers one question:
//
//	api         what goes over the wire?
//	clock       what time is it, and who holds it?
//	nearest     which of the names we know was meant?
//	pod         what would a kubelet report? pure: (spec, what each run does, time) → status, next change
//	pod/podtest what does a real kubelet write? for tests
//	state       what does the node hold now, and after a crash?
//	script      how does Lua run safely? the only home of gopher-lua
//	hook        which hooks exist, what do they get, what may they return, what if absent?
//	provider    what happens on each provider call, and on each due time?
//	fault       which faults and verbs exist, and whom do they hit?
//	scenario    how does a story run, and what is its verdict?
//	journal     what happened to a pod, and why?
//	explain     how does a pod's state sound in words?
//	server      how does HTTP reach it?
//	client      how does Go call a provider, and a Moonlet's own API, over HTTP?
//	watch       when did files settle after a change?
//	config      how was it started? the only home of viper
//	kubelet     what must a provider do to be Kubernetes nodes? below it, the kubelet half: the only home of client-go
//	sim         what would happen? a provider on a held clock, for tests of scripts and previews
//	sim/suite   do scripts do what their tests say?
//	sim/preview what would a script do with a pod? drawn
//	junit       how does a CI system read what was tested?
//	sim/stage   where does a story play when there is no cluster?
//	enginetest  how do tests start one? a sim with a server in front
//
// Arrows point inward, and doors do not know each other:
//
//	cmd ─► engine ─┬─► server ─► (an interface that provider satisfies)
//	               ├─► watch
//	               ├─► config
//	               └─► provider ─► hook ─► script
//	                       ├────────► fault
//	                       ├────────► state ─► pod
//	                       └────────► journal, explain
//
// The kubelet half stands beside it, and cmd joins the two: kubelet/lua lets provider be what kubelet asks for, and
// kubelet/broker joins that to a cluster. So what needs no cluster pays for no client of one.
//
// A call: server decodes; provider drafts a change from the pod's snapshot, asks hooks, lets the machine compute and
// commits if the snapshot still holds; server writes the bytes. A file: watch sees the folder settle; hook loads it
// whole or not at all; provider re-plans the pods whose scripts changed. A tick: state knows the earliest due time;
// provider's workers do what is due, one pod at a time.
//
// The reasons behind it are in DESIGN.md.
package engine
