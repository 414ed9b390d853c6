package lab

import (
	"net"
	"strings"
	"testing"
)

func TestPortsAreKeptWhereTheyAreFree(t *testing.T) {
	first, err := choosePorts(t.Context(), 0, Ports{})
	if err != nil {
		t.Fatal(err)
	}
	different := map[int]bool{}
	for _, port := range first.all() {
		if *port < lowestPort || *port > highestPort {
			t.Errorf("port %d is one that the system hands out", *port)
		}
		different[*port] = true
	}
	if len(different) != 5 {
		t.Errorf("five ports, some the same: %+v", first)
	}
	again, err := choosePorts(t.Context(), 0, first)
	if err != nil {
		t.Fatal(err)
	}
	if again != first {
		t.Errorf("%+v became %+v", first, again)
	}
}

func TestPortThatIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := listener.Addr().(*net.TCPAddr).Port

	t.Run("is replaced when it is only the one of before", func(t *testing.T) {
		chosen, err := choosePorts(t.Context(), 0, Ports{APIServer: taken})
		if err != nil || chosen.APIServer == taken {
			t.Errorf("%+v, %v", chosen, err)
		}
	})
	t.Run("is an error when the user named it", func(t *testing.T) {
		_, err := choosePorts(t.Context(), taken, Ports{})
		if err == nil || !strings.Contains(err.Error(), "--port 0") {
			t.Errorf("error %v says not what to do", err)
		}
	})
}

func TestPortThatTheUserNamed(t *testing.T) {
	free, err := choosePorts(t.Context(), 0, Ports{})
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := choosePorts(t.Context(), free.Etcd, free)
	if err != nil {
		t.Fatal(err)
	}
	if chosen.APIServer != free.Etcd || chosen.Etcd == free.Etcd {
		t.Errorf("asked for %d, got %+v", free.Etcd, chosen)
	}
}
