// Package enginetest answers: how do tests start a Moonlet?
//
// [New] gives one on a held clock with its state in memory: time moves when the test says so, and what falls due on the
// way happens before [Engine.Advance] returns. [Run] plays scenarios written as txtar files, which read like a session
// at a terminal; its commands are listed in commands.go.
package enginetest
