package connect

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Need is one right that somebody needs.
type Need struct {
	Verb        string // as RBAC spells it: get, list, watch, create, …
	Group       string // of the API; "" is the core's
	Resource    string // plural, as RBAC spells it
	Subresource string
	Namespace   string // "": in all of them, or a resource outside of namespaces
	Why         string // what does not work without; ends the sentence "needed to …"
}

// String is the right in words: patch nodes/status.
func (n Need) String() string {
	text := n.Verb + " " + n.target()
	if n.Group != "" {
		text += "." + n.Group
	}
	if n.Namespace != "" {
		text += " in namespace " + n.Namespace
	}
	return text
}

func (n Need) target() string {
	if n.Subresource == "" {
		return n.Resource
	}
	return n.Resource + "/" + n.Subresource
}

// Rule is the RBAC rule that grants it.
func (n Need) Rule() string {
	return fmt.Sprintf("{apiGroups: [%q], resources: [%q], verbs: [%q]}", n.Group, n.target(), n.Verb)
}

func (n Need) remedy() string {
	role := "a ClusterRole bound to it"
	if n.Namespace != "" {
		role = fmt.Sprintf("a Role in namespace %s, or a ClusterRole, bound to it", n.Namespace)
	}
	return fmt.Sprintf("add the rule %s to %s", n.Rule(), role)
}

// Missing asks which of the needs the cluster would refuse us, in their order. An error means that it could not be
// asked.
func (c *Cluster) Missing(ctx context.Context, needs []Need) ([]Need, error) {
	allowed := make([]bool, len(needs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, need := range needs {
		group.Go(func() (err error) {
			allowed[i], err = c.may(ctx, need)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var missing []Need
	for i, need := range needs {
		if !allowed[i] {
			missing = append(missing, need)
		}
	}
	return missing, nil
}

func (c *Cluster) may(ctx context.Context, n Need) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: n.Verb, Group: n.Group, Resource: n.Resource, Subresource: n.Subresource, Namespace: n.Namespace,
		},
	}}
	answer, err := c.Client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("ask whether we may %s: %w", n, Explain(err))
	}
	return answer.Status.Allowed, nil
}

// Complaint is one line about rights that are missing: what does not work without each, and the rules that grant
// them. It is "" where none is missing.
func Complaint(missing []Need) string {
	if len(missing) == 0 {
		return ""
	}
	var rights, rules []string
	for _, n := range missing {
		right := n.String()
		if n.Why != "" {
			right += " (needed to " + n.Why + ")"
		}
		rights, rules = append(rights, right), append(rules, n.Rule())
	}
	return fmt.Sprintf("rights are missing: %s: add to the role of this user: %s",
		strings.Join(rights, ", "), strings.Join(rules, " "))
}
