// Package sim answers: what would happen?
//
// [New] gives a whole provider whose clock is held and whose state is in memory: time moves when its owner says so, and
// what falls due on the way happens before [Sim.Pass] returns. Tests of scripts, previews and scenarios without a
// cluster are told on one; enginetest puts a server in front of it. Same options and calls, same lives.
//
// A Sim is used by one goroutine at a time. It starts one, the watchdog of its scripts, unless it is given a Runtime;
// [Sim.Close] ends it.
package sim
