package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

func downCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "down",
		Short: "End the lab; what it held is kept for the next up, unless --purge is given",
		Example: `  moonlet-lab down
  moonlet-lab down --purge                           and forget objects, certificates and logs`,
		Args: arguments(0, 0, ""),
	}
	purge := cmd.Flags().Bool("purge", false, "remove the lab's data, certificates, kubeconfigs and logs too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, err := labDir(cmd)
		if err != nil {
			return err
		}
		if err := down(cmd, dir); err != nil {
			return err
		}
		if !*purge {
			return nil
		}
		began := time.Now()
		err = dir.Purge()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing is what was wanted
		}
		newProgress(cmd.ErrOrStderr()).result("remove what the lab wrote into "+string(dir), began, err)
		return err
	}
	return cmd
}

// down ends the lab. That none runs is what was wanted.
func down(cmd *cobra.Command, dir lab.Dir) error {
	if pid, err := dir.Supervisor(); err != nil || pid == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "No lab runs in %s\n", dir)
		return err
	}
	done := newProgress(cmd.ErrOrStderr()).Step("end the lab in " + string(dir))
	err := lab.Stop(cmd.Context(), dir)
	if errors.Is(err, lab.ErrNotRunning) {
		err = nil // it ended by itself meanwhile
	}
	done(err)
	return err
}
