package pod

import (
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// instant is a point in time in nanoseconds since 1970: a third of the size of a time.Time, comparable, and without
// loss in JSON.
type instant int64

// never is the instant of what does not happen, or did not yet.
const never instant = 0

// forever is an instant that does not come.
const forever instant = math.MaxInt64

// Forever is a delay that does not end.
const Forever time.Duration = math.MaxInt64

// moment turns a time into an instant. Times that do not fit are moved to the nearest that does.
func moment(t time.Time) instant {
	switch {
	case t.IsZero():
		return never
	case t.Unix() <= 0:
		return 1
	case t.Unix() >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	default:
		return instant(t.UnixNano())
	}
}

// plus is d later; it stays where it is for d < 0 and at the end of time where it does not fit.
func (i instant) plus(d time.Duration) instant {
	if d <= 0 {
		return i
	}
	if i > math.MaxInt64-instant(d) {
		return math.MaxInt64
	}
	return i + instant(d)
}

// time is the zero time for never.
func (i instant) time() time.Time {
	if i == never {
		return time.Time{}
	}
	return time.Unix(0, int64(i)).UTC()
}

// stamp is how Kubernetes writes the instant: in whole seconds.
func (i instant) stamp() metav1.Time {
	if i == never {
		return metav1.Time{}
	}
	return metav1.Time{Time: time.Unix(int64(i)/int64(time.Second), 0).UTC()}
}
