package cluster_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet/record"
	"github.com/moonlet-dev/moonlet/engine/kubelet/record/cluster"
)

func pod(status v1.ContainerState) *v1.Pod {
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-0", UID: "1", CreationTimestamp: metav1.Now()}}
	p.Spec.Containers = []v1.Container{{Name: "app", Image: "app:1"}}
	p.Status.Phase = v1.PodRunning
	p.Status.ContainerStatuses = []v1.ContainerStatus{{Name: "app", State: status}}
	return p
}

// recording is what a recording saw of a fake cluster to which things happen meanwhile.
func recording(t *testing.T, ctx context.Context, client *fake.Clientset, o cluster.Options, happens func()) (*record.Story, error) { //nolint:revive // the test's context ends later
	t.Helper()
	o.Client, o.Clock = client, clock.Real()
	var story *record.Story
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		story, err = cluster.Record(ctx, o)
	}()
	synctest.Wait()
	if happens != nil {
		happens()
	}
	<-done
	return story, err
}

func TestWhatHappensIsRecordedWithItsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "moon-0"}}
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-node-lease", Name: "moon-0"}}
		client := fake.NewClientset(node, lease)
		pods, ctx := client.CoreV1().Pods("shop"), t.Context()
		must := func(_ any, err error) {
			if err != nil {
				t.Error(err)
			}
		}
		var progress []string
		o := cluster.Options{Lasts: 2 * time.Minute, Progress: func(_ record.Seen, left time.Duration) { progress = append(progress, left.String()) }}
		story, err := recording(t, ctx, client, o, func() {
			time.Sleep(5 * time.Second)
			begun := metav1.Now()
			must(pods.Create(ctx, pod(v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: begun}}), metav1.CreateOptions{}))
			time.Sleep(20 * time.Second)
			end := &v1.ContainerStateTerminated{ExitCode: 3, Reason: "Error", StartedAt: begun, FinishedAt: metav1.Now()}
			must(pods.UpdateStatus(ctx, pod(v1.ContainerState{Terminated: end}), metav1.UpdateOptions{}))
			renewed := metav1.NowMicro()
			lease.Spec.RenewTime = &renewed
			must(client.CoordinationV1().Leases("kube-node-lease").Update(ctx, lease, metav1.UpdateOptions{}))
			time.Sleep(40 * time.Second)
			node.Status.Conditions = []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionUnknown}}
			must(client.CoreV1().Nodes().UpdateStatus(ctx, node, metav1.UpdateOptions{}))
			time.Sleep(time.Second)
			if err := pods.Delete(ctx, "web-0", metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		lua := string(story.Lua("story.lua"))
		for _, want := range []string{
			`exit = 3, after = "20s"`, "for 2m:\n", "at(\"25.1s\")\n  nodes{ name = \"moon-0\" }:silence()", // the lease told it, not the status
		} {
			if !strings.Contains(lua, want) {
				t.Errorf("the story has no %q:\n%s", want, lua)
			}
		}
		if story.Seen.Exits != 1 || story.Seen.Nodes != 1 {
			t.Errorf("seen: %+v", story.Seen)
		}
		if len(progress) < 100 || progress[0] != "1m59s" {
			t.Errorf("progress was told %d times, first of %v", len(progress), progress[:min(len(progress), 1)])
		}
	})
}

func TestTheEndOfTheContextKeepsWhatWasSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		client := fake.NewClientset(pod(v1.ContainerState{Waiting: &v1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "no"}}))
		story, err := recording(t, ctx, client, cluster.Options{Lasts: time.Hour}, func() {
			time.Sleep(7 * time.Second)
			cancel()
		})
		if err != nil {
			t.Fatal(err)
		}
		if story.Lasts != 7*time.Second || story.Seen.Troubles != 1 {
			t.Errorf("after %v it had seen %+v", story.Lasts, story.Seen)
		}
	})
}

func TestWhatMayNotBeReadIsSaid(t *testing.T) {
	refuse := func(resource string) *fake.Clientset {
		client := fake.NewClientset()
		client.PrependReactor("list", resource, func(ktesting.Action) (bool, runtime.Object, error) {
			return true, nil, apierrors.NewForbidden(v1.Resource(resource), "", nil)
		})
		return client
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := recording(t, t.Context(), refuse("pods"), cluster.Options{Lasts: time.Minute}, nil); !apierrors.IsForbidden(err) {
			t.Errorf("without pods: %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var warned []string
		o := cluster.Options{Lasts: time.Minute, Warn: func(text string) { warned = append(warned, text) }}
		if _, err := recording(t, t.Context(), refuse("nodes"), o, nil); err != nil {
			t.Errorf("without nodes: %v", err)
		}
		if len(warned) != 1 || !strings.HasPrefix(warned[0], "nodes are not recorded: ") {
			t.Errorf("it warned %q", warned)
		}
	})
}

// Nobody who listens needs a lock: what is told comes from one goroutine.
func TestBrokenWatchesAreSaidBetweenTheProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset()
		client.PrependWatchReactor("nodes", func(ktesting.Action) (bool, watch.Interface, error) { return true, nil, errors.New("no watch") })
		var told []string
		o := cluster.Options{
			Lasts:    time.Minute,
			Progress: func(record.Seen, time.Duration) { told = append(told, "progress") },
			Warn:     func(text string) { told = append(told, text) },
		}
		if _, err := recording(t, t.Context(), client, o, nil); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(told, func(text string) bool { return strings.HasPrefix(text, "the watch broke") }) {
			t.Errorf("it told %q", told)
		}
	})
}

func TestABadSelectorIsRefusedAtOnce(t *testing.T) {
	_, err := cluster.Record(t.Context(), cluster.Options{Client: fake.NewClientset(), Clock: clock.Real(), Selector: "app=(", Lasts: time.Hour})
	if err == nil || !strings.Contains(err.Error(), "write it as for kubectl") {
		t.Errorf("got %v", err)
	}
}
