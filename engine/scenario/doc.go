// Package scenario answers: how does a story run, and what is its verdict?
//
// [Load] reads a file that declares scenarios; [File.Run] tells one of them on a [Stage]: what scripts and people can do
// to pods, nodes, calls and params, and a clock. The same file runs on the running Moonlet and on a held clock; which
// of them it is, only the Stage knows. A run keeps what it did and what it expected, tells it as it goes, and undoes all
// of it at its end, however that comes.
//
// [Theatre] is the runs of one process, by which the API starts, lists and ends them.
//
// Goroutines: those of the story's branches, see package script; they have ended when Run returns.
package scenario
