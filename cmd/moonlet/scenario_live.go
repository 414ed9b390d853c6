package main

import (
	"context"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// livePlayer has scenarios told by the Moonlet that runs. When the command ends, so does the run there.
type livePlayer struct {
	flags  *runFlags
	params map[string]string
}

func (p *livePlayer) play(ctx context.Context, file script.Source, tell func(api.ScenarioEvent)) error {
	r := api.ScenarioRequest{File: file.Name, Text: string(file.Text), Name: p.flags.name, Params: p.params, By: me()}
	if p.flags.seeded {
		r.Seed = &p.flags.seed
	}
	return p.flags.remote.with(func(c *client.Client) error { return c.RunScenarios(ctx, r, tell) })
}
