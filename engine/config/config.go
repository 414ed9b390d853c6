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
	Auth         Auth
	Log          Log
	Kubelet      Kubelet
	Events       Events
	Web          Web
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

// Node is the node before scripts add to it; every node of a kubelet that has several.
type Node struct {
	Name        string
	Count       int             // how many nodes moonlet kubelet is
	Pattern     string          // how several are named; see [Node.Names]
	OS          string          // Linux or Windows, as the provider API spells them
	Arch        string          // as GOARCH spells it
	Capacity    v1.ResourceList // defaults included
	Allocatable v1.ResourceList // capacity included
	Labels      map[string]string
	Zones       []string // of the nodes in turn, as label topology.kubernetes.io/zone; empty: none
	Taints      []v1.Taint
	Addresses   []v1.NodeAddress // empty: from VKUBELET_POD_IP or the listener
	Minor       int              // Kubernetes 1.Minor is whose shapes statuses have
}

// Names are the names of the nodes of a kubelet: Name alone, or as many as Count says, numbered by Pattern.
func (n Node) Names() []string {
	if n.Count <= 1 {
		return []string{n.Name}
	}
	names := make([]string, n.Count)
	for i := range names {
		names[i] = n.numbered(i)
	}
	return names
}

// ZoneOf tells the zones of the nodes by their names; "": none.
func (n Node) ZoneOf() func(name string) string {
	zones := map[string]string{}
	if len(n.Zones) > 0 {
		for i, name := range n.Names() {
			zones[name] = n.Zones[i%len(n.Zones)]
		}
	}
	return func(name string) string { return zones[name] }
}

// Kubelet is how moonlet kubelet joins a cluster.
type Kubelet struct {
	Kubeconfig     string // empty: as kubectl finds it, else that of the pod it runs in
	Provider       string
	Namespace      string // whose pods are run; empty: all
	Taint          *v1.Taint
	Port           int    // of the kubelet API; 0: a free one
	Cert, Key      string // files of its serving certificate; empty: it makes one itself
	ClientCA       string // file of the CA of its clients; empty: the cluster's
	MetricsAddr    string // host:port of metrics and health; empty: not served
	StartupTimeout time.Duration
	OnExit         string // keep, drain or delete
	Adopt          bool   // take nodes over that somebody else made
}

// Events bounds how many events a kubelet writes.
type Events struct {
	PerNode    float64 // a second; 0: none at all
	PerProcess float64 // a second; 0: none at all
}

// Web is how a web provider is reached.
type Web struct {
	URL     string
	CA      string        // file; empty: the system's
	Timeout time.Duration // of one call
	Poll    time.Duration // between looks at the pods' statuses
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
	Exec     time.Duration // of one exec or port_forward hook, between two inputs
	Match    time.Duration // of one match function
	Slots    int           // hooks that run at the same time
	LogBytes int64         // of one log answer
	LogLines int           // of one log answer
	Body     int64         // bytes of a request body

	BlastRadius BlastRadius
}

// BlastRadius says how many pods faults may concern at a time. The zero value: any number.
type BlastRadius struct {
	Pods  int     // 0: see Share
	Share float64 // of all pods, 0 to 1; 0: see Pods
}

// CORS says which web pages may call the provider API.
type CORS struct {
	Origins []string // scheme://host[:port], or "*" for all; empty: none
}

// Auth says who may use our own API, /api/v1. The web-provider API knows no such thing: its clients send nothing.
type Auth struct {
	TokenFile string // holds the token that clients must send; empty: they need none
}

// Log is how the process tells about itself.
type Log struct {
	Format string // text or json
	Level  slog.Level
}
