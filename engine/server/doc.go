// Package server answers: how does HTTP reach the provider?
//
// A [Server] is an http.Handler for the web-provider API of 2018, for our own /api/v1, for /livez, /readyz and
// /metrics. A request goes top-down through it:
//
//	ServeHTTP   generation header, CORS, double slashes, the one recover
//	guard       who may use /api/v1 (guard.go)
//	serveCall   one of the ten calls: read the input, ask for faults, call the provider, write (calls.go)
//	handleV1    one of ours: call the provider, write JSON (v1.go, actions.go); events.go holds the stream
//	refuse      any error meets the one table that turns it into status and body (errors.go)
//
// It knows HTTP and nothing of pods: what a call means is the [Provider]'s business. It never logs a body, because
// pods carry resolved secrets.
//
// Goroutines: [Server.Serve] runs one for the listener and waits for it; net/http runs one per connection.
package server
