package broker

import (
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/moonlet-dev/moonlet/engine/config"
	"github.com/moonlet-dev/moonlet/engine/kubelet/connect"
)

func TestPodsAreWatchedOverHTTP1OnlyBesideTheAPIServer(t *testing.T) {
	writer := &kubernetes.Clientset{} // HTTP/1.1: see connect.Cluster.Writer
	for near, want := range map[bool]kubernetes.Interface{true: writer, false: nil} {
		b := &Broker{config: &config.Config{}, cluster: &connect.Cluster{Near: near}}
		if got := b.podOptions(writer).Watcher; got != want {
			t.Errorf("near %v: watched with %v, want %v", near, got, want)
		}
	}
}
