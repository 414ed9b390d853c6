-- Made by moonlet: what scripts find and what they may define.
std = "none"
globals = { "on_create", "on_pull", "on_start", "status", "logs", "exec", "http", "port_forward", "usage", "on_update", "on_delete", "capacity", "conditions", "addresses", "heartbeat", "on_request", "match" }
read_globals = { "assert", "bytes", "chance", "config", "contains", "copy", "cpu", "cut", "delay", "drop", "duration", "during", "ends_with", "error", "every", "exponential", "flap", "garble", "getmetatable", "hang", "ipairs", "java_trace", "json", "klog", "latency", "log", "log_json", "logfmt", "lognormal", "math", "next", "nginx", "node", "nodes", "normal", "now", "pairs", "param", "params", "pcall", "pick", "pods", "print", "regexp", "reject", "replace", "require", "rfc3339", "seconds", "select", "setmetatable", "since", "split", "starts_with", "string", "table", "tonumber", "tostring", "trim", "type", "uniform", "unpack", "xpcall" }
unused_args = false
max_line_length = 140
exclude_files = { "types" }
