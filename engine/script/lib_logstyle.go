package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

func logStyleEntries() []Entry {
	fields := Arg{"fields", "table", "what the line says; time (default now), level and msg come first"}
	return []Entry{
		{
			Name: "log_json", Group: groupLogs, fn: logJSON, Returns: "string", Params: []Arg{fields},
			Doc:     "A log line as JSON.",
			Example: `return log_json{ level = "info", msg = "request", path = "/", ms = 12 }`,
		},
		{
			Name: "logfmt", Group: groupLogs, fn: logFmt, Returns: "string", Params: []Arg{fields},
			Doc:     "A log line as key=value pairs.",
			Example: `return logfmt{ level = "info", msg = "request done", path = "/" }`,
		},
		{
			Name: "nginx", Group: groupLogs, fn: logNginx, Returns: "string",
			Params:  []Arg{{"fields", "table?", "time, remote, user, method, path, status, bytes, referer, agent; what is missing is drawn"}},
			Doc:     "A line of an nginx access log, combined format.",
			Example: `return nginx{ path = "/cart", status = 200 }`,
		},
		{
			Name: "klog", Group: groupLogs, fn: logKlog, Returns: "string",
			Params:  []Arg{{"level", "string", "info, warning, error or fatal"}, {"msg", "string", ""}, {"fields", "table?", "time, source (\"main.go:42\") and pairs that follow the message"}},
			Doc:     "A line as Kubernetes components log.",
			Example: `return klog("error", "Sync failed", { source = "sync.go:42", pod = "default/web" })`,
		},
		{
			Name: "java_trace", Group: groupLogs, fn: logJava, Returns: "string",
			Params:  []Arg{{"exception", "string", "java.lang.IllegalStateException"}, {"message", "string?", ""}, {"depth", "integer?", "frames, default 8, at most 60"}},
			Doc:     "A Java stack trace of several lines; the frames are drawn.",
			Example: `return java_trace("java.lang.OutOfMemoryError", "Java heap space", 5)`,
		},
	}
}

// lineFields reads the table of a log line: its time, and its pairs in order, time, level and msg first.
type lineFields struct {
	at     time.Time
	keys   []string
	values map[string]lua.LValue
}

func readFields(l *lua.LState, n int) *lineFields {
	f := &lineFields{values: map[string]lua.LValue{}}
	v := l.Get(n)
	if v != lua.LNil {
		if why := isTable(v); why != "" {
			l.ArgError(n, why)
		}
		keys, list, err := keysOf(l, v)
		if err != nil || list {
			l.ArgError(n, "must be a table with names")
		}
		for _, k := range keys {
			name := string(k.(lua.LString))
			f.values[name] = fieldOf(l, v, k)
			if name != "time" && name != "level" && name != "msg" {
				f.keys = append(f.keys, name)
			}
		}
	}
	for _, first := range []string{"msg", "level"} {
		if _, ok := f.values[first]; ok {
			f.keys = append([]string{first}, f.keys...)
		}
	}
	f.at = f.time(l)
	return f
}

func (f *lineFields) time(l *lua.LState) time.Time {
	v, ok := f.values["time"]
	if !ok {
		return stateOf(l).storyNow(l, "log lines")
	}
	t, err := timeOf(v)
	if err != nil {
		l.RaiseError("time: %s", err)
	}
	return t.UTC()
}

const stampLayout = "2006-01-02T15:04:05.000Z07:00"

func logJSON(l *lua.LState) int {
	f := readFields(l, 1)
	w := &jsonWriter{l: l, limit: stateOf(l).set.rt.opts.StringBytes}
	w.out = append(w.out, `{"time":`...)
	w.out = appendQuoted(w.out, f.at.UTC().Format(stampLayout))
	for _, k := range f.keys {
		w.out = append(appendQuoted(append(w.out, ','), k), ':')
		if err := w.write(f.values[k], 1); err != nil {
			l.RaiseError("log_json: %s: %s", k, err)
		}
	}
	return pushText(l, string(append(w.out, '}')))
}

func logFmt(l *lua.LState) int {
	f := readFields(l, 1)
	var b strings.Builder
	b.WriteString("time=" + f.at.UTC().Format(stampLayout))
	for _, k := range f.keys {
		b.WriteString(" " + k + "=" + fmtValue(toText(l, f.values[k])))
	}
	return pushText(l, b.String())
}

// fmtValue quotes what logfmt must quote.
func fmtValue(s string) string {
	if s == "" || strings.ContainsAny(s, " =\"\n\r\t") {
		return strconv.Quote(s)
	}
	return s
}

// or is a field's text, or what make draws. It draws either way: giving a field does not move the others.
func (f *lineFields) or(l *lua.LState, name, drawn string) string {
	if v, ok := f.values[name]; ok {
		return toText(l, v)
	}
	return drawn
}

var (
	nginxPaths  = []string{"/", "/index.html", "/api/items", "/api/items/17", "/login", "/cart", "/healthz", "/static/app.js"}
	nginxStatus = []string{"200", "200", "200", "200", "200", "200", "304", "301", "404", "500"}
	nginxAgents = []string{"Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0", "kube-probe/1.33", "Go-http-client/1.1"}
)

func logNginx(l *lua.LState) int {
	f := readFields(l, 1)
	src, _ := stateOf(l).draw(l, "nginx", 2)
	one := func(of []string) string { return of[src.next()%uint64(len(of))] }
	remote := fmt.Sprintf("10.%d.%d.%d", src.next()%256, src.next()%256, src.next()%254+1)
	path, status, agent := one(nginxPaths), one(nginxStatus), one(nginxAgents)
	size := strconv.FormatUint(200+src.next()%20000, 10)
	return pushText(l, fmt.Sprintf(`%s - %s [%s] "%s %s HTTP/1.1" %s %s "%s" "%s"`,
		f.or(l, "remote", remote), f.or(l, "user", "-"), f.at.UTC().Format("02/Jan/2006:15:04:05 -0700"),
		f.or(l, "method", "GET"), f.or(l, "path", path), f.or(l, "status", status), f.or(l, "bytes", size),
		f.or(l, "referer", "-"), f.or(l, "agent", agent)))
}

var klogLevels = map[string]string{"info": "I", "warning": "W", "warn": "W", "error": "E", "fatal": "F"}

func logKlog(l *lua.LState) int {
	letter, ok := klogLevels[l.CheckString(1)]
	if !ok {
		l.ArgError(1, "must be info, warning, error or fatal, not "+describe(l.Get(1)))
	}
	f := readFields(l, 3)
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s %7d %s] %s", letter, f.at.UTC().Format("0102 15:04:05.000000"), 1, f.or(l, "source", "main.go:1"), strconv.Quote(l.CheckString(2)))
	for _, k := range f.keys {
		if k != "source" {
			b.WriteString(" " + k + "=" + klogValue(l, f.values[k]))
		}
	}
	return pushText(l, b.String())
}

// klogValue quotes text and leaves numbers and booleans bare, as klog's structured calls do.
func klogValue(l *lua.LState, v lua.LValue) string {
	if v.Type() == lua.LTNumber || v.Type() == lua.LTBool {
		return toText(l, v)
	}
	return strconv.Quote(toText(l, v))
}

var (
	javaPackages = []string{"com.example.shop", "com.example.shop.cart", "org.springframework.web.servlet", "java.util.concurrent", "jakarta.servlet.http"}
	javaClasses  = []string{"CartService", "OrderController", "DispatcherServlet", "ThreadPoolExecutor", "HttpServlet", "ItemRepository"}
	javaMethods  = []string{"handle", "doDispatch", "run", "findById", "service", "invoke", "checkout"}
)

func logJava(l *lua.LState) int {
	depth := l.OptInt(3, 8)
	if depth < 0 || depth > 60 {
		l.ArgError(3, "must be from 0 to 60")
	}
	src, _ := stateOf(l).draw(l, "java_trace", 4)
	one := func(of []string) string { return of[src.next()%uint64(len(of))] }
	var b strings.Builder
	b.WriteString(l.CheckString(1))
	if m := l.OptString(2, ""); m != "" {
		b.WriteString(": " + m)
	}
	for range depth {
		class := one(javaClasses)
		fmt.Fprintf(&b, "\n\tat %s.%s.%s(%s.java:%d)", one(javaPackages), class, one(javaMethods), class, src.next()%400+10)
	}
	return pushText(l, b.String())
}
