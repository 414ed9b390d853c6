package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// stampedBuild is the build's key, stamped by build.sh; empty in a plain go build.
var stampedBuild string

// versions is what moonlet-lab version tells.
type versions struct {
	Build      string `json:"build"`
	Kubernetes string `json:"kubernetes"`
	Etcd       string `json:"etcd"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

func (v versions) String() string {
	return fmt.Sprintf("moonlet-lab %s  Kubernetes %s  etcd %s  (%s %s)", v.Build, v.Kubernetes, v.Etcd, v.Go, v.Platform)
}

func versionCommand(linked Linked) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of what is linked in",
		Example: "  moonlet-lab version -o json",
		Args:    arguments(0, 0, ""),
	}
	format := outputFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *format == "json" {
			return printJSON(cmd.OutOrStdout(), linked.versions())
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), linked.versions())
		return err
	}
	return cmd
}

func (l Linked) versions() versions {
	v := versions{
		Build: "unknown", Kubernetes: l.Kubernetes, Etcd: "unknown",
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if stampedBuild != "" {
		v.Build = stampedBuild
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "go.etcd.io/etcd/server/v3" {
				v.Etcd = module.Version
			}
		}
	}
	return v
}
