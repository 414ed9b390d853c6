package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	fastjson "github.com/goccy/go-json"
)

// decodeFast decodes with the fast decoder, whose errors and panics only mean that the exact one is to have its say.
func decodeFast(body []byte, into any) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return fastjson.Unmarshal(body, into) == nil
}

// decodeExactly decodes with encoding/json and makes its error one that a person can act on.
func decodeExactly(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if err == nil {
		return nil
	}
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return badBody("", notJSON(body, syntax))
	}
	path, err := locate(reflect.TypeOf(into), body, err)
	return badBody(path, wrongValue(err))
}

func badBody(path, reason string) error {
	field := "body"
	if path != "" {
		reason = strings.TrimPrefix(path, ".") + ": " + reason
	}
	return &refusal{code: http.StatusBadRequest, field: field, reason: reason}
}

// notJSON says where the text stops being JSON.
func notJSON(body []byte, err *json.SyntaxError) string {
	before := body[:min(int(err.Offset), len(body))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	if strings.HasPrefix(err.Error(), "unexpected end") {
		return fmt.Sprintf("not JSON: it ends too early, after %d bytes (line %d, column %d)", len(before), line, column)
	}
	return fmt.Sprintf("not JSON at line %d, column %d: %s", line, column, err)
}

// wrongValue says what was wanted and what was there, never the value itself: it may be a secret.
func wrongValue(err error) string {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		got := wrong.Value
		if strings.HasPrefix(got, "number ") { // a number of the wrong kind or size
			return "want " + wanted(wrong.Type) + ", got the " + got
		}
		return "want " + wanted(wrong.Type) + ", got " + article(got)
	}
	if wrong := (*time.ParseError)(nil); errors.As(err, &wrong) {
		return "want a time like 2018-08-30T13:25:37Z, got " + quote(strings.Trim(wrong.Value, `"`))
	}
	return err.Error()
}

// unknownField says which field is not known, in words that encoding/json has in quotes.
func unknownField(err error) string {
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "unknown field " + name
	}
	return err.Error()
}

func article(kind string) string {
	switch kind {
	case "bool":
		return "true or false"
	case "object", "array":
		return "an " + kind
	}
	return "a " + kind
}

// wanted is a Go type in the words of JSON.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8:
		return "a number"
	case reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// locate finds the smallest part of raw that does not decode: its path (".status.containerStatuses[0].ready") and
// its own error. encoding/json leaves out indexes, and for types that decode themselves the whole path.
func locate(t reflect.Type, raw []byte, err error) (string, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(unmarshaler) {
		return "", err
	}
	switch t.Kind() {
	case reflect.Struct:
		return locateField(t, raw, err)
	case reflect.Slice:
		var parts []json.RawMessage
		if json.Unmarshal(raw, &parts) != nil {
			return "", err
		}
		for i, part := range parts {
			if path, why := locateIn(t.Elem(), part); why != nil {
				return "[" + strconv.Itoa(i) + "]" + path, why
			}
		}
	case reflect.Map:
		var parts map[string]json.RawMessage
		if json.Unmarshal(raw, &parts) != nil {
			return "", err
		}
		for _, key := range sortedKeys(parts) {
			if path, why := locateIn(t.Elem(), parts[key]); why != nil {
				return "." + key + path, why
			}
		}
	default: // a leaf
	}
	return "", err
}

func locateField(t reflect.Type, raw []byte, err error) (string, error) {
	var parts map[string]json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return "", err
	}
	for _, key := range sortedKeys(parts) {
		field, ok := fieldNamed(t, key)
		if !ok {
			continue
		}
		if path, why := locateIn(field.Type, parts[key]); why != nil {
			return "." + jsonName(field) + path, why
		}
	}
	return "", err
}

func locateIn(t reflect.Type, raw []byte) (string, error) {
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		return locate(t, raw, err)
	}
	return "", nil
}

// fieldNamed finds a field by its JSON name in any case, and in embedded structs that have no JSON name of their
// own, as encoding/json does.
func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if f.Anonymous && tagName(f) == "" {
			if inner, ok := fieldNamed(f.Type, name); ok {
				return inner, true
			}
		} else if strings.EqualFold(jsonName(f), name) {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func jsonName(f reflect.StructField) string {
	if name := tagName(f); name != "" {
		return name
	}
	return f.Name
}

func tagName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func sortedKeys(m map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
