package kubeletapi_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/kubelet/kubeletapi"
)

// list asks for a PodList.
func (d *door) list(path string) *v1.PodList {
	d.t.Helper()
	code, body := d.ask(path)
	var list v1.PodList
	if err := json.Unmarshal([]byte(body), &list); code != 200 || err != nil {
		d.t.Fatalf("%s: %d %q, %v", path, code, body, err)
	}
	return &list
}

func TestPodsOfANodeAreListedWithTheirStatus(t *testing.T) {
	a, b, c := webPod("a", "n1"), webPod("b", "n2"), webPod("c", "n3")
	d := open(t, func(o *kubeletapi.Options) {
		o.Pods, o.Nodes = podSet{c, b, a}, []string{"n1", "n2", "n3"}
		o.Silent = func(node string) bool { return node == "n3" }
	})
	for path, want := range map[string][]v1.Pod{"/nodes/n2/pods": {*b}, "/pods": {*a, *b}, "/pods/": {*a, *b}} {
		list := &v1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: want}
		if d := cmp.Diff(list, d.list(path)); d != "" {
			t.Errorf("%s: %s", path, d)
		}
	}
}

func TestNoPodsAreAnEmptyList(t *testing.T) {
	d := open(t, func(o *kubeletapi.Options) { o.Pods = podSet{} })
	if list := d.list("/pods"); list.Items == nil || len(list.Items) != 0 {
		t.Errorf("%v", list)
	}
}

func TestRunningPodsAreWhatARuntimeKnows(t *testing.T) {
	up, down := webPod("up", "n1"), webPod("down", "n1")
	up.Labels = map[string]string{"app": "web"}
	up.Spec.Containers = append(up.Spec.Containers, v1.Container{Name: "ended"})
	up.Status.ContainerStatuses = append(up.Status.ContainerStatuses, v1.ContainerStatus{Name: "ended"})
	down.Status.ContainerStatuses[0].State = v1.ContainerState{}
	d := open(t, func(o *kubeletapi.Options) { o.Pods = podSet{up, down} })
	want := []v1.Pod{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "up", UID: "uid-1"},
		Spec:       v1.PodSpec{Containers: []v1.Container{{Name: "c", Image: "nginx:1"}}},
	}}
	if d := cmp.Diff(want, d.list("/runningpods/").Items); d != "" {
		t.Error(d)
	}
}
