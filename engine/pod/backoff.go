package pod

import "time"

// backoff counts the delays of something that keeps failing, as the kubelet does: the first retry is free, then 10 s,
// 20 s … 5 min; who was well for more than ten minutes begins anew.
type backoff struct {
	Delay   time.Duration `json:"delay,omitempty"`
	Updated instant       `json:"updated,omitempty"` // when it last grew
}

const (
	firstBackoff = 10 * time.Second
	mostBackoff  = 5 * time.Minute
	resetBackoff = 10 * time.Minute
)

// wait is how long something that failed then must wait after that.
func (b backoff) wait(at instant) time.Duration {
	if at > b.Updated.plus(resetBackoff) {
		return 0
	}
	return b.Delay
}

// grown is the back-off after a retry now of what failed then.
func (b backoff) grown(failed, now instant) backoff {
	delay := min(2*b.wait(failed), mostBackoff)
	if delay == 0 {
		delay = firstBackoff
	}
	return backoff{Delay: delay, Updated: now}
}
