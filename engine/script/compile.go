package script

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// chunk is a compiled file. Its proto is shared by all states.
type chunk struct {
	proto    *lua.FunctionProto
	requires []string // module names
}

// compile parses, checks and rewrites one file. It never panics, whatever the text. coverage may be nil.
func compile(src Source, maxBytes int, coverage *Coverage) (c *chunk, problem *Error) {
	fail := func(line, col int, text string) (*chunk, *Error) {
		return nil, &Error{Script: src.Name, Line: line, Col: col, Kind: Compile, Text: text, Source: lineOf(src.Text, line)}
	}
	if len(src.Text) > maxBytes {
		return fail(0, 0, fmt.Sprintf("the file has %d bytes, more than %s: split it and use require", len(src.Text), sizeText(maxBytes)))
	}
	text := src.Text
	if bytes.HasPrefix(text, []byte("#!")) {
		text = append([]byte("--"), text...)
	}
	if line, why := tooNested(text); why != "" {
		return fail(line, 0, why)
	}
	stmts, err := parseLua(text, src.Name)
	if err != nil {
		return fail(syntaxPlace(err, src.Text))
	}
	r := &rewriter{}
	r.block(stmts)
	if r.problem != "" {
		return fail(r.line, 0, r.problem)
	}
	if coverage != nil {
		stmts = coverage.instrument(src, stmts)
	}
	proto, err := compileLua(stmts, src.Name)
	if err != nil {
		line, why := compilePlace(err)
		return fail(line, 0, why)
	}
	if line := tooManyUpvalues(proto); line > 0 {
		return fail(line, 0, "the function uses more than 200 local variables of the functions around it")
	}
	return &chunk{proto: proto, requires: r.requires}, nil
}

func parseLua(text []byte, name string) (stmts []ast.Stmt, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the parser gave up: %v", p)
		}
	}()
	return parse.Parse(bytes.NewReader(text), name)
}

// compileLua protects against the compiler's own panics, which it has for some odd programs.
func compileLua(stmts []ast.Stmt, name string) (proto *lua.FunctionProto, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the compiler gave up: %v", p)
		}
	}()
	proto, err = lua.Compile(stmts, name)
	if err == nil {
		plainCalls(proto)
	}
	return proto, err
}

// plainCalls makes tail calls ordinary ones, which are bounded like all recursion. The VM counts tail calls in the frame
// and writes each into the trace of an error: after some millions of them that needs a gigabyte.
func plainCalls(p *lua.FunctionProto) {
	for pc := 0; pc < len(p.Code); pc++ {
		switch op := opcode(p.Code[pc]); op.code() {
		case lua.OP_TAILCALL: // the compiler has put a return of all results after it
			p.Code[pc] = uint32(op)&(1<<26-1) | uint32(lua.OP_CALL)<<26
		case lua.OP_CLOSURE:
			pc += int(p.FunctionPrototypes[op.bx()].NumUpvalues)
		case lua.OP_SETLIST:
			if op.c() == 0 {
				pc++
			}
		}
	}
	for _, child := range p.FunctionPrototypes {
		plainCalls(child)
	}
}

// syntaxPlace words a parse error. At the end of the file the parser knows no line: the last one is meant.
func syntaxPlace(err error, text []byte) (line, col int, why string) {
	var p *parse.Error
	if !errors.As(err, &p) {
		return 0, 0, err.Error()
	}
	if p.Pos.Line == parse.EOF {
		text = bytes.TrimRight(text, " \t\r\n")
		return bytes.Count(text, []byte("\n")) + 1, 0, "syntax error at the end of the file: something is not closed, perhaps an 'end' is missing"
	}
	message := strings.TrimSpace(p.Message)
	if message == "unterminated string" {
		p.Pos.Line-- // the scanner counted the line's end already
	}
	if p.Token != "" {
		message += fmt.Sprintf(" near '%s'", shorten(p.Token, 40))
	}
	return p.Pos.Line, p.Pos.Column, message
}

var compileError = regexp.MustCompile(`^compile error near line\((-?\d+)\) [^:]*: (.*)$`)

func compilePlace(err error) (line int, why string) {
	if m := compileError.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		return max(line, 0), m[2]
	}
	return 0, err.Error()
}

// tooManyUpvalues finds a function whose upvalues do not fit the VM's counter of eight bits.
func tooManyUpvalues(p *lua.FunctionProto) (line int) {
	if len(p.DbgUpvalues) > 200 {
		return p.LineDefined
	}
	for _, child := range p.FunctionPrototypes {
		if line := tooManyUpvalues(child); line > 0 {
			return line
		}
	}
	return 0
}

func shorten(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

// Limits on a file's shape: beyond them the parser's stack or the compiler's recursion would eat the memory.
const (
	maxOpen      = 200  // brackets and blocks open at once
	maxPending   = 200  // operators that wait for their right side: - - - x, a ^ b ^ c
	maxDepth     = 500  // nesting of the syntax tree
	maxConstants = 8000 // different constants of one function: the compiler searches them one by one
	maxArgs      = 100  // arguments of one call: registers have eight bits
	maxJoin      = 1000 // operands of one chain of ..
)

// tooNested scans the tokens before the parser sees them.
func tooNested(text []byte) (line int, why string) {
	scanner, lexer := parse.NewScanner(bytes.NewReader(text), ""), &parse.Lexer{}
	open, pending, joins := 0, 0, 0
	for {
		tok, err := scanner.Scan(lexer)
		if err != nil || tok.Type == parse.EOF {
			return 0, "" // the parser says it better
		}
		lexer.PrevTokenType, lexer.Token = tok.Type, tok
		switch tok.Type {
		case '(', '{', '[', parse.TFunction, parse.TDo, parse.TIf, parse.TRepeat:
			open++
		case ')', '}', ']', parse.TEnd, parse.TUntil:
			open--
		}
		switch tok.Type {
		case '-', '#', parse.TNot, '^':
			pending++
		case parse.T2Comma:
			joins++
		case ',', ';', '=', parse.TLocal, parse.TReturn, parse.TEnd, parse.TThen, parse.TDo, parse.TFunction:
			pending, joins = 0, 0
		}
		if open > maxOpen || pending > maxPending || joins > maxJoin {
			return tok.Pos.Line, "the file is nested too deeply here: use local variables or functions"
		}
	}
}
