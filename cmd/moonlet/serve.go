package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/config"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the web-provider API, with the pods' lives as the scripts say",
		Long: `Serves the web-provider API of Virtual Kubelet for one node. Needs no cluster: create pods with curl or with a Virtual
Kubelet of 2018. Scripts and configuration are read again when they are saved; where a new version is bad, the last good
one stays. Ctrl-C ends it gracefully, a second one at once.`,
		Example: `  moonlet serve
  moonlet serve --scripts examples/first --state memory --seed 42
  moonlet serve --config moonlet.yaml --node-capacity cpu=4,memory=8Gi --admission
  MOONLET_LISTEN=0.0.0.0:3000 moonlet serve --log-format json`,
		Args: arguments(0, 0, ""),
		RunE: serve,
	}
	settingFlags(cmd, config.ServeKeys()...)
	return cmd
}

func serve(cmd *cobra.Command, _ []string) error {
	store, err := openConfig(cmd)
	if err != nil {
		return err
	}
	started, err := engine.New(cmd.Context(), engine.Options{
		Config:  store,
		Version: version(),
		Log:     store.Logger(cmd.ErrOrStderr()),
	})
	if err != nil {
		return err
	}
	// A banner among JSON lines would be noise to whoever collects them: they get a line that tells the same.
	if store.Current().Log.Format == "text" {
		fmt.Fprint(cmd.OutOrStdout(), started.Banner())
	} else {
		started.Announce()
	}
	return started.Run(cmd.Context())
}
