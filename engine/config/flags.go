package config

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// configFlag names the file itself. It is no setting: a file cannot name itself.
const configFlag = "config"

// ServeKeys are the keys that moonlet serve heeds.
func ServeKeys() []string {
	var keys []string
	for i := range settings {
		if !settings[i].kubelet {
			keys = append(keys, settings[i].key)
		}
	}
	return keys
}

// AddFlags defines a flag for each setting, and --config. With keys, only for these. A setting with a short flag name
// is also known by the name the rule gives it: --listen is --listen-api. Values are checked by [Open], not by Parse.
func AddFlags(flags *pflag.FlagSet, keys ...string) {
	flags.SortFlags = false
	flags.String(configFlag, "", "configuration file: .yaml, .toml or .json; read again when it changes")
	byRule := map[string]string{}
	for i := range settings {
		s := &settings[i]
		if len(keys) > 0 && !slices.Contains(keys, s.key) {
			continue
		}
		flag := flags.VarPF(newFlagValue(s), s.flag(), "", s.usage())
		if s.form == toggle {
			flag.NoOptDefVal = "true"
		}
		byRule[flagName(s.key)] = s.flag()
	}
	before := flags.GetNormalizeFunc()
	flags.SetNormalizeFunc(func(set *pflag.FlagSet, name string) pflag.NormalizedName {
		if short, ok := byRule[name]; ok {
			return pflag.NormalizedName(short)
		}
		return before(set, name)
	})
}

// Choices gives the words a flag accepts, by flag name, for those that accept only a few.
func Choices() map[string][]string {
	words := map[string][]string{}
	for i := range settings {
		if s := &settings[i]; s.choices != nil {
			words[s.flag()] = slices.Clone(s.choices)
		}
	}
	return words
}

// flag is the name of the setting's flag: the short one if it has one.
func (s *setting) flag() string {
	if s.short != "" {
		return s.short
	}
	return flagName(s.key)
}

// variables are the names of the setting's environment variables, the rule's first.
func (s *setting) variables() []string {
	names := []string{variableName(s.key)}
	if s.short != "" {
		names = append(names, variableName(flagKey(s.short)))
	}
	if s.env != "" {
		names = append(names, s.env)
	}
	return names
}

// flagKey is a flag's name as the part of a variable's name.
func flagKey(name string) string { return strings.ReplaceAll(name, "-", "_") }

func (s *setting) usage() string {
	switch {
	case s.shown != "":
		return s.help + " (default: " + s.shown + ")"
	case s.choices != nil:
		return s.help + ": " + strings.Join(s.choices, ", ")
	}
	return s.help
}

func flagName(key string) string { return strings.NewReplacer(".", "-", "_", "-").Replace(key) }

func variableName(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// flagValue keeps the text of a flag unread, so that flags, variables and files are all read and judged in one place.
type flagValue struct {
	text, kind string
	list, set  bool
}

func newFlagValue(s *setting) *flagValue {
	return &flagValue{text: asText(s.preset), kind: s.kind, list: s.form == list}
}

func (v *flagValue) String() string { return v.text }
func (v *flagValue) Type() string   { return v.kind }

// Set takes a text; a list grows when its flag is repeated.
func (v *flagValue) Set(text string) error {
	if v.list && v.set {
		text = v.text + "," + text
	}
	v.text, v.set = text, true
	return nil
}
