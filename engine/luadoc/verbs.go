package luadoc

import (
	"fmt"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

// verbLists are what verbs are methods of.
var verbLists = []struct {
	on               fault.Target
	class, how, also string
}{
	{fault.Pod, "PodList", "pods{…}", "Pod[]"},
	{fault.Node, "NodeList", "nodes{…}", "Node[]"},
	{fault.Call, "CallList", "calls{…}", "table"},
	{fault.Write, "WriteList", "writes{…}", "table"},
}

// lists describes what pods{} and its like return, with the verbs as methods.
func (d *definitions) lists() {
	for _, list := range verbLists {
		d.line("\n---@class %s: %s what %s returns", list.class, list.also, list.how)
		if list.on == fault.Pod || list.on == fault.Node {
			d.line("%s", strings.ReplaceAll(listMethods, "LIST", list.class))
		}
		for _, v := range fault.Verbs() {
			if v.On == list.on {
				d.line("---@field %s fun(self: %s%s): string[] %s", v.Name, list.class, verbParams(v), v.Doc)
			}
		}
	}
	d.line("%s", clusterTypes)
}

// verbParams are the arguments of a verb as a method has them, those that may be left out marked.
func verbParams(v fault.Verb) string {
	var b strings.Builder
	for _, a := range v.Args {
		optional := "?"
		if a.Required {
			optional = ""
		}
		fmt.Fprintf(&b, ", %s%s: %s|table", a.Name, optional, verbType(a.Kind))
	}
	if v.Lasts {
		b.WriteString(", lasts?: Duration|table")
	}
	return b.String() + ", options?: VerbOptions"
}

func verbType(k fault.Kind) string {
	switch k {
	case fault.Number, fault.Share:
		return "number"
	case fault.Duration:
		return "Duration"
	case fault.Names:
		return "string[]"
	case fault.Resources:
		return "table<string, string>"
	default:
		return "string"
	}
}

const listMethods = `---@field count fun(self: LIST): number
---@field ready fun(self: LIST): number how many are ready
---@field names fun(self: LIST): string[]
---@field filter fun(self: LIST, keep: fun(one: any): boolean): LIST
---@field sample fun(self: LIST, share: number, name?: string): LIST a share from 0 to 1, one at least
---@field pick fun(self: LIST, number?: number, name?: string): LIST so many, one if left out`

const clusterTypes = `
---@class VerbOptions the last argument of a verb; it may also hold the verb's arguments by name
---@field lasts? Duration
---@field why? string for the journal
---@field allow_empty? boolean to hit nobody is no error

---@class PodSelector
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field namespace? string
---@field name? string with *
---@field node? string
---@field owner? string "web", or "Deployment/web"
---@field script? string
---@field phase? string
---@field ready? boolean

---@class NodeSelector
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field name? string with *
---@field ready? boolean

---@class CallSelector
---@field calls? string|string[] createPod, getPodStatus …; of calls{} only
---@field namespace? string
---@field name? string with *
---@field labels? table<string, string>
---@field node? string with *
---@field owner? string
---@field script? string
---@field share? number|string 0.3, or "30%"

---@class ClusterSelector
---@field namespace? string
---@field name? string with *
---@field labels? table<string, string>

---@class Expect
---@field within? Duration it must begin to hold within that time; left out: now
---@field holds_for? Duration and from then on hold so long

---@class Given
---@field nodes? GivenNodes[] left out: one node
---@field pods? GivenPods[]

---@class GivenNodes
---@field name? string "node"; of several node-0, node-1 …
---@field count? number left out: one, without a number
---@field labels? table<string, string>
---@field zones? string[] in turn, as label topology.kubernetes.io/zone
---@field capacity? table<string, string>

---@class GivenPods
---@field name string
---@field namespace? string
---@field count? number so many, which a Deployment of that name keeps; left out: one, which nobody replaces
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field script? string whose pods they are
---@field image? string
---@field node? string with *: where they may run
---@field priority? number
---@field memory? string limit and request
---@field spec? PodSpec in place of one container named as the pod

---@class DeploymentList: Deployment[]
---@field count fun(self: DeploymentList): number
---@field names fun(self: DeploymentList): string[]
---@field available fun(self: DeploymentList): number pods
---@field ready fun(self: DeploymentList): number pods
---@field updated fun(self: DeploymentList): number pods
---@field replicas fun(self: DeploymentList): number pods

---@class EndpointList: EndpointSlice[]
---@field count fun(self: EndpointList): number slices
---@field names fun(self: EndpointList): string[] of services
---@field ready fun(self: EndpointList): number endpoints
---@field addresses fun(self: EndpointList): number endpoints, ready or not

---@class ClusterNodeList: Node[]
---@field count fun(self: ClusterNodeList): number
---@field names fun(self: ClusterNodeList): string[]
---@field ready fun(self: ClusterNodeList): number`

// verbReference is the section of the page about verbs.
func verbReference() string {
	var b strings.Builder
	b.WriteString("\n## Verbs\n\nMethods of the lists that `pods{}`, `nodes{}`, `calls{}` and `writes{}` return, in scenarios only. " +
		"Arguments go by position, `lasts` behind them; the last one may be a table of names and values, " +
		"`pods{}:crash{ code = 1, why = \"to see\", allow_empty = true }`. They hit the members of the list by name, not who comes later; " +
		"those of calls and writes hit what is to come. A verb answers the names of those it hit; on an empty list it is an error.\n")
	for _, list := range verbLists {
		fmt.Fprintf(&b, "\n### Verbs of `%s`\n\n| verb | what happens | example |\n| --- | --- | --- |\n", list.how)
		for _, v := range fault.Verbs() {
			if v.On == list.on {
				fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", verbSignature(v), cell(v.Doc), cell(v.Example))
			}
		}
	}
	return b.String()
}

func verbSignature(v fault.Verb) string {
	var names []string
	for _, a := range v.Args {
		name := a.Name
		if !a.Required {
			name = "[" + name + "]"
		}
		names = append(names, name)
	}
	if v.Lasts {
		names = append(names, "[lasts]")
	}
	return v.Name + "(" + strings.Join(names, ", ") + ")"
}

// VerbsTable is the table of all verbs by what they are done to, in Markdown.
func VerbsTable() string {
	var b strings.Builder
	b.WriteString("| of | verbs |\n| --- | --- |\n")
	for _, row := range []struct {
		on   fault.Target
		what string
	}{
		{fault.Pod, "pods"}, {fault.Node, "nodes"}, {fault.Call, "provider calls"}, {fault.Write, "our writes to the API server"},
	} {
		var names []string
		for _, v := range fault.Verbs() {
			if v.On == row.on {
				names = append(names, "`"+v.Name+"`")
			}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", row.what, strings.Join(names, " "))
	}
	return b.String()
}
