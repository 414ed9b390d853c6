// Package kubeletapi answers: how do kubectl logs, exec and top reach the provider?
//
// [Server] is the HTTPS API of a kubelet, one for all nodes of the process: logs, exec, attach and port-forward of the
// pods, lists of them, and what they use. It asks the provider, and whoever keeps the pods, for everything: it has no
// state but caches of who may do what, and of CPU time that ended containers had used.
//
// A call is about one node: that in its path (/nodes/NAME/… before the usual path), else that of the port it came in
// by, else that of the pod it names, else the only node there is. With several nodes, calls that name none of these are
// about all nodes: /pods, /runningpods/, /stats/summary and /metrics/resource then show all pods, and to be allowed one
// must be allowed it on every node. /healthz and /metrics speak of the process.
//
// Nobody is let in unasked, as with a kubelet that has anonymous access turned off: who calls is known by a client
// certificate or a bearer token (TokenReview), and may do what a SubjectAccessReview of nodes/proxy, nodes/stats,
// nodes/metrics, nodes/pods and so on allows. That holds for /healthz too.
//
// A node that has fallen silent is a dead machine: calls to it get no answer, the connection is closed on them instead
// (a real one would let them time out), and sessions under way break off.
//
// The package opens no listeners and writes nothing to Kubernetes. [Server.Serve] starts all goroutines there are and
// waits for them: one keeps the client CA fresh, one ends sessions of nodes that fell silent, and net/http has one for
// each connection and call; sessions have a few more, which end with them.
package kubeletapi
