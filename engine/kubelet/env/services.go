package env

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// services are the variables that tell a pod of the services around it: those of its namespace, unless it does not want
// them, and the API server's. A kubelet that may not read services leaves them out: few programs still look.
func (r *Resolver) services(ctx context.Context, p *v1.Pod) (*list, error) {
	vars := &list{}
	master, err := r.master(ctx)
	if apierrors.IsForbidden(err) {
		return vars, nil
	}
	if err != nil {
		return nil, err
	}
	all := slices.Clone(master)
	if p.Spec.EnableServiceLinks == nil || *p.Spec.EnableServiceLinks {
		own, err := r.servicesOf(ctx, p.Namespace)
		if err != nil && !apierrors.IsForbidden(err) {
			return nil, err
		}
		if slices.ContainsFunc(own, func(s v1.Service) bool { return s.Name == "kubernetes" }) {
			all = nil // it hides the API server's
		}
		all = append(all, own...)
	}
	slices.SortStableFunc(all, func(x, y v1.Service) int { return cmp.Compare(x.Name, y.Name) })
	for i := range all {
		addService(vars, &all[i])
	}
	return vars, nil
}

// addService adds the variables of one service: host and ports, and those that Docker links once had. Services without
// an address of their own have none.
func addService(vars *list, s *v1.Service) {
	host := s.Spec.ClusterIP
	if host == "" || host == v1.ClusterIPNone || len(s.Spec.Ports) == 0 {
		return
	}
	name := variable(s.Name)
	vars.set(name+"_SERVICE_HOST", host)
	vars.set(name+"_SERVICE_PORT", port(s.Spec.Ports[0]))
	for _, p := range s.Spec.Ports {
		if p.Name != "" {
			vars.set(name+"_SERVICE_PORT_"+variable(p.Name), port(p))
		}
	}
	for i, p := range s.Spec.Ports {
		protocol := cmp.Or(string(p.Protocol), "TCP")
		url := strings.ToLower(protocol) + "://" + net.JoinHostPort(host, port(p))
		if i == 0 {
			vars.set(name+"_PORT", url)
		}
		link := name + "_PORT_" + port(p) + "_" + strings.ToUpper(protocol)
		vars.set(link, url)
		vars.set(link+"_PROTO", strings.ToLower(protocol))
		vars.set(link+"_PORT", port(p))
		vars.set(link+"_ADDR", host)
	}
}

func port(p v1.ServicePort) string { return strconv.Itoa(int(p.Port)) }

// variable is a name as variables are spelled.
func variable(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }
