package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moonlet-dev/moonlet/engine/fault"
)

func TestWordsAfterAVerb(t *testing.T) {
	for text, want := range map[string]struct {
		names string
		args  map[string]string
		lasts string
		err   string
	}{
		"pod crash web-0 137":                  {names: "web-0", args: map[string]string{"code": "137"}},
		"pod crash web-0 web-1":                {names: "web-0 web-1"},
		"pod crash 137 web-0":                  {names: "web-0", args: map[string]string{"code": "137"}},
		"pod crash default/137":                {names: "default/137"},
		"pod crash web-0 code=9 container=app": {names: "web-0", args: map[string]string{"code": "9", "container": "app"}},
		"pod evict shop/web-* memory":          {names: "shop/web-*", args: map[string]string{"reason": "memory"}},
		"pod evict web-0 pids disk_is_full":    {err: `"disk_is_full" is neither the name of a pod nor an argument of evict: see its --help`},
		"pod evict web-0 message=gone,too":     {names: "web-0", args: map[string]string{"message": "gone,too"}},
		"pod stop web-0 failed":                {names: "web-0", args: map[string]string{"phase": "Failed"}},
		"pod unready web-0 5m":                 {names: "web-0", lasts: "5m"},
		"pod unready web-0 lasts=5m":           {names: "web-0", lasts: "5m"},
		"pod freeze 5m 6m":                     {names: "6m", lasts: "5m"},
		"pod log_burst web-0 500 10s":          {names: "web-0", args: map[string]string{"rate": "500"}, lasts: "10s"},
		"node pressure moon-1 disk 10m":        {names: "moon-1", args: map[string]string{"kind": "disk"}, lasts: "10m"},
		"node shutdown moon-1 2m 20s 10m":      {names: "moon-1", args: map[string]string{"grace": "2m", "critical": "20s"}, lasts: "10m"},
		"node capacity moon-1 cpu=2 a/b=0":     {names: "moon-1", args: map[string]string{"resources": "cpu=2,a/b=0"}},
		"node drain moon-1 10s":                {names: "moon-1", args: map[string]string{"every": "10s"}},
		"call latency createPod getPod 2s 5m":  {names: "createPod getPod", args: map[string]string{"time": "2s"}, lasts: "5m"},
		"call error 503":                       {args: map[string]string{"code": "503"}},
		"call error creatPod":                  {err: `there is no provider call "creatPod": did you mean createPod?`},
		"call error create":                    {err: `there is no provider call "create": there are createPod, updatePod, deletePod, getPod, getContainerLogs, getPodStatus, getPods, capacity, nodeConditions, nodeAddresses`},
		"write late 20s":                       {args: map[string]string{"time": "20s"}},
		"write late web-0":                     {err: `"web-0" is no argument of late: writes are selected by their pods, with -l, -n or --name`},
		"pod crash app=web":                    {err: `crash has no argument "app": labels are selected with -l`},
		"pod crash web-0 cod=9":                {err: `crash has no argument "cod": did you mean code?`},
		"pod crash Web_0":                      {err: `"Web_0" is neither the name of a pod nor an argument of crash: see its --help`},
	} {
		list := strings.Fields(text)
		v, err := fault.Find(fault.Target(list[0]), list[1])
		if err != nil {
			t.Fatal(err)
		}
		got, err := readWords(v, list[2:])
		if want.err != "" {
			if err == nil || err.Error() != want.err {
				t.Errorf("%s: %v\nwant %s", text, err, want.err)
			}
			continue
		}
		if want.args == nil {
			want.args = map[string]string{}
		}
		if err != nil || !cmp.Equal(got.args, want.args) || strings.Join(got.names, " ") != want.names || got.lasts != want.lasts {
			t.Errorf("%s: %v, got %+v", text, err, got)
		}
	}
}

func TestTextIsAnArgumentWhereItHasASpace(t *testing.T) {
	v, err := fault.Find(fault.Call, "error")
	if err != nil {
		t.Fatal(err)
	}
	got, err := readWords(v, []string{"createPod", "503", "out of capacity"})
	if want := map[string]string{"code": "503", "message": "out of capacity"}; err != nil || !cmp.Equal(got.args, want) {
		t.Errorf("%v, %v", err, got)
	}
}

// The examples of every verb's help are uses that the core takes, and every verb has a help of its own.
func TestExamplesOfVerbsAreGood(t *testing.T) {
	for _, v := range fault.Verbs() {
		if firstSentence(v.Doc) == "" || !strings.Contains(verbHelp(v), v.Example) {
			t.Errorf("%s %s: help is %q", v.On, v.Name, verbHelp(v))
		}
		for _, words := range examples(v) {
			if err := acceptable(v, words); err != nil {
				t.Errorf("moonlet %s %s %s: %v", v.On, v.Name, strings.Join(words, " "), err)
			}
		}
	}
}

// acceptable reads the words of a command line, flags included, as the command does, and holds them to the core.
func acceptable(v fault.Verb, line []string) error {
	d := &doing{verb: v, args: map[string]*string{}}
	cmd := verbCommand(v)
	if err := cmd.ParseFlags(line); err != nil {
		return err
	}
	d.whom = &whom{verb: v, on: v.On}
	for name, into := range map[string]*string{"selector": &d.whom.flags.Labels, "share": &d.whom.share, "lasts": &d.lasts} {
		if f := cmd.Flag(name); f != nil {
			*into = f.Value.String()
		}
	}
	d.whom.all = cmd.Flag("all").Changed
	said, err := readWords(v, cmd.Flags().Args())
	if err != nil {
		return err
	}
	_, err = d.action(said)
	return err
}

// Whatever the words: each is a name, an argument or a duration, or the error quotes it.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"crash web-0 137", "evict a b=c memory", "capacity n cpu=2 x=", "latency createPod 2s 3s", "late =", "shutdown -1s 0 n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		list := strings.Fields(line)
		if len(list) == 0 {
			return
		}
		for _, v := range fault.Verbs() {
			if v.Name != list[0] {
				continue
			}
			got, err := readWords(v, list[1:])
			if err != nil {
				if strings.Contains(err.Error(), "\n") || len(list) == 1 {
					t.Errorf("%s: %v", line, err)
				}
				continue
			}
			for _, name := range got.names {
				if !isName(v.On, name) || !slices.Contains(list[1:], name) {
					t.Errorf("%s: %q is taken for a name", line, name)
				}
			}
		}
	})
}
