package pods_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moonlet-dev/moonlet/engine/kubelet/pods"
)

// Watches last for as long as the server lets them; a writer that ends each request after a while must not have them.
func TestWorkersAskThroughTheWriter(t *testing.T) {
	r := newRig(t, asNotifier, func(o *pods.Options) {
		same := o.Client.CoreV1().RESTClient().(*rest.RESTClient).Client
		writer, err := kubernetes.NewForConfigAndClient(&rest.Config{Host: "http://writer", QPS: -1}, same)
		if err != nil {
			t.Fatal(err)
		}
		o.Writer = writer
	})
	var mu sync.Mutex
	asked := map[string]bool{}
	r.api.fault = func(q *http.Request) *fault {
		mu.Lock()
		defer mu.Unlock()
		asked[q.URL.Host+" "+q.Method] = true
		return nil
	}
	r.run()
	r.api.create(newPod("web"))
	r.phase(web, v1.PodRunning)
	r.api.delete(web, 30)
	r.gone(web)
	mu.Lock()
	defer mu.Unlock()
	want := map[string]bool{"kubernetes GET": true, "writer PUT": true, "writer PATCH": true, "writer DELETE": true}
	if d := cmp.Diff(want, asked); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
