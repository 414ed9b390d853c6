package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports of a lab, all on 127.0.0.1. A lab keeps them from one start to the next where it can, so that kubeconfigs and
// kubelets find it again.
type Ports struct {
	APIServer         int `json:"apiserver"`
	Etcd              int `json:"etcd"`
	EtcdPeer          int `json:"etcdPeer"`
	ControllerManager int `json:"controllerManager"`
	Scheduler         int `json:"scheduler"`
}

// Below what Linux and macOS hand out to outgoing connections: one of those could take the API server's port while the
// API server restarts. And at random, so that two labs started at once do not look at the same ports.
const (
	lowestPort  = 20000
	highestPort = 29999
	portTries   = 200
)

// choosePorts keeps those of before that are free and takes others for the rest. A wanted port of the API server is not
// replaced: when it is taken, that is an error.
func choosePorts(ctx context.Context, wanted int, before Ports) (Ports, error) {
	if wanted != 0 {
		if err := tryPort(ctx, wanted); err != nil {
			return Ports{}, fmt.Errorf("port %d for the API server: %w: choose another with --port, or --port 0 for any free one", wanted, err)
		}
		before.APIServer = wanted
	}
	chosen := map[int]bool{}
	for _, port := range before.all() {
		if err := choosePort(ctx, port, chosen); err != nil {
			return Ports{}, err
		}
		chosen[*port] = true
	}
	return before, nil
}

func (p *Ports) all() []*int {
	return []*int{&p.APIServer, &p.Etcd, &p.EtcdPeer, &p.ControllerManager, &p.Scheduler}
}

// choosePort leaves the port as it is, or moves it to a free one.
func choosePort(ctx context.Context, port *int, taken map[int]bool) error {
	if *port != 0 && !taken[*port] && tryPort(ctx, *port) == nil {
		return nil
	}
	for range portTries {
		*port = lowestPort + rand.IntN(highestPort-lowestPort+1) //nolint:gosec // a port is no secret
		if !taken[*port] && tryPort(ctx, *port) == nil {
			return nil
		}
	}
	return fmt.Errorf("no free port on 127.0.0.1: %d from %d to %d were tried and all are taken", portTries, lowestPort, highestPort)
}

func tryPort(ctx context.Context, port int) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", loopback(port))
	if err != nil {
		return err
	}
	return listener.Close()
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
