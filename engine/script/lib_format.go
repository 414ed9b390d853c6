package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// strFormat is string.format. Go's own formatting is not reached by scripts: it would print %!s(MISSING).
func strFormat(l *lua.LState) int {
	template := l.CheckString(1)
	var out strings.Builder
	arg := 1
	bound := stateOf(l).set.rt.opts.StringBytes
	for {
		plain, rest, found := strings.Cut(template, "%")
		out.WriteString(plain)
		if !found {
			break
		}
		if strings.HasPrefix(rest, "%") {
			out.WriteByte('%')
			template = rest[1:]
			continue
		}
		d, after, why := parseDirective(rest)
		if why != "" {
			l.ArgError(1, why)
		}
		template = after
		arg++
		if arg > l.GetTop() {
			l.RaiseError("format: the template wants more than the %d values given", l.GetTop()-1)
		}
		out.WriteString(d.apply(l, arg))
		if out.Len() > bound {
			stateOf(l).charge(l, out.Len())
		}
	}
	return pushText(l, out.String())
}

// directive is one %-5.2f.
type directive struct {
	flags string // flags, width and precision as Go and Lua both write them
	verb  byte
}

func parseDirective(s string) (d directive, rest, why string) {
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("-+ #0123456789.", r) })
	if end < 0 {
		return d, "", "the template ends in the middle of a %"
	}
	d = directive{s[:end], s[end]}
	if !strings.ContainsRune("diucxXoeEfgGqs", rune(d.verb)) {
		return d, "", fmt.Sprintf("%%%s%c is not a format: use %%d %%s %%q %%f %%g %%e %%x %%o %%c", shorten(d.flags, 20), d.verb)
	}
	size := strings.TrimLeft(d.flags, "-+ #0")
	width, precision, _ := strings.Cut(size, ".")
	if len(width) > 2 || len(precision) > 2 || strings.Contains(precision, ".") || len(d.flags) > 10 || strings.ContainsAny(size, "-+ #") {
		return d, "", fmt.Sprintf("%%%s%c is not a format: width and precision have at most two digits", shorten(d.flags, 20), d.verb)
	}
	return d, s[end+1:], ""
}

func (d directive) apply(l *lua.LState, n int) string {
	switch d.verb {
	case 's':
		return fmt.Sprintf("%"+d.flags+"s", toText(l, l.Get(n)))
	case 'q':
		return quote(l.CheckString(n))
	case 'c':
		return string([]byte{byte(l.CheckInt(n) & 0xff)})
	case 'd', 'i', 'u':
		return fmt.Sprintf("%"+d.flags+"d", d.whole(l, n))
	case 'x', 'X', 'o':
		return fmt.Sprintf("%"+d.flags+string(d.verb), d.whole(l, n))
	}
	f := float64(l.CheckNumber(n))
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return numberText(lua.LNumber(f))
	}
	if d.verb == 'g' && !strings.Contains(d.flags, ".") {
		return fmt.Sprintf("%"+d.flags+".6g", f)
	}
	return fmt.Sprintf("%"+d.flags+string(d.verb), f)
}

func (d directive) whole(l *lua.LState, n int) int64 {
	f := float64(l.CheckNumber(n))
	if math.IsNaN(f) || math.Abs(f) >= 1<<63 {
		l.ArgError(n, numberText(lua.LNumber(f))+" is not a whole number")
	}
	return int64(f)
}

// quote writes text so that Lua could read it back.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < ' ':
			b.WriteString(`\` + fmt.Sprintf("%03s", strconv.Itoa(int(c))))
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
