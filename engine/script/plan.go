package script

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// plan is how a Go struct looks from Lua: its fields under their JSON names, in the order of the struct. Views read by
// it and Decode writes by it.
type plan struct {
	name   string // of the Go type, for error texts
	fields []field
	byName map[string]int
	names  []string
}

type field struct {
	name      string
	key       lua.LValue // name
	index     []int
	omitEmpty bool
	show      show
}

// show makes the Lua value of a Go value. Structs, lists and maps become views, which copy nothing.
type show func(v reflect.Value) lua.LValue

var plans sync.Map // reflect.Type → *plan

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{name: t.Name(), byName: map[string]int{}}
	p.add(t, nil)
	for i, f := range p.fields {
		p.byName[f.name] = i
		p.names = append(p.names, f.name)
	}
	stored, _ := plans.LoadOrStore(t, p)
	return stored.(*plan)
}

// add appends the fields of a struct and of those embedded in it.
func (p *plan) add(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		index := append(slices.Clone(prefix), i)
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			p.add(f.Type, index)
		default:
			if tag == "" {
				tag = f.Name
			}
			p.fields = append(p.fields, field{
				name: tag, key: lua.LString(tag), index: index, show: showOf(f.Type),
				omitEmpty: strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"),
			})
		}
	}
}

func (p *plan) unknown(name string) string {
	what := p.name
	if what == "" {
		what = "the object"
	}
	return what + " has no field '" + shorten(name, 60) + "'" + didYouMean(name, p.names)
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	metaTimeType  = reflect.TypeFor[metav1.Time]()
	microTimeType = reflect.TypeFor[metav1.MicroTime]()
	quantityType  = reflect.TypeFor[resource.Quantity]()
	intOrStrType  = reflect.TypeFor[intstr.IntOrString]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	bytesType     = reflect.TypeFor[[]byte]()
)

var shows sync.Map // reflect.Type → show

// showOf picks the conversion of a type, once.
func showOf(t reflect.Type) show {
	if f, ok := shows.Load(t); ok {
		return f.(show)
	}
	f := pickShow(t)
	shows.Store(t, f)
	return f
}

func pickShow(t reflect.Type) show {
	switch t {
	case timeType:
		return func(v reflect.Value) lua.LValue { return timeText(v.Interface().(time.Time)) }
	case metaTimeType:
		return func(v reflect.Value) lua.LValue { return timeText(v.Interface().(metav1.Time).Time) }
	case microTimeType:
		return func(v reflect.Value) lua.LValue { return timeText(v.Interface().(metav1.MicroTime).Time) }
	case quantityType:
		return showQuantity
	case intOrStrType:
		return showIntOrString
	case bytesType:
		return func(v reflect.Value) lua.LValue { return lua.LString(base64.StdEncoding.EncodeToString(v.Bytes())) }
	}
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface &&
		(t.Implements(marshalerType) || reflect.PointerTo(t).Implements(marshalerType)) {
		return showMarshaler
	}
	return showKind(t)
}

func showKind(t reflect.Type) show {
	switch t.Kind() {
	case reflect.String:
		return func(v reflect.Value) lua.LValue { return lua.LString(v.String()) }
	case reflect.Bool:
		return func(v reflect.Value) lua.LValue { return lua.LBool(v.Bool()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(v reflect.Value) lua.LValue { return lua.LNumber(v.Int()) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(v reflect.Value) lua.LValue { return lua.LNumber(v.Uint()) }
	case reflect.Float32, reflect.Float64:
		return func(v reflect.Value) lua.LValue { return lua.LNumber(v.Float()) }
	case reflect.Struct:
		return func(v reflect.Value) lua.LValue { return newStructView(v) }
	case reflect.Map:
		return func(v reflect.Value) lua.LValue { return newView(&mapView{v: v}) }
	case reflect.Slice, reflect.Array:
		return func(v reflect.Value) lua.LValue { return newView(&listView{v: v}) }
	case reflect.Pointer, reflect.Interface:
		return showElem
	default:
		return func(reflect.Value) lua.LValue { return lua.LNil }
	}
}

func showElem(v reflect.Value) lua.LValue {
	if v.IsNil() {
		return lua.LNil
	}
	return showOf(v.Elem().Type())(v.Elem())
}

// showQuantity works on a copy: Quantity.String caches its text in the value, and views share values.
func showQuantity(v reflect.Value) lua.LValue {
	q := v.Interface().(resource.Quantity)
	return lua.LString(q.String())
}

func showIntOrString(v reflect.Value) lua.LValue {
	i := v.Interface().(intstr.IntOrString)
	if i.Type == intstr.Int {
		return lua.LNumber(i.IntVal)
	}
	return lua.LString(i.StrVal)
}

// showMarshaler shows a type with a JSON form of its own as that form.
func showMarshaler(v reflect.Value) lua.LValue {
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return lua.LNil
	}
	var tree any
	if json.Unmarshal(text, &tree) != nil || tree == nil {
		return lua.LNil
	}
	return showOf(reflect.TypeOf(tree))(reflect.ValueOf(tree))
}

func timeText(t time.Time) lua.LValue {
	if t.IsZero() {
		return lua.LNil
	}
	return lua.LString(t.UTC().Format(time.RFC3339))
}
