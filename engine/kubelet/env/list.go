package env

import (
	"maps"
	"slices"

	v1 "k8s.io/api/core/v1"
)

// list is an environment in the order in which its variables were first set.
type list struct {
	vars []v1.EnvVar
	at   map[string]int
}

func (l *list) get(name string) (string, bool) {
	i, ok := l.at[name]
	if !ok {
		return "", false
	}
	return l.vars[i].Value, true
}

func (l *list) set(name, value string) {
	if i, ok := l.at[name]; ok {
		l.vars[i].Value = value
		return
	}
	if l.at == nil {
		l.at = map[string]int{}
	}
	l.at[name] = len(l.vars)
	l.vars = append(l.vars, v1.EnvVar{Name: name, Value: value})
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
