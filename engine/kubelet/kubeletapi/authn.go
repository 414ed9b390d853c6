package kubeletapi

import (
	"context"
	"errors"
	"time"

	authv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/group"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/request/union"
	"k8s.io/apiserver/pkg/authentication/request/websocket"
	"k8s.io/apiserver/pkg/authentication/request/x509"
	"k8s.io/apiserver/pkg/authentication/token/cache"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/client-go/kubernetes"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// tokenTTL is how long the answer about a token is believed; a kubelet's default.
const tokenTTL = 2 * time.Minute

// newAuthenticator knows people by client certificate or bearer token. Its parts are those of the API server, without
// the factory that would put them together: that one links OpenTelemetry exporters and gRPC, and doubles the binary.
func newAuthenticator(client kubernetes.Interface, ca *clientCA, c clock.Clock, m *meters) authenticator.Request {
	tokens := cache.New(&tokenReview{client, c, m}, false, tokenTTL, tokenTTL)
	return group.NewAuthenticatedGroupAdder(union.New(
		x509.NewDynamic(ca.verifyOptions, x509.CommonNameUserConversion),
		bearertoken.New(tokens),
		websocket.NewProtocolAuthenticator(tokens),
	))
}

// tokenReview asks the API server whose token it is.
type tokenReview struct {
	client kubernetes.Interface
	clock  clock.Clock
	meters *meters
}

// AuthenticateToken implements authenticator.Token.
func (t *tokenReview) AuthenticateToken(ctx context.Context, token string) (*authenticator.Response, bool, error) {
	review := &authv1.TokenReview{Spec: authv1.TokenReviewSpec{Token: token}}
	var seen *authv1.TokenReview
	err := patiently(ctx, t.clock, func(ctx context.Context) (err error) {
		seen, err = t.client.AuthenticationV1().TokenReviews().Create(ctx, review, metav1.CreateOptions{})
		return err
	})
	t.meters.reviewed("token", err == nil && seen.Status.Authenticated, err)
	switch {
	case err != nil:
		return nil, false, err
	case seen.Status.Error != "" && !seen.Status.Authenticated:
		return nil, false, errors.New(seen.Status.Error)
	case !seen.Status.Authenticated:
		return nil, false, nil
	}
	extra := make(map[string][]string, len(seen.Status.User.Extra))
	for k, v := range seen.Status.User.Extra {
		extra[k] = v
	}
	who := &user.DefaultInfo{Name: seen.Status.User.Username, UID: seen.Status.User.UID, Groups: seen.Status.User.Groups, Extra: extra}
	return &authenticator.Response{User: who}, true, nil
}
