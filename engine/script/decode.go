package script

import (
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// LuaDecoder is a Go type that reads itself from Lua; Decode honours it. Path names the value in errors.
type LuaDecoder interface {
	DecodeLua(v Value, path string) error
}

var (
	decoderType = reflect.TypeFor[LuaDecoder]()
	decoders    sync.Map // reflect.Type → bool: asking reflect costs more than decoding
)

func decodesItself(t reflect.Type) bool {
	if yes, known := decoders.Load(t); known {
		return yes.(bool)
	}
	yes := t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(decoderType)
	decoders.Store(t, yes)
	return yes
}

// Decode writes the value into what into points to, by the Go type and its JSON names. Fields that the table lacks keep
// what they hold; lists are replaced, maps are added to. An empty table is an empty list or map, as the type has it.
// The error is an *Error of kind Result that names the full path, with indexes as in Lua. All that is decoded of one answer
// may have 4 MiB.
func (v Value) Decode(path string, into any) error {
	rv := reflect.ValueOf(into)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		panic("script: Decode needs a pointer")
	}
	value := v.v
	if value == nil {
		value = lua.LNil
	}
	d := &decoder{state: v.state}
	if err := d.decode(value, rv.Elem(), path, 0); err != nil {
		e := asError(err)
		e.Kind = Result
		return e
	}
	return nil
}

// Texts is a list of texts that may be as long as all that one call can build: a log. Path and the error are as in Decode.
func (v Value) Texts(path string) (texts []string, err error) {
	if v.Kind() == Nil {
		return nil, nil
	}
	left := v.state.answer
	v.state.answer = callBytes
	err = v.Decode(path, &texts)
	v.state.answer = left
	return texts, err
}

type decoder struct{ state *state }

func mistyped(path, want string, got lua.LValue) error {
	return fmt.Errorf("%s: must be %s, not %s", path, want, describe(got))
}

// describe shows a wrong value in an error text.
func describe(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return strconv.Quote(shorten(string(v), 40))
	case lua.LNumber:
		return numberText(v)
	case lua.LBool, *lua.LNilType:
		return v.String()
	}
	if t, ok := tagOf(v); ok {
		return t.name + "(…)"
	}
	return "a " + typeName(v)
}

func (d *decoder) decode(v lua.LValue, into reflect.Value, path string, depth int) error {
	if depth > treeDepth {
		return fmt.Errorf("%s: %w", path, errTooDeep)
	}
	if err := d.state.takeIn(v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if into.CanAddr() && decodesItself(into.Type()) {
		return into.Addr().Interface().(LuaDecoder).DecodeLua(Value{d.state, v}, path)
	}
	if special := d.special(into.Type()); special != nil {
		return special(v, into, path)
	}
	switch into.Kind() {
	case reflect.Pointer:
		return d.pointer(v, into, path, depth)
	case reflect.Struct:
		return d.structure(v, into, path, depth)
	case reflect.Slice:
		return d.slice(v, into, path, depth)
	case reflect.Map:
		return d.mapping(v, into, path, depth)
	case reflect.Interface:
		tree, err := treeOf(d.state.l, v, treeDepth)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if tree == nil {
			into.SetZero()
			return nil
		}
		into.Set(reflect.ValueOf(tree))
		return nil
	default:
		return d.scalar(v, into, path)
	}
}

func (d *decoder) pointer(v lua.LValue, into reflect.Value, path string, depth int) error {
	if v == lua.LNil {
		into.SetZero()
		return nil
	}
	fresh := reflect.New(into.Type().Elem())
	if !into.IsNil() {
		fresh.Elem().Set(into.Elem()) // what it points to may be shared: never write through it
	}
	if err := d.decode(v, fresh.Elem(), path, depth+1); err != nil {
		return err
	}
	into.Set(fresh)
	return nil
}

func (d *decoder) structure(v lua.LValue, into reflect.Value, path string, depth int) error {
	keys, list, err := d.keys(v, path, "a table")
	if err != nil {
		return err
	}
	if list {
		return fmt.Errorf("%s: must be a table with names, not a list", path)
	}
	p := planOf(into.Type())
	for _, k := range keys {
		name := string(k.(lua.LString))
		i, ok := p.byName[name]
		if !ok {
			return fmt.Errorf("%s: unknown field '%s'%s", path, shorten(name, 60), didYouMean(name, p.names))
		}
		target := into.FieldByIndex(p.fields[i].index)
		if err := d.decode(fieldOf(d.state.l, v, k), target, path+"."+name, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) keys(v lua.LValue, path, want string) ([]lua.LValue, bool, error) {
	_, isTag := tagOf(v)
	if t := v.Type(); t != lua.LTTable && t != lua.LTUserData || isTag {
		return nil, false, mistyped(path, want, v)
	}
	keys, list, err := keysOf(d.state.l, v)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	return keys, list, nil
}

func (d *decoder) slice(v lua.LValue, into reflect.Value, path string, depth int) error {
	if v == lua.LNil {
		into.SetZero()
		return nil
	}
	if into.Type() == bytesType {
		return d.bytes(v, into, path)
	}
	keys, list, err := d.keys(v, path, "a list")
	if err != nil {
		return err
	}
	if !list && len(keys) > 0 {
		return fmt.Errorf("%s: must be a list, not a table with names ('%s')", path, shorten(keyText(keys[0]), 60))
	}
	fresh := reflect.MakeSlice(into.Type(), len(keys), len(keys))
	for i, k := range keys {
		if err := d.decode(fieldOf(d.state.l, v, k), fresh.Index(i), fmt.Sprintf("%s[%d]", path, i+1), depth+1); err != nil {
			return err
		}
	}
	into.Set(fresh)
	return nil
}

func (d *decoder) bytes(v lua.LValue, into reflect.Value, path string) error {
	s, ok := v.(lua.LString)
	if !ok {
		return mistyped(path, "base64 text", v)
	}
	b, err := base64.StdEncoding.DecodeString(string(s))
	if err != nil {
		return fmt.Errorf("%s: is not base64: %w", path, err)
	}
	into.SetBytes(b)
	return nil
}

func (d *decoder) mapping(v lua.LValue, into reflect.Value, path string, depth int) error {
	if v == lua.LNil {
		into.SetZero()
		return nil
	}
	keys, list, err := d.keys(v, path, "a table")
	if err != nil {
		return err
	}
	if list {
		return fmt.Errorf("%s: must be a table with names, not a list", path)
	}
	t := into.Type()
	fresh := reflect.MakeMapWithSize(t, into.Len()+len(keys))
	for it := into.MapRange(); it.Next(); {
		fresh.SetMapIndex(it.Key(), it.Value())
	}
	for _, k := range keys {
		elem := reflect.New(t.Elem()).Elem()
		name := string(k.(lua.LString))
		if err := d.decode(fieldOf(d.state.l, v, k), elem, pathKey(path, name), depth+1); err != nil {
			return err
		}
		fresh.SetMapIndex(reflect.ValueOf(name).Convert(t.Key()), elem)
	}
	into.Set(fresh)
	return nil
}

// pathKey writes a key the way Lua would.
func pathKey(path, name string) string {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9' || i == 0) {
			return path + "[" + strconv.Quote(shorten(name, 60)) + "]"
		}
	}
	return path + "." + name
}

func (d *decoder) scalar(v lua.LValue, into reflect.Value, path string) error {
	switch into.Kind() {
	case reflect.String:
		s, ok := v.(lua.LString)
		if !ok {
			return mistyped(path, "text", v)
		}
		into.SetString(string(s))
	case reflect.Bool:
		b, ok := v.(lua.LBool)
		if !ok {
			return mistyped(path, "true or false", v)
		}
		into.SetBool(bool(b))
	case reflect.Float32, reflect.Float64:
		n, ok := v.(lua.LNumber)
		if !ok {
			return mistyped(path, "a number", v)
		}
		into.SetFloat(float64(n))
	default:
		return d.integer(v, into, path)
	}
	return nil
}

func (d *decoder) integer(v lua.LValue, into reflect.Value, path string) error {
	n, ok := v.(lua.LNumber)
	f := float64(n)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return mistyped(path, "a whole number", v)
	}
	switch {
	case into.CanInt() && !into.OverflowInt(int64(f)):
		into.SetInt(int64(f))
	case into.CanUint() && f >= 0 && !into.OverflowUint(uint64(f)):
		into.SetUint(uint64(f))
	case into.CanInt() || into.CanUint():
		return fmt.Errorf("%s: %s does not fit: it is out of range", path, numberText(n))
	default:
		return fmt.Errorf("%s: cannot be set from a script", path)
	}
	return nil
}

// special finds the types whose Lua form is not that of their Go kind.
func (d *decoder) special(t reflect.Type) func(v lua.LValue, into reflect.Value, path string) error {
	switch t {
	case timeType:
		return func(v lua.LValue, into reflect.Value, path string) error {
			at, err := d.instant(v, path)
			into.Set(reflect.ValueOf(at))
			return err
		}
	case metaTimeType:
		return func(v lua.LValue, into reflect.Value, path string) error {
			at, err := d.instant(v, path)
			into.Set(reflect.ValueOf(metav1.NewTime(at)))
			return err
		}
	case microTimeType:
		return func(v lua.LValue, into reflect.Value, path string) error {
			at, err := d.instant(v, path)
			into.Set(reflect.ValueOf(metav1.NewMicroTime(at)))
			return err
		}
	case quantityType:
		return decodeQuantity
	case intOrStrType:
		return decodeIntOrString
	}
	return nil
}

// instant reads RFC 3339 or seconds since 1970; nil is no time.
func (d *decoder) instant(v lua.LValue, path string) (time.Time, error) {
	if v == lua.LNil {
		return time.Time{}, nil
	}
	at, err := timeOf(v)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", path, err)
	}
	return at, nil
}

// timeOf reads a time as scripts write it.
func timeOf(v lua.LValue) (time.Time, error) {
	switch v := v.(type) {
	case lua.LString:
		at, err := time.Parse(time.RFC3339, string(v))
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is not a time: write RFC 3339 (\"2026-01-31T08:00:00Z\"), or seconds since 1970", shorten(string(v), 40))
		}
		return at, nil
	case lua.LNumber:
		if f := float64(v); f >= -62135596800 && f < 253402300800 { // years 1 to 9999
			return fromEpoch(f), nil
		}
		return time.Time{}, fmt.Errorf("%s is not a time: it lies outside the years 1 to 9999", numberText(v))
	}
	return time.Time{}, fmt.Errorf("a %s is not a time: write RFC 3339 (\"2026-01-31T08:00:00Z\"), or seconds since 1970", typeOfNil(v))
}

func decodeQuantity(v lua.LValue, into reflect.Value, path string) error {
	text, ok := quantityText(v)
	if !ok {
		return mistyped(path, `a quantity such as "500m" or "1Gi"`, v)
	}
	q, err := resource.ParseQuantity(text)
	if err != nil {
		return mistyped(path, `a quantity such as "500m" or "1Gi"`, v)
	}
	into.Set(reflect.ValueOf(q))
	return nil
}

// quantityText is what ParseQuantity should read. It is short: long digits would make it slow.
func quantityText(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), len(v) <= 64
	case lua.LNumber:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) && math.Abs(f) < 1e18 {
			return strconv.FormatFloat(f, 'f', -1, 64), true
		}
	}
	return "", false
}

func decodeIntOrString(v lua.LValue, into reflect.Value, path string) error {
	switch v := v.(type) {
	case lua.LString:
		into.Set(reflect.ValueOf(intstr.FromString(string(v))))
		return nil
	case lua.LNumber:
		if f := float64(v); f == math.Trunc(f) && math.Abs(f) <= math.MaxInt32 {
			into.Set(reflect.ValueOf(intstr.FromInt32(int32(f))))
			return nil
		}
	}
	return mistyped(path, "a whole number or text", v)
}
