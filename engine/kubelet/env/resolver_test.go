package env_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/moonlet-dev/moonlet/engine/clock"
	"github.com/moonlet-dev/moonlet/engine/kubelet/env"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func meta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

// cluster has a ConfigMap, a Secret and services in default, and the API server's service.
func cluster() *fake.Clientset {
	ports := func(all ...v1.ServicePort) v1.ServiceSpec { return v1.ServiceSpec{ClusterIP: "10.0.0.7", Ports: all} }
	return fake.NewClientset(
		&v1.ConfigMap{ObjectMeta: meta("shop", "config"), Data: map[string]string{"mode": "fast", "level": "3", "not a name=": "x", "app.conf": "y"}},
		&v1.Secret{ObjectMeta: meta("shop", "login"), Data: map[string][]byte{"user": []byte("me"), "password": []byte("s3cret")}},
		&v1.Service{ObjectMeta: meta("default", "kubernetes"), Spec: v1.ServiceSpec{ClusterIP: "10.0.0.1", Ports: []v1.ServicePort{{Name: "https", Port: 443, Protocol: "TCP"}}}},
		&v1.Service{ObjectMeta: meta("shop", "my-db"), Spec: ports(v1.ServicePort{Name: "sql", Port: 5432, Protocol: "TCP"}, v1.ServicePort{Name: "admin-ui", Port: 53, Protocol: "UDP"})},
		&v1.Service{ObjectMeta: meta("shop", "headless"), Spec: v1.ServiceSpec{ClusterIP: "None", Ports: []v1.ServicePort{{Port: 1}}}},
		&v1.Service{ObjectMeta: meta("other", "elsewhere"), Spec: ports(v1.ServicePort{Port: 80})},
	)
}

// podWith is a pod whose container has what the YAML says; it wants no services.
func podWith(t *testing.T, container string) *v1.Pod {
	t.Helper()
	p := &v1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "web-1", UID: "u-1",
		Labels: map[string]string{"app": "web", "a.b/c": "d"}, Annotations: map[string]string{"note": "x y"},
	}}
	p.Spec.NodeName, p.Spec.ServiceAccountName, p.Spec.EnableServiceLinks = "node-a", "default", new(bool)
	p.Spec.Containers = []v1.Container{{}, {Name: "other", Resources: v1.ResourceRequirements{Limits: v1.ResourceList{"cpu": resource.MustParse("1500m")}}}}
	if err := yaml.UnmarshalStrict([]byte(container), &p.Spec.Containers[0]); err != nil {
		t.Fatal(err)
	}
	return p
}

// inLines is an environment as env prints it, without the API server's service.
func inLines(vars []v1.EnvVar) string {
	var out strings.Builder
	for _, v := range vars {
		if !strings.HasPrefix(v.Name, "KUBERNETES_") {
			out.WriteString(v.Name + "=" + v.Value + "\n")
		}
		if v.ValueFrom != nil {
			out.WriteString("valueFrom is left\n")
		}
	}
	return out.String()
}

func TestEnvironments(t *testing.T) {
	for name, c := range map[string]struct{ container, want string }{
		"plain values, references, dollars": {
			`env: [{name: A, value: one}, {name: B, value: "$(A)-$(A)"}, {name: C, value: "$$(A) $(NONE) $A $( $"}, {name: D, value: "$(E)"}, {name: E, value: late}]`,
			"A=one\nB=one-one\nC=$(A) $(NONE) $A $( $\nD=$(E)\nE=late\n",
		},
		"a ConfigMap's and a Secret's keys": {
			`env: [{name: MODE, valueFrom: {configMapKeyRef: {name: config, key: mode}}}, {name: PW, valueFrom: {secretKeyRef: {name: login, key: password}}}, {name: BOTH, value: "$(MODE) $(PW)"}]`,
			"MODE=fast\nPW=s3cret\nBOTH=fast s3cret\n",
		},
		"all of them, with prefixes; env goes first": {
			`{envFrom: [{configMapRef: {name: config}}, {prefix: LOGIN_, secretRef: {name: login}}], env: [{name: level, value: "4"}, {name: WHO, value: "$(LOGIN_user)"}]}`,
			"app.conf=y\nlevel=4\nmode=fast\nLOGIN_password=s3cret\nLOGIN_user=me\nWHO=me\n",
		},
		"what is optional may be missing": {
			`{envFrom: [{configMapRef: {name: gone, optional: true}}, {secretRef: {name: gone, optional: true}}], env: [{name: A, valueFrom: {configMapKeyRef: {name: gone, key: x, optional: true}}}, {name: B, valueFrom: {secretKeyRef: {name: login, key: gone, optional: true}}}, {name: C, value: c}]}`,
			"C=c\n",
		},
		"fields of the pod": {
			`env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}, {name: U, valueFrom: {fieldRef: {fieldPath: metadata.uid}}},
			  {name: L, valueFrom: {fieldRef: {fieldPath: "metadata.labels['a.b/c']"}}}, {name: AN, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}, {name: NONE, valueFrom: {fieldRef: {fieldPath: "metadata.labels['none']"}}},
			  {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}, {name: SA, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}, {name: H, valueFrom: {fieldRef: {fieldPath: status.hostIP}}},
			  {name: HS, valueFrom: {fieldRef: {fieldPath: status.hostIPs}}}, {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: IPS, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}]`,
			"NAME=web-1\nNS=shop\nU=u-1\nL=d\nAN=x y\nNONE=\nNODE=node-a\nSA=default\nH=192.168.0.9\nHS=192.168.0.9,fd00::9\nIP=\nIPS=\n",
		},
		"resources": {
			`{name: app, resources: {limits: {memory: 100Mi, cpu: 250m}, requests: {cpu: 1, ephemeral-storage: 1G}}, env: [
			  {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}, {name: MILLI, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}, {name: MIB, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}},
			  {name: BYTES, valueFrom: {resourceFieldRef: {resource: limits.memory}}}, {name: REQ, valueFrom: {resourceFieldRef: {resource: requests.cpu}}}, {name: UP, valueFrom: {resourceFieldRef: {resource: requests.ephemeral-storage, divisor: 1Gi}}},
			  {name: OTHER, valueFrom: {resourceFieldRef: {containerName: other, resource: limits.cpu, divisor: 1m}}}, {name: NODES, valueFrom: {resourceFieldRef: {resource: limits.ephemeral-storage}}}, {name: NONE, valueFrom: {resourceFieldRef: {resource: requests.memory}}}]}`,
			"CPU=1\nMILLI=250\nMIB=100\nBYTES=104857600\nREQ=1\nUP=1\nOTHER=1500\nNODES=7\nNONE=0\n",
		},
		"nothing": {`{}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := podWith(t, c.container)
			before := p.DeepCopy()
			got, err := resolver(cluster(), nil).Resolve(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, inLines(got.Spec.Containers[0].Env)); diff != "" || got.Spec.Containers[0].EnvFrom != nil {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(before, p); diff != "" {
				t.Errorf("the pod itself was changed:\n%s", diff)
			}
		})
	}
}

func resolver(client *fake.Clientset, change func(*env.Options)) *env.Resolver {
	o := env.Options{
		Client:  client,
		HostIPs: func(string) []string { return []string{"192.168.0.9", "fd00::9"} },
		Allocatable: func(context.Context, string) v1.ResourceList {
			return v1.ResourceList{v1.ResourceEphemeralStorage: resource.MustParse("7")}
		},
	}
	if change != nil {
		change(&o)
	}
	return env.New(o)
}

// The pod waits, and these words say for what.
func TestWhatIsMissingIsSaidAsAKubeletSaysIt(t *testing.T) {
	for name, c := range map[string]struct{ container, want string }{
		"no ConfigMap":        {`{name: app, env: [{name: A, valueFrom: {configMapKeyRef: {name: gone, key: x}}}]}`, `environment of container app: configmaps "gone" not found`},
		"no Secret":           {`{name: app, envFrom: [{secretRef: {name: gone}}]}`, `environment of container app: secrets "gone" not found`},
		"no key, ConfigMap":   {`{name: app, env: [{name: A, valueFrom: {configMapKeyRef: {name: config, key: x}}}]}`, `environment of container app: couldn't find key x in ConfigMap shop/config`},
		"no key, Secret":      {`{name: app, env: [{name: A, valueFrom: {secretKeyRef: {name: login, key: x}}}]}`, `environment of container app: couldn't find key x in Secret shop/login`},
		"Secret, key, option": {`{name: app, env: [{name: A, valueFrom: {secretKeyRef: {name: gone, key: x}}}]}`, `environment of container app: secrets "gone" not found`},
		"no such field":       {`{name: app, env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.hostname}}}]}`, `environment of container app: fieldPath "spec.hostname" is not supported in environments`},
		"no such container":   {`{name: app, env: [{name: A, valueFrom: {resourceFieldRef: {containerName: x, resource: limits.cpu}}}]}`, `environment of container app: container x not found`},
		"no such resource":    {`{name: app, env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}]}`, `environment of container app: unsupported container resource : limits.gpu`},
		"from a file": {
			`{name: app, env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: p, key: k}}}]}`,
			`environment of container app: variable A: a virtual node cannot resolve its valueFrom: want fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef`,
		},
	} {
		if p, err := resolver(cluster(), nil).Resolve(t.Context(), podWith(t, c.container)); err == nil || err.Error() != c.want || p != nil {
			t.Errorf("%s: got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestServicesAreToldOf(t *testing.T) {
	master := `KUBERNETES_SERVICE_HOST=10.0.0.1
KUBERNETES_SERVICE_PORT=443
KUBERNETES_SERVICE_PORT_HTTPS=443
KUBERNETES_PORT=tcp://10.0.0.1:443
KUBERNETES_PORT_443_TCP=tcp://10.0.0.1:443
KUBERNETES_PORT_443_TCP_PROTO=tcp
KUBERNETES_PORT_443_TCP_PORT=443
KUBERNETES_PORT_443_TCP_ADDR=10.0.0.1
`
	own := `MY_DB_SERVICE_HOST=10.0.0.7
MY_DB_SERVICE_PORT=5432
MY_DB_SERVICE_PORT_SQL=5432
MY_DB_SERVICE_PORT_ADMIN_UI=53
MY_DB_PORT=tcp://10.0.0.7:5432
MY_DB_PORT_5432_TCP=tcp://10.0.0.7:5432
MY_DB_PORT_5432_TCP_PROTO=tcp
MY_DB_PORT_5432_TCP_PORT=5432
MY_DB_PORT_5432_TCP_ADDR=10.0.0.7
MY_DB_PORT_53_UDP=udp://10.0.0.7:53
MY_DB_PORT_53_UDP_PROTO=udp
MY_DB_PORT_53_UDP_PORT=53
MY_DB_PORT_53_UDP_ADDR=10.0.0.7
`
	for name, c := range map[string]struct {
		links     *bool
		container string
		refuse    bool
		want      string
	}{
		"unless asked not to":            {nil, `{}`, false, master + own},
		"when asked to":                  {new(true), `{}`, false, master + own},
		"the API server's always":        {new(false), `{}`, false, master},
		"references and replacements":    {new(false), `env: [{name: API, value: "$(KUBERNETES_SERVICE_HOST)"}, {name: KUBERNETES_PORT, value: mine}]`, false, "API=10.0.0.1\nKUBERNETES_PORT=mine\n" + strings.Replace(master, "KUBERNETES_PORT=tcp://10.0.0.1:443\n", "", 1)},
		"none where services are secret": {nil, `{}`, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := podWith(t, c.container)
			p.Spec.EnableServiceLinks = c.links
			p.Spec.InitContainers = []v1.Container{{Name: "first", Env: []v1.EnvVar{{Name: "A", Value: "b"}}}}
			client := cluster()
			if c.refuse {
				client.PrependReactor("*", "services", func(clienttesting.Action) (bool, runtime.Object, error) {
					return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "", nil)
				})
			}
			got, err := resolver(client, nil).Resolve(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			var lines strings.Builder
			for _, v := range got.Spec.Containers[0].Env {
				lines.WriteString(v.Name + "=" + v.Value + "\n")
			}
			if diff := cmp.Diff(c.want, lines.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if first := got.Spec.InitContainers[0].Env; first[0].Value != "b" || (len(first) > 1) == c.refuse {
				t.Errorf("the init container has %v", first)
			}
		})
	}
}

// A Deployment's pods want the same: it is read once. What was missing is looked for again.
func TestWhatWasReadIsKeptForAWhile(t *testing.T) {
	client, held := cluster(), clock.Hold(time.Unix(0, 0))
	r := resolver(client, func(o *env.Options) { o.Clock = held })
	p := podWith(t, `{envFrom: [{configMapRef: {name: config}}, {secretRef: {name: login}}]}`)
	reads := func(p *v1.Pod) int {
		client.ClearActions()
		_, _ = r.Resolve(t.Context(), p)
		return len(client.Actions())
	}
	if first, again := reads(p), reads(p); first != 3 || again != 0 { // ConfigMap, Secret, the API server's service
		t.Errorf("%d reads, then %d", first, again)
	}
	for range 2 {
		if n := reads(podWith(t, `{envFrom: [{secretRef: {name: gone}}]}`)); n != 1 {
			t.Errorf("missing: %d reads", n)
		}
	}
	held.Set(held.Now().Add(10 * time.Second))
	if n := reads(p); n != 3 {
		t.Errorf("later: %d reads", n)
	}
	for _, a := range client.Actions() {
		if a.GetVerb() != "get" {
			t.Errorf("%s %s: more than what is named", a.GetVerb(), a.GetResource().Resource)
		}
	}
}

func TestNoValueIsLogged(t *testing.T) {
	var log bytes.Buffer
	r := resolver(cluster(), func(o *env.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if _, err := r.Resolve(t.Context(), podWith(t, `{envFrom: [{configMapRef: {name: config}}, {secretRef: {name: login}}]}`)); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); strings.Contains(text, "s3cret") || !strings.Contains(text, `pod=shop/web-1 keys="not a name="`) {
		t.Errorf("log: %s", text)
	}
}
