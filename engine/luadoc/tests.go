package luadoc

import (
	"fmt"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/fault"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// tests describes what files of tests have beside the library.
func (d *definitions) tests() {
	d.line("\n---@class TestPodWish what pod{ … } takes: a short form, or a manifest")
	for _, f := range script.TestPodFields() {
		d.field(f.Name, f.Type, f.Doc)
	}
	d.line("\n---@class TestGiven the world a test begins with")
	d.line("---@field nodes? GivenNodes[]\n---@field pods? GivenPods[] ready when the test begins, if they can be\n---@field config? table\n---@field params? table<string, any> \"script.name\" and value\n---@field admission? boolean nodes refuse pods as a kubelet would")
	d.line("\n---@class TestPod: Pod a pod of a test, as it is whenever it is looked at")
	for _, m := range script.PodMethods() {
		d.method("TestPod", m.Name, m.Params, m.Returns, m.Doc)
	}
	for _, v := range fault.Verbs() {
		if v.On == fault.Pod {
			d.line("---@field %s fun(self: TestPod%s): string[] %s", v.Name, verbParams(v), v.Doc)
		}
	}
	d.line("\n---@class Expectation what expect(value) returns")
	for _, m := range script.Matchers() {
		d.method("Expectation", m.Name, m.Params, "", m.Doc)
	}
	for _, e := range script.TestLibrary() {
		if e.Name != "expect" { // of which scenarios have one, too
			d.entry(e)
			continue
		}
		d.line("\n---%s\n---@overload fun(value: any): Expectation", e.Doc)
		d.line("function expect(what, f, when) end")
	}
}

// field writes a field; a type that ends in "?" may be left out.
func (d *definitions) field(name, kind, doc string) {
	if optional, ok := strings.CutSuffix(kind, "?"); ok {
		name, kind = name+"?", optional
	}
	d.line("%s", strings.TrimRight(fmt.Sprintf("---@field %s %s %s", name, kind, doc), " "))
}

func (d *definitions) method(class, name string, params []script.Arg, returns, doc string) {
	var b strings.Builder
	for _, p := range params {
		kind, optional := strings.CutSuffix(p.Type, "?")
		mark := ""
		if optional {
			mark = "?"
		}
		fmt.Fprintf(&b, ", %s%s: %s", p.Name, mark, kind)
	}
	if returns != "" {
		returns = ": " + returns
	}
	d.line("---@field %s fun(self: %s%s)%s %s", name, class, b.String(), returns, doc)
}

// testReference is the section of the page about tests.
func testReference() string {
	var b strings.Builder
	b.WriteString("\n## Tests\n\nIn files named `*_test.lua`, beside the scripts they test: `moonlet script test` plays them. They have all of the library, what scenarios have, and this.\n")
	for _, e := range script.TestLibrary() {
		b.WriteString(entry(e))
	}
	b.WriteString("\n### What can be expected\n\n| of a value | it holds if | example |\n| --- | --- | --- |\n")
	for _, m := range script.Matchers() {
		fmt.Fprintf(&b, "| `:%s` | %s | `%s` |\n", signature(m.Name, m.Params), cell(m.Doc), cell(m.Example))
	}
	b.WriteString("\n### Pods of a test\n\nWhat `pod{ … }` takes, each of which may be left out:\n\n")
	for _, f := range script.TestPodFields() {
		fmt.Fprintf(&b, "- `%s` (%s)", f.Name, strings.TrimSuffix(cell(f.Type), "?"))
		if f.Doc != "" {
			b.WriteString(": " + f.Doc)
		}
		b.WriteString("\n")
	}
	b.WriteString("\nWhat it returns has the fields of the pod, the verbs of pods, and:\n\n| method | what it does | example |\n| --- | --- | --- |\n")
	for _, m := range script.PodMethods() {
		fmt.Fprintf(&b, "| `p:%s` | %s | `%s` |\n", signature(m.Name, m.Params), cell(m.Doc), cell(m.Example))
	}
	return b.String()
}
