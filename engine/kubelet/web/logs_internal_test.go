package web

import (
	"bytes"
	"strings"
	"testing"
)

func TestLastLines(t *testing.T) {
	n := func(n int) *int { return &n }
	for _, c := range []struct {
		text string
		tail *int
		want string
	}{
		{"a\nb\nc\n", nil, "a\nb\nc\n"},
		{"a\nb\nc\n", n(-1), "a\nb\nc\n"},
		{"a\nb\nc\n", n(0), ""},
		{"a\nb\nc\n", n(1), "c\n"},
		{"a\nb\nc\n", n(2), "b\nc\n"},
		{"a\nb\nc\n", n(3), "a\nb\nc\n"},
		{"a\nb\nc\n", n(9), "a\nb\nc\n"},
		{"a\nb\nc", n(1), "c"},
		{"a", n(1), "a"},
		{"\n\n", n(1), "\n"},
		{"", n(0), ""},
		{"", n(2), ""},
	} {
		if got := lastLines([]byte(c.text), c.tail); string(got) != c.want {
			t.Errorf("%q, %v: got %q, want %q", c.text, c.tail, got, c.want)
		}
	}
}

func TestNews(t *testing.T) {
	for name, c := range map[string]struct{ old, now, want string }{
		"nothing":                         {"a\nb\n", "a\nb\n", ""},
		"the beginning":                   {"", "a\n", "a\n"},
		"more":                            {"a\nb\n", "a\nb\nc\n", "c\n"},
		"the rest of a line":              {"a\nb", "a\nbcd\ne", "cd\ne"},
		"a window that moves":             {"a\nb\nc\n", "b\nc\nd\n", "d\n"},
		"one that moves far":              {"a\nb\nc\n", "c\nd\ne\n", "d\ne\n"},
		"one that moves over repetitions": {"x\ny\nx\ny\n", "y\nx\ny\nz\n", "z\n"},
		"one that moves within a line":    {"a\nb\nc", "b\ncd\n", "d\n"},
		"another log":                     {"a\nb\n", "c\nd\n", "c\nd\n"},
		"a shorter one":                   {"a\nb\n", "a\n", "a\n"},
		"an empty one":                    {"a\nb\n", "", ""},
	} {
		if got := news([]byte(c.old), []byte(c.now)); string(got) != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A log that grows is told once and whole, whatever is in it; and what is told ends any answer.
func FuzzNews(f *testing.F) {
	f.Add("a\nb\n", "c\n", 2)
	f.Add("a\na\na", "\na", 0)
	f.Fuzz(func(t *testing.T, old, more string, lost int) {
		if got := news([]byte(old), []byte(old+more)); string(got) != more {
			t.Fatalf("grown: got %q, want %q", got, more)
		}
		window := old + more
		if lost > 0 && lost < len(window) {
			window = window[lost:]
		}
		if got := news([]byte(old), []byte(window)); !bytes.HasSuffix([]byte(window), got) {
			t.Fatalf("%q is not the end of %q", got, window)
		}
	})
}

// A log of equal lines is as quick to compare as any other.
func TestOverlapOfEqualLines(t *testing.T) {
	same := []byte(strings.Repeat("x\n", 200_000))
	if n := overlap(lines(same), lines(same[2:])); n != 199_999 {
		t.Errorf("overlap %d", n)
	}
}
