package env

import "strings"

// expand replaces $(NAME) by the variable of that name, as Kubernetes does: $$ stands for one $, and keeps what follows
// from being replaced; what is not known, or not closed, stays as it is.
func expand(text string, lookUp func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i == len(text)-1 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		text = text[i+1:]
		switch name, rest, closed := strings.Cut(text[1:], ")"); {
		case text[0] == '$':
			out.WriteByte('$')
			text = text[1:]
		case text[0] == '(' && closed:
			if value, ok := lookUp(name); ok {
				out.WriteString(value)
			} else {
				out.WriteString("$(" + name + ")")
			}
			text = rest
		default:
			out.WriteByte('$')
		}
	}
}
