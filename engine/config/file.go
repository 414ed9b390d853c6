package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/viper"

	"github.com/moonlet-dev/moonlet/engine/nearest"
)

// delimiter parts keys inside viper. The default, a dot, breaks keys that hold dots themselves, as Kubernetes' do.
const delimiter = "::"

// file is a configuration file as it was read.
type file struct {
	path  string
	viper *viper.Viper // the file alone, without defaults
	lines map[string]int
}

var kinds = map[string]string{".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json"}

// readFile reads a file once, so that values and lines are of the same contents.
func readFile(path string) (*file, error) {
	kind, ok := kinds[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return nil, &Problem{Where: path, Text: "cannot tell the format from the name: call it .yaml, .toml or .json"}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &Problem{Where: path, Text: reason(err) + ": name an existing file with --config or MOONLET_CONFIG"}
	}
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	v.SetConfigType(kind)
	if len(bytes.TrimSpace(data)) == 0 {
		data = []byte("{}") // an empty file is a file without settings, in JSON too
		if kind == "toml" {
			data = nil
		}
	}
	if err := v.ReadConfig(bytes.NewReader(data)); err != nil {
		return nil, &Problem{Where: path, Text: fmt.Sprintf("not valid %s: %s", strings.ToUpper(kind), oneLine(err))}
	}
	return &file{path: path, viper: v, lines: keyLines(kind, data)}, nil
}

// reason is why a file could not be read, without the path, which the problem names already.
func reason(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}

func oneLine(err error) string {
	if parse, ok := errors.AsType[viper.ConfigParseError](err); ok {
		err = parse.Unwrap()
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// where names a key's place in the file, or the place of the section it stands in.
func (f *file) where(key string) string {
	for k := key; k != ""; {
		if line, ok := f.lines[k]; ok {
			return fmt.Sprintf("%s:%d", f.path, line)
		}
		k = k[:max(0, strings.LastIndexByte(k, '.'))]
	}
	return f.path
}

// has says that the file gives the setting a value.
func (f *file) has(s *setting) bool { return f != nil && f.viper.Get(s.path()) != nil }

// unknown finds what the file says and no setting knows.
func (f *file) unknown() Problems {
	var problems Problems
	said := map[string]bool{}
	for _, path := range slices.Sorted(slices.Values(f.viper.AllKeys())) {
		key, text := f.judge(path)
		if text != "" && !said[key] {
			said[key] = true
			problems = append(problems, &Problem{Key: key, Where: f.where(key), Text: text})
		}
	}
	return problems
}

// judge says what is wrong with a key of the file; an empty text: nothing.
func (f *file) judge(path string) (key, text string) {
	key = strings.ReplaceAll(path, delimiter, ".")
	for i := range settings {
		s := &settings[i]
		switch {
		case s.path() == path:
			return key, ""
		case s.key == key:
			return key, "is written as one word: nest it, a section for each dot"
		case s.form == list && strings.HasPrefix(path, s.path()+delimiter):
			return s.key, fmt.Sprintf("is a map: write a list of texts, each %s, because the keys of a map lose their capitals", s.kind)
		case strings.HasPrefix(s.path(), path+delimiter):
			if f.viper.Get(path) == nil { // a section with nothing in it
				return key, ""
			}
			return key, "is a section, not a value: set keys in it, such as " + s.key
		}
	}
	if near := nearest.To(key, keys()); near != "" {
		return key, "unknown key: did you mean " + near + "?"
	}
	return key, "unknown key: moonlet config view lists them all"
}

// path is the key in viper's words.
func (s *setting) path() string { return strings.ReplaceAll(s.key, ".", delimiter) }

func keys() []string {
	all := make([]string, len(settings))
	for i := range settings {
		all[i] = settings[i].key
	}
	return all
}
