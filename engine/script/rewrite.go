package script

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/ast"
)

// concatName is the global that `..` becomes. No script can spell it.
const concatName = "(concat)"

// joinAtOnce is how many operands of `..` one call takes; longer chains become calls of calls.
const joinAtOnce = 50

// rewriter walks a syntax tree. It turns every a .. b .. c into a call of our own bounded concat, collects what the file
// requires, and refuses trees the compiler cannot take. The first problem stops it.
type rewriter struct {
	requires  []string
	depth     int
	constants map[string]struct{} // of the function being walked
	line      int
	problem   string
}

func (r *rewriter) refuse(at ast.PositionHolder, format string, args ...any) {
	if r.problem == "" {
		r.line, r.problem = at.Line(), fmt.Sprintf(format, args...)
	}
}

// enter counts nesting; every true needs a leave.
func (r *rewriter) enter(at ast.PositionHolder) bool {
	r.depth++
	if r.depth > maxDepth {
		r.refuse(at, "the file is nested too deeply here: use local variables or functions")
	}
	return r.problem == ""
}

func (r *rewriter) leave() { r.depth-- }

func (r *rewriter) block(stmts []ast.Stmt) {
	for _, s := range stmts {
		if r.problem != "" {
			return
		}
		r.stmt(s)
	}
}

func (r *rewriter) stmt(s ast.Stmt) {
	defer r.leave()
	if !r.enter(s) {
		return
	}
	switch s := s.(type) {
	case *ast.AssignStmt:
		r.exprs(s.Lhs)
		r.exprs(s.Rhs)
	case *ast.LocalAssignStmt:
		r.exprs(s.Exprs)
	case *ast.FuncCallStmt:
		r.expr(&s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		r.expr(&s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		r.block(s.Stmts)
		r.expr(&s.Condition)
	case *ast.IfStmt:
		r.expr(&s.Condition)
		r.block(s.Then)
		r.block(s.Else)
	case *ast.NumberForStmt:
		r.expr(&s.Init)
		r.expr(&s.Limit)
		r.expr(&s.Step)
		r.block(s.Stmts)
	case *ast.GenericForStmt:
		r.exprs(s.Exprs)
		r.block(s.Stmts)
	case *ast.FuncDefStmt:
		r.funcName(s.Name)
		r.function(s.Func)
	case *ast.ReturnStmt:
		r.exprs(s.Exprs)
	}
}

func (r *rewriter) funcName(n *ast.FuncName) {
	r.expr(&n.Func)
	r.expr(&n.Receiver)
	r.constant("s" + n.Method)
}

func (r *rewriter) function(f *ast.FunctionExpr) {
	outer := r.constants
	r.constants = nil
	r.block(f.Stmts)
	r.constants = outer
}

func (r *rewriter) exprs(list []ast.Expr) {
	for i := range list {
		r.expr(&list[i])
	}
}

// expr walks one expression and may put another in its place.
func (r *rewriter) expr(at *ast.Expr) {
	if *at == nil || r.problem != "" {
		return
	}
	defer r.leave()
	if !r.enter(*at) {
		return
	}
	switch e := (*at).(type) {
	case *ast.StringExpr:
		r.constantOf(e, "s"+e.Value)
	case *ast.NumberExpr:
		r.constantOf(e, "n"+e.Value)
	case *ast.IdentExpr:
		r.constantOf(e, "s"+e.Value)
		if e.Value == "require" {
			r.refuse(e, `require must be called with the name in quotes: require "lib.name"`)
		}
	case *ast.AttrGetExpr:
		r.expr(&e.Object)
		r.expr(&e.Key)
	case *ast.TableExpr:
		for _, f := range e.Fields {
			r.expr(&f.Key)
			r.expr(&f.Value)
		}
	case *ast.FuncCallExpr:
		r.call(e)
	case *ast.FunctionExpr:
		r.function(e)
	case *ast.StringConcatOpExpr:
		*at = r.concat(e)
	default:
		r.operator(e)
	}
}

func (r *rewriter) operator(e ast.Expr) {
	switch e := e.(type) {
	case *ast.LogicalOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.RelationalOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.ArithmeticOpExpr:
		r.expr(&e.Lhs)
		r.expr(&e.Rhs)
	case *ast.UnaryMinusOpExpr:
		r.expr(&e.Expr)
	case *ast.UnaryNotOpExpr:
		r.expr(&e.Expr)
	case *ast.UnaryLenOpExpr:
		r.expr(&e.Expr)
	}
}

func (r *rewriter) call(e *ast.FuncCallExpr) {
	if f, ok := e.Func.(*ast.IdentExpr); ok && f.Value == "require" {
		r.require(e)
		return
	}
	if len(e.Args) > maxArgs {
		r.refuse(e, "the call has more than %d arguments: pass a table", maxArgs)
	}
	r.expr(&e.Func)
	r.expr(&e.Receiver)
	r.constant("s" + e.Method)
	r.exprs(e.Args)
}

func (r *rewriter) require(e *ast.FuncCallExpr) {
	r.constant("srequire")
	if len(e.Args) == 1 {
		if name, ok := e.Args[0].(*ast.StringExpr); ok {
			r.requires = append(r.requires, name.Value)
			r.constantOf(e, "s"+name.Value)
			return
		}
	}
	r.refuse(e, `require must be called with the name in quotes: require "lib.name"`)
}

// concat makes the call for a chain of `..`, which the parser nests to the right. The first argument carries what the
// operands are called, for the error text.
func (r *rewriter) concat(e *ast.StringConcatOpExpr) ast.Expr {
	var operands []ast.Expr
	for next := ast.Expr(e); next != nil; {
		pair, ok := next.(*ast.StringConcatOpExpr)
		if !ok {
			operands = append(operands, next)
			break
		}
		operands = append(operands, pair.Lhs)
		next = pair.Rhs
	}
	names := make([]string, len(operands))
	for i := range operands {
		names[i] = operandName(operands[i])
		r.expr(&operands[i])
		single(operands[i])
	}
	for len(operands) > joinAtOnce {
		head := len(operands) - joinAtOnce
		tail := r.concatCall(e, operands[head:], names[head:])
		operands, names = append(operands[:head:head], tail), append(names[:head:head], "")
	}
	return r.concatCall(e, operands, names)
}

func (r *rewriter) concatCall(at ast.PositionHolder, operands []ast.Expr, names []string) ast.Expr {
	what := &ast.StringExpr{Value: strings.Join(names, "\n")}
	r.constantOf(at, "s"+what.Value)
	r.constant("s" + concatName)
	call := &ast.FuncCallExpr{
		Func:      &ast.IdentExpr{Value: concatName},
		Args:      append([]ast.Expr{what}, operands...),
		AdjustRet: true, // one value, and no tail call that would lose the line
	}
	for _, n := range []ast.PositionHolder{what, call.Func, call} {
		n.SetLine(at.Line())
		n.SetLastLine(at.LastLine())
	}
	return call
}

// single cuts a call or `...` to one value, as an operand is.
func single(e ast.Expr) {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		e.AdjustRet = true
	case *ast.Comma3Expr:
		e.AdjustRet = true
	}
}

// operandName is what a person calls an operand, or "".
func operandName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return "'" + e.Value + "'"
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok && len(key.Value) < 40 && !strings.Contains(key.Value, "\n") {
			return "field '" + key.Value + "'"
		}
	case *ast.FuncCallExpr:
		if f, ok := e.Func.(*ast.IdentExpr); ok {
			return "result of " + f.Value
		}
		if e.Method != "" {
			return "result of :" + e.Method
		}
	}
	return ""
}

func (r *rewriter) constant(c string) {
	if r.constants == nil {
		r.constants = map[string]struct{}{}
	}
	r.constants[c] = struct{}{}
}

func (r *rewriter) constantOf(at ast.PositionHolder, c string) {
	r.constant(c)
	if len(r.constants) > maxConstants {
		r.refuse(at, "the function has more than %d different names, strings and numbers: split it", maxConstants)
	}
}
