package fault

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// ParseDuration reads a duration: text such as "1m30s", or a number of seconds. It is never negative.
func ParseDuration(v any) (time.Duration, error) {
	if d, ok := v.(time.Duration); ok {
		return d, nil
	}
	text, ok := v.(string)
	if !ok {
		return seconds(v)
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration such as 30s or 1m30s%s", text, nearestDuration(text))
	case d < 0:
		return 0, fmt.Errorf("%q is less than 0", text)
	default:
		return d, nil
	}
}

func seconds(v any) (time.Duration, error) {
	f, err := numberOf(v)
	if err != nil {
		return 0, fmt.Errorf("must be a duration such as \"30s\" or a number of seconds, not %T", v)
	}
	if !(f >= 0 && f < math.MaxInt64/float64(time.Second)) {
		return 0, fmt.Errorf("%v seconds are no duration", f)
	}
	return time.Duration(f * float64(time.Second)), nil
}

// units are what people write in place of Go's.
var units = []struct{ said, meant string }{
	{"milliseconds", "ms"},
	{"millis", "ms"},
	{"msec", "ms"},
	{"seconds", "s"},
	{"second", "s"},
	{"secs", "s"},
	{"sec", "s"},
	{"minutes", "m"},
	{"minute", "m"},
	{"mins", "m"},
	{"min", "m"},
	{"hours", "h"},
	{"hour", "h"},
	{"hrs", "h"},
	{"hr", "h"},
}

// nearestDuration says what a text may have meant.
func nearestDuration(text string) string {
	guess := strings.ToLower(strings.ReplaceAll(text, " ", ""))
	for _, u := range units {
		guess = strings.ReplaceAll(guess, u.said, u.meant)
	}
	if days, ok := strings.CutSuffix(guess, "d"); ok {
		if d, err := time.ParseDuration(days + "h"); err == nil {
			guess = fmt.Sprintf("%gh", 24*d.Hours())
		}
	}
	if _, err := time.ParseDuration(guess); err != nil {
		guess += "s"
	}
	if d, err := time.ParseDuration(guess); err != nil || d < 0 {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", guess)
}
