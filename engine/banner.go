package engine

import (
	"fmt"
	"strings"
)

// Banner tells what is served, which scripts were loaded, the seed, and what to try next.
func (e *Engine) Banner() string {
	c := e.opts.Config.Current()
	var b strings.Builder
	fmt.Fprintf(&b, "Moonlet %s serves %s at %s\n", e.opts.Version, e.nodesLine(), e.URL())
	e.summarize(&b)
	e.complain(&b)
	if e.opts.Kubelet != nil {
		return b.String()
	}
	fmt.Fprintf(&b, `
Try it:
  curl -d '{"metadata":{"name":"web"},"spec":{"containers":[{"name":"app","image":"nginx"}]}}' %[1]s/createPod
  curl '%[1]s/getPodStatus?namespace=default&name=web'
  curl %[1]s/api/v1/pods
and edit a script in %[2]s: it is live when you save it. Ctrl-C stops.
`, e.URL(), c.Scripts.Dir)
	return b.String()
}

// Summary tells of scripts, state and seed, and where the reading half of the web API is: for the banner of a kubelet.
func (e *Engine) Summary() string {
	var b strings.Builder
	e.summarize(&b)
	fmt.Fprintf(&b, "  web API  %s/api/v1/pods (reads only: kubectl writes, and moonlet pod, node, call, write disturb)\n", e.URL())
	e.complain(&b)
	return b.String()
}

func (e *Engine) summarize(b *strings.Builder) {
	c := e.opts.Config.Current()
	fmt.Fprintf(b, "  scripts  %s\n", e.scriptsLine(c.Scripts.Dir))
	fmt.Fprintf(b, "  state    %s\n", e.stateLine(c.State.File))
	fmt.Fprintf(b, "  seed     %d (the same seed gives the same failures: --seed %d)\n", e.seed, e.seed)
}

// complain shows what is wrong with the scripts.
func (e *Engine) complain(b *strings.Builder) {
	for _, p := range e.provider.Problems().Errors {
		fmt.Fprintf(b, "\n  %s\n", p)
		if p.Source != "" {
			fmt.Fprintf(b, "      %s\n", strings.TrimSpace(p.Source))
		}
	}
}

func (e *Engine) nodesLine() string {
	names := e.node.names()
	if len(names) == 1 {
		return "node " + names[0]
	}
	return fmt.Sprintf("%d nodes, from %s to %s,", len(names), names[0], names[len(names)-1])
}

func (e *Engine) scriptsLine(dir string) string {
	files := e.provider.Hooks().Current().Files()
	switch {
	case len(e.provider.Problems().Errors) > 0:
		return dir + ": not loaded, the built-in behaviour serves until they are mended"
	case len(files) == 0:
		return dir + ": none yet, the built-in behaviour serves; begin one with: moonlet script new NAME"
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(f.Name, ".lua")
	}
	return fmt.Sprintf("%s: %d loaded (%s)", dir, len(files), strings.Join(names, ", "))
}

func (e *Engine) stateLine(file string) string {
	if file == "" {
		return "in memory only: nothing survives the end of this process"
	}
	if e.opts.Kubelet != nil {
		return file + ": what scripts remember"
	}
	if n := e.store.Len(); n != 1 {
		return fmt.Sprintf("%s: %d pods kept", file, n)
	}
	return file + ": 1 pod kept"
}

// Announce logs what [Engine.Banner] tells, for logs that machines read.
func (e *Engine) Announce() {
	c := e.opts.Config.Current()
	state := c.State.File
	if state == "" {
		state = "memory"
	}
	e.log.Info("serving", "version", e.opts.Version, "node", e.node.names()[0], "url", e.URL(), "scripts", c.Scripts.Dir, "state", state, "seed", e.seed)
}
