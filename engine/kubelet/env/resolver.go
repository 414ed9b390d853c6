// Package env answers: what do env and envFrom resolve to?
//
// A [Resolver] gives a pod in which every container's environment is spelled out, for providers that cannot ask
// Kubernetes themselves. It reads the ConfigMaps, Secrets and Services that pods name, one by one, and keeps them for a
// few seconds; it never lists Secrets, watches nothing, and logs no value. It starts no goroutines.
package env

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/kubernetes"

	"github.com/moonlet-dev/moonlet/engine/clock"
)

// Options is what a Resolver rests on.
type Options struct {
	Client      kubernetes.Interface
	Keep        time.Duration                                          // how long what was read is used again; 0: 10 s
	HostIPs     func(node string) []string                             // status.hostIP before the pod has one; nil: none
	Allocatable func(ctx context.Context, node string) v1.ResourceList // limits of containers that set none; nil: none
	Clock       clock.Clock                                            // nil: the real one
	Log         *slog.Logger                                           // nil: silent
}

// Resolver resolves environments. Its methods may be called from any goroutine.
type Resolver struct {
	opts  Options
	log   *slog.Logger
	cache cache
}

// New returns a resolver. It asks for nothing yet.
func New(o Options) *Resolver {
	if o.Keep == 0 {
		o.Keep = 10 * time.Second
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Resolver{opts: o, log: o.Log, cache: cache{clock: o.Clock, keep: o.Keep}}
}

// Resolve returns a copy of the pod whose containers and init containers have env with values only, and no envFrom. The
// pod itself is not changed; the copy shares what is the same. What is missing and not optional is an error in a
// kubelet's words.
func (r *Resolver) Resolve(ctx context.Context, p *v1.Pod) (*v1.Pod, error) {
	services, err := r.services(ctx, p)
	if err != nil {
		return nil, err
	}
	resolved := *p
	if resolved.Spec.InitContainers, err = r.containers(ctx, p, p.Spec.InitContainers, services); err != nil {
		return nil, err
	}
	if resolved.Spec.Containers, err = r.containers(ctx, p, p.Spec.Containers, services); err != nil {
		return nil, err
	}
	return &resolved, nil
}

func (r *Resolver) containers(ctx context.Context, p *v1.Pod, in []v1.Container, services *list) ([]v1.Container, error) {
	out := slices.Clone(in)
	for i := range out {
		vars, err := r.container(ctx, p, &in[i], services)
		if err != nil {
			return nil, fmt.Errorf("environment of container %s: %w", in[i].Name, err)
		}
		out[i].Env, out[i].EnvFrom = vars, nil
	}
	return out, nil
}

// container is one container's environment: envFrom, which env may replace, and the services that neither names. Values
// may refer to what comes before them.
func (r *Resolver) container(ctx context.Context, p *v1.Pod, c *v1.Container, services *list) ([]v1.EnvVar, error) {
	vars := &list{}
	for i := range c.EnvFrom {
		if err := r.from(ctx, p, &c.EnvFrom[i], vars); err != nil {
			return nil, err
		}
	}
	lookUp := func(name string) (string, bool) {
		if value, ok := vars.get(name); ok {
			return value, true
		}
		return services.get(name)
	}
	for i := range c.Env {
		one := &c.Env[i]
		if one.ValueFrom == nil {
			vars.set(one.Name, expand(one.Value, lookUp))
			continue
		}
		value, ok, err := r.value(ctx, p, c, one)
		if err != nil {
			return nil, err
		}
		if ok {
			vars.set(one.Name, value)
		}
	}
	for _, one := range services.vars {
		if _, named := vars.get(one.Name); !named {
			vars.set(one.Name, one.Value)
		}
	}
	return vars.vars, nil
}

// from adds all keys of a ConfigMap or a Secret. Keys that are no names of variables are passed over.
func (r *Resolver) from(ctx context.Context, p *v1.Pod, source *v1.EnvFromSource, vars *list) error {
	var data map[string]string
	var err error
	switch {
	case source.ConfigMapRef != nil:
		data, err = r.configMap(ctx, p.Namespace, source.ConfigMapRef.Name, source.ConfigMapRef.Optional)
	case source.SecretRef != nil:
		data, err = r.secret(ctx, p.Namespace, source.SecretRef.Name, source.SecretRef.Optional)
	}
	if err != nil {
		return err
	}
	var invalid []string
	for _, key := range sortedKeys(data) {
		name := source.Prefix + key
		if len(validation.IsEnvVarName(name)) > 0 {
			invalid = append(invalid, name)
			continue
		}
		vars.set(name, data[key])
	}
	if len(invalid) > 0 {
		r.log.WarnContext(ctx, "keys that cannot be names of environment variables are skipped", "pod", p.Namespace+"/"+p.Name, "keys", strings.Join(invalid, ", "))
	}
	return nil
}

// value is that of valueFrom. ok is false where an optional source is missing.
func (r *Resolver) value(ctx context.Context, p *v1.Pod, c *v1.Container, one *v1.EnvVar) (value string, ok bool, err error) {
	switch from := one.ValueFrom; {
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		data, err := r.configMap(ctx, p.Namespace, ref.Name, ref.Optional)
		return pick(data, ref.Key, isTrue(ref.Optional), "ConfigMap "+p.Namespace+"/"+ref.Name, err)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		data, err := r.secret(ctx, p.Namespace, ref.Name, ref.Optional)
		return pick(data, ref.Key, isTrue(ref.Optional), "Secret "+p.Namespace+"/"+ref.Name, err)
	case from.FieldRef != nil:
		value, err = r.field(p, from.FieldRef.FieldPath)
		return value, err == nil, err
	case from.ResourceFieldRef != nil:
		value, err = r.resource(ctx, p, c, from.ResourceFieldRef)
		return value, err == nil, err
	}
	return "", false, fmt.Errorf("variable %s: a virtual node cannot resolve its valueFrom: want fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef", one.Name)
}

func pick(data map[string]string, key string, optional bool, where string, err error) (string, bool, error) {
	if err != nil {
		return "", false, err
	}
	value, ok := data[key]
	if !ok && !optional {
		return "", false, fmt.Errorf("couldn't find key %s in %s", key, where)
	}
	return value, ok, nil
}

func isTrue(b *bool) bool { return b != nil && *b }
