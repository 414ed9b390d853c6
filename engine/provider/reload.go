package provider

import (
	"context"
	"strings"
	"sync"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/journal"
	"github.com/moonlet-dev/moonlet/engine/script"
	"github.com/moonlet-dev/moonlet/engine/state"
)

// Load lets a new state of the scripts folder serve, and re-plans every pod whose scripts changed: what has not
// happened yet is asked again. With any error the generation that serves stays. It returns what was wrong; see
// [Provider.Problems].
func (p *Provider) Load(ctx context.Context, sources []script.Source) []*script.Error {
	p.reloads.Lock()
	defer p.reloads.Unlock()
	gen, problems := p.hooks.Load(ctx, sources)
	p.noteProblems(problems)
	p.opts.Metrics.loaded(gen != nil)
	if gen == nil {
		p.notices.tell(p.refusedEvent(problems))
		return problems
	}
	p.setGeneration(gen.ID())
	p.sources.Store(&sources)
	for _, err := range p.hooks.ConfigureParams(p.opts.Params) {
		p.log.Warn("a param given by config does not fit", "err", err)
	}
	p.replanAll(ctx, journal.Entry{What: "Reloaded", Kind: journal.Reload, By: "user"}, p.changedBy(gen))
	p.listeners.nodeChanged("")
	p.notices.tell(api.Event{Sequence: p.store.Seq(), At: p.clock.Now(), Type: api.EventScriptsLoaded, Generation: gen.ID()})
	return problems
}

// Take lets the scripts serve that another provider serves, which must have the same Runtime. It is for providers that
// hold no pods yet, and saves the time of a load.
func (p *Provider) Take(from *Provider) {
	p.setGeneration(p.hooks.Take(from.hooks).ID())
	p.sources.Store(from.sources.Load())
	for _, err := range p.hooks.ConfigureParams(p.opts.Params) {
		p.log.Warn("a param given by config does not fit", "err", err)
	}
}

// Reload loads the scripts that serve once more, for a changed config that they can see.
func (p *Provider) Reload(ctx context.Context) []*script.Error {
	sources := p.sources.Load()
	if sources == nil {
		return nil
	}
	return p.Load(ctx, *sources)
}

// Check tells what loading would say if the script of that name had this text and all others were as they serve.
func (p *Provider) Check(name, text string) []api.Problem {
	file := strings.TrimSuffix(name, ".lua") + ".lua"
	sources := []script.Source{{Name: file, Text: []byte(text)}}
	if serving := p.sources.Load(); serving != nil {
		for _, s := range *serving {
			if s.Name != file {
				sources = append(sources, s)
			}
		}
	}
	problems := []api.Problem{}
	for _, e := range p.hooks.Check(context.Background(), sources) {
		problems = append(problems, Problem(e))
	}
	return problems
}

func (p *Provider) refusedEvent(problems []*script.Error) api.Event {
	e := api.Event{Sequence: p.store.Seq(), At: p.clock.Now(), Type: api.EventScriptsRefused, Generation: p.hooks.Current().ID()}
	for _, one := range problems {
		e.Problems = append(e.Problems, Problem(one))
	}
	return e
}

// Problems is what was wrong with the scripts that were saved last.
func (p *Provider) Problems() Problems { return *p.problems.Load() }

func (p *Provider) noteProblems(problems []*script.Error) {
	n := &Problems{Since: p.clock.Now()}
	for _, e := range problems {
		if e.Warning {
			n.Warnings = append(n.Warnings, e)
		} else {
			n.Errors = append(n.Errors, e)
		}
	}
	p.problems.Store(n)
}

// changedBy picks the pods that gen may treat differently: another owner, or other text behind the hooks.
func (p *Provider) changedBy(gen *hook.Generation) func(context.Context, *state.Pod) bool {
	return func(ctx context.Context, pod *state.Pod) bool {
		if pod.Status == nil {
			return false // fresh from the file: [Provider.Resume] asks its questions
		}
		owner, _ := p.hooks.Owner(ctx, gen, &script.Pod{Object: pod.Object})
		name := ""
		if owner != nil {
			name = scriptName(owner)
		}
		return name != pod.Owner || gen.Fingerprint(owner) != extraOf(pod).print
	}
}

// setParam turns a param by hand, durably, and re-plans the pods whose scripts can see it.
func (p *Provider) setParam(ctx context.Context, scriptName, name string, value any) (hook.Param, error) {
	p.reloads.Lock()
	defer p.reloads.Unlock()
	param, err := p.hooks.SetParam(scriptName, name, value)
	if err != nil {
		return hook.Param{}, err
	}
	if err := p.keepParam(ctx, param); err != nil {
		return hook.Param{}, err
	}
	p.replanAll(ctx, journal.Entry{What: "Param", Message: paramText(param), Kind: journal.Param, By: "user"}, func(_ context.Context, pod *state.Pod) bool {
		return scriptName == defaultScript || pod.Owner == scriptName
	})
	p.listeners.nodeChanged("")
	return param, nil
}

const defaultScript = "default"

// Configure takes the params that a changed config gives, and re-plans all pods.
func (p *Provider) Configure(ctx context.Context, params map[string]string) []error {
	p.reloads.Lock()
	defer p.reloads.Unlock()
	p.opts.Params = params
	problems := p.hooks.ConfigureParams(params)
	p.replanAll(ctx, journal.Entry{What: "Configured", Kind: journal.Param, By: "user"}, func(context.Context, *state.Pod) bool { return true })
	p.listeners.nodeChanged("")
	return problems
}

// replanners work on a re-plan side by side: more than that would only wait for the gate of the scripts.
const replanners = 4

// replanAll asks again, for every pod that changed says yes to, what has not happened yet.
func (p *Provider) replanAll(ctx context.Context, why journal.Entry, changed func(context.Context, *state.Pod) bool) {
	p.eachPod(func(pod *state.Pod) {
		if changed(ctx, pod) {
			p.replan(ctx, pod.Key, why)
		}
	})
}

// eachPod does something for all pods: side by side, or on a held clock in name order.
func (p *Provider) eachPod(do func(*state.Pod)) { p.eachOf(p.store.List(), do) }

func (p *Provider) eachOf(all []*state.Pod, do func(*state.Pod)) {
	if p.clock.Held() || len(all) == 1 {
		for _, pod := range all {
			do(pod)
		}
		return
	}
	pods := make(chan *state.Pod)
	var wg sync.WaitGroup
	for range replanners {
		wg.Go(func() {
			for pod := range pods {
				do(pod)
			}
		})
	}
	for _, pod := range all {
		pods <- pod
	}
	close(pods)
	wg.Wait()
}

func (p *Provider) replan(ctx context.Context, key state.Key, why journal.Entry) {
	_, err := p.change(ctx, change{key: key}, func(d *draft) error {
		if d.old == nil {
			return errUnchanged
		}
		d.adopt()
		why.Generation = d.gen.ID()
		d.note(why)
		d.reask()
		return nil
	})
	if err != nil && ctx.Err() == nil {
		p.log.Error("re-plan", "pod", key.String(), "err", err)
	}
}

// reask puts every open question again. What is committed stays; what thereby is overdue happens now.
func (d *draft) reask() {
	d.again = true
	if d.next.Life.Delayed() {
		answer, was := d.askCreate(), d.next.Life
		d.next.Life = was.Delay(d.next.Created.Add(answer.Delay), d.at)
		if d.next.Life != was {
			d.tellStuck(answer)
		}
	}
	if u := d.next.Update; u != nil {
		d.settleAfter(d.askUpdateAgain(u.From, u.At).Delay, u.At)
	}
	if d.next.Life.Deleting() {
		d.next.Life = d.next.Life.Retermination(d.askTermination().Termination, d.at)
	}
	life, events := d.next.Life.Replan(d.acted(), d.at, d)
	d.next.Life = life
	d.happened(events)
	d.advance()
}

// Resume takes the pods that the store held at start up again: what fell due meanwhile has happened, at its time where
// it was an exit, not before now where it was a restart or a pull. Call it once, after [Provider.Load].
func (p *Provider) Resume(ctx context.Context) {
	defer p.endDue(ctx)
	p.keepAddresses()
	p.eachPod(func(pod *state.Pod) {
		_, err := p.change(ctx, change{key: pod.Key}, func(d *draft) error { return d.resume() })
		if err != nil && ctx.Err() == nil {
			p.log.Error("take a pod up again", "pod", pod.String(), "err", err)
		}
	})
}

func (d *draft) resume() error {
	if err := d.encodeObject(); err != nil {
		return err
	}
	d.adopt()
	d.note(journal.Entry{What: "Resumed", Kind: journal.Restart, By: "user", Generation: d.gen.ID()})
	d.goOn()
	return nil
}

// goOn takes a pod up again that lived on while we were away.
func (d *draft) goOn() {
	d.next.Life = d.next.Life.Resume(d.at)
	life, events := d.next.Life.Advance(d.acted(), d.at, d)
	d.next.Life = life
	d.happened(events)
	d.reask()
}
