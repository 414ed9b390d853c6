package record

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// span is a time as scripts write it.
func span(d time.Duration) string { return quote(words(d)) }

// words is a time without the units that are zero: 1m, not 1m0s.
func words(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// maxText is how much of a message is told again.
const maxText = 1000

// quote is a text as Lua reads it.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(text) && i < maxText; {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == utf8.RuneError && size == 1, r < ' ', r == 0x7f:
			fmt.Fprintf(&b, `\%03d`, text[i])
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	b.WriteByte('"')
	return b.String()
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keywords are names that Lua keeps for itself.
var keywords = set("and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
	"nil", "not", "or", "repeat", "return", "then", "true", "until", "while")

// field is a name as the key of a table.
func field(name string) string {
	if plainName.MatchString(name) && !keywords[name] {
		return name
	}
	return "[" + quote(name) + "]"
}
