-- Made by moonlet: what scripts find and what they may define.
std = "none"
globals = { "on_create", "on_pull", "on_start", "status", "logs", "exec", "http", "port_forward", "usage", "on_update", "on_delete", "capacity", "conditions", "addresses", "heartbeat", "on_request", "match" }
read_globals = { "assert", "at", "bytes", "calls", "chance", "cluster_nodes", "config", "contains", "copy", "cpu", "cut", "delay", "deployments", "drop", "duration", "during", "endpoints", "ends_with", "error", "every", "expect", "exponential", "flap", "garble", "getmetatable", "given", "hang", "in_cluster", "ipairs", "java_trace", "json", "klog", "latency", "log", "log_json", "logfmt", "lognormal", "loop_every", "loop_for", "math", "next", "nginx", "node", "nodes", "normal", "now", "pairs", "parallel", "param", "params", "pcall", "pick", "pods", "print", "regexp", "reject", "replace", "require", "rfc3339", "scenario", "seconds", "select", "setmetatable", "since", "split", "starts_with", "string", "table", "tonumber", "tostring", "trim", "type", "uniform", "unpack", "wait", "writes", "xpcall" }
unused_args = false
max_line_length = 140
exclude_files = { "types" }
files["**/*_test.lua"] = { read_globals = { "describe", "it", "before_each", "pod", "advance", "expect", "node_status", "heartbeat", "request" } }
