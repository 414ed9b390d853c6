package connect

import (
	"testing"

	"k8s.io/client-go/rest"
)

func TestNearIsWhatLoopbackReaches(t *testing.T) {
	for host, want := range map[string]bool{
		"https://127.0.0.1:6443": true, "https://127.4.5.6": true, "https://[::1]:6443": true, "https://localhost:6443/prefix": true,
		"127.0.0.1:6443": true, "localhost": true,
		"https://10.96.0.1:443": false, "https://api.example.com": false, "https://localhost.example.com": false, "": false,
		"https://127.0.0.1:port": false,
	} {
		config := &rest.Config{Host: host}
		if got := near(config); got != want {
			t.Errorf("%q is near: %v, want %v", host, got, want)
		}
		if got := clientConfig(config, "moonlet", nil).DisableCompression; got != want {
			t.Errorf("%q: compression disabled: %v, want %v", host, got, want)
		}
	}
	if asked := clientConfig(&rest.Config{Host: "https://api.example.com", DisableCompression: true}, "moonlet", nil); !asked.DisableCompression {
		t.Error("what the kubeconfig says of compression is not heeded")
	}
}
