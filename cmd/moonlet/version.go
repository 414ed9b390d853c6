package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// Stamped by the linker (-ldflags -X); empty in a plain go build, which records some of it itself.
var (
	stampedVersion string
	stampedCommit  string
	stampedDate    string // RFC 3339
)

// buildInfo is what moonlet version tells.
type buildInfo struct {
	Version    string `json:"version"`
	Commit     string `json:"commit"`
	Built      string `json:"built"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
	Lua        string `json:"lua"`
	GopherLua  string `json:"gopherLua"`
	Kubernetes string `json:"kubernetesAPI"`
}

func (b buildInfo) String() string {
	return fmt.Sprintf("moonlet %s (commit %s, built %s, %s %s)  Lua %s (gopher-lua %s)  Kubernetes API %s",
		b.Version, b.Commit, b.Built, b.Go, b.Platform, b.Lua, b.GopherLua, b.Kubernetes)
}

func versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of Moonlet and of what it is built on",
		Example: "  moonlet version -o json",
		Args:    arguments(0, 0, ""),
	}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *format == "json" {
			return printJSON(cmd.OutOrStdout(), build())
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), build())
		return err
	}
	return cmd
}

// version is the one word for logs and metrics.
func version() string { return build().Version }

// build takes the stamps, and what Go recorded where a stamp is missing.
func build() buildInfo {
	b := buildInfo{
		Version: stampedVersion, Commit: stampedCommit, Built: stampedDate,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Lua: "5.1",
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.fill(info)
	}
	for _, field := range []*string{&b.Version, &b.Commit, &b.Built, &b.GopherLua, &b.Kubernetes} {
		if *field == "" {
			*field = "unknown"
		}
	}
	return b
}

func (b *buildInfo) fill(info *debug.BuildInfo) {
	fallback(&b.Version, strings.Trim(info.Main.Version, "()"))
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			fallback(&b.Commit, s.Value[:min(len(s.Value), 12)])
		case "vcs.time":
			fallback(&b.Built, s.Value)
		}
	}
	for _, m := range info.Deps {
		switch m.Path {
		case "github.com/yuin/gopher-lua":
			b.GopherLua = strings.TrimPrefix(m.Version, "v")
		case "k8s.io/api":
			b.Kubernetes = kubernetesVersion(m.Version)
		}
	}
}

func fallback(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

// kubernetesVersion reads 1.37 from v0.37.2, the version of its Go modules.
func kubernetesVersion(module string) string {
	parts := strings.Split(module, ".")
	if len(parts) < 2 {
		return module
	}
	return "1." + parts[1]
}
