package script

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Coverage counts how often the lines of scripts ran, exactly: each statement is compiled with a count before it. Loads
// count, for they run the file; the trial of a generation does not, for nobody asked. It is safe for all goroutines.
type Coverage struct {
	mu    sync.Mutex
	files []*counted // guarded by mu: appended only
	list  atomic.Pointer[[]*counted]
}

// counted is one file. A file that is compiled again goes on where it was.
type counted struct {
	name, text string
	lines      []int           // of the statements, in their order
	hits       []atomic.Uint32 // of the statements
}

// NewCoverage returns a Coverage for [Options].
func NewCoverage() *Coverage { return &Coverage{} }

// FileCoverage is the lines of one file that ran, and those that did not.
type FileCoverage struct {
	Name string
	// Hits is how often each line with statements ran: as often as the one of them that ran least.
	Hits map[int]int
}

// Ran is how many of the lines ran.
func (f *FileCoverage) Ran() int {
	n := 0
	for _, hits := range f.Hits {
		if hits > 0 {
			n++
		}
	}
	return n
}

// Missed lists the lines that did not run, in order.
func (f *FileCoverage) Missed() []int {
	var lines []int
	for line, hits := range f.Hits {
		if hits == 0 {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// Files are all files that were compiled, by name.
func (c *Coverage) Files() []FileCoverage {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []FileCoverage
	for _, f := range c.files {
		one := FileCoverage{Name: f.name, Hits: map[int]int{}}
		for n, line := range f.lines {
			hits := int(f.hits[n].Load())
			if known, ok := one.Hits[line]; ok {
				hits = min(hits, known)
			}
			one.Hits[line] = hits
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b FileCoverage) int { return strings.Compare(a.Name, b.Name) })
	return out
}

const (
	// coverName is the global that counts. No script can spell it.
	coverName = "(cover)"
	// maxStatements is how many statements of a file are told apart.
	maxStatements = 1 << 20
)

// cover is what counts: its argument is the file's index and the statement's in one number.
func cover(l *lua.LState) int {
	s := stateOf(l)
	if c := s.set.rt.opts.Coverage; c != nil && (s.call == nil || !s.call.Rehearsal) {
		n := int(l.Get(1).(lua.LNumber))
		(*c.list.Load())[n/maxStatements].hits[n%maxStatements].Add(1)
	}
	return 0
}

// instrument puts a count before each statement of a file.
func (c *Coverage) instrument(src Source, stmts []ast.Stmt) []ast.Stmt {
	c.mu.Lock()
	defer c.mu.Unlock()
	index := slices.IndexFunc(c.files, func(f *counted) bool { return f.name == src.Name && f.text == string(src.Text) })
	known := index >= 0
	if !known {
		index = len(c.files)
	}
	in := &instrumenter{index: index}
	stmts = in.block(stmts)
	if !known {
		c.files = append(c.files, &counted{name: src.Name, text: string(src.Text), lines: in.lines, hits: make([]atomic.Uint32, len(in.lines))})
		list := slices.Clone(c.files)
		c.list.Store(&list)
	}
	return stmts
}

// instrumenter walks a syntax tree whose depth was checked.
type instrumenter struct {
	index int
	lines []int
}

func (in *instrumenter) block(stmts []ast.Stmt) []ast.Stmt {
	out := make([]ast.Stmt, 0, 2*len(stmts))
	for _, s := range stmts {
		if n := len(in.lines); n < maxStatements {
			in.lines = append(in.lines, s.Line())
			out = append(out, in.count(n, s.Line()))
		}
		in.stmt(s)
		out = append(out, s)
	}
	return out
}

func (in *instrumenter) count(n, line int) ast.Stmt {
	number := &ast.NumberExpr{Value: strconv.Itoa(in.index*maxStatements + n)}
	fn := &ast.IdentExpr{Value: coverName}
	call := &ast.FuncCallExpr{Func: fn, Args: []ast.Expr{number}}
	stmt := &ast.FuncCallStmt{Expr: call}
	for _, n := range []ast.PositionHolder{number, fn, call, stmt} {
		n.SetLine(line)
		n.SetLastLine(line)
	}
	return stmt
}

func (in *instrumenter) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		in.exprs(s.Lhs)
		in.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		in.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		in.exprs([]ast.Expr{s.Expr})
	case *ast.DoBlockStmt:
		s.Stmts = in.block(s.Stmts)
	case *ast.WhileStmt:
		in.exprs([]ast.Expr{s.Condition})
		s.Stmts = in.block(s.Stmts)
	case *ast.RepeatStmt:
		s.Stmts = in.block(s.Stmts)
		in.exprs([]ast.Expr{s.Condition})
	case *ast.IfStmt:
		in.exprs([]ast.Expr{s.Condition})
		s.Then = in.block(s.Then)
		s.Else = in.block(s.Else)
	case *ast.NumberForStmt:
		in.exprs([]ast.Expr{s.Init, s.Limit, s.Step})
		s.Stmts = in.block(s.Stmts)
	case *ast.GenericForStmt:
		in.exprs(s.Exprs)
		s.Stmts = in.block(s.Stmts)
	case *ast.FuncDefStmt:
		in.exprs([]ast.Expr{s.Func})
	case *ast.ReturnStmt:
		in.exprs(s.Exprs)
	}
}

// exprs looks for functions inside expressions.
func (in *instrumenter) exprs(list []ast.Expr) {
	for _, e := range list {
		switch e := e.(type) {
		case *ast.FunctionExpr:
			e.Stmts = in.block(e.Stmts)
		case *ast.FuncCallExpr:
			in.exprs([]ast.Expr{e.Func, e.Receiver})
			in.exprs(e.Args)
		case *ast.TableExpr:
			for _, f := range e.Fields {
				in.exprs([]ast.Expr{f.Key, f.Value})
			}
		case *ast.AttrGetExpr:
			in.exprs([]ast.Expr{e.Object, e.Key})
		case *ast.LogicalOpExpr:
			in.exprs([]ast.Expr{e.Lhs, e.Rhs})
		case *ast.RelationalOpExpr:
			in.exprs([]ast.Expr{e.Lhs, e.Rhs})
		case *ast.ArithmeticOpExpr:
			in.exprs([]ast.Expr{e.Lhs, e.Rhs})
		case *ast.UnaryMinusOpExpr:
			in.exprs([]ast.Expr{e.Expr})
		case *ast.UnaryNotOpExpr:
			in.exprs([]ast.Expr{e.Expr})
		case *ast.UnaryLenOpExpr:
			in.exprs([]ast.Expr{e.Expr})
		}
	}
}
