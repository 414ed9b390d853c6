package stage

import (
	"context"
	"fmt"
	"time"
)

// LongestStory is how many days of its story a scenario may last that nobody watches.
const LongestStory = 31

// Bounded is a stage for stories that are told as fast as they can be, on which they end: one without an end would go on for ever,
// and nobody would see why.
type Bounded struct {
	*Stage
	end  time.Time
	days int
}

// Bound has stories on a stage break that have not ended so many days from now.
func Bound(s *Stage, days int) *Bounded {
	return &Bounded{s, s.Now().Add(time.Duration(days) * 24 * time.Hour), days}
}

// Wait implements [scenario.Stage].
func (b *Bounded) Wait(ctx context.Context, until time.Time) error {
	if until.After(b.end) {
		return fmt.Errorf("after %d days of the story it has not ended: where nobody stops it, it needs an end "+
			"(in scenarios loop_for ends by itself, and loop_every when its function returns false)", b.days)
	}
	return b.Stage.Wait(ctx, until)
}
