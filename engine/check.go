package engine

import (
	"context"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// CheckFolder tells what loading the scripts of a folder would say, and of how many files, without serving them. The
// error is about the folder.
func CheckFolder(ctx context.Context, dir string) (files int, problems []*script.Error, err error) {
	snapshot, err := readScripts(dir)
	if err != nil {
		return 0, nil, err
	}
	runtime := script.NewRuntime(script.Options{})
	defer runtime.Close()
	node := &script.Node{Object: &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: "virtual-kubelet"}}, Memo: &script.Memo{}}
	hooks := hook.New(hook.Options{Runtime: runtime, Node: func(string) *script.Node { return node }})
	return len(snapshot.Files), hooks.Check(ctx, sources(snapshot)), nil
}
