package suite

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moonlet-dev/moonlet/engine/script"
)

// Folder is scripts and what tests them.
type Folder struct {
	Scripts []script.Source
	Tests   []File
	Stories []File // scripts whose scenarios are told
}

// File is a file of tests, or a script with scenarios.
type File struct {
	Path   string // as a person would name it, for the report
	Dir    string // where the manifests lie that it names
	Source script.Source

	problems []*script.Error
}

// FindTests reads the tests of a folder and of those below it, by name.
func FindTests(dir string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !script.TestFile(d.Name()) || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		f, err := ReadTests(dir, path)
		files = append(files, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find tests: %w", err)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// Stories are the scripts of a folder that hold scenarios, or may: nobody has loaded them yet.
func Stories(dir string, scripts []script.Source) (files []File) {
	for _, s := range scripts {
		if bytes.Contains(s.Text, []byte("scenario")) {
			files = append(files, File{Path: filepath.Join(dir, filepath.FromSlash(s.Name)), Dir: dir, Source: s})
		}
	}
	return files
}

// ReadTests reads one file of a scripts folder.
func ReadTests(dir, path string) (File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return File{}, err
	}
	name, err := filepath.Rel(dir, path)
	if err != nil {
		name = filepath.Base(path)
	}
	return File{Path: path, Dir: filepath.Dir(path), Source: script.Source{Name: filepath.ToSlash(name), Text: text}}, nil
}
