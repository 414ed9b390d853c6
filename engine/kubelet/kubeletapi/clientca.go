package kubeletapi

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubex509 "k8s.io/apiserver/pkg/authentication/request/x509"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// Where a cluster publishes the CA that signs client certificates.
const (
	caNamespace = "kube-system"
	caConfigMap = "extension-apiserver-authentication"
	caKey       = "client-ca-file"
)

const (
	caRefresh = time.Minute
	caRetry   = 5 * time.Second
	caTimeout = 5 * time.Second
)

// clientCA is the authority whose client certificates are believed, read again every minute. The last good one counts.
type clientCA struct {
	fetch func(context.Context) ([]byte, error)
	clock clock.Clock
	log   *slog.Logger
	pool  atomic.Pointer[x509.CertPool] // nil: no client certificate is believed
	told  string                        // the last error logged; only load and keep, one after the other, use it
}

func newClientCA(o Options) *clientCA {
	ca := &clientCA{clock: o.Clock, log: o.Log}
	if o.ClientCAFile != "" {
		ca.fetch = func(context.Context) ([]byte, error) { return os.ReadFile(o.ClientCAFile) }
		return ca
	}
	ca.fetch = func(ctx context.Context) ([]byte, error) {
		published, err := o.Client.CoreV1().ConfigMaps(caNamespace).Get(ctx, caConfigMap, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("get configmap %s/%s: %w", caNamespace, caConfigMap, err)
		}
		return []byte(published.Data[caKey]), nil
	}
	return ca
}

// verifyOptions implements x509.VerifyOptionFunc.
func (ca *clientCA) verifyOptions() (x509.VerifyOptions, bool) {
	pool := ca.pool.Load()
	if pool == nil {
		return x509.VerifyOptions{}, false
	}
	o := kubex509.DefaultVerifyOptions()
	o.Roots = pool
	return o, true
}

// load reads the authority, and says whether it could.
func (ca *clientCA) load(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, caTimeout)
	defer cancel()
	pem, err := ca.fetch(ctx)
	if err == nil {
		pool := x509.NewCertPool()
		if pool.AppendCertsFromPEM(pem) {
			ca.pool.Store(pool)
			ca.told = ""
			return true
		}
		err = errors.New("it holds no certificate")
	}
	if text := err.Error(); text != ca.told && ctx.Err() == nil {
		ca.told = text
		ca.log.Warn("client CA cannot be read: kubectl logs and exec are refused unless one was read before; "+
			"bind role kube-system/extension-apiserver-authentication-reader to this kubelet, or give it the CA's file", "err", err)
	}
	return false
}

// keep reads the authority again and again until ctx ends.
func (ca *clientCA) keep(ctx context.Context) {
	pause := caRefresh
	if ca.pool.Load() == nil {
		pause = caRetry
	}
	for ca.clock.Sleep(ctx, pause) == nil {
		pause = caRetry
		if ca.load(ctx) {
			pause = caRefresh
		}
	}
}
