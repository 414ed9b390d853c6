package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/moonlet-dev/moonlet/engine/api"
	"github.com/moonlet-dev/moonlet/engine/client"
	"github.com/moonlet-dev/moonlet/engine/fault"
)

// about is what help says of the verbs of a target.
var about = map[fault.Target]struct{ short, long string }{
	fault.Pod: {"Do something to pods on purpose: crash, evict, freeze …", `Does something to pods, on purpose. Name them, or select them by labels, node, owner or script; --count and --share take a
sample. What comes of it is what a kubelet would report. Verbs that last end by themselves with --lasts, or when undone.`},
	fault.Node: {"Do something to nodes on purpose: silence, pressure, shutdown …", `Does something to nodes, on purpose. Name them, or select them by labels: a whole zone goes dark with
-l topology.kubernetes.io/zone=a. Verbs that last end by themselves with --lasts, or when undone.`},
	fault.Call: {"Disturb calls of the provider API on purpose: latency, error, drop …", `Disturbs calls of the provider API, on purpose: those named, or with --all every one. --share disturbs that share of
them; the pod flags disturb only calls about such pods.`},
	fault.Write: {"Disturb status writes to Kubernetes on purpose: late, lost …", `Disturbs the statuses that moonlet kubelet writes to the API server, on purpose: those of the pods selected, or with --all
every one. --share disturbs that share of them.`},
}

// verbCommands are pod, node, call and write, with a subcommand for each verb.
func verbCommands() []*cobra.Command {
	var all []*cobra.Command
	for _, on := range fault.Targets() {
		cmd := &cobra.Command{Use: string(on), Short: about[on].short, Long: about[on].long, Example: groupExamples[on]}
		for _, v := range fault.Verbs() {
			if v.On == on {
				cmd.AddCommand(verbCommand(v))
			}
		}
		group(cmd)
		all = append(all, cmd)
	}
	return all
}

var groupExamples = map[fault.Target]string{
	fault.Pod: `  moonlet pod crash web-0 137
  moonlet pod evict -l app=web --share 30% --why "does the budget hold?"
  moonlet pod unready shop/cart-0 --lasts 5m`,
	fault.Node: `  moonlet node silence moon-1 3m
  moonlet node pressure -l topology.kubernetes.io/zone=a disk --lasts 10m
  moonlet node drain moon-2 --dry-run`,
	fault.Call: `  moonlet call latency createPod 2s
  moonlet call error createPod 503 "out of capacity" --share 30% --lasts 5m
  moonlet call drop --all --share 10%`,
	fault.Write: `  moonlet write late -l app=web 20s
  moonlet write lost --all --share 20% --lasts 1m`,
}

// doing is one use of a verb's command.
type doing struct {
	verb   fault.Verb
	from   *remote
	whom   *whom
	args   map[string]*string // by the argument's name, those of flags
	lasts  string
	why    string
	dryRun bool
	empty  bool
	format *string
}

func verbCommand(v fault.Verb) *cobra.Command {
	d := &doing{verb: v, args: map[string]*string{}}
	cmd := &cobra.Command{
		Use: v.Name + usage(v), Short: firstSentence(v.Doc), Long: verbHelp(v), Example: examplesText(v),
	}
	if dashed := strings.ReplaceAll(v.Name, "_", "-"); dashed != v.Name {
		cmd.Aliases = []string{dashed}
	}
	f := cmd.Flags()
	f.SortFlags = false // the verb's own first, those that all have last
	for _, a := range v.Args {
		d.args[a.Name] = new(string)
		f.Var(&argValue{d.args[a.Name], string(a.Kind)}, a.Name, argHelp(a))
		if a.Choices != nil {
			complete(cmd, a.Name, a.Choices...)
		}
	}
	if v.Lasts {
		f.Var(&argValue{&d.lasts, string(fault.Duration)}, "lasts", lastsHelp(v))
	}
	d.from = &remote{}
	d.whom = whomFlags(cmd, v, d.from)
	f.StringVar(&d.why, "why", "", "what for; journals tell it")
	f.BoolVar(&d.dryRun, "dry-run", false, "only say whom it would hit")
	f.BoolVar(&d.empty, "allow-empty", false, "to hit nobody is well too")
	d.format = outputFlag(cmd, "table", "json", "yaml")
	d.from.flags(cmd)
	cmd.ValidArgsFunction = completeWords(v, d.from)
	cmd.RunE = d.run
	return cmd
}

func (d *doing) run(cmd *cobra.Command, args []string) error {
	said, err := readWords(d.verb, args)
	if err != nil {
		return coded{err, exitUsage}
	}
	action, err := d.action(said)
	if err != nil {
		return coded{err, exitUsage}
	}
	return d.from.with(func(c *client.Client) error {
		if action.Select, err = d.whom.resolve(cmd.Context(), c, action, said.names); err != nil {
			return err
		}
		result, err := c.Act(cmd.Context(), action)
		if err != nil {
			return d.whom.missing(cmd.Context(), c, err, said.names)
		}
		return printAs(cmd, *d.format, result, acted{d.verb, action, result, cmd.ErrOrStderr()}.print)
	})
}

// action is all but whom, checked here so that a mistake is told without a Moonlet.
func (d *doing) action(said words) (api.Action, error) {
	a := api.Action{
		Verb: d.verb.Name, On: string(d.verb.On), Args: map[string]any{}, Lasts: said.lasts, By: me(), Why: d.why,
		DryRun: d.dryRun, AllowEmpty: d.empty,
	}
	for name, text := range said.args {
		a.Args[name] = text
	}
	for name, text := range d.args {
		if *text == "" {
			continue
		}
		if _, twice := a.Args[name]; twice {
			return a, fmt.Errorf("%s is given twice: as %v and with --%s", name, a.Args[name], name)
		}
		a.Args[name] = *text
	}
	switch {
	case d.lasts != "" && a.Lasts != "":
		return a, fmt.Errorf("how long it lasts is given twice: as %s and with --lasts", a.Lasts)
	case d.lasts != "":
		a.Lasts = d.lasts
	}
	selected, err := d.whom.selector(said)
	if err != nil {
		return a, err
	}
	a.Select = selected
	return a, check(a)
}

// check holds an action to what the core says of it.
func check(a api.Action) error {
	o := fault.Order{Verb: a.Verb, On: fault.Target(a.On), Select: fault.Selector(a.Select), Args: a.Args}
	if a.Lasts != "" {
		lasts, err := fault.ParseDuration(a.Lasts)
		if err != nil {
			return fmt.Errorf("lasts: %w", err)
		}
		o.Lasts = lasts
	}
	_, err := o.Checked()
	return err
}

// usage is the words after a verb, as its help shows them.
func usage(v fault.Verb) string {
	parts := map[fault.Target][]string{fault.Pod: {" [POD…]"}, fault.Node: {" [NODE…]"}, fault.Call: {" [CALL…]"}}[v.On]
	for _, a := range v.Args {
		switch word := strings.ToUpper(a.Name); {
		case !canBeWord(a):
		case a.Required:
			parts = append(parts, " "+word)
		default:
			parts = append(parts, " ["+word+"]")
		}
	}
	if v.Lasts {
		parts = append(parts, " [LASTS]")
	}
	return strings.Join(parts, "")
}

func firstSentence(doc string) string {
	first, _, _ := strings.Cut(doc, ". ")
	first, _, _ = strings.Cut(first, "; ")
	return strings.TrimSuffix(first, ".")
}

func verbHelp(v fault.Verb) string {
	text := v.Doc
	switch {
	case !v.Lasts:
		text += " It happens once."
	case v.Default != "":
		text += " It lasts " + v.Default + " unless --lasts says otherwise."
	default:
		text += " It lasts until it is undone, or as long as --lasts says."
	}
	paragraphs := []string{text}
	if words := positional(v); len(words) > 0 {
		paragraphs = append(paragraphs, fmt.Sprintf("%s may stand after the names without a flag: a word that looks like one is taken for it, and %s=… always is.",
			strings.Join(words, ", "), strings.ToLower(words[0])))
	}
	if v.On == fault.Pod {
		paragraphs = append(paragraphs, "A pod named without its namespace (shop/web-0, or -n) is of namespace default; pods selected otherwise are of all.")
	}
	for i := range paragraphs {
		paragraphs[i] = wrapped(paragraphs[i])
	}
	return strings.Join(append(paragraphs, "In a script: "+v.Example), "\n\n")
}

// wrapped breaks a text into lines as wide as those of the other helps.
func wrapped(text string) string {
	const width = 120
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

func positional(v fault.Verb) []string {
	var words []string
	for _, a := range v.Args {
		if canBeWord(a) {
			words = append(words, strings.ToUpper(a.Name))
		}
	}
	if v.Lasts {
		words = append(words, "LASTS")
	}
	return words
}

func argHelp(a fault.Arg) string {
	text := a.Doc
	if a.Choices != nil {
		text += ": " + strings.Join(a.Choices, ", ")
	}
	if a.Default != "" {
		text += " (default " + a.Default + ")"
	}
	return text
}

func lastsHelp(v fault.Verb) string {
	if v.Default != "" {
		return "how long it lasts (default " + v.Default + ")"
	}
	return "how long it lasts, such as 5m; without it until it is undone"
}

// examplesText are three uses of a verb, made from what it takes.
func examplesText(v fault.Verb) string {
	lines := make([]string, 0, 3)
	for _, words := range examples(v) {
		for i, w := range words {
			if strings.ContainsAny(w, " *") {
				words[i] = `"` + w + `"`
			}
		}
		lines = append(lines, "  moonlet "+string(v.On)+" "+v.Name+" "+strings.Join(words, " "))
	}
	return strings.Join(lines, "\n")
}

func examples(v fault.Verb) [][]string {
	name := map[fault.Target][]string{fault.Pod: {"web-0"}, fault.Node: {"moon-1"}, fault.Call: {"createPod"}, fault.Write: {"-l", "app=web"}}[v.On]
	some := map[fault.Target][]string{
		fault.Pod: {"-l", "app=web", "--share", "30%"}, fault.Node: {"-l", "topology.kubernetes.io/zone=a"},
		fault.Call: {"--all", "--share", "10%"}, fault.Write: {"--all", "--share", "20%"},
	}[v.On]
	args := exampleArgs(v)
	first := slices.Concat(name, args)
	second := slices.Concat(some, args)
	if v.Lasts {
		second = append(second, "--lasts", "5m")
	}
	return [][]string{first, second, slices.Concat(name, args, []string{"--dry-run"})}
}

func exampleArgs(v fault.Verb) (words []string) {
	for _, a := range v.Args {
		switch {
		case !canBeWord(a), !a.Required && a.Default == "":
		case len(a.Choices) > 1:
			words = append(words, a.Choices[1])
		case a.Kind == fault.Resources:
			words = append(words, "cpu=2,memory=4Gi")
		case a.Kind == fault.Duration && (a.Default == "" || a.Default == "0s"):
			words = append(words, "20s")
		case a.Default != "":
			words = append(words, a.Default)
		default:
			words = append(words, "3")
		}
	}
	return words
}

// argValue is a flag that keeps its text unread: the core reads it.
type argValue struct {
	text *string
	kind string
}

func (v *argValue) String() string {
	if v.text == nil { // pflag asks a zero value
		return ""
	}
	return *v.text
}

func (v *argValue) Type() string { return v.kind }

// Set implements pflag.Value.
func (v *argValue) Set(text string) error {
	*v.text = text
	return nil
}
