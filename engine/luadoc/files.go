package luadoc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// DefinitionsFile is where editors find the definitions, relative to the scripts folder.
const DefinitionsFile = "types/moonlet.d.lua"

// Files are the files that make editors and linters know the script API, by path relative to the scripts folder.
func Files() map[string]string {
	return map[string]string{
		DefinitionsFile: Definitions(),
		".luarc.json":   luaRC(),
		".luacheckrc":   luacheckRC(),
	}
}

// luaRC configures LuaLS, the language server.
func luaRC() string {
	b, err := json.MarshalIndent(map[string]any{
		"$schema":   "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
		"runtime":   map[string]any{"version": "Lua 5.1"},
		"workspace": map[string]any{"library": []string{"types"}},
		"diagnostics": map[string]any{
			"globals": append(hookNames(), "match"),
			// Hooks are globals by design; everything else that is assigned globally is a mistake we report ourselves.
			"disable": []string{"lowercase-global"},
		},
	}, "", "  ")
	if err != nil {
		panic(err) // plain strings
	}
	return string(b) + "\n"
}

// luacheckRC configures luacheck, the linter.
func luacheckRC() string {
	var b strings.Builder
	b.WriteString("-- Made by moonlet: what scripts find and what they may define.\n")
	b.WriteString("std = \"none\"\n")
	fmt.Fprintf(&b, "globals = { %s }\n", quoted(append(hookNames(), "match")))
	fmt.Fprintf(&b, "read_globals = { %s }\n", quoted(globalNames()))
	b.WriteString("unused_args = false\nmax_line_length = 140\nexclude_files = { \"types\" }\n")
	fmt.Fprintf(&b, "files[\"**/*_test.lua\"] = { read_globals = { %s } }\n", quoted(testNames()))
	return b.String()
}

func hookNames() []string {
	var names []string
	for _, h := range hook.Registry() {
		names = append(names, h.Name)
	}
	return names
}

func testNames() []string {
	var names []string
	for _, e := range script.TestLibrary() {
		names = append(names, e.Name)
	}
	return names
}

// globalNames are the globals of the library: "json.encode" is the field of one.
func globalNames() []string {
	var names []string
	for _, e := range script.Library() {
		name, _, _ := strings.Cut(e.Name, ".")
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func quoted(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}
