// Package forward answers: how does a pod speak over a forwarded port?
//
// [Serve] hands a connection over as it is, if whoever answers wants it so, and else speaks HTTP on it and asks request
// by request. It knows no Kubernetes and no Lua: a [Port] answers.
//
// While Serve runs it has goroutines of its own, those of an HTTP server and two that carry bytes. All have ended when
// it returns, but for one that may still read from the connection: that ends when whoever made the connection closes it.
package forward
