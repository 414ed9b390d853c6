// Package connect answers: how is the cluster reached, and what is missing where it is not?
//
// [Connect] finds a configuration, waits for the API server to answer and returns a [Cluster]. [Cluster.Missing] asks
// which of the rights that a caller needs it does not have, and [Explain] makes one readable line of what a client
// says went wrong.
//
// It decides nothing about nodes and pods, and grants no rights. It starts no goroutines that outlive a call; the
// connections of the clients it returns are theirs.
package connect
