package pods

import (
	"context"
	"errors"
	"net/http"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// api is the part of the API server that we write to. Answers are not decoded: they are about what we know already.
type api struct {
	rest    rest.Interface
	watches rest.Interface // lasts as long as it may, where a write has little time
}

// briefly asks for an answer without spec and status, in the form that the API server makes cheapest.
const briefly = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

// writeTimeout is how long one write may take. A connection whose other end vanished without a word is found out by it.
const writeTimeout = 30 * time.Second

// write sends a request once; whoever made it decides what comes then. The deadline is the context's: that of an HTTP client costs a
// goroutine for each request.
func write(ctx context.Context, request *rest.Request) (answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return request.SetHeader("Accept", briefly).MaxRetries(0).DoRaw(ctx)
}

// patchStatus applies a strategic merge patch to a pod's status. The body is made of typed fields, so that the API server
// need not look for unknown ones, which costs it a good part of a patch. It returns the resource version which the pod has then;
// 0 if the answer does not say.
func (a api) patchStatus(ctx context.Context, name key, body []byte) (version uint64, err error) {
	answer, err := write(ctx, a.rest.Patch(types.StrategicMergePatchType).
		Namespace(name.Namespace).Resource("pods").Name(name.Name).SubResource("status").
		Param("fieldValidation", metav1.FieldValidationIgnore).Body(body))
	if err != nil {
		return 0, err
	}
	return versionIn(answer), nil
}

// replaceStatus writes the whole status of a pod as the watch told of it. For the API server that is a tenth less work than a
// patch: it need not take its own object apart and merge it. Somebody else's change since then makes it a conflict. It
// returns the resource version which the pod has then; 0 if the answer does not say.
func (a api) replaceStatus(ctx context.Context, p *v1.Pod, status *v1.PodStatus) (version uint64, err error) {
	whole := v1.Pod{ObjectMeta: p.ObjectMeta, Spec: p.Spec, Status: *status} // webhooks may look at the spec
	answer, err := write(ctx, a.rest.Put().
		Namespace(p.Namespace).Resource("pods").Name(p.Name).SubResource("status").Body(&whole))
	if err != nil {
		return 0, err
	}
	return versionIn(answer), nil
}

// remove deletes a pod at once, unless it is another by now: that is a conflict. One that is gone is no error.
func (a api) remove(ctx context.Context, name key, uid types.UID) error {
	body := []byte(`{"kind":"DeleteOptions","apiVersion":"v1","gracePeriodSeconds":0,"preconditions":{"uid":"` + string(uid) + `"}}`)
	_, err := write(ctx, a.rest.Delete().
		Namespace(name.Namespace).Resource("pods").Name(name.Name).SetHeader("Content-Type", "application/json").Body(body))
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// get reads a pod.
func (a api) get(ctx context.Context, name key) (*v1.Pod, error) {
	p := &v1.Pod{}
	err := a.rest.Get().Namespace(name.Namespace).Resource("pods").Name(name.Name).
		VersionedParams(&metav1.GetOptions{}, scheme.ParameterCodec).Do(ctx).Into(p)
	return p, err
}

// asked is the pause that the API server asked for; 0: none.
func asked(err error) time.Duration {
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		return time.Duration(seconds) * time.Second
	}
	return 0
}

// outcome names the result of a write, for metrics.
func outcome(err error) string {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return "ok"
	case apierrors.IsNotFound(err):
		return "gone"
	case apierrors.IsConflict(err):
		return "conflict"
	case apierrors.IsTooManyRequests(err):
		return "throttled"
	case errors.As(err, &status) && status.Status().Code < http.StatusInternalServerError:
		return "refused"
	default:
		return "error"
	}
}
