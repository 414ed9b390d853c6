package stage

import (
	"context"
	"fmt"
	"time"

	"github.com/moonlet-dev/moonlet/engine/scenario"
)

// longest is how long a story may last where nobody watches it.
const longest = 31 * 24 * time.Hour

// Bound is a stage for stories that are told as fast as they can be: one that has not ended after 31 days breaks. Without an end
// it would go on for ever, and nobody would see why.
func Bound(s *Stage) scenario.Stage { return &bounded{s, s.Now().Add(longest)} }

type bounded struct {
	*Stage
	end time.Time
}

// Wait implements [scenario.Stage].
func (b *bounded) Wait(ctx context.Context, until time.Time) error {
	if until.After(b.end) {
		return fmt.Errorf("after %d days of the story the scenario has not ended: where nobody stops it, it needs an end "+
			"(loop_for ends by itself, loop_every when its function returns false)", longest/(24*time.Hour))
	}
	return b.Stage.Wait(ctx, until)
}
