package env

import (
	"context"
	"maps"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// configMap is the data of a ConfigMap; of an optional one that is missing, none.
func (r *Resolver) configMap(ctx context.Context, namespace, name string, optional *bool) (map[string]string, error) {
	data, err := cached(&r.cache, "configmap", namespace, name, func() (map[string]string, error) {
		m, err := r.opts.Client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return m.Data, nil
	})
	return forgiving(data, err, optional)
}

// secret is the same of a Secret.
func (r *Resolver) secret(ctx context.Context, namespace, name string, optional *bool) (map[string]string, error) {
	data, err := cached(&r.cache, "secret", namespace, name, func() (map[string]string, error) {
		s, err := r.opts.Client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		data := make(map[string]string, len(s.Data))
		for k, v := range s.Data {
			data[k] = string(v)
		}
		return data, nil
	})
	return forgiving(data, err, optional)
}

func forgiving(data map[string]string, err error, optional *bool) (map[string]string, error) {
	if isTrue(optional) && apierrors.IsNotFound(err) {
		return nil, nil
	}
	return data, err
}

// servicesOf lists a namespace's services.
func (r *Resolver) servicesOf(ctx context.Context, namespace string) ([]v1.Service, error) {
	return cached(&r.cache, "services", namespace, "", func() ([]v1.Service, error) {
		l, err := r.opts.Client.CoreV1().Services(namespace).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return nil, err
		}
		return l.Items, nil
	})
}

// master is the service of the API server, which every pod knows of.
func (r *Resolver) master(ctx context.Context) ([]v1.Service, error) {
	return cached(&r.cache, "service", metav1.NamespaceDefault, "kubernetes", func() ([]v1.Service, error) {
		s, err := r.opts.Client.CoreV1().Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return []v1.Service{*s}, nil
	})
}

// cache keeps what was read for a while: a Deployment's pods are many and want the same. Errors are not kept: what was
// missing may have come.
type cache struct {
	clock clock.Clock
	keep  time.Duration

	mu    sync.Mutex
	kept  map[object]reading // guarded by mu
	swept time.Time          // guarded by mu
}

type object struct{ kind, namespace, name string }

type reading struct {
	value any
	until time.Time
}

// cached gives what is kept, else what read reads. What is returned is shared and must not be changed.
func cached[T any](c *cache, kind, namespace, name string, read func() (T, error)) (T, error) {
	of := object{kind, namespace, name}
	if v, ok := c.get(of); ok {
		return v.(T), nil
	}
	v, err := read()
	if err == nil {
		c.put(of, v)
	}
	return v, err
}

func (c *cache) get(of object) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.kept[of]
	return r.value, ok && c.clock.Now().Before(r.until)
}

// put keeps a reading, and lets go of those that are over.
func (c *cache) put(of object, v any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if c.kept == nil {
		c.kept = map[object]reading{}
	}
	if now.Sub(c.swept) >= c.keep {
		maps.DeleteFunc(c.kept, func(_ object, r reading) bool { return !now.Before(r.until) })
		c.swept = now
	}
	c.kept[of] = reading{v, now.Add(c.keep)}
}
