package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine"
	"github.com/moonlet-dev/moonlet/engine/kubelet"
	"github.com/moonlet-dev/moonlet/engine/kubelet/command"
	"github.com/moonlet-dev/moonlet/engine/kubelet/lua"
	"github.com/moonlet-dev/moonlet/engine/kubelet/web"
)

func kubeletCommand() *cobra.Command {
	cmd := command.New(kubelet.NewRegistry(luaProvider(), web.Registration()), version())
	cmd.Args = arguments(0, 0, "")
	return cmd
}

// luaProvider is the engine in the same process.
func luaProvider() kubelet.Registration {
	return kubelet.Registration{
		Name: "lua", Help: "Lua scripts say what the pods do, see --scripts",
		New: func(ctx context.Context, s kubelet.Setup) (kubelet.Provider, error) {
			e, err := engine.New(ctx, engine.Options{
				Config: s.Config, Version: version(), Log: s.Log,
				Kubelet: &engine.Kubelet{Nodes: s.Nodes, NodeIP: s.NodeIP, Minor: s.Minor, Cluster: s.Cluster},
			})
			if err != nil {
				return nil, err
			}
			return luaNodes{lua.New(e.Provider()), e}, nil
		},
	}
}

// luaNodes is the engine as a provider, with its doors.
type luaNodes struct {
	*lua.Provider
	engine *engine.Engine
}

var (
	_ kubelet.Runner = luaNodes{}
	_ io.Closer      = luaNodes{}
	_ fmt.Stringer   = luaNodes{}
)

// Run implements [kubelet.Runner].
func (l luaNodes) Run(ctx context.Context) error { return l.engine.Run(ctx) }

// Close implements [io.Closer].
func (l luaNodes) Close() error { return l.engine.Close() }

// String tells of scripts, state and seed, for the banner.
func (l luaNodes) String() string { return l.engine.Summary() }
