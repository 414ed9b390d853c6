package config

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// form is the shape in which a value arrives from a file; flags and variables bring texts, which are read by form too.
type form int

const (
	text   form = iota // string
	toggle             // bool
	number             // int64
	size               // string holding a quantity, or a whole number
	list               // []string
)

// read turns what a flag, a variable or a file holds into the form's own type.
func (f form) read(raw any) (any, error) {
	switch f {
	case toggle:
		return readToggle(raw)
	case number:
		return readNumber(raw)
	case list:
		return readList(raw)
	case size:
		if n, err := readNumber(raw); err == nil {
			return strconv.FormatInt(n, 10), nil
		}
	case text:
	}
	if s, ok := raw.(string); ok {
		return s, nil
	}
	return nil, fmt.Errorf("%s is not a text: put it in quotes", describe(raw))
}

func readToggle(raw any) (bool, error) {
	switch v := raw.(type) {
	case bool:
		return v, nil
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b, nil
		}
	}
	return false, fmt.Errorf("%s is neither true nor false", describe(raw))
}

func readNumber(raw any) (int64, error) {
	switch v := raw.(type) {
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	case float64:
		// JSON has only floats; above 2^53 they no longer hold every whole number.
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v), nil
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%s is not a whole number", describe(raw))
}

func readList(raw any) ([]string, error) {
	switch v := raw.(type) {
	case []string:
		return v, nil
	case string:
		return splitList(v)
	case []any:
		return readItems(v)
	}
	return nil, fmt.Errorf("%s is not a list", describe(raw))
}

func readItems(items []any) ([]string, error) {
	texts := make([]string, 0, len(items))
	var problems []error
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			problems = append(problems, fmt.Errorf("item %d, %s, is not a text: put it in quotes", i+1, describe(item)))
			continue
		}
		texts = append(texts, s)
	}
	return texts, errors.Join(problems...)
}

// splitList reads a list from a flag or a variable: items separated by commas; one that holds a comma stands in quotes.
func splitList(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	items, err := csv.NewReader(strings.NewReader(s)).Read()
	if err != nil {
		return nil, fmt.Errorf(`%q is not a list: separate items by commas, and put one that holds a comma in quotes: "a,b"`, s)
	}
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items, nil
}

// joinList is the reverse of splitList.
func joinList(items []string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.Write(items); err != nil {
		return strings.Join(items, ",")
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// describe names a raw value in an error, in the words of the file it came from.
func describe(raw any) string {
	switch v := raw.(type) {
	case string:
		return strconv.Quote(v)
	case []any, []string:
		return "a list"
	case map[string]any, map[any]any:
		return "a map"
	case nil:
		return "an empty value"
	default:
		return fmt.Sprint(v)
	}
}
