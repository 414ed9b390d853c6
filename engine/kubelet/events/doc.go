// Package events answers: what do people read in kubectl describe?
//
// A [Recorder] takes what happens to pods and nodes in a kubelet's words ([kubelet.Event]) and writes Events of core/v1,
// as kubelets do: about the container where it is one's, from the component "kubelet" on the node. The same event again
// adds to the count of the first; many alike are combined into one, and one object's are limited, by the rules of
// client-go.
//
// Events matter least of all that is written to Kubernetes. They wait in a queue of at most 4096, and 1024 per node, out
// of which the oldest fall; they are written within a budget per node and one for the process, in turn between nodes;
// and they give way to other writes while [Options].Idle says no, though no event gives way for more than ten seconds.
// What cannot be written after three tries is lost. All losses are counted.
//
// It decides nothing about what is worth an event. [Recorder.Run] starts four goroutines that write, of which each has
// its own objects; those that tell events never wait.
package events
