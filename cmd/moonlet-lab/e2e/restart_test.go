package e2e

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"testing"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// TestKilledUnderLoad kills the kubelet while pods are created, and starts it again: every pod runs, and none ran twice.
func TestKilledUnderLoad(t *testing.T) {
	for _, state := range []string{"memory", "kept"} {
		t.Run("state "+state, func(t *testing.T) { killUnderLoad(t, state) })
	}
}

func killUnderLoad(t *testing.T, state string) {
	t.Helper()
	client := clusterClient(t, &theLab)
	ns, node := newNamespace(t, client, "killed-"+state), "killed-"+state
	args := []string{"--nodename", node, "--namespace", ns, "--state", "memory", "--scripts", scriptFolder(t, nil)}
	if state == "kept" {
		args[5] = t.TempDir() + "/kubelet.db"
	}
	p := startKubelet(t, &theLab, args...)
	const pods, kills = 300, 3
	var creating sync.WaitGroup
	creating.Go(func() { createPods(t, client, node, ns, pods) })
	for k := range kills {
		eventually(t, "some pods run", func() error { return atLeast(t, client, ns, pods*k/kills+10) })
		p.end(syscall.SIGKILL)
		p = startKubelet(t, &theLab, args...)
	}
	creating.Wait()
	eventually(t, "all pods are ready", func() error { return atLeast(t, client, ns, pods) })
	for _, pod := range list(t, client, ns) {
		for _, c := range pod.Status.ContainerStatuses {
			if c.RestartCount != 0 || c.State.Running == nil || c.LastTerminationState.Terminated != nil {
				t.Errorf("%s ran more than once: %+v", pod.Name, c)
			}
		}
	}
}

func createPods(t *testing.T, client kubernetes.Interface, node, ns string, n int) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range 10 {
		wg.Go(func() {
			for i := range next {
				if _, err := client.CoreV1().Pods(ns).Create(context.Background(), podOn(node, ns, fmt.Sprintf("pod-%04d", i)), metav1.CreateOptions{}); err != nil {
					t.Errorf("create: %v", err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func list(t *testing.T, client kubernetes.Interface, ns string) []v1.Pod {
	t.Helper()
	all, err := client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return all.Items
}

func atLeast(t *testing.T, client kubernetes.Interface, ns string, n int) error {
	t.Helper()
	running := 0
	for _, p := range list(t, client, ns) {
		if ready(&p) {
			running++
		}
	}
	if running < n {
		return fmt.Errorf("%d of %d are ready", running, n)
	}
	return nil
}

// TestStartTimesOutliveARestart: a pod taken over by another process goes on with the run it was in.
func TestStartTimesOutliveARestart(t *testing.T) {
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "outlives")
	scripts := scriptFolder(t, map[string]string{"default.lua": `function on_start() return { exit = 1, after = "6s" } end`})
	args := []string{"--nodename", "outlives", "--namespace", ns, "--state", "memory", "--scripts", scripts}
	p := startKubelet(t, &theLab, args...)
	if _, err := client.CoreV1().Pods(ns).Create(t.Context(), podOn("outlives", ns, "web"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	var started metav1.Time
	eventually(t, "it runs", func() error {
		s := list(t, client, ns)[0].Status.ContainerStatuses
		if len(s) == 0 || s[0].State.Running == nil {
			return fmt.Errorf("it is %+v", s)
		}
		started = s[0].State.Running.StartedAt
		return nil
	})
	p.end(syscall.SIGKILL)
	startKubelet(t, &theLab, args...)
	eventually(t, "the run ends", func() error {
		s := list(t, client, ns)[0].Status.ContainerStatuses[0]
		for _, end := range []*v1.ContainerStateTerminated{s.State.Terminated, s.LastTerminationState.Terminated} {
			if end == nil {
				continue
			}
			if !end.StartedAt.Equal(&started) || end.FinishedAt.Sub(end.StartedAt.Time).Seconds() != 6 {
				t.Fatalf("started at %s, then %+v", started, end)
			}
			return nil
		}
		return fmt.Errorf("it is %+v", s)
	})
}

// TestAPIServerRestarted: pods go on, and what happened meanwhile is written when it is back.
func TestAPIServerRestarted(t *testing.T) {
	client := clusterClient(t, &theLab)
	ns := newNamespace(t, client, "outage")
	scripts := scriptFolder(t, map[string]string{"default.lua": `function on_start() return { exit = 0, after = "3s" } end`})
	startKubelet(t, &theLab, "--nodename", "outage", "--namespace", ns, "--state", "memory", "--scripts", scripts)
	pod := podOn("outage", ns, "web")
	pod.Spec.RestartPolicy = v1.RestartPolicyNever
	if _, err := client.CoreV1().Pods(ns).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if out, err := theLab.command("restart", "kube-apiserver").CombinedOutput(); err != nil {
		t.Fatalf("restart: %v\n%s", err, out)
	}
	eventually(t, "the end of the pod is written", func() error {
		got, err := client.CoreV1().Pods(ns).Get(t.Context(), "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if got.Status.Phase != v1.PodSucceeded {
			return fmt.Errorf("it is %s", got.Status.Phase)
		}
		return nil
	})
	if _, err := client.CoreV1().Pods(ns).Create(t.Context(), podOn("outage", ns, "later"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new pod is taken in", func() error {
		got, err := client.CoreV1().Pods(ns).Get(t.Context(), "later", metav1.GetOptions{})
		if err != nil || len(got.Status.ContainerStatuses) == 0 {
			return fmt.Errorf("it is not (%w)", err)
		}
		return nil
	})
}
