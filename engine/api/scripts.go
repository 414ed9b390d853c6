package api

// Script is one file of the scripts folder as it serves now.
type Script struct {
	Name     string    `json:"name"`            // without ".lua"
	Hash     string    `json:"hash"`            // of its text and of all it requires
	Match    string    `json:"match,omitempty"` // whose pods it owns, in words; empty: those that name it
	Hooks    []Hook    `json:"hooks"`
	Params   []Param   `json:"params"`
	Pods     int       `json:"pods"`               // how many it owns
	Problems []Problem `json:"problems,omitempty"` // of the file as it is on disk, when that does not serve
	Text     string    `json:"text,omitempty"`     // only where one script is asked for
}

// Hook is a hook that a script has.
type Hook struct {
	Name string `json:"name"`
	Line int    `json:"line"`
}

// Problem is something wrong with a script.
type Problem struct {
	Script  string `json:"script"` // with ".lua"
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Hook    string `json:"hook,omitempty"`
	Kind    string `json:"kind"`              // compile, run, limit, result
	Warning bool   `json:"warning,omitempty"` // it loads all the same
	Text    string `json:"text"`
	Source  string `json:"source,omitempty"` // the line itself
}

// Param is a knob that a script declares.
type Param struct {
	Script  string `json:"script"` // without ".lua"
	Name    string `json:"name"`
	Value   any    `json:"value"`   // a number, a string or a bool,
	Default any    `json:"default"` // as its default is
	Doc     string `json:"doc,omitempty"`
}

// ParamValue is the body that sets a param.
type ParamValue struct {
	Value any `json:"value"`
}
