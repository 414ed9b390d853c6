package pods

import (
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func seenOn(node string, uid types.UID, version string) *sighting {
	return sightingOf(&v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: uid, ResourceVersion: version},
		Spec:       v1.PodSpec{NodeName: node},
	})
}

func TestWatchThatLagsBehindAnother(t *testing.T) {
	table := newTable([]string{"a", "b"})
	for _, c := range []struct {
		what    string
		seen    *sighting
		listed  bool
		work    bool
		uid     types.UID
		on, not string
	}{
		{"a pod", seenOn("a", "old", "5"), false, true, "old", "a", "b"},
		{"its successor on another node", seenOn("b", "new", "9"), false, true, "new", "b", "a"},
		{"what happened to the first before", seenOn("a", "old", "7"), false, false, "new", "b", "a"},
		{"a list of a cluster that was restored", seenOn("a", "old", "3"), true, true, "old", "a", "b"},
	} {
		r, work, err := table.observe(c.seen, c.listed)
		if err != nil || work != c.work || r.seen.pod.UID != c.uid {
			t.Errorf("%s: work %v, pod %s, %v", c.what, work, r.seen.pod.UID, err)
		}
		if len(table.of(c.on)) != 1 || len(table.of(c.not)) != 0 {
			t.Errorf("%s: %d on %s, %d on %s", c.what, len(table.of(c.on)), c.on, len(table.of(c.not)), c.not)
		}
	}
	if _, work := table.vanish(key{Namespace: "default", Name: "web"}, "new"); work {
		t.Error("the end of another pod was taken for this one's")
	}
}
