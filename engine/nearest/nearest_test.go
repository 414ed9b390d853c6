package nearest_test

import (
	"fmt"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/nearest"
)

func TestTo(t *testing.T) {
	words := []string{"containers", "initContainers", "hostname", "podIP", "running"}
	for word, want := range map[string]string{"contaners": "containers", "runnin": "running", "pod_ip": "podIP", "PodIp": "podIP", "zebra": "", "": "", "hosntame": "hostname"} {
		if got := nearest.To(word, words); got != want {
			t.Errorf("To(%q) = %q, want %q", word, got, want)
		}
	}
}

func ExampleTo() {
	fmt.Println(nearest.To("contaners", []string{"containers", "volumes"}))
	// Output: containers
}
