package luadoc

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/moonlet-dev/moonlet/engine/hook"
	"github.com/moonlet-dev/moonlet/engine/script"
)

// Definitions is a LuaLS definition file: every library function, every hook, and the Kubernetes types they speak of.
func Definitions() string {
	d := &definitions{done: map[reflect.Type]bool{}}
	d.line("---@meta moonlet")
	d.line("-- Made by moonlet from its own registry of the script API. For editors: Moonlet does not load it.")
	d.own()
	d.lists()
	d.entries()
	d.tests()
	d.hooks()
	for _, root := range []reflect.Type{reflect.TypeFor[v1.Pod](), reflect.TypeFor[v1.Node](), reflect.TypeFor[appsv1.Deployment](), reflect.TypeFor[discoveryv1.EndpointSlice]()} {
		d.class(root)
	}
	return d.b.String()
}

type definitions struct {
	b    strings.Builder
	done map[reflect.Type]bool
}

func (d *definitions) line(format string, args ...any) {
	if len(args) == 0 {
		d.b.WriteString(format + "\n")
		return
	}
	fmt.Fprintf(&d.b, format+"\n", args...)
}

// own describes the types that are ours.
func (d *definitions) own() {
	d.line("%s", ownTypes)
}

const ownTypes = `
---@alias Duration string|number "1m30s", or seconds

---@class Reject: table what reject() returns
---@class Delay: table what delay() returns
---@class Replace: table what replace() returns
---@class Every: table what every() returns
---@class Flap: table what flap() returns
---@class Fault: table what latency(), hang(), drop(), garble(), cut() and reject() return

---@class Run
---@field number number which run of the container this is, from 1
---@field init boolean an init container that ends before the others start
---@field sidecar boolean an init container that keeps running
---@field previous ContainerStateTerminated? how the run before ended

---@class StartError
---@field reason? string RunContainerError, CreateContainerConfigError, CreateContainerError, PreCreateHookError, PreStartHookError, PostStartHookError
---@field message? string

---@class Outcome what a run will do
---@field started? Duration|false until the start-up probe passes; false: it never does, and a startupProbe of the spec ends the run
---@field ready? Duration|false|Flap until it is ready; false: never
---@field liveness_fails? Duration from then on the liveness probe fails; the kubelet kills the container after failureThreshold × periodSeconds
---@field exit? number the exit code; absent: it runs until it is stopped
---@field after? Duration from the start of the run to its exit
---@field signal? number the signal that ended it
---@field reason? string of the exit, such as OOMKilled
---@field message? string the termination message
---@field start_error? string|StartError it cannot be started at all
---@field terminate? Duration|false how long it takes to end when it is told to; false: until it is killed

---@class PullAnswer
---@field after? Duration
---@field error? string the runtime's text
---@field reason? string ErrImagePull, ErrImageNeverPull, InvalidImageName, ImageInspectError, RegistryUnavailable, SignatureValidationFailed

---@class LogOptions
---@field tail? number how many of the last lines are wanted; nil: all
---@field previous boolean the run before is meant
---@field run number
---@field started string
---@field finished? string

---@class IO the client of exec, attach or a forwarded port
---@field tty boolean it is a terminal: lines come when Enter is pressed, and are shown by Moonlet
---@field attach boolean it joined the container's own process
---@field read fun(self: IO, what?: number|string): string? a line; "a": all there is; a number: at most so many bytes, at least one. Waits. nil: the end
---@field lines fun(self: IO): fun(): string? goes through the lines
---@field write fun(self: IO, ...: string|number): IO sends text; it arrives when the hook reads or ends
---@field error fun(self: IO, ...: string|number): IO sends text on the stream for errors
---@field size fun(self: IO): number?, number? width and height of the terminal in characters; nil without one

---@class ExecAnswer
---@field stdout? string
---@field stderr? string
---@field exit? number from 0 to 255

---@class HTTPRequest
---@field method string
---@field path string without the query
---@field query table<string, string> the first value of each name
---@field host string
---@field headers table<string, string> names in lower case
---@field body string

---@class HTTPAnswer
---@field status? number 200 if left out
---@field headers? table<string, string>
---@field body? string

---@class UsageAnswer
---@field cpu? number|string cores, "250m" or 0.25
---@field memory? number|string bytes, "64Mi"
---@field oom? boolean over its memory limit the container is killed

---@class UsageRun
---@field number number which run of the container this is, from 1
---@field started string

---@class Call
---@field name string createPod, getPodStatus …
---@field namespace? string
---@field pod? string
---@field container? string
---@field number number nth call of that name, from 1`

func (d *definitions) entries() {
	tables := map[string]bool{}
	for _, e := range script.Library() {
		if table, _, nested := strings.Cut(e.Name, "."); nested && !tables[table] {
			tables[table] = true
			d.line("\n%s = {}", table)
		}
		d.entry(e)
	}
}

func (d *definitions) entry(e script.Entry) {
	d.line("")
	d.comment(e.Doc)
	if e.Params == nil && !e.Function() {
		d.line("---@type %s", typeOr(e.Returns, "table"))
		d.line("%s = nil", e.Name)
		return
	}
	d.function(e.Name, e.Params, e.Returns)
}

func (d *definitions) function(name string, params []script.Arg, returns string) {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
		label, kind := p.Name, p.Type
		if optional, ok := strings.CutSuffix(kind, "?"); ok && label != "..." {
			label, kind = label+"?", optional
		}
		d.line("---@param %s %s %s", label, kind, p.Doc)
	}
	if returns != "" {
		d.line("---@return %s", returns)
	}
	d.line("function %s(%s) end", name, strings.Join(names, ", "))
}

func (d *definitions) hooks() {
	for _, h := range hook.Registry() {
		d.line("")
		d.comment("Asked when: " + h.When + ".")
		d.comment("May answer " + h.Answers + ".")
		d.function(h.Name, h.Params, h.Returns)
	}
}

func (d *definitions) comment(text string) {
	for l := range strings.SplitSeq(text, "\n") {
		d.line("---%s", l)
	}
}

func typeOr(t, otherwise string) string {
	if t == "" {
		return otherwise
	}
	return t
}

// class describes a Kubernetes type and all it holds, once each.
func (d *definitions) class(t reflect.Type) {
	t = element(t)
	if t.Kind() != reflect.Struct || d.done[t] || special(t) != "" {
		return
	}
	d.done[t] = true
	d.line("\n---@class %s", t.Name())
	var inner []reflect.Type
	d.fields(t, &inner)
	if t == reflect.TypeFor[v1.Pod]() || t == reflect.TypeFor[v1.Node]() {
		d.line("---@field memo table what scripts remember of it; writable in on_* hooks")
	}
	for _, i := range inner {
		d.class(i)
	}
}

func (d *definitions) fields(t reflect.Type, inner *[]reflect.Type) {
	for f := range t.Fields() {
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" && f.Anonymous {
			d.fields(element(f.Type), inner)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		optional := ""
		if strings.Contains(rest, "omit") || f.Type.Kind() == reflect.Pointer {
			optional = "?"
		}
		d.line("---@field %s%s %s", name, optional, luaType(f.Type))
		*inner = append(*inner, f.Type)
	}
}

// element is what a pointer, list or map holds.
func element(t reflect.Type) reflect.Type {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, t.Kind()) {
		t = t.Elem()
	}
	return t
}

// special is the Lua type of Go types that are not seen as what they are made of.
func special(t reflect.Type) string {
	switch t.String() {
	case "resource.Quantity", "v1.Time", "v1.MicroTime":
		return "string"
	case "intstr.IntOrString":
		return "string|number"
	case "v1.FieldsV1":
		return "table"
	}
	return ""
}

func luaType(t reflect.Type) string {
	if s := special(t); s != "" {
		return s
	}
	switch t.Kind() {
	case reflect.Pointer:
		return luaType(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "string"
		}
		return luaType(t.Elem()) + "[]"
	case reflect.Map:
		return "table<string, " + luaType(t.Elem()) + ">"
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Struct:
		return t.Name()
	case reflect.Interface:
		return "any"
	default:
		return "number"
	}
}
