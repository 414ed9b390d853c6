package luadoc

import (
	"fmt"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// HooksTable is the table of all hooks, in Markdown.
func HooksTable() string {
	var b strings.Builder
	b.WriteString("| hook | asked when | may answer |\n| --- | --- | --- |\n")
	for _, h := range hook.Registry() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", signature(h.Name, h.Params), h.When, cell(h.Answers))
	}
	return b.String()
}

// Reference is the page that describes every hook and every library function, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("# Script reference\n\nMade from the registry the script API is built from; `make golden` rewrites it.\n\n## Hooks\n")
	for _, h := range hook.Registry() {
		fmt.Fprintf(&b, "\n### %s\n\nAsked when: %s.\n\nMay answer %s.\n\n```lua\n%s\n```\n", signature(h.Name, h.Params), h.When, h.Answers, h.Example)
	}
	group := ""
	for _, e := range script.Library() {
		if e.Group != group {
			group = e.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
		}
		b.WriteString(entry(e))
	}
	b.WriteString(verbReference())
	b.WriteString(testReference())
	return b.String()
}

func entry(e script.Entry) string {
	var b strings.Builder
	name := e.Name
	if e.Function() {
		name = signature(e.Name, e.Params)
	}
	fmt.Fprintf(&b, "\n### `%s`\n\n%s\n", name, e.Doc)
	for i, p := range e.Params {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- `%s` (%s): %s\n", p.Name, strings.ReplaceAll(p.Type, "|", " or "), p.Doc)
	}
	if e.Example != "" {
		fmt.Fprintf(&b, "\n```lua\n%s\n```\n", e.Example)
	}
	return b.String()
}

func signature(name string, params []script.Arg) string {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
		if strings.HasSuffix(p.Type, "?") {
			names[i] = "[" + p.Name + "]"
		}
	}
	return name + "(" + strings.Join(names, ", ") + ")"
}

// cell keeps a text from ending its table cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
