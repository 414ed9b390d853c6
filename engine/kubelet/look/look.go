// Package look answers: what does the cluster say of deployments, endpoints and nodes?
//
// A [Reader] asks the API server each time, so that an answer is never older than the question. Expectations of
// scenarios read it, once a second at most. It starts no goroutines.
package look

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/moonlet-dev/moonlet/engine/kubelet"
)

// Reader reads what scenarios look at. It may be used from any goroutine.
type Reader struct {
	client    kubernetes.Interface
	namespace string // the only one that is looked at; empty: all
}

var _ kubelet.ClusterReader = (*Reader)(nil)

// New returns a Reader of one namespace, or of all where namespace is empty.
func New(client kubernetes.Interface, namespace string) *Reader { return &Reader{client, namespace} }

// fresh wants the newest state there is; any version will do where that comes from a cache of the server.
var fresh = metav1.ListOptions{}

// Deployments implements [kubelet.ClusterReader].
func (r *Reader) Deployments(ctx context.Context) ([]*appsv1.Deployment, error) {
	l, err := r.client.AppsV1().Deployments(r.namespace).List(ctx, fresh)
	if err != nil {
		return nil, explain(err, "deployments", "apps")
	}
	return each(l.Items), nil
}

// EndpointSlices implements [kubelet.ClusterReader].
func (r *Reader) EndpointSlices(ctx context.Context) ([]*discoveryv1.EndpointSlice, error) {
	l, err := r.client.DiscoveryV1().EndpointSlices(r.namespace).List(ctx, fresh)
	if err != nil {
		return nil, explain(err, "endpointslices", "discovery.k8s.io")
	}
	return each(l.Items), nil
}

// Nodes implements [kubelet.ClusterReader].
func (r *Reader) Nodes(ctx context.Context) ([]*v1.Node, error) {
	l, err := r.client.CoreV1().Nodes().List(ctx, fresh)
	if err != nil {
		return nil, explain(err, "nodes", "")
	}
	return each(l.Items), nil
}

func each[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}

// explain says what a right that is missing takes.
func explain(err error, resource, group string) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("this kubelet may not list %s: grant it list on %s in API group %q, or leave them out of the scenario", resource, resource, group)
	}
	return fmt.Errorf("list %s: %w", resource, err)
}
