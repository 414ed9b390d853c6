package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

const groupData = "Data"

func dataEntries() []Entry {
	return append([]Entry{
		{
			Name: "json.encode", Group: groupData, fn: jsonEncode, Returns: "string",
			Params:  []Arg{{"v", "any", "a table, an object, text, a number"}},
			Doc:     "JSON. Keys keep their order; an empty table is {}.",
			Example: `assert(json.encode({ 1, 2 }) == "[1,2]")`,
		},
		{
			Name: "json.decode", Group: groupData, fn: jsonDecode, Returns: "any",
			Params:  []Arg{{"text", "string", ""}},
			Doc:     "The value of a JSON text; null is nil.",
			Example: `assert(json.decode('{"a":1}').a == 1)`,
		},
		{
			Name: "cpu", Group: groupData, fn: libCPU, Returns: "number",
			Params:  []Arg{{"quantity", "string|number", ""}},
			Doc:     "A CPU quantity in cores.",
			Example: `assert(cpu("250m") == 0.25)`,
		},
		{
			Name: "bytes", Group: groupData, fn: libBytes, Returns: "number",
			Params:  []Arg{{"quantity", "string|number", ""}},
			Doc:     "A memory or storage quantity in bytes.",
			Example: `assert(bytes("1Gi") == 1024 * 1024 * 1024)`,
		},
	}, regexpEntries()...)
}

func jsonEncode(l *lua.LState) int {
	text, err := encodeJSON(l, l.Get(1))
	if err != nil {
		l.RaiseError("json.encode: %s", err)
	}
	return pushText(l, string(text))
}

// encodeJSON writes a Lua value as JSON, in the order of its keys.
func encodeJSON(l *lua.LState, v lua.LValue) ([]byte, error) {
	e := &jsonWriter{l: l, limit: stateOf(l).set.rt.opts.StringBytes}
	if err := e.write(v, 0); err != nil {
		return nil, err
	}
	return e.out, nil
}

type jsonWriter struct {
	l     *lua.LState
	out   []byte
	limit int
}

func (e *jsonWriter) write(v lua.LValue, depth int) error {
	switch {
	case depth > treeDepth:
		return errTooDeep
	case len(e.out) > e.limit:
		return fmt.Errorf("the text is longer than %s", sizeText(e.limit))
	}
	switch v := v.(type) {
	case *lua.LNilType:
		e.out = append(e.out, "null"...)
	case lua.LBool:
		e.out = strconv.AppendBool(e.out, bool(v))
	case lua.LString:
		e.out = appendQuoted(e.out, string(v))
	case lua.LNumber:
		return e.number(v)
	case *lua.LTable, *lua.LUserData:
		return e.table(v, depth)
	default:
		return fmt.Errorf("a %s has no JSON", typeName(v))
	}
	return nil
}

func (e *jsonWriter) number(n lua.LNumber) error {
	f := float64(n)
	switch abs := math.Abs(f); {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return fmt.Errorf("%s is not a number JSON has", numberText(n))
	case f == math.Trunc(f) && abs < 1<<53:
		e.out = strconv.AppendInt(e.out, int64(f), 10)
	case abs != 0 && (abs < 1e-6 || abs >= 1e21):
		e.out = strconv.AppendFloat(e.out, f, 'e', -1, 64)
	default:
		e.out = strconv.AppendFloat(e.out, f, 'f', -1, 64)
	}
	return nil
}

func (e *jsonWriter) table(v lua.LValue, depth int) error {
	keys, list, err := keysOf(e.l, v)
	if err != nil {
		return err
	}
	opening, closing := byte('{'), byte('}')
	if list {
		opening, closing = '[', ']'
	}
	e.out = append(e.out, opening)
	for i, k := range keys {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		if !list {
			e.out = append(appendQuoted(e.out, string(k.(lua.LString))), ':')
		}
		if err := e.write(fieldOf(e.l, v, k), depth+1); err != nil {
			return err
		}
	}
	e.out = append(e.out, closing)
	return nil
}

// appendQuoted writes text as JSON has it; bytes that are not UTF-8 become U+FFFD.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\t':
			out = append(out, '\\', 't')
		case c == '\r':
			out = append(out, '\\', 'r')
		case c < ' ':
			out = fmt.Appendf(out, `\u%04x`, c)
		case c < utf8.RuneSelf:
			out = append(out, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			out = utf8.AppendRune(out, r)
			i += size
			continue
		}
		i++
	}
	return append(out, '"')
}

func jsonDecode(l *lua.LState) int {
	text := l.CheckString(1)
	stateOf(l).charge(l, len(text))
	if err := jsonBounds(text); err != nil {
		l.RaiseError("json.decode: %s", err)
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	var tree any
	if err := dec.Decode(&tree); err != nil {
		l.RaiseError("json.decode: %s", err)
	}
	if dec.More() {
		l.RaiseError("json.decode: there is more after the first value")
	}
	l.Push(tableOf(l, tree))
	return 1
}

const jsonValues = 100_000

// jsonBounds refuses texts that are short but make large trees.
func jsonBounds(text string) error {
	depth, values := 0, 0
	inText := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '[' || c == '{':
			depth++
			values++
		case c == ']' || c == '}':
			depth--
		case c == ',':
			values++
		}
		if depth > treeDepth {
			return errors.New("it is nested too deeply")
		}
	}
	if values > jsonValues {
		return fmt.Errorf("it has more than %d values", jsonValues)
	}
	return nil
}

func libCPU(l *lua.LState) int { return pushNumber(l, checkQuantity(l)) }

func libBytes(l *lua.LState) int { return pushNumber(l, math.Round(checkQuantity(l))) }
