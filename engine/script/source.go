package script

import (
	"path"
	"strings"
)

// Source is one file of a scripts folder.
type Source struct {
	Name string // relative to the folder, with slashes: "flaky.lua", "lib/x.lua"
	Text []byte
}

// Env is what the caller brings to a load.
type Env struct {
	Hooks  []HookSig      // all hooks there are
	Config map[string]any // what scripts see as `config`: a JSON tree, not changed any more
}

// HookSig is a hook that a script may define.
type HookSig struct {
	Name string
	Node bool // asked about the node: the first file that defines it answers, so two are worth a warning
}

// The names the loader itself knows.
const (
	hookMatch   = "match"      // the global that says whose pods a file takes
	hookRequest = "on_request" // works only with match.calls
)

// providerCalls are the calls that match.calls may name.
var providerCalls = []string{
	"createPod", "updatePod", "deletePod", "getPod", "getContainerLogs", "getPodStatus", "getPods",
	"capacity", "nodeConditions", "nodeAddresses",
}

// Loadable tells whether a file of that name is a script: tests and editor definitions are not.
func Loadable(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".lua") && !strings.HasPrefix(base, ".") &&
		!strings.HasSuffix(base, "_test.lua") && !strings.HasSuffix(base, ".d.lua")
}

// moduleName is how require names a file: "lib/x.lua" is "lib.x".
func moduleName(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".lua"), "/", ".")
}

// lineOf returns line n of a text, trimmed, or "".
func lineOf(text []byte, n int) string {
	lines := strings.SplitN(string(text), "\n", n+1)
	if n < 1 || n > len(lines) {
		return ""
	}
	line := strings.TrimSpace(lines[n-1])
	if len(line) > 200 {
		line = line[:200] + "…"
	}
	return line
}
