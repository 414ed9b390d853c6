package config

import (
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// Source is the kind of place a value came from.
type Source string

// The sources, strongest first.
const (
	FromFlag    Source = "flag"
	FromEnv     Source = "env"
	FromFile    Source = "file"
	FromDefault Source = "default"
)

// Origin says where one value came from.
type Origin struct {
	Key   string
	Value any // string, bool, int64, []string, as one would write it; nil: unset
	From  Source
	Where string // "--listen", "MOONLET_LISTEN", "moonlet.yaml:3"; empty for a default
}

// loaded is one reading of all sources. It is never changed.
type loaded struct {
	config  *Config
	origins []Origin // one for each setting, in the table's order
	pending []string // keys whose new value waits for the next start
}

// resolve reads all sources. Settings that are fixed keep the value they have in before, which is nil at the start.
func (l layers) resolve(before *loaded) (*loaded, error) {
	var problems Problems
	var f *file
	if l.file != "" {
		var err error
		if f, err = readFile(l.file); err != nil {
			problems.add("", "", err)
			return nil, problems
		}
		problems = f.unknown()
	}
	v, err := l.merge(f)
	if err != nil {
		return nil, err
	}
	now := &loaded{config: &Config{}}
	for i := range settings {
		s := &settings[i]
		origin := l.origin(s, f)
		if raw := v.Get(s.path()); raw != nil && !problems.about(s.key) {
			var err error
			origin.Value, err = s.read(raw, now.config)
			problems.add(s.key, origin.place(), err)
		}
		now.origins = append(now.origins, origin)
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	return now.keep(before), nil
}

// read reads a value as a source gave it and puts it into c.
func (s *setting) read(raw any, c *Config) (any, error) {
	value, err := s.form.read(raw)
	if err != nil {
		return nil, err
	}
	return value, s.take(c, value)
}

// merge lays the sources over one another in a viper.
func (l layers) merge(f *file) (*viper.Viper, error) {
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	v.SetDefault(settingOf("state.file").path(), l.defaultStateFile())
	if f != nil {
		if err := v.MergeConfigMap(f.viper.AllSettings()); err != nil {
			return nil, err
		}
	}
	env := map[string]any{}
	for i := range settings {
		s := &settings[i]
		if s.preset != nil {
			v.SetDefault(s.path(), s.preset)
		} else if s.form == list {
			v.SetDefault(s.path(), []string{})
		}
		if name := l.variable(s); name != "" {
			nest(env, s.key, l.env[name])
		}
		if flag := l.flag(s); flag != nil && flag.Changed {
			if err := v.BindPFlag(s.path(), flag); err != nil {
				return nil, err
			}
		}
	}
	return v, v.MergeConfigMap(env)
}

// keep puts back what a running process cannot change, and lists it as pending.
func (now *loaded) keep(before *loaded) *loaded {
	if before == nil {
		return now
	}
	for i := range settings {
		s := &settings[i]
		if !s.fixed || reflect.DeepEqual(now.origins[i].Value, before.origins[i].Value) {
			continue
		}
		now.pending = append(now.pending, s.key)
		now.origins[i] = before.origins[i]
		if before.origins[i].Value == nil {
			now.config.Seed = nil // the only setting without a default
			continue
		}
		_ = s.take(now.config, before.origins[i].Value) // it was taken once already
	}
	return now
}

// sameValues says that all values are equal, wherever they came from.
func (now *loaded) sameValues(other *loaded) bool {
	return slices.EqualFunc(now.origins, other.origins, func(a, b Origin) bool { return reflect.DeepEqual(a.Value, b.Value) })
}

func (l layers) origin(s *setting, f *file) Origin {
	o := Origin{Key: s.key, From: FromDefault}
	switch {
	case l.flag(s) != nil && l.flag(s).Changed:
		o.From, o.Where = FromFlag, "--"+s.flag()
	case l.variable(s) != "":
		o.From, o.Where = FromEnv, l.variable(s)
	case f.has(s):
		o.From, o.Where = FromFile, f.where(s.key)
	}
	return o
}

// place names the origin in an error.
func (o Origin) place() string {
	switch o.From {
	case FromFlag:
		return "flag " + o.Where
	case FromEnv:
		return "variable " + o.Where
	case FromFile, FromDefault:
	}
	return o.Where
}

func settingOf(key string) *setting {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
	return &settings[i]
}

// nest enters a value into a tree of maps, one level for each dot of the key.
func nest(tree map[string]any, key string, value any) {
	section, rest, deeper := strings.Cut(key, ".")
	if !deeper {
		tree[key] = value
		return
	}
	below, ok := tree[section].(map[string]any)
	if !ok {
		below = map[string]any{}
		tree[section] = below
	}
	nest(below, rest, value)
}
