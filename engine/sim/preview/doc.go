// Package preview answers: what would a script do with a pod?
//
// [Make] plays one pod's life many times on held clocks, with neighbouring seeds, and gives a [Preview]: how the first
// life goes, span by span, and how the others end. It is printed for a terminal ([Preview.Text]), drawn ([Preview.SVG])
// or encoded as JSON.
//
// Lives are played side by side; Make returns when all have ended.
package preview
