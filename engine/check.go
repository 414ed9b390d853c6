package engine

import (
	"context"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/watch"
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
	hooks := hook.New(hook.Options{Runtime: runtime, Node: func(hook.NodeAsk) *script.Node { return node }})
	problems = hooks.Check(ctx, sources(snapshot))
	showWholeLines(snapshot, problems)
	return len(snapshot.Files), problems, nil
}

// showWholeLines puts the lines as they are in the files in place of the trimmed ones, so that columns point into them.
func showWholeLines(s watch.Snapshot, problems []*script.Error) {
	for _, p := range problems {
		i := slices.IndexFunc(s.Files, func(f watch.File) bool { return f.Name == p.Script })
		if i < 0 || p.Line < 1 {
			continue
		}
		lines := strings.Split(string(s.Files[i].Text), "\n")
		if p.Line <= len(lines) && strings.TrimSpace(lines[p.Line-1]) == p.Source {
			p.Source = lines[p.Line-1]
		}
	}
}
