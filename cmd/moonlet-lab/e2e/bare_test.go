package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	coordination "k8s.io/api/coordination/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	labs "github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/lab"
)

// The bare loop is what no simulator can be much faster than: it writes the least status that says Running, once for a pod
// and in the way that costs the API server the least, knows nothing and remembers nothing. What it reaches on a machine is
// what the control plane itself takes there.

// bareNodes, in the environment of this binary, makes it the bare loop for those nodes.
const bareNodes = "MOONLET_BARE_NODES"

// bareWorkers are as many as Moonlet and KWOK have in the comparison.
const bareWorkers = 16

func startBare(b *testing.B, l *lab, _ kubernetes.Interface, nodes []string) *exec.Cmd {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(l.env(), bareNodes+"="+strings.Join(nodes, ","), "KUBECONFIG="+l.kubeconfig())
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := labs.StartAsBatch(cmd); err != nil { // as the control plane's own parts beside the API server
		b.Fatal(err)
	}
	return cmd
}

// runBare is the bare loop. It ends with SIGTERM.
func runBare(nodes []string) error {
	runtime.GOMAXPROCS(halfOfProcessors())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	config.QPS, config.ContentType = -1, "application/vnd.kubernetes.protobuf"
	config.NextProtos, config.DisableCompression = []string{"http/1.1"}, true // costs the API server the least
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { bareBeats(ctx, client, nodes) })
	todo := make(chan *v1.Pod, comparePods*5)
	for range bareWorkers {
		wg.Go(func() {
			for p := range todo {
				bareLook(ctx, client, p)
			}
		})
	}
	err = bareWatch(ctx, client, todo)
	close(todo)
	wg.Wait()
	return err
}

// bareWatch hands on what happens to pods, and takes the watch up again where the API server cuts it.
func bareWatch(ctx context.Context, client kubernetes.Interface, todo chan<- *v1.Pod) error {
	list, err := client.CoreV1().Pods("").List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	for version := list.ResourceVersion; ctx.Err() == nil; {
		stream, err := client.CoreV1().Pods("").Watch(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName!=", ResourceVersion: version})
		if err != nil {
			continue
		}
		for e := range stream.ResultChan() {
			p, ok := e.Object.(*v1.Pod)
			if !ok {
				continue
			}
			version = p.ResourceVersion
			if e.Type != "DELETED" {
				todo <- p
			}
		}
	}
	return nil
}

func bareLook(ctx context.Context, client kubernetes.Interface, p *v1.Pod) {
	switch {
	case p.DeletionTimestamp != nil:
		_ = client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, *metav1.NewDeleteOptions(0))
	case p.Status.Phase == v1.PodPending:
		_, err := client.CoreV1().Pods(p.Namespace).UpdateStatus(ctx, bareRunning(p), metav1.UpdateOptions{})
		if err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "bare loop:", err)
		}
	}
}

func bareRunning(p *v1.Pod) *v1.Pod {
	now := metav1.Now()
	s := v1.PodStatus{
		Phase: v1.PodRunning, StartTime: &now, QOSClass: p.Status.QOSClass,
		Conditions: []v1.PodCondition{{Type: v1.PodReady, Status: v1.ConditionTrue, LastTransitionTime: now}},
	}
	for _, c := range p.Spec.Containers {
		s.ContainerStatuses = append(s.ContainerStatuses, v1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: true, State: v1.ContainerState{Running: &v1.ContainerStateRunning{StartedAt: now}},
		})
	}
	p.Status, p.ManagedFields = s, nil
	return p
}

// bareBeats creates the nodes and renews their leases.
func bareBeats(ctx context.Context, client kubernetes.Interface, nodes []string) {
	leases := make([]*coordination.Lease, len(nodes))
	for ctx.Err() == nil {
		var wg sync.WaitGroup
		next := make(chan int)
		for range bareWorkers {
			wg.Go(func() {
				for i := range next {
					leases[i] = bareBeat(ctx, client, nodes[i], leases[i])
				}
			})
		}
		for i := range nodes {
			next <- i
		}
		close(next)
		wg.Wait()
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
		}
	}
}

// bareBeat renews a lease, or creates it and its node where there is none yet, and returns it as the API server has it.
func bareBeat(ctx context.Context, client kubernetes.Interface, name string, lease *coordination.Lease) *coordination.Lease {
	leases := client.CoordinationV1().Leases(v1.NamespaceNodeLease)
	now, seconds := metav1.NowMicro(), int32(40)
	var err error
	if lease != nil {
		lease.Spec.RenewTime = &now
		lease, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	} else {
		node := kwokNode(name)
		node.Annotations = nil
		node.Status.Conditions = []v1.NodeCondition{{Type: v1.NodeReady, Status: v1.ConditionTrue, LastHeartbeatTime: metav1.Now(), LastTransitionTime: metav1.Now()}}
		_, _ = client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
		lease, err = leases.Create(ctx, &coordination.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v1.NamespaceNodeLease},
			Spec:       coordination.LeaseSpec{HolderIdentity: &name, RenewTime: &now, LeaseDurationSeconds: &seconds},
		}, metav1.CreateOptions{})
	}
	if err != nil {
		if ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "bare loop: lease:", err)
		}
		return nil
	}
	return lease
}
