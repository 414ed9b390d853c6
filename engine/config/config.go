// Package config answers: how was it started?
//
// [Open] gathers flags, MOONLET_ variables, a file and defaults, in this order of precedence, and gives out one plain
// [Config] through a [Store], which reads the file again when asked to. Every key, its default and its meaning stand
// in one table (settings.go); flags, variable names and the documentation follow from it by rule.
//
// It does not look at the machine: whether a port is free or a folder exists is for those who use them to find out.
// It does not watch the file either. The package starts no goroutines, and is the only home of viper.
package config

import (
	"log/slog"
	"net/netip"
	"time"

	v1 "k8s.io/api/core/v1"
)

// Config is how a Moonlet was started. It is never changed after [Open] or [Store.Reload] gave it out, and must not be
// changed by its readers, who share it.
type Config struct {
	Listen       Listen
	Scripts      Scripts
	State        State
	Seed         *int64 // nil: draw one at the first start and keep it in the state file
	Node         Node
	PodCIDR      netip.Prefix // IPv4, without host bits
	Admission    bool         // refuse pods that do not fit the node, as a kubelet does
	Params       []Param      // in the order given
	ScriptConfig map[string]string
	Limits       Limits
	CORS         CORS
	Log          Log
}

// Listen says where doors are opened.
type Listen struct {
	API string // host:port of the provider API
}

// Scripts says where behaviour comes from.
type Scripts struct {
	Dir string // as given: relative to the working folder
}

// State says what is kept, and how safely.
type State struct {
	File  string // path of the state file; empty: memory only
	Fsync bool   // a commit waits until it is on the disk
}

// Node is the node before scripts add to it.
type Node struct {
	Name        string
	OS          string          // Linux or Windows, as the provider API spells them
	Arch        string          // as GOARCH spells it
	Capacity    v1.ResourceList // defaults included
	Allocatable v1.ResourceList // capacity included
	Labels      map[string]string
	Taints      []v1.Taint
	Addresses   []v1.NodeAddress // empty: from VKUBELET_POD_IP or the listener
	Minor       int              // Kubernetes 1.Minor is whose shapes statuses have
}

// Param is the value of a script's param as it was started with. Only the script knows its type.
type Param struct {
	Script string // file name without .lua
	Name   string
	Value  string
}

// Limits bounds what scripts and requests may cost.
type Limits struct {
	Status   time.Duration // wall time of one status hook
	Create   time.Duration // of one on_create, on_update, on_delete, on_pull, on_start or on_request
	Logs     time.Duration // of one logs hook with all its lines
	Match    time.Duration // of one match function
	Slots    int           // hooks that run at the same time
	LogBytes int64         // of one log answer
	LogLines int           // of one log answer
	Body     int64         // bytes of a request body
}

// CORS says which web pages may call the provider API.
type CORS struct {
	Origins []string // scheme://host[:port], or "*" for all; empty: none
}

// Log is how the process tells about itself.
type Log struct {
	Format string // text or json
	Level  slog.Level
}
