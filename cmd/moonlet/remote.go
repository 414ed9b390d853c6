package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
)

// defaultServer is where moonlet serve and moonlet kubelet listen unless told otherwise.
const defaultServer = "http://127.0.0.1:3000"

// remote is the running Moonlet that a command talks to.
type remote struct{ server, token, tokenFile string }

// remoteFlags gives a command the flags that say which Moonlet is meant.
func remoteFlags(cmd *cobra.Command) *remote {
	r := &remote{}
	r.flags(cmd)
	return r
}

func (r *remote) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&r.server, "server", "", "the Moonlet to talk to, or MOONLET_SERVER (default "+defaultServer+")")
	cmd.Flags().StringVar(&r.token, "token", "", "token that it asks for, or MOONLET_TOKEN")
	cmd.Flags().StringVar(&r.tokenFile, "token-file", "", "file with that token, or MOONLET_TOKEN_FILE")
}

// address is the URL of the Moonlet; host:port is one too.
func (r *remote) address() string {
	address := cmp.Or(r.server, os.Getenv("MOONLET_SERVER"), defaultServer)
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return address
}

// connect gives a client for the Moonlet. It sends nothing yet.
func (r *remote) connect() (*client.Client, error) {
	token, err := r.secret()
	if err != nil {
		return nil, err
	}
	c, err := client.New(r.address(), client.Options{Token: token})
	if err != nil {
		return nil, usageError("--server %q is no URL: write it like %s", r.address(), defaultServer)
	}
	return c, nil
}

func (r *remote) secret() (string, error) {
	if token := cmp.Or(r.token, os.Getenv("MOONLET_TOKEN")); token != "" {
		return token, nil
	}
	file := cmp.Or(r.tokenFile, os.Getenv("MOONLET_TOKEN_FILE"))
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the file that the user names
	if err != nil {
		return "", usageError("the token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// with runs do with a client, and words its error for people.
func (r *remote) with(do func(*client.Client) error) error {
	c, err := r.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	return r.explain(do(c))
}

// explain makes an error of a call one that says what to do, with the exit code it deserves.
func (r *remote) explain(err error) error {
	if lost, ok := errors.AsType[*client.Unanswered](err); ok && !lost.Sent {
		return fmt.Errorf("no Moonlet answers at %s: start one with: moonlet serve, or name another with --server or MOONLET_SERVER", r.address())
	}
	refused, ok := errors.AsType[*client.Error](err)
	switch {
	case !ok:
		return err
	case refused.Told.Error == "":
		return fmt.Errorf("%s answered %s: is that a Moonlet? Name it with --server or MOONLET_SERVER", r.address(), refused.Status)
	case refused.Told.Reason == api.ReasonNoMatch:
		return coded{errors.New(refused.Told.Error), exitCheck} // the core says what was meant
	case refused.Code == http.StatusUnauthorized:
		return fmt.Errorf("%s at %s: set MOONLET_TOKEN, or name its file with --token-file", refused.Told.Error, r.address())
	case refused.Code == http.StatusBadRequest:
		return coded{err, exitUsage}
	}
	return err
}

// me is who acts, as journals tell it.
func me() string {
	if u, err := user.Current(); err == nil {
		return "cli " + u.Username
	}
	return "cli"
}
