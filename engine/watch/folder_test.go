package watch_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/moonlet-dev/moonlet/engine/watch"
)

// tree makes files; a name that ends in "/" is a folder, "->" makes a link, "|" a pipe.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if err == nil {
			switch target, link := strings.CutPrefix(text, "->"); {
			case link:
				err = os.Symlink(target, path)
			case text == "|":
				err = syscall.Mkfifo(path, 0o600)
			default:
				err = os.WriteFile(path, []byte(text), 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadTakes(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		keep  func(string) bool
		want  string
	}{
		"nothing from an empty folder":     {nil, lua, ""},
		"files in name order":              {map[string]string{"b.lua": "2", "a.lua": "1", "lib/c.lua": "3"}, lua, "a.lua=1 b.lua=2 lib/c.lua=3"},
		"only what is kept":                {map[string]string{"a.lua": "1", "a.lua~": "x", "a.txt": "x"}, lua, "a.lua=1"},
		"all without a Keep":               {map[string]string{"a.lua": "1", "b": "2"}, nil, "a.lua=1 b=2"},
		"no dot files and dot folders":     {map[string]string{".a.lua": "x", ".git/b.lua": "x", "c.lua": "1"}, lua, "c.lua=1"},
		"what a visible link points to":    {map[string]string{".hidden/a.lua": "1", "a.lua": "->.hidden/a.lua", "lib": "->.hidden"}, lua, "a.lua=1 lib/a.lua=1"},
		"no link that points nowhere":      {map[string]string{"a.lua": "->gone", "b.lua": "1"}, lua, "b.lua=1"},
		"a loop of folders once":           {map[string]string{"a.lua": "1", "lib/up": "->..", "lib/b.lua": "2"}, lua, "a.lua=1 lib/b.lua=2"},
		"no pipe":                          {map[string]string{"a.lua": "|", "b.lua": "1"}, lua, "b.lua=1"},
		"no folder with a file's name":     {map[string]string{"a.lua/x": "1"}, lua, ""},
		"no strange link that is not kept": {map[string]string{"self": "->self", "a.lua": "1"}, lua, "a.lua=1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := watch.Read(tree(t, c.files), c.keep, watch.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if text(got) != c.want {
				t.Errorf("got %q, want %q", text(got), c.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		files  map[string]string
		limits watch.Limits
		want   error
		says   string
	}{
		"a long file":           {map[string]string{"a.lua": "12345"}, watch.Limits{FileBytes: 4}, watch.ErrLimit, "a.lua"},
		"many files":            {map[string]string{"a.lua": "", "b.lua": "", "c.lua": ""}, watch.Limits{Files: 2}, watch.ErrLimit, "2 files"},
		"much in all":           {map[string]string{"a.lua": "123", "b.lua": "123"}, watch.Limits{TotalBytes: 5}, watch.ErrLimit, "5 bytes"},
		"deep folders":          {map[string]string{"a/b/c/d.lua": ""}, watch.Limits{Depth: 2}, watch.ErrLimit, "a/b/c"},
		"a kept link to itself": {map[string]string{"a.lua": "->a.lua"}, watch.Limits{}, syscall.ELOOP, "a.lua"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := tree(t, c.files)
			_, err := watch.Read(dir, lua, c.limits)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v, want %v that names %s in %s", err, c.want, c.says, dir)
			}
		})
	}
	if _, err := watch.Read(filepath.Join(t.TempDir(), "nowhere"), nil, watch.Limits{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestReadAcceptsWhatLiesJustWithinTheLimits(t *testing.T) {
	dir := tree(t, map[string]string{"a/b.lua": "12", "c.lua": "34"})
	if got, err := watch.Read(dir, nil, watch.Limits{Files: 2, FileBytes: 2, TotalBytes: 4, Depth: 1}); err != nil || text(got) != "a/b.lua=12 c.lua=34" {
		t.Errorf("%q, %v", text(got), err)
	}
}

func TestHashTellsContentsApart(t *testing.T) {
	seen := map[string]string{}
	for name, files := range map[string]map[string]string{
		"nothing":          nil,
		"empty file":       {"a": ""},
		"other name":       {"b": ""},
		"text":             {"a": "b"},
		"name and text":    {"ab": ""},
		"two files":        {"a": "", "b": ""},
		"text of another":  {"a": "", "b": "x"},
		"text of this one": {"a": "x", "b": ""},
	} {
		s, err := watch.Read(tree(t, files), nil, watch.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if other, taken := seen[s.Hash]; taken {
			t.Errorf("%q and %q have the same hash", name, other)
		}
		seen[s.Hash] = name
		again, err := watch.Read(tree(t, files), nil, watch.Limits{})
		if err != nil || again.Hash != s.Hash {
			t.Errorf("%q in another folder has another hash (%v)", name, err)
		}
	}
}
