package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

// defaultNodeGrace is kube-controller-manager's own of long ago, which people have in their heads.
const defaultNodeGrace = 40 * time.Second

func upCommand(linked Linked) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a lab and keep it running until Ctrl-C; with --detach in the background until moonlet-lab down",
		Long: `Starts etcd, kube-apiserver, kube-controller-manager and kube-scheduler and waits until pods can be created. A program
that ends is started again. What the lab held when it ended last is there again, and so are its ports where they are
free. Where one runs in the folder already, that is fine.`,
		Example: `  moonlet-lab up
  moonlet-lab up --detach --port 6443
  moonlet-lab up --detach --dir /tmp/second          another lab, beside the first
  moonlet-lab up --detach --load                     for thousands of pods: half the garbage collection, twice the memory
  moonlet-lab up --node-grace 10s                    a node that falls silent is NotReady after ten seconds`,
		Args: arguments(0, 0, ""),
	}
	flags := cmd.Flags()
	detach := flags.Bool("detach", false, "return when the lab is ready, and leave it running")
	port := flags.Int("port", 0, "port of the API server; 0: the one the lab had before, else any free one")
	load := flags.Bool("load", false, "spend memory for throughput: rarer garbage collection, no request limits, events kept 10 minutes")
	grace := flags.Duration("node-grace", defaultNodeGrace, "a node whose lease is older is NotReady")
	fsync := flags.Bool("etcd-fsync", false, "have etcd wait for the disk, so that data survives a power cut")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, err := labDir(cmd)
		if err != nil {
			return err
		}
		options := lab.Options{Dir: dir, Port: *port, Load: *load, NodeGrace: *grace, EtcdFsync: *fsync}
		if err := check(options); err != nil {
			return err
		}
		return up(cmd, options, linked, *detach)
	}
	return cmd
}

func check(o lab.Options) error {
	if o.Port < 0 || o.Port > 65535 {
		return usageError("--port %d: a port is 1 to 65535, or 0 for any free one", o.Port)
	}
	if o.NodeGrace < time.Second {
		return usageError("--node-grace %s: one second is the least that nodes can keep up with", o.NodeGrace)
	}
	return nil
}

func up(cmd *cobra.Command, options lab.Options, linked Linked, detach bool) error {
	switch pid, err := options.Dir.Supervisor(); {
	case err != nil:
		return err
	case pid != 0:
		return alreadyUp(cmd, options)
	case detach:
		return startInBackground(cmd, options)
	}
	steps := newProgress(cmd.ErrOrStderr())
	supervisor, err := newSupervisor(options, linked, steps)
	if err != nil {
		return err
	}
	supervisor.OnReady = func(state lab.State) {
		steps.ready(state)
		hint(cmd, state, "In another terminal (Ctrl-C here ends the lab):")
	}
	err = supervisor.Run(cmd.Context())
	if _, ok := errors.AsType[*lab.RunningError](err); ok {
		return alreadyUp(cmd, options) // another was a moment faster
	}
	return err
}

func newSupervisor(options lab.Options, linked Linked, steps *progress) (*lab.Supervisor, error) {
	executable, err := os.Executable()
	return &lab.Supervisor{
		Options:    options,
		Executable: executable,
		Kubernetes: linked.Kubernetes,
		Steps:      steps,
		Log:        steps.warn,
	}, err
}

// ready is the last step of a start.
func (p *progress) ready(state lab.State) {
	p.line(fmt.Sprintf("%s Kubernetes %s is ready at %s (%s)",
		p.colored(green, "✓"), state.Kubernetes, state.Server, seconds(time.Since(state.Started))))
}

// hint ends with a line to paste.
func hint(cmd *cobra.Command, state lab.State, heading string) {
	fmt.Fprintf(cmd.ErrOrStderr(), "\n%s\n  export KUBECONFIG=%s\n  %s\n  %s\n", heading,
		quote(state.Options.Dir.Kubeconfig()), again(cmd, "status"), again(cmd, "kubectl get namespaces"))
}

// alreadyUp waits for the lab that runs in the folder, which may be starting, and says where it is other than asked for.
func alreadyUp(cmd *cobra.Command, asked lab.Options) error {
	state, err := lab.Await(cmd.Context(), asked.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "The lab in %s is up already: Kubernetes %s at %s (process %d)\n",
		asked.Dir, state.Kubernetes, state.Server, state.Supervisor)
	for _, difference := range differences(cmd, asked, state) {
		fmt.Fprintf(cmd.ErrOrStderr(), "moonlet-lab: it runs with %s: for another, end it with %s first\n", difference, again(cmd, "down"))
	}
	hint(cmd, state, "Try it:")
	return nil
}

// differences are the flags that were given and that a running lab does not follow.
func differences(cmd *cobra.Command, asked lab.Options, running lab.State) []string {
	var found []string
	note := func(flag string, differs bool, has any) {
		if cmd.Flags().Changed(flag) && differs {
			found = append(found, fmt.Sprintf("--%s=%v", flag, has))
		}
	}
	has := running.Options
	note("port", asked.Port != 0 && asked.Port != running.Ports.APIServer, running.Ports.APIServer)
	note("load", asked.Load != has.Load, has.Load)
	note("node-grace", asked.NodeGrace != has.NodeGrace, has.NodeGrace)
	note("etcd-fsync", asked.EtcdFsync != has.EtcdFsync, has.EtcdFsync)
	return found
}
