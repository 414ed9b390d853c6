package config

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/moonlet-dev/moonlet/engine/nearest"
)

const variablePrefix = "MOONLET_"

// Options says where to look for the configuration. The zero value: no flags, the process' environment.
type Options struct {
	File  string          // empty: the one --config or MOONLET_CONFIG names, else none
	Flags *pflag.FlagSet  // parsed, defined by [AddFlags]; nil: none
	Env   func() []string // KEY=value texts, asked once; nil: os.Environ
	State string          // file name of the default state file; empty: moonlet.db
}

// layers are the sources of one process; only the file may change while it runs.
type layers struct {
	file  string
	flags *pflag.FlagSet
	env   map[string]string
	state string
}

func (o Options) layers() layers {
	environ := o.Env
	if environ == nil {
		environ = os.Environ
	}
	l := layers{file: o.File, flags: o.Flags, env: map[string]string{}, state: cmp.Or(o.State, "moonlet.db")}
	for _, e := range environ() {
		name, value, _ := strings.Cut(e, "=")
		l.env[name] = value
	}
	if l.file == "" && l.flags != nil {
		l.file, _ = l.flags.GetString(configFlag) // a set without --config names no file
	}
	if l.file == "" {
		l.file = l.env[variablePrefix+"CONFIG"]
	}
	return l
}

func (l layers) flag(s *setting) *pflag.Flag {
	if l.flags == nil {
		return nil
	}
	return l.flags.Lookup(s.flag())
}

// variable is the name under which the environment gives the setting a value; empty: it does not. An empty variable
// counts as unset.
func (l layers) variable(s *setting) string {
	for _, name := range s.variables() {
		if l.env[name] != "" {
			return name
		}
	}
	return ""
}

// strayVariables are set MOONLET_ variables that look like a slip of the pen. Others are let alone: Kubernetes itself
// sets MOONLET_SERVICE_HOST and its like in every pod beside a Service of that name.
func (l layers) strayVariables() []string {
	known := []string{variablePrefix + "CONFIG"}
	for i := range settings {
		known = append(known, settings[i].variables()...)
	}
	var warnings []string
	for name := range l.env {
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(known, name) {
			continue
		}
		if near := nearest.To(strings.TrimPrefix(name, variablePrefix), trimAll(known)); near != "" {
			warnings = append(warnings, "variable "+name+" is not read: did you mean "+variablePrefix+near+"?")
		}
	}
	slices.Sort(warnings)
	return warnings
}

func trimAll(names []string) []string {
	trimmed := make([]string, len(names))
	for i, n := range names {
		trimmed[i] = strings.TrimPrefix(n, variablePrefix)
	}
	return trimmed
}

// defaultStateFile is empty where the environment names no home folder.
func (l layers) defaultStateFile() string {
	folder := l.env["XDG_STATE_HOME"]
	if !filepath.IsAbs(folder) { // the XDG specification: a relative path is to be ignored
		home := l.env["HOME"]
		if home == "" {
			return ""
		}
		folder = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(folder, "moonlet", l.state)
}
