package script

import lua "github.com/yuin/gopher-lua"

// eachOp calls f with every instruction of one function (not of those inside it) and its line. It skips the words that
// are operands of the instruction before them.
func eachOp(p *lua.FunctionProto, f func(op opcode, line int)) {
	for pc := 0; pc < len(p.Code); pc++ {
		op := opcode(p.Code[pc])
		f(op, p.DbgSourcePositions[pc])
		switch op.code() {
		case lua.OP_CLOSURE:
			pc += int(p.FunctionPrototypes[op.bx()].NumUpvalues)
		case lua.OP_SETLIST:
			if op.c() == 0 {
				pc++
			}
		}
	}
}

// opcode is one instruction: 6 bits operation, 8 bits A, then 9 bits C and 9 bits B, or 18 bits Bx.
type opcode uint32

func (o opcode) code() int { return int(o >> 26) }
func (o opcode) b() int    { return int(o & 0x1ff) }
func (o opcode) c() int    { return int(o>>9) & 0x1ff }
func (o opcode) bx() int   { return int(o & 0x3ffff) }

// constName is a constant that a global's instruction names.
func constName(p *lua.FunctionProto, i int) string {
	s, _ := p.Constants[i].(lua.LString)
	return string(s)
}

// use is a global's name where it stands.
type use struct {
	name string
	line int
}

// globals lists what a file reads, what its main chunk assigns, and what its functions assign, which they may not.
type globals struct {
	reads, assigns, refused []use
}

func globalsOf(main *lua.FunctionProto) *globals {
	g := &globals{}
	g.collect(main, true)
	return g
}

func (g *globals) collect(p *lua.FunctionProto, main bool) {
	eachOp(p, func(op opcode, line int) {
		switch op.code() {
		case lua.OP_GETGLOBAL:
			g.reads = append(g.reads, use{constName(p, op.bx()), line})
		case lua.OP_SETGLOBAL:
			u := use{constName(p, op.bx()), line}
			if main {
				g.assigns = append(g.assigns, u)
			} else {
				g.refused = append(g.refused, u)
			}
		}
	})
	for _, child := range p.FunctionPrototypes {
		g.collect(child, false)
	}
}

// outerWrites lists the upvalues that a closure of p, once made, assigns in itself or through functions it makes. Such
// an upvalue outlives the call.
func outerWrites(p *lua.FunctionProto) []use {
	outer := make([]bool, len(p.DbgUpvalues))
	for i := range outer {
		outer[i] = true
	}
	return writesThrough(p, outer)
}

// writesThrough follows upvalues inward: outer tells which of p's upvalues existed at load.
func writesThrough(p *lua.FunctionProto, outer []bool) []use {
	var found []use
	for pc := 0; pc < len(p.Code); pc++ {
		switch op := opcode(p.Code[pc]); op.code() {
		case lua.OP_SETUPVAL:
			if outer[op.b()] {
				found = append(found, use{p.DbgUpvalues[op.b()], p.DbgSourcePositions[pc]})
			}
		case lua.OP_CLOSURE:
			child := p.FunctionPrototypes[op.bx()]
			inner := make([]bool, child.NumUpvalues)
			for i := range inner {
				pc++
				capture := opcode(p.Code[pc])
				inner[i] = capture.code() == lua.OP_GETUPVAL && outer[capture.b()]
			}
			found = append(found, writesThrough(child, inner)...)
		case lua.OP_SETLIST:
			if op.c() == 0 {
				pc++
			}
		}
	}
	return found
}
