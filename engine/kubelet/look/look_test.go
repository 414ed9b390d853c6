package look_test

import (
	"context"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	testclient "k8s.io/client-go/testing"

	"github.com/moonlet-dev/moonlet/engine/kubelet/look"
)

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

func TestAReaderListsWhatThereIs(t *testing.T) {
	client := fake.NewClientset(
		&appsv1.Deployment{ObjectMeta: named("shop", "web")}, &appsv1.Deployment{ObjectMeta: named("lab", "api")},
		&discoveryv1.EndpointSlice{ObjectMeta: named("shop", "web-x")}, &v1.Node{ObjectMeta: named("", "moon-0")},
	)
	for namespace, want := range map[string]int{"": 2, "shop": 1} {
		r := look.New(client, namespace)
		d, err := r.Deployments(t.Context())
		if err != nil || len(d) != want {
			t.Errorf("%q: %d deployments, %v", namespace, len(d), err)
		}
		s, err := r.EndpointSlices(t.Context())
		if err != nil || len(s) != 1 || s[0].Name != "web-x" {
			t.Errorf("%q: slices %v, %v", namespace, s, err)
		}
		n, err := r.Nodes(t.Context())
		if err != nil || len(n) != 1 || n[0].Name != "moon-0" {
			t.Errorf("%q: nodes %v, %v", namespace, n, err)
		}
	}
}

func TestAMissingRightIsNamed(t *testing.T) {
	client := fake.NewClientset()
	client.PrependReactor("list", "*", func(a testclient.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: a.GetResource().Resource}, "", nil)
	})
	r := look.New(client, "")
	for what, ask := range map[string]func(context.Context) error{
		`list on deployments in API group "apps"`:                func(ctx context.Context) error { _, err := r.Deployments(ctx); return err },
		`list on endpointslices in API group "discovery.k8s.io"`: func(ctx context.Context) error { _, err := r.EndpointSlices(ctx); return err },
		`list on nodes in API group ""`:                          func(ctx context.Context) error { _, err := r.Nodes(ctx); return err },
	} {
		if err := ask(t.Context()); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %s", err, what)
		}
	}
}
