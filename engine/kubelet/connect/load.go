package connect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// configuration is how to reach a cluster, before anybody tried.
type configuration struct {
	client    *rest.Config
	namespace string
	source    string // where it was found, for messages
}

// howToGetOne ends every message about a configuration that is not there.
const howToGetOne = "name one with --kubeconfig, or start a cluster on this machine with `moonlet-lab up` or `make lab`"

// load reads the explicit file, else those of $KUBECONFIG or the one in the home folder, else what Kubernetes gives to
// processes in a pod.
func load(explicit string) (configuration, error) {
	if explicit != "" {
		if _, err := os.Stat(explicit); err != nil {
			return configuration{}, fmt.Errorf("kubeconfig %s: %w: %s", explicit, cause(err), howToGetOne)
		}
		return fromFiles([]string{explicit})
	}
	files, looked := places()
	if slices.ContainsFunc(files, exists) {
		return fromFiles(files)
	}
	c, err := fromPod()
	if errors.Is(err, rest.ErrNotInCluster) {
		return c, fmt.Errorf("no cluster to connect to: looked at %s, and for a pod's service account "+
			"(KUBERNETES_SERVICE_HOST is not set): %s", looked, howToGetOne)
	}
	return c, err
}

// places are the kubeconfig files looked at when none was named, and the same in words.
func places() (files []string, looked string) {
	if list := os.Getenv(clientcmd.RecommendedConfigPathEnvVar); list != "" {
		files = slices.DeleteFunc(filepath.SplitList(list), func(s string) bool { return s == "" })
		return files, fmt.Sprintf("$KUBECONFIG (%s: no such file)", strings.Join(files, ", "))
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, "$KUBECONFIG (not set)"
	}
	file := filepath.Join(home, clientcmd.RecommendedHomeDir, clientcmd.RecommendedFileName)
	return []string{file}, fmt.Sprintf("$KUBECONFIG (not set), %s (no such file)", file)
}

// exists says whether there is something to read, or something whose error is worth being shown.
func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, os.ErrNotExist)
}

// fromFiles merges the files as kubectl does: of what two of them define, the first one's counts.
func fromFiles(files []string) (configuration, error) {
	source := "kubeconfig " + strings.Join(files, ", ")
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: files}
	loaded := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{})
	client, err := loaded.ClientConfig()
	switch {
	case clientcmd.IsEmptyConfig(err):
		return configuration{}, fmt.Errorf("%s: names no cluster: %s", source, howToGetOne)
	case err != nil:
		return configuration{}, fmt.Errorf("%s: %w", source, oneLine{err})
	}
	namespace, _, err := loaded.Namespace()
	if err != nil {
		return configuration{}, fmt.Errorf("%s: %w", source, oneLine{err})
	}
	return configuration{client: client, namespace: namespace, source: source}, nil
}

// namespaceFile is where a pod finds the name of its namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

func fromPod() (configuration, error) {
	client, err := rest.InClusterConfig()
	switch {
	case errors.Is(err, rest.ErrNotInCluster):
		return configuration{}, err
	case err != nil:
		return configuration{}, fmt.Errorf("service account of this pod: %w: set automountServiceAccountToken: true, "+
			"or mount a kubeconfig and name it with --kubeconfig", err)
	}
	namespace := "default"
	if text, err := os.ReadFile(namespaceFile); err == nil {
		namespace = strings.TrimSpace(string(text))
	}
	return configuration{client: client, namespace: namespace, source: "service account of this pod"}, nil
}

// oneLine is an error whose text has no line breaks: those of YAML parsers have.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }
func (e oneLine) Unwrap() error { return e.error }
