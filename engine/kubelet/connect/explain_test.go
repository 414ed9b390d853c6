package connect_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"

	"github.com/moonlet-dev/moonlet/engine/kubelet/connect"
)

func TestExplainSaysWhatToDo(t *testing.T) {
	forbidden := func(group, resource, text string) error {
		return apierrors.NewForbidden(schema.GroupResource{Group: group, Resource: resource}, "", errors.New(text))
	}
	dial := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://h:1/version", Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	tests := map[string]struct {
		err  error
		want string
	}{
		"right for the whole cluster": {
			forbidden("", "nodes", `User "bob" cannot patch resource "nodes/status" in API group "" at the cluster scope`),
			`user "bob" may not patch nodes/status: add the rule {apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"]} to a ClusterRole bound to it`,
		},
		"right in a namespace": {
			forbidden("coordination.k8s.io", "leases",
				`User "system:serviceaccount:a:b" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "kube-node-lease"`),
			`user "system:serviceaccount:a:b" may not get leases.coordination.k8s.io in namespace kube-node-lease: add the rule ` +
				`{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"]} to a Role in namespace kube-node-lease, or a ClusterRole, bound to it`,
		},
		"wrapped": {
			fmt.Errorf("list nodes: %w", forbidden("", "nodes", `User "bob" cannot list resource "nodes" in API group "" at the cluster scope`)),
			`user "bob" may not list nodes: add the rule {apiGroups: [""], resources: ["nodes"], verbs: ["list"]} to a ClusterRole bound to it`,
		},
		"refused by admission": {
			forbidden("", "nodes", "quota used up"),
			`nodes is forbidden: quota used up`,
		},
		"refused connection": {
			dial(syscall.ECONNREFUSED),
			"the API server cannot be reached: connection refused: is the cluster running, and the address in the kubeconfig right?",
		},
		"unknown name": {
			dial(&net.DNSError{Err: "no such host", Name: "moon", IsNotFound: true}),
			"the API server cannot be reached: no address is known for moon: is the cluster running, and the address in the kubeconfig right?",
		},
		"no answer": {
			context.DeadlineExceeded,
			"the API server cannot be reached: no answer: is the cluster running, and the address in the kubeconfig right?",
		},
		"client certificate": {
			&url.Error{Op: "Get", URL: "https://h", Err: tls.AlertError(42)},
			"the API server does not accept the client certificate (tls: bad certificate): get a new kubeconfig",
		},
		"credential command": {
			&url.Error{Op: "Get", URL: "https://h", Err: errors.New("getting credentials: exec: executable aws not found\n\nhelp")},
			"the command in the kubeconfig that gets credentials does not work: exec: executable aws not found help",
		},
		"what nobody knows": {errors.New("strange"), "strange"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := connect.Explain(test.err)
			if diff := cmp.Diff(test.want, got.Error()); diff != "" {
				t.Error(diff)
			}
			if !errors.Is(got, test.err) {
				t.Error("the error explained is not in the explanation")
			}
		})
	}
	if connect.Explain(nil) != nil {
		t.Error("no error is explained")
	}
}

func TestMissingListsWhatIsRefused(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("create", "selfsubjectaccessreviews", func(a k8stesting.Action) (bool, runtime.Object, error) {
		review := a.(k8stesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview).DeepCopy()
		asked := *review.Spec.ResourceAttributes
		review.Status.Allowed = asked != authorizationv1.ResourceAttributes{Verb: "patch", Resource: "nodes", Subresource: "status"} &&
			asked != authorizationv1.ResourceAttributes{Verb: "list", Group: "coordination.k8s.io", Resource: "leases", Namespace: "kube-node-lease"}
		return true, review, nil
	})
	status := connect.Need{Verb: "patch", Resource: "nodes", Subresource: "status", Why: "write how nodes are"}
	leases := connect.Need{Verb: "list", Group: "coordination.k8s.io", Resource: "leases", Namespace: "kube-node-lease"}
	c := &connect.Cluster{Client: client}
	got, err := c.Missing(t.Context(), []connect.Need{{Verb: "list", Resource: "nodes"}, status, {Verb: "get", Resource: "pods"}, leases})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]connect.Need{status, leases}, got); diff != "" {
		t.Error(diff)
	}
	want := "rights are missing: patch nodes/status (needed to write how nodes are), " +
		"list leases.coordination.k8s.io in namespace kube-node-lease: add to the role of this user: " +
		`{apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"]} {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["list"]}`
	if diff := cmp.Diff(want, connect.Complaint(got)); diff != "" {
		t.Error(diff)
	}
	if text := connect.Complaint(nil); text != "" {
		t.Errorf("complaint without reason: %s", text)
	}
}

func TestMissingReportsThatItCouldNotAsk(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("create", "selfsubjectaccessreviews", func(k8stesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewUnauthorized("who are you")
	})
	_, err := (&connect.Cluster{Client: client}).Missing(t.Context(), []connect.Need{{Verb: "list", Resource: "nodes"}})
	checkLine(t, err, "ask whether we may list nodes: the API server does not accept these credentials")
}
