package kubelet

import "time"

// WriteSpoiler is a Provider that has the kubelet half's own writes go wrong on purpose.
type WriteSpoiler interface {
	// SpoilsWrites says whether any write of a status may go wrong now. It is called before each.
	SpoilsWrites() bool

	// SpoilWrite says what is to go wrong with one write of a pod's status. Each call is about a new write.
	SpoilWrite(ref PodRef) WriteFault

	// WatchSpoils is called once, before all other calls. changed returns at once and may be called from any goroutine:
	// from now on other writes go wrong than before.
	WatchSpoils(changed func())
}

// WriteFault is what goes wrong with one write of a pod's status. The zero value is nothing.
type WriteFault struct {
	Late      time.Duration // it is sent so much later, with what the status is then
	Lost      bool          // it is not sent, and the kubelet half believes it was
	Twice     bool          // it is sent twice
	Reordered bool          // the one before it is sent again after it
}
