package main

import (
	"runtime/debug"
	"testing"
)

func TestVersionFallsBackToTheBuild(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Version: "v0.3.0"},
		Deps: []*debug.Module{{Path: "github.com/yuin/gopher-lua", Version: "v1.1.2"}, {Path: "k8s.io/api", Version: "v0.37.2"}},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.time", Value: "2026-11-20T10:00:00Z"},
		},
	}
	for name, tc := range map[string]struct{ stamped, want buildInfo }{
		"nothing stamped": {
			buildInfo{},
			buildInfo{Version: "v0.3.0", Commit: "0123456789ab", Built: "2026-11-20T10:00:00Z", GopherLua: "1.1.2", Kubernetes: "1.37"},
		},
		"stamps win": {
			buildInfo{Version: "1.0.0", Commit: "abc", Built: "today"},
			buildInfo{Version: "1.0.0", Commit: "abc", Built: "today", GopherLua: "1.1.2", Kubernetes: "1.37"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := tc.stamped
			got.fill(info)
			if got != tc.want {
				t.Errorf("got %+v\nwant %+v", got, tc.want)
			}
		})
	}
}
