// Package watch answers: when did files settle after a change?
//
// The main type is [Watcher]. It calls a function with the whole content of a folder whenever that differs from
// what it delivered last, once nobody has touched the folder for a moment and two readings of it were alike.
//
// Watching a file does not work: editors and ConfigMaps replace files by renaming others, and a watch stays with the
// file that is gone. So folders are watched, what the events say is ignored, and the content decides. A slow second
// look every few seconds finds what no event told, and watches again what was lost.
//
// The package knows nothing of what the files mean. [Watcher.Run] runs in its caller's goroutine and calls back from
// it; the notifications of the system come from one goroutine of fsnotify, which ends with Run.
package watch
