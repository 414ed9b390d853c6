package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
	"github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/pki"
)

// identity is who a kubeconfig is to speak for, as the flags say.
type identity struct {
	user           string
	groups         []string
	serviceAccount string // NAMESPACE/NAME
	lifetime       time.Duration
	out            string
}

func kubeconfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of the lab's kubeconfig, or write one for another identity and print its path",
		Long: `Without flags: the administrator's, who may do everything. With --user or --service-account: one of somebody who may do
only what RBAC says, to try out the rights of a kubelet or a controller. A user is a client certificate, and needs no
object in Kubernetes. A ServiceAccount must exist, and the lab must run.`,
		Example: `  export KUBECONFIG=$(moonlet-lab kubeconfig)
  moonlet-lab kubeconfig --user alice --group developers
  moonlet-lab kubeconfig --service-account default/moonlet
  moonlet-lab kubeconfig --user system:node:n1 --group system:nodes --out -`,
		Args: arguments(0, 0, ""),
	}
	var who identity
	flags := cmd.Flags()
	flags.StringVar(&who.user, "user", "", "the name of the user")
	flags.StringSliceVar(&who.groups, "group", nil, "a group of the user; may be given several times")
	flags.StringVar(&who.serviceAccount, "service-account", "", "NAMESPACE/NAME of a ServiceAccount")
	flags.DurationVar(&who.lifetime, "duration", 24*time.Hour, "how long the identity is good for")
	flags.StringVar(&who.out, "out", "", "the file to write (default one in the lab's folder); - is standard output")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		dir, err := labDir(cmd)
		if err != nil {
			return err
		}
		if _, err := os.Stat(dir.Kubeconfig()); errors.Is(err, fs.ErrNotExist) {
			return noLab(cmd, dir)
		}
		if err := who.check(); err != nil {
			return err
		}
		return who.print(cmd, dir)
	}
	return cmd
}

func (i identity) check() error {
	namespace, name, both := strings.Cut(i.serviceAccount, "/")
	switch {
	case i.user != "" && i.serviceAccount != "":
		return usageError("--user and --service-account are two identities: choose one")
	case len(i.groups) > 0 && i.user == "":
		return usageError("--group belongs to --user: a ServiceAccount's groups are fixed")
	case i.serviceAccount != "" && (!both || namespace == "" || name == ""):
		return usageError("--service-account %q: write NAMESPACE/NAME", i.serviceAccount)
	case i.lifetime < 10*time.Minute:
		return usageError("--duration %s: ten minutes is the least that Kubernetes gives", i.lifetime)
	}
	return nil
}

// print writes the kubeconfig where it is wanted, and its path to standard output.
func (i identity) print(cmd *cobra.Command, dir lab.Dir) error {
	path := i.path(dir)
	if path == dir.Kubeconfig() { // the lab has written it
		_, err := fmt.Fprintln(cmd.OutOrStdout(), path)
		return err
	}
	text, err := i.kubeconfig(cmd.Context(), dir)
	if err != nil {
		return err
	}
	if path == "-" {
		_, err := io.WriteString(cmd.OutOrStdout(), text)
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), path)
	return err
}

func (i identity) path(dir lab.Dir) string {
	switch {
	case i.out != "":
		return i.out
	case i.user != "":
		return dir.Identity(fileName("user-" + i.user))
	case i.serviceAccount != "":
		return dir.Identity(fileName("service-account-" + i.serviceAccount))
	}
	return dir.Kubeconfig()
}

func (i identity) kubeconfig(ctx context.Context, dir lab.Dir) (string, error) {
	if i.user == "" && i.serviceAccount == "" {
		text, err := os.ReadFile(dir.Kubeconfig())
		return string(text), err
	}
	state, err := dir.State()
	if err != nil {
		return "", err
	}
	ca, err := pki.LoadCA(dir.CA())
	if err != nil {
		return "", err
	}
	file := pki.Kubeconfig{Server: state.Server, CA: ca.PEM(), User: i.user}
	if i.user != "" {
		file.Client, err = ca.Issue(pki.Request{CommonName: i.user, Groups: i.groups, Lifetime: i.lifetime}, time.Now())
	} else {
		file.User = i.serviceAccount
		file.Token, err = i.token(ctx, dir)
	}
	if err != nil {
		return "", err
	}
	return file.YAML()
}

// fileName keeps a slash in a name from being one in a path.
func fileName(name string) string { return url.PathEscape(name) + ".yaml" }

// token asks the API server for one, through kubectl.
func (i identity) token(ctx context.Context, dir lab.Dir) (string, error) {
	executable, err := os.Executable()
	if err != nil {
		return "", err
	}
	namespace, name, _ := strings.Cut(i.serviceAccount, "/")
	cmd := exec.CommandContext(ctx, executable, "kubectl", "--kubeconfig", dir.Kubeconfig(),
		"create", "token", name, "--namespace", namespace, "--duration", i.lifetime.String())
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("token of ServiceAccount %s: kubectl create token: %s", i.serviceAccount, strings.TrimSpace(string(exit.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}
