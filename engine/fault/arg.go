package fault

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// parse brings a value of Lua, JSON or a command line into the one form of the argument's kind.
func (a Arg) parse(v any) (any, error) {
	parsed, err := a.Kind.parse(v)
	if text, ok := parsed.(string); ok && err == nil && a.Choices != nil && !slices.Contains(a.Choices, text) {
		return nil, fmt.Errorf("%q is none of %s%s", text, strings.Join(a.Choices, ", "), didYouMean(text, a.Choices))
	}
	return parsed, err
}

func (k Kind) parse(v any) (any, error) {
	switch k {
	case Number:
		return wholeOf(v)
	case Share:
		return ParseShare(v)
	case Duration:
		d, err := ParseDuration(v)
		return d.String(), err
	case Names:
		return namesOf(v)
	case Resources:
		return resourcesOf(v)
	default:
		return textOf(v)
	}
}

func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case float64, int, int64, bool:
		return fmt.Sprint(v), nil
	default:
		return "", fmt.Errorf("must be text, not %T", v)
	}
}

func numberOf(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case string:
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number", v)
		}
		return f, nil
	default:
		return 0, fmt.Errorf("must be a number, not %T", v)
	}
}

func wholeOf(v any) (int, error) {
	f, err := numberOf(v)
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || math.Abs(f) > 1e9 {
		return 0, fmt.Errorf("%v is not a whole number", v)
	}
	return int(f), nil
}

// ParseShare reads a share: a number from 0 to 1, or text such as "0.3" or "30%".
func ParseShare(v any) (float64, error) {
	scale := 1.0
	if text, ok := v.(string); ok {
		if trimmed, percent := strings.CutSuffix(text, "%"); percent {
			v, scale = trimmed, 100
		}
	}
	f, err := numberOf(v)
	if err != nil {
		return 0, err
	}
	if f /= scale; !(f >= 0 && f <= 1) {
		return 0, errors.New("must be from 0 to 1, or from 0% to 100%")
	}
	return f, nil
}

func namesOf(v any) ([]string, error) {
	var list []string
	switch v := v.(type) {
	case string:
		list = strings.Split(v, ",")
	case []string:
		list = slices.Clone(v)
	case []any:
		for _, one := range v {
			text, ok := one.(string)
			if !ok {
				return nil, fmt.Errorf("must be a list of names, and %v is none", one)
			}
			list = append(list, text)
		}
	default:
		return nil, fmt.Errorf("must be a list of names, not %T", v)
	}
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" }), nil
}

// resourcesOf reads { cpu = "2" } or "cpu=2,memory=4Gi" into the list "cpu=2", "memory=4Gi".
func resourcesOf(v any) ([]string, error) {
	if table, ok := v.(map[string]any); ok {
		var list []string
		for _, name := range slices.Sorted(maps.Keys(table)) {
			text, err := textOf(table[name])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			list = append(list, name+"="+text)
		}
		v = list
	}
	list, err := namesOf(v)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("names no resource: write cpu=2,memory=4Gi")
	}
	for _, one := range list {
		name, quantity, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not resource=quantity, such as cpu=2", one)
		}
		if _, err := resource.ParseQuantity(quantity); err != nil {
			return nil, fmt.Errorf("%s: %q is not a quantity, such as 2, 500m or 4Gi", name, quantity)
		}
	}
	return list, nil
}

// ranges bound numbers, by verb and argument.
var ranges = map[string][2]int{
	"crash.code": {1, 255}, "exit.code": {0, 255}, "error.code": {400, 599}, "log_burst.rate": {1, 10_000},
}

func (v Verb) checkRanges(args map[string]any) error {
	for _, a := range v.Args {
		n, ok := args[a.Name].(int)
		r, bounded := ranges[v.Name+"."+a.Name]
		if ok && bounded && (n < r[0] || n > r[1]) {
			return badOrder("%s: %s %d is not from %d to %d", v.Name, a.Name, n, r[0], r[1])
		}
	}
	return nil
}
