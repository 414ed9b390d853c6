package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Table documents all settings as a Markdown table.
func Table() string {
	var b strings.Builder
	b.WriteString("| key | flag | variable | default | what it is |\n| --- | --- | --- | --- | --- |\n")
	for i := range settings {
		s := &settings[i]
		fmt.Fprintf(&b, "| `%s` | `--%s` | `%s` | %s | %s |\n", s.key, s.flag(), variableName(s.key), s.defaultCell(), s.help+s.notes())
	}
	return b.String()
}

func (s *setting) defaultCell() string {
	switch {
	case s.shown != "":
		return s.shown
	case s.preset == nil:
		return "none"
	}
	return "`" + asText(s.preset) + "`"
}

// notes tells what the other columns do not: the words accepted, the form of a list, the live keys.
func (s *setting) notes() string {
	var b strings.Builder
	if s.choices != nil {
		b.WriteString(": " + strings.Join(s.choices, ", "))
	}
	if s.form == list {
		b.WriteString("; list of `" + s.kind + "`")
	}
	if !s.fixed {
		b.WriteString(" · live")
	}
	if s.env != "" {
		b.WriteString(" · also `" + s.env + "`")
	}
	if s.kubelet {
		b.WriteString(" · `moonlet kubelet`")
	}
	return b.String()
}

// Tree is the current configuration as a file holds it: saved as YAML or JSON, it starts the same Moonlet.
func (s *Store) Tree() map[string]any {
	tree := map[string]any{}
	for _, o := range s.Origins() {
		if o.Value != nil {
			nest(tree, o.Key, o.Value)
		}
	}
	return tree
}

// Text is the value in one line, as a flag takes it; empty: unset.
func (o Origin) Text() string { return asText(o.Value) }

func asText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case []string:
		return joinList(v)
	}
	return ""
}
