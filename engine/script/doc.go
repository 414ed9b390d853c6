// Package script answers: how does Lua run safely? It compiles script files, runs them in a sandbox under limits, and
// carries values between Go and Lua. It is the only home of gopher-lua.
//
// A [Runtime] holds what all scripts of the process share: the gate that lets at most a few hooks run at once, and the
// watchdog that ends hooks that take too long or grow the heap. [Runtime.Load] turns the text of a scripts folder into
// a [Set], one generation that never changes; [Set.Call] asks one hook of one [File] and hands its answer to a
// callback as [Value]s, which know how to become Go types.
//
// A call borrows a Lua state from the Set's pool. In a state every file was run once, in an environment of its own, and
// all it left behind was made constant: calls are independent of each other and of the state they happen to get.
// Kubernetes objects reach Lua as read-only views over the Go values, filled when they are looked at.
//
// A call with an [IO] is a session: its hook talks with a client, and may wait for it as long as the client stays. While
// it waits it holds a Lua state, but no place at the gate. It ends when its context does, at once.
//
// What the package does not know: which hooks exist and what their answers mean (the caller says so in [Env] and reads
// the [Answer]), clocks (a call carries its time) and files (the caller reads them).
//
// One goroutine exists per Runtime, the watchdog; it starts with the first call and ends in [Runtime.Close]. Lua runs on
// the caller's goroutine.
package script
