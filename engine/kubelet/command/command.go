// Package command answers: how is a kubelet started from a command line?
//
// [New] is the command that moonlet kubelet is, for any providers; [Main] is a whole program with that one command, for
// those who write a provider of their own.
package command

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/broker"
)

// StateFile is the name of the default state file: another one than that of moonlet serve, so that both may run.
const StateFile = "kubelet.db"

// New is the command kubelet, which makes one of the registry's providers nodes of a cluster. version is that of the
// program.
func New(registry *kubelet.Registry, version string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kubelet",
		Short: "Be nodes of a Kubernetes cluster, with the pods' lives as the scripts say",
		Long: `Registers nodes in the cluster that your kubeconfig names, keeps them alive, and runs the pods bound to them: with the
Lua scripts (--provider lua), or with any web provider (--provider web, WEB_ENDPOINT_URL). kubectl logs, exec, attach,
port-forward and top work as with other nodes. Scripts and configuration are read again when they are saved.

` + providers(registry) + `
The nodes carry the taint virtual-kubelet.io/provider, so that only pods that tolerate it come. Ctrl-C stops nothing but
this process: start it again and it goes on with its pods; --on-exit drain or delete cleans up instead.

Where the control plane runs on this machine too, half of the processors are left to it ($GOMAXPROCS decides otherwise), and
on the others it goes first: on Linux, the process is scheduled as a batch job (SCHED_BATCH).`,
		Example: `  moonlet kubelet
  moonlet kubelet --nodes 3 --nodename moon --scripts examples/first
  moonlet kubelet --provider-config examples/provider.toml
  WEB_ENDPOINT_URL=http://127.0.0.1:5000 moonlet kubelet --provider web --nodename virtual-kubelet-web`,
		Args: cobra.NoArgs,
	}
	flags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return run(cmd, registry, version) }
	return cmd
}

func providers(registry *kubelet.Registry) string {
	var b strings.Builder
	b.WriteString("Providers:\n")
	for _, name := range registry.Names() {
		one, _ := registry.Find(name) // it is one of Names
		fmt.Fprintf(&b, "  %-8s %s\n", name, one.Help)
	}
	return b.String()
}

// flags gives the command those of the configuration, under the names that Virtual Kubelet has, too.
func flags(cmd *cobra.Command) {
	config.AddFlags(cmd.Flags())
	before := cmd.Flags().GetNormalizeFunc()
	cmd.Flags().SetNormalizeFunc(func(set *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "provider-config" {
			return "config"
		}
		return before(set, name)
	})
	for flag, words := range config.Choices() {
		if cmd.Flags().Lookup(flag) == nil {
			continue
		}
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // the flag was added above
		}
	}
}

// gcPercent has the garbage collector run when the heap has grown by half, not when it has doubled: what a kubelet
// holds is mostly pods, which stay. For 1,000 nodes with 10,000 pods it is 176 MiB resident instead of 220. $GOGC goes before.
const gcPercent = 50

func run(cmd *cobra.Command, registry *kubelet.Registry, version string) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	store, err := config.Open(config.Options{Flags: cmd.Flags(), State: StateFile})
	if err != nil {
		return err
	}
	for _, w := range store.Warnings() {
		fmt.Fprintln(cmd.ErrOrStderr(), "moonlet: warning:", w)
	}
	provider, err := registry.Find(store.Current().Kubelet.Provider)
	if err != nil {
		return fmt.Errorf("--provider: %w", err)
	}
	log := store.Logger(cmd.ErrOrStderr())
	b, err := broker.New(cmd.Context(), broker.Options{
		Config: store, Provider: provider, Version: version, Log: log,
		Progress: func(text string) { fmt.Fprintln(cmd.ErrOrStderr(), text) },
	})
	if err != nil {
		return err
	}
	if b.Near() {
		makeRoom(log)
	}
	return b.Run(cmd.Context(), func() {
		// A banner among JSON lines would be noise to whoever collects them: they get a line that tells the same.
		if store.Current().Log.Format == "json" {
			b.Announce()
			return
		}
		fmt.Fprint(cmd.OutOrStdout(), b.Banner())
	})
}
