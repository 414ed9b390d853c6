package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// granted lists all rights as "verb group/resource in namespace".
func granted(all []metav1.Object) []string {
	var rights []string
	for _, role := range ofType[*rbacv1.ClusterRole](all) {
		rights = append(rights, ofRules(role.Rules, "")...)
	}
	for _, role := range ofType[*rbacv1.Role](all) {
		rights = append(rights, ofRules(role.Rules, " in "+role.Namespace)...)
	}
	slices.Sort(rights)
	return rights
}

// limited names the objects that a rule is limited to.
func limited(names []string) string {
	if names == nil {
		return ""
	}
	return " only " + strings.Join(names, ",")
}

func ofRules(rules []rbacv1.PolicyRule, where string) []string {
	var rights []string
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					rights = append(rights, verb+" "+group+"/"+resource+where+limited(rule.ResourceNames))
				}
			}
		}
	}
	return rights
}

func TestNoRightIsAWildcard(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, right := range granted(render(t, values...)) {
				if strings.Contains(right, "*") {
					t.Errorf("right %q", right)
				}
			}
		})
	}
}

// The kubelet says in broker/rights.go what it cannot do without. The chart grants that and what its values ask for;
// nothing else, but for the replacing of statuses: who may not do that patches them.
func TestRightsAreThoseTheKubeletNeeds(t *testing.T) {
	needs := kubeletNeeds(t)
	for name, tc := range map[string]struct {
		values string
		more   []string // beside the needs
		pods   string   // where the rights about pods are given
	}{
		"nodes of scripts": {values: "mode=kubelet", more: looks("")},
		"nodes of a web provider": {
			values: "mode=web,webApiUrl=http://provider:5000",
			more:   []string{"get /configmaps", "get /secrets", "get /services only kubernetes", "list /services"},
		},
		"nodes that go with Moonlet": {
			values: "onExit=delete",
			more:   append(looks(""), "delete /nodes", "delete coordination.k8s.io/leases in kube-node-lease"),
		},
		"nodes for one namespace": {values: "watchNamespace=team-a", pods: " in team-a", more: looks(" in team-a")},
		"nodes of a web provider for one namespace": {
			values: "mode=web,webApiUrl=http://provider:5000,watchNamespace=team-a", pods: " in team-a",
			more: []string{"get /configmaps in team-a", "get /secrets in team-a", "get /services only kubernetes", "list /services in team-a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := append(slices.Clone(tc.more), "update /pods/status"+tc.pods)
			for _, need := range needs {
				if strings.Contains(need, "/pods") {
					need += tc.pods
				}
				want = append(want, need)
			}
			slices.Sort(want)
			want = slices.Compact(want)
			if diff := cmp.Diff(want, granted(render(t, "--set", tc.values))); diff != "" {
				t.Errorf("rights (-needed +granted):\n%s", diff)
			}
		})
	}
}

// looks are the rights of what scenarios look at, which only the nodes of scripts have.
func looks(where string) []string {
	return []string{"list apps/deployments" + where, "list discovery.k8s.io/endpointslices" + where}
}

// kubeletNeeds reads the calls need(group, resource, subresource, namespace, why, verbs…) out of the broker's source.
func kubeletNeeds(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../engine/kubelet/broker/rights.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var needs []string
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) > 5 {
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "need" {
				needs = append(needs, needOf(t, call.Args)...)
			}
		}
		return true
	})
	if len(needs) < 10 {
		t.Fatalf("only %d needs are found in rights.go: has need got another form?", len(needs))
	}
	return needs
}

func needOf(t *testing.T, args []ast.Expr) []string {
	t.Helper()
	texts := make([]string, len(args))
	for i, arg := range args {
		literal, ok := arg.(*ast.BasicLit)
		if !ok {
			continue // the namespace whose pods are served: a variable
		}
		var err error
		if texts[i], err = strconv.Unquote(literal.Value); err != nil {
			t.Fatal(err)
		}
	}
	resource := texts[0] + "/" + texts[1]
	if texts[2] != "" {
		resource += "/" + texts[2]
	}
	if texts[3] != "" {
		resource += " in " + texts[3]
	}
	var needs []string
	for _, verb := range texts[5:] {
		needs = append(needs, verb+" "+resource)
	}
	return needs
}

func TestEveryRightReachesThePod(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := render(t, values...)
			subject := rbacv1.Subject{Kind: "ServiceAccount", Name: workload(t, all).ServiceAccountName, Namespace: "moon"}
			unbound := map[string]bool{}
			for _, role := range ofType[*rbacv1.ClusterRole](all) {
				unbound["ClusterRole "+role.Name] = true
			}
			for _, role := range ofType[*rbacv1.Role](all) {
				unbound["Role "+role.Namespace+"/"+role.Name] = true
			}
			for _, b := range ofType[*rbacv1.ClusterRoleBinding](all) {
				checkSubjects(t, b.Name, b.Subjects, subject)
				delete(unbound, b.RoleRef.Kind+" "+b.RoleRef.Name)
			}
			for _, b := range ofType[*rbacv1.RoleBinding](all) {
				checkSubjects(t, b.Name, b.Subjects, subject)
				delete(unbound, b.RoleRef.Kind+" "+b.Namespace+"/"+b.RoleRef.Name)
			}
			for role := range maps.Keys(unbound) {
				t.Errorf("%s is bound to nobody", role)
			}
		})
	}
}

func checkSubjects(t *testing.T, binding string, got []rbacv1.Subject, want rbacv1.Subject) {
	t.Helper()
	if diff := cmp.Diff([]rbacv1.Subject{want}, got); diff != "" {
		t.Errorf("subjects of %s:\n%s", binding, diff)
	}
}

func TestServiceAccountIsMadeOrNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		values, want string
		made         int
	}{
		"the release's own":   {"serviceAccount.create=true", "demo-moonlet", 1},
		"one with a name":     {"serviceAccount.name=robot", "robot", 1},
		"one that is there":   {"serviceAccount.create=false,serviceAccount.name=robot", "robot", 0},
		"that of a namespace": {"serviceAccount.create=false", "default", 0},
	} {
		t.Run(name, func(t *testing.T) {
			all := render(t, "--set", tc.values)
			if got := workload(t, all).ServiceAccountName; got != tc.want {
				t.Errorf("the pod runs as %s, want %s", got, tc.want)
			}
			if made := ofType[*v1.ServiceAccount](all); len(made) != tc.made {
				t.Errorf("%d service accounts are made, want %d", len(made), tc.made)
			}
		})
	}
}
