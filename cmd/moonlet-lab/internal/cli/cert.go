package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/pki"
)

// loopbackHosts are where a kubelet on this machine serves.
var loopbackHosts = []string{"127.0.0.1", "::1", "localhost"}

func certCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cert",
		Short: "Make a serving certificate that the lab's API server trusts in a kubelet",
		Long: `The API server calls kubelets for logs, exec and port-forward, and believes only certificates that the lab's authority
signed: one that a kubelet made for itself is refused. This writes tls.crt and tls.key, and prints both paths. Call it
again for a new pair.`,
		Example: `  moonlet-lab cert --out ./certs
  moonlet-lab cert --out ./certs --san 10.1.2.3 --san node-1.example
  moonlet-lab cert --out ./certs && APISERVER_CERT_LOCATION=certs/tls.crt APISERVER_KEY_LOCATION=certs/tls.key moonlet kubelet`,
		Args: arguments(0, 0, ""),
	}
	out := cmd.Flags().String("out", ".", "the folder to write into")
	sans := cmd.Flags().StringSlice("san", nil, "an IP address or DNS name of the kubelet, beside 127.0.0.1, ::1 and localhost; may be given several times")
	node := cmd.Flags().String("node", "virtual-kubelet", "the name of the node")
	duration := cmd.Flags().Duration("duration", 365*24*time.Hour, "how long the certificate is good for")
	if err := cmd.MarkFlagDirname("out"); err != nil {
		panic(err)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, err := labDir(cmd)
		if err != nil {
			return err
		}
		ca, err := pki.LoadCA(dir.CA())
		if errors.Is(err, fs.ErrNotExist) {
			return noLab(cmd, dir)
		}
		if err != nil {
			return err
		}
		pair, err := ca.Issue(pki.Request{
			CommonName: "system:node:" + *node,
			Groups:     []string{"system:nodes"},
			Hosts:      slices.Concat(loopbackHosts, *sans),
			Lifetime:   *duration,
		}, time.Now())
		if err != nil {
			return err
		}
		return writePair(cmd, pair, *out)
	}
	return cmd
}

func writePair(cmd *cobra.Command, pair pki.Pair, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	files := pki.Files{Cert: filepath.Join(folder, "tls.crt"), Key: filepath.Join(folder, "tls.key")}
	if err := pair.Write(files); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n", files.Cert, files.Key)
	return err
}
