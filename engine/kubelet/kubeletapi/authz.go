package kubeletapi

import (
	"context"
	"encoding/json"
	"time"

	authv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/client-go/kubernetes"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// How long answers are believed, a kubelet's defaults, and how many are kept. A long question is asked each time, lest
// its sender fill our memory.
const (
	allowedTTL     = 5 * time.Minute
	deniedTTL      = 30 * time.Second
	accessMemory   = 8192
	maxQuestionLen = 10_000
)

// question is what somebody wants to do with a node; node "": with all of them.
type question struct{ verb, subresource, node string }

// access knows who may do what, by asking the API server. The API server's own library for it compiles CEL, which a
// review does not use: measured, it costs more than all the rest of this program.
type access struct {
	client kubernetes.Interface
	clock  clock.Clock
	meters *meters
	known  *cache.LRUExpireCache // of JSON of the spec to whether it is allowed
}

func newAccess(client kubernetes.Interface, c clock.Clock, m *meters) *access {
	return &access{client, c, m, cache.NewLRUExpireCacheWithClock(accessMemory, c)}
}

// allowed says whether the user may. An error says that nobody knows.
func (a *access) allowed(ctx context.Context, who user.Info, q question) (bool, error) {
	spec := specOf(who, q)
	key, err := json.Marshal(spec)
	if err != nil {
		return false, err
	}
	if known, ok := a.known.Get(string(key)); ok {
		return known.(bool), nil
	}
	allowed, err := a.review(ctx, spec)
	if err != nil {
		return false, err
	}
	if len(key) <= maxQuestionLen {
		ttl := deniedTTL
		if allowed {
			ttl = allowedTTL
		}
		a.known.Add(string(key), allowed, ttl)
	}
	return allowed, nil
}

func specOf(who user.Info, q question) authv1.SubjectAccessReviewSpec {
	extra := make(map[string]authv1.ExtraValue, len(who.GetExtra()))
	for k, v := range who.GetExtra() {
		extra[k] = v
	}
	return authv1.SubjectAccessReviewSpec{
		User: who.GetName(), UID: who.GetUID(), Groups: who.GetGroups(), Extra: extra,
		ResourceAttributes: &authv1.ResourceAttributes{
			Verb: q.verb, Version: "v1", Resource: "nodes", Subresource: q.subresource, Name: q.node,
		},
	}
}

func (a *access) review(ctx context.Context, spec authv1.SubjectAccessReviewSpec) (bool, error) {
	var seen *authv1.SubjectAccessReview
	err := patiently(ctx, a.clock, func(ctx context.Context) (err error) {
		review := &authv1.SubjectAccessReview{Spec: spec}
		seen, err = a.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		return err
	})
	allowed := err == nil && seen.Status.Allowed && !seen.Status.Denied
	a.meters.reviewed("access", allowed, err)
	return allowed, err
}

// A review is tried a few times: the API server may be about to come back.
const (
	reviewTries   = 3
	reviewPause   = 250 * time.Millisecond
	reviewTimeout = 10 * time.Second
)

func patiently(ctx context.Context, c clock.Clock, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	pause := reviewPause
	for left := reviewTries; ; left-- {
		err := try(ctx)
		if err == nil || left == 1 || !mayPass(err) {
			return err
		}
		if c.Sleep(ctx, pause) != nil {
			return err
		}
		pause *= 2
	}
}

// mayPass says that an error of the API server is of the kind that goes away.
func mayPass(err error) bool {
	return apierrors.IsInternalError(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsServiceUnavailable(err) || utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) ||
		utilnet.IsProbableEOF(err)
}
