package script

import (
	"context"
	"path"
	"reflect"
	"slices"

	lua "github.com/yuin/gopher-lua"
	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// clusterSelector is what deployments{ … } and its like take.
type clusterSelector struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
}

func (s *clusterSelector) accepts(o metav1.Object, name string) bool {
	if s.Name != "" {
		if ok, err := path.Match(s.Name, name); err != nil || !ok {
			return false
		}
	}
	return (s.Namespace == "" || s.Namespace == o.GetNamespace()) && contained(s.Labels, o.GetLabels())
}

// clusterList is objects as the API server has them, with the methods that fit them.
type clusterList struct {
	what    string // deployments, endpoints, cluster_nodes
	objects []metav1.Object
	names   []string // as the selector means them
	views   []lua.LValue
	methods map[string]lua.LGFunction
}

func (c *clusterList) get(l *lua.LState, key lua.LValue) lua.LValue {
	switch k := key.(type) {
	case lua.LNumber:
		i := int(k) - 1
		if i < 0 || i >= len(c.objects) || lua.LNumber(i+1) != k {
			return lua.LNil
		}
		if c.views[i] == nil {
			c.views[i] = newStructView(reflect.ValueOf(c.objects[i]).Elem())
		}
		return c.views[i]
	case lua.LString:
		if m, ok := c.methods[string(k)]; ok {
			return goFunction(m)
		}
	}
	names := make([]string, 0, len(c.methods))
	for name := range c.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	l.RaiseError("%s{} has no '%s'%s", c.what, shorten(keyText(key), 60), didYouMean(keyText(key), names))
	return lua.LNil
}

func (c *clusterList) set(l *lua.LState, key, _ lua.LValue) { refuseWrite(l, c.what+"{}", key) }
func (c *clusterList) list(*lua.LState) (int, bool)         { return len(c.objects), true }
func (c *clusterList) keys(*lua.LState) []lua.LValue        { return numberKeys(len(c.objects)) }

// method makes a method that counts something of all objects.
func countOf(count func(*clusterList) int) lua.LGFunction {
	return func(l *lua.LState) int {
		c, ok := objectOf(l.Get(1)).(*clusterList)
		if !ok {
			l.RaiseError("call it with a colon: deployments{}:available()")
		}
		return pushNumber(l, float64(count(c)))
	}
}

func clusterNames(l *lua.LState) int {
	c, ok := objectOf(l.Get(1)).(*clusterList)
	if !ok {
		l.RaiseError("call it with a colon: deployments{}:names()")
	}
	t := l.CreateTable(len(c.names), 0)
	for i, name := range c.names[:min(len(c.names), maxArray-1)] {
		t.RawSetInt(i+1, lua.LString(name))
	}
	l.Push(t)
	return 1
}

var listCountOf = countOf(func(c *clusterList) int { return len(c.objects) })

// sumOf adds up what each object of one type counts for.
func sumOf[T any](of func(*T) int) lua.LGFunction {
	return countOf(func(c *clusterList) int {
		n := 0
		for _, o := range c.objects {
			if one, ok := any(o).(*T); ok {
				n += of(one)
			}
		}
		return n
	})
}

var deploymentMethods = map[string]lua.LGFunction{
	"count": listCountOf, "names": clusterNames,
	"available": sumOf(func(d *appsv1.Deployment) int { return int(d.Status.AvailableReplicas) }),
	"ready":     sumOf(func(d *appsv1.Deployment) int { return int(d.Status.ReadyReplicas) }),
	"updated":   sumOf(func(d *appsv1.Deployment) int { return int(d.Status.UpdatedReplicas) }),
	"replicas":  sumOf(func(d *appsv1.Deployment) int { return int(d.Status.Replicas) }),
}

var endpointMethods = map[string]lua.LGFunction{
	"count": listCountOf, "names": clusterNames,
	"ready": sumOf(func(s *discoveryv1.EndpointSlice) int {
		n := 0
		for i := range s.Endpoints {
			if r := s.Endpoints[i].Conditions.Ready; r == nil || *r { // unknown counts as ready, says the API
				n++
			}
		}
		return n
	}),
	"addresses": sumOf(func(s *discoveryv1.EndpointSlice) int { return len(s.Endpoints) }),
}

var clusterNodeMethods = map[string]lua.LGFunction{
	"count": listCountOf, "names": clusterNames,
	"ready": sumOf(func(n *v1.Node) int {
		if (&member{node: &Node{Object: n}}).ready() {
			return 1
		}
		return 0
	}),
}

func libDeployments(l *lua.LState) int {
	return pushCluster(l, "deployments", deploymentMethods, Cluster.Deployments, (*appsv1.Deployment).GetName)
}

// libEndpoints selects by the name of the service, which is what people know.
func libEndpoints(l *lua.LState) int {
	return pushCluster(l, "endpoints", endpointMethods, Cluster.EndpointSlices,
		func(s *discoveryv1.EndpointSlice) string { return s.Labels[discoveryv1.LabelServiceName] })
}

func libClusterNodes(l *lua.LState) int {
	return pushCluster(l, "cluster_nodes", clusterNodeMethods, Cluster.Nodes, (*v1.Node).GetName)
}

// pushCluster asks the cluster and pushes what fits.
func pushCluster[T metav1.Object](
	l *lua.LState, what string, methods map[string]lua.LGFunction, list func(Cluster, context.Context) ([]T, error), name func(T) string,
) int {
	b := inStory(l, what+"{}")
	cluster := b.n.story.Stage.Cluster()
	if cluster == nil {
		l.RaiseError("%s{} looks at the cluster, and there is none here: run the scenario in moonlet kubelet, or ask in_cluster() first", what)
	}
	var sel clusterSelector
	readSelector(l, what, &sel)
	var all []T
	var err error
	b.outside(func() { all, err = list(cluster, b.n.ctx) })
	if err != nil {
		l.RaiseError("%s{}: %s", what, err)
	}
	out := &clusterList{what: what, methods: methods}
	for _, o := range all {
		if n := name(o); sel.accepts(o, n) {
			out.objects, out.names = append(out.objects, o), append(out.names, n)
		}
	}
	out.views = make([]lua.LValue, len(out.objects))
	l.Push(newView(out))
	return 1
}

func libInCluster(l *lua.LState) int {
	b := inStory(l, "in_cluster")
	l.Push(lua.LBool(b.n.story.Stage.Cluster() != nil))
	return 1
}
