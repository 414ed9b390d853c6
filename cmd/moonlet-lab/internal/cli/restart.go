package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

func restartCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restart COMPONENT",
		Short: "End one program of the running lab, and wait until it is back and healthy",
		Long: `Ends etcd, kube-apiserver, kube-controller-manager or kube-scheduler (the last three also without kube-); the lab's
supervisor starts it again, on the same port. To see how a client takes it when the API server goes away.`,
		Example: `  moonlet-lab restart apiserver
  moonlet-lab restart etcd --kill                    as in a crash`,
		Args:              arguments(1, 1, "the component (etcd, apiserver, controller-manager or scheduler)"),
		ValidArgsFunction: cobra.FixedCompletions(lab.Names(), cobra.ShellCompDirectiveNoFileComp),
	}
	kill := cmd.Flags().Bool("kill", false, "with SIGKILL, as a crash would, not with SIGTERM")
	timeout := cmd.Flags().Duration("timeout", time.Minute, "how long to wait")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := labDir(cmd)
		if err != nil {
			return err
		}
		name, err := lab.FullName(args[0])
		if err != nil {
			return usageError("%w", err)
		}
		with := syscall.SIGTERM
		if *kill {
			with = syscall.SIGKILL
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), *timeout)
		defer cancel()
		done := newProgress(cmd.ErrOrStderr()).Step("restart " + name)
		_, err = lab.Restart(ctx, dir, name, with)
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%s is not healthy after %s: see %s", name, *timeout, again(cmd, "status"))
		}
		done(err)
		return err
	}
	return cmd
}
