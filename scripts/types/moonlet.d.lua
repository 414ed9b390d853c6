---@meta moonlet
-- Made by moonlet from its own registry of the script API. For editors: Moonlet does not load it.

---@alias Duration string|number "1m30s", or seconds

---@class Reject: table what reject() returns
---@class Delay: table what delay() returns
---@class Replace: table what replace() returns
---@class Every: table what every() returns
---@class Flap: table what flap() returns
---@class Fault: table what latency(), hang(), drop(), garble(), cut() and reject() return

---@class Run
---@field number number which run of the container this is, from 1
---@field init boolean an init container that ends before the others start
---@field sidecar boolean an init container that keeps running
---@field previous ContainerStateTerminated? how the run before ended

---@class StartError
---@field reason? string RunContainerError, CreateContainerConfigError, CreateContainerError, PreCreateHookError, PreStartHookError, PostStartHookError
---@field message? string

---@class Outcome what a run will do
---@field started? Duration|false until the start-up probe passes; false: it never does, and a startupProbe of the spec ends the run
---@field ready? Duration|false|Flap until it is ready; false: never
---@field liveness_fails? Duration from then on the liveness probe fails; the kubelet kills the container after failureThreshold × periodSeconds
---@field exit? number the exit code; absent: it runs until it is stopped
---@field after? Duration from the start of the run to its exit
---@field signal? number the signal that ended it
---@field reason? string of the exit, such as OOMKilled
---@field message? string the termination message
---@field start_error? string|StartError it cannot be started at all
---@field terminate? Duration|false how long it takes to end when it is told to; false: until it is killed

---@class PullAnswer
---@field after? Duration
---@field error? string the runtime's text
---@field reason? string ErrImagePull, ErrImageNeverPull, InvalidImageName, ImageInspectError, RegistryUnavailable, SignatureValidationFailed

---@class LogOptions
---@field tail? number how many of the last lines are wanted; nil: all
---@field previous boolean the run before is meant
---@field run number
---@field started string
---@field finished? string

---@class IO the client of exec, attach or a forwarded port
---@field tty boolean it is a terminal: lines come when Enter is pressed, and are shown by Moonlet
---@field attach boolean it joined the container's own process
---@field read fun(self: IO, what?: number|string): string? a line; "a": all there is; a number: at most so many bytes, at least one. Waits. nil: the end
---@field lines fun(self: IO): fun(): string? goes through the lines
---@field write fun(self: IO, ...: string|number): IO sends text; it arrives when the hook reads or ends
---@field error fun(self: IO, ...: string|number): IO sends text on the stream for errors
---@field size fun(self: IO): number?, number? width and height of the terminal in characters; nil without one

---@class ExecAnswer
---@field stdout? string
---@field stderr? string
---@field exit? number from 0 to 255

---@class HTTPRequest
---@field method string
---@field path string without the query
---@field query table<string, string> the first value of each name
---@field host string
---@field headers table<string, string> names in lower case
---@field body string

---@class HTTPAnswer
---@field status? number 200 if left out
---@field headers? table<string, string>
---@field body? string

---@class UsageAnswer
---@field cpu? number|string cores, "250m" or 0.25
---@field memory? number|string bytes, "64Mi"
---@field oom? boolean over its memory limit the container is killed

---@class UsageRun
---@field number number which run of the container this is, from 1
---@field started string

---@class Call
---@field name string createPod, getPodStatus …
---@field namespace? string
---@field pod? string
---@field container? string
---@field number number nth call of that name, from 1

---@class PodList: Pod[] what pods{…} returns
---@field count fun(self: PodList): number
---@field ready fun(self: PodList): number how many are ready
---@field names fun(self: PodList): string[]
---@field filter fun(self: PodList, keep: fun(one: any): boolean): PodList
---@field sample fun(self: PodList, share: number, name?: string): PodList a share from 0 to 1, one at least
---@field pick fun(self: PodList, number?: number, name?: string): PodList so many, one if left out
---@field crash fun(self: PodList, code?: number|table, container?: string|table, options?: VerbOptions): string[] The running containers end with an error; back-off and restarts follow, as the restart policy says.
---@field exit fun(self: PodList, code: number|table, container?: string|table, options?: VerbOptions): string[] The running containers end with that exit code.
---@field oom fun(self: PodList, container?: string|table, options?: VerbOptions): string[] The running containers are killed as the kernel kills them for want of memory: 137, OOMKilled.
---@field finish fun(self: PodList, container?: string|table, options?: VerbOptions): string[] The running containers end well, with exit code 0. Under restart policy Always they start again.
---@field evict fun(self: PodList, reason?: string|table, message?: string|table, options?: VerbOptions): string[] The node throws the pods out as a kubelet does under pressure: Failed, Evicted, with DisruptionTarget.
---@field unready fun(self: PodList, lasts?: Duration|table, options?: VerbOptions): string[] The readiness probes fail while it lasts; the containers go on running.
---@field stop fun(self: PodList, phase?: string|table, reason?: string|table, message?: string|table, options?: VerbOptions): string[] The pods are over for good, with that phase, as the lab's Stop Pod does it.
---@field freeze fun(self: PodList, lasts?: Duration|table, options?: VerbOptions): string[] Their status stops changing while it lasts: what they go on doing is not told. Afterwards it shows at once.
---@field hang_delete fun(self: PodList, lasts?: Duration|table, options?: VerbOptions): string[] Deleted, they stay Terminating while it lasts, whatever their grace period says.
---@field log_burst fun(self: PodList, rate?: number|table, text?: string|table, container?: string|table, lasts?: Duration|table, options?: VerbOptions): string[] Their logs get that many lines a second more while it lasts.

---@class NodeList: Node[] what nodes{…} returns
---@field count fun(self: NodeList): number
---@field ready fun(self: NodeList): number how many are ready
---@field names fun(self: NodeList): string[]
---@field filter fun(self: NodeList, keep: fun(one: any): boolean): NodeList
---@field sample fun(self: NodeList, share: number, name?: string): NodeList a share from 0 to 1, one at least
---@field pick fun(self: NodeList, number?: number, name?: string): NodeList so many, one if left out
---@field silence fun(self: NodeList, lasts?: Duration|table, options?: VerbOptions): string[] The nodes die without a word: no lease, no status, no events, no logs. Afterwards they come back with their pods.
---@field not_ready fun(self: NodeList, reason?: string|table, lasts?: Duration|table, options?: VerbOptions): string[] The kubelet lives and says that the node is not ready: Ready False, KubeletNotReady.
---@field pressure fun(self: NodeList, kind?: string|table, lasts?: Duration|table, options?: VerbOptions): string[] The node reports MemoryPressure, DiskPressure or PIDPressure, and refuses the pods a kubelet then refuses.
---@field shutdown fun(self: NodeList, grace?: Duration|table, critical?: Duration|table, lasts?: Duration|table, options?: VerbOptions): string[] A graceful node shutdown: NotReady, new pods refused, the pods ended, those of low priority first. When it is undone, the machine has booted again.
---@field capacity fun(self: NodeList, resources: table<string, string>|table, lasts?: Duration|table, options?: VerbOptions): string[] The node has other resources; the pods there stay.
---@field drain fun(self: NodeList, every?: Duration|table, options?: VerbOptions): string[] All pods of the nodes are thrown out, one after the other. It does not cordon: that is Kubernetes' part.

---@class CallList: table what calls{…} returns
---@field latency fun(self: CallList, time: Duration|table, lasts?: Duration|table, options?: VerbOptions): string[] The answers come later. Several add up.
---@field error fun(self: CallList, code?: number|table, message?: string|table, lasts?: Duration|table, options?: VerbOptions): string[] The calls are answered with an error and do nothing.
---@field hang fun(self: CallList, time?: Duration|table, lasts?: Duration|table, options?: VerbOptions): string[] The calls get no answer.
---@field drop fun(self: CallList, lasts?: Duration|table, options?: VerbOptions): string[] The connection is closed without an answer.
---@field garble fun(self: CallList, lasts?: Duration|table, options?: VerbOptions): string[] The answer's bytes are spoiled, so that it does not parse.

---@class WriteList: table what writes{…} returns
---@field late fun(self: WriteList, time: Duration|table, lasts?: Duration|table, options?: VerbOptions): string[] Statuses reach Kubernetes later.
---@field lost fun(self: WriteList, lasts?: Duration|table, options?: VerbOptions): string[] Status writes are not sent; when it ends, the newest status is.
---@field duplicated fun(self: WriteList, lasts?: Duration|table, options?: VerbOptions): string[] Status writes are sent twice.
---@field reordered fun(self: WriteList, lasts?: Duration|table, options?: VerbOptions): string[] An older status follows a newer one; the newest is sent last.

---@class VerbOptions the last argument of a verb; it may also hold the verb's arguments by name
---@field lasts? Duration
---@field why? string for the journal
---@field allow_empty? boolean to hit nobody is no error

---@class PodSelector
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field namespace? string
---@field name? string with *
---@field node? string
---@field owner? string "web", or "Deployment/web"
---@field script? string
---@field phase? string
---@field ready? boolean

---@class NodeSelector
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field name? string with *
---@field ready? boolean

---@class CallSelector
---@field calls? string|string[] createPod, getPodStatus …; of calls{} only
---@field namespace? string
---@field name? string with *
---@field labels? table<string, string>
---@field node? string with *
---@field owner? string
---@field script? string
---@field share? number|string 0.3, or "30%"

---@class ClusterSelector
---@field namespace? string
---@field name? string with *
---@field labels? table<string, string>

---@class Expect
---@field within? Duration it must begin to hold within that time; left out: now
---@field holds_for? Duration and from then on hold so long

---@class Given
---@field nodes? GivenNodes[] left out: one node
---@field pods? GivenPods[]

---@class GivenNodes
---@field name? string "node"; of several node-0, node-1 …
---@field count? number left out: one, without a number
---@field labels? table<string, string>
---@field zones? string[] in turn, as label topology.kubernetes.io/zone
---@field capacity? table<string, string>

---@class GivenPods
---@field name string
---@field namespace? string
---@field count? number so many, which a Deployment of that name keeps; left out: one, which nobody replaces
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field script? string whose pods they are
---@field image? string
---@field node? string with *: where they may run
---@field priority? number
---@field memory? string limit and request
---@field spec? PodSpec in place of one container named as the pod

---@class DeploymentList: Deployment[]
---@field count fun(self: DeploymentList): number
---@field names fun(self: DeploymentList): string[]
---@field available fun(self: DeploymentList): number pods
---@field ready fun(self: DeploymentList): number pods
---@field updated fun(self: DeploymentList): number pods
---@field replicas fun(self: DeploymentList): number pods

---@class EndpointList: EndpointSlice[]
---@field count fun(self: EndpointList): number slices
---@field names fun(self: EndpointList): string[] of services
---@field ready fun(self: EndpointList): number endpoints
---@field addresses fun(self: EndpointList): number endpoints, ready or not

---@class ClusterNodeList: Node[]
---@field count fun(self: ClusterNodeList): number
---@field names fun(self: ClusterNodeList): string[]
---@field ready fun(self: ClusterNodeList): number

---True with probability p. The same question always draws the same.
---@param p number from 0 (never) to 1 (always)
---@param name? string a name makes the draw independent of the draws before it
---@return boolean
function chance(p, name) end

---A number between two, all equally likely. Amounts are numbers, or durations (`"1m30s"`), which count as seconds.
---@param from number|string the least
---@param to number|string the most
---@param name? string a name makes the draw independent of the draws before it
---@return number
function uniform(from, to, name) end

---How long until something happens that may happen at any moment. Amounts are numbers, or durations (`"1m30s"`), which count as seconds.
---@param mean number|string the average
---@param name? string a name makes the draw independent of the draws before it
---@return number
function exponential(mean, name) end

---Durations and sizes as they occur: never negative, with a long tail. Amounts are numbers, or durations (`"1m30s"`), which count as seconds.
---@param median number|string half are below it
---@param sigma number spread; 0.5 is moderate, 1 has a long tail
---@param name? string a name makes the draw independent of the draws before it
---@return number
function lognormal(median, sigma, name) end

---The bell curve. It can be negative: wrap it in math.max(0, …) for durations. Amounts are numbers, or durations (`"1m30s"`), which count as seconds.
---@param mean number|string the average
---@param deviation number|string two thirds lie within it
---@param name? string a name makes the draw independent of the draws before it
---@return number
function normal(mean, deviation, name) end

---One element of a list, all equally likely; nil of an empty one.
---@param list any[] what to choose from
---@param name? string a name makes the draw independent of the draws before it
---@return any
function pick(list, name) end

---The story's time, in seconds since 1970. Take one now() from another to get seconds.
---@return number
function now() end

---Seconds from t until now; 0 when t is nil, negative when it lies ahead.
---@param t number|string seconds since 1970, or RFC 3339 as in pod.metadata.creationTimestamp
---@return number
function since(t) end

---A time as text: 2026-01-31T08:00:00.000Z.
---@param t? number|string seconds since 1970, or RFC 3339; left out: now
---@return string
function rfc3339(t) end

---Is it now between two times of day (UTC; it may cross midnight), or between two instants?
---@param from string|number a time of day ("09:00") or an instant
---@param to string|number the end, exclusive
---@return boolean
function during(from, to) end

---A duration as a number of seconds.
---@param d string|number a duration
---@return number
function seconds(d) end

---A number of seconds as a duration.
---@param seconds number|string how many
---@return string
function duration(seconds) end

---The call fails with this status; nothing is changed.
---@param code integer HTTP status
---@param why? string text of the answer
---@return Reject
function reject(code, why) end

---The call is answered at once, and what follows from it begins only after d.
---@param d string|number how long
---@param reason? string in on_create: why the pod does not get its sandbox; the event about it
---@param message? string of that event
---@return Delay
function delay(d, reason, message) end

---Readiness that comes and goes: ready for up, not ready for down, and again.
---@param up string|number how long ready
---@param down string|number how long not
---@param after? string|number when it is ready first
---@return Flap
function flap(up, down, after) end

---The status hook's table as it is, instead of merged into the derived status.
---@param status PodStatus a whole status
---@return Replace
function replace(status) end

---A log of one line per interval, made when it is read. Line n draws the same whoever reads it.
---@param interval string|number time between lines
---@param line? fun(n: integer, t: number): string makes line n (from 1), which is due at t
---@return Every
function every(interval, line) end

---The provider call is answered that much later.
---@param d string|number how long
---@return Fault
function latency(d) end

---The provider call is not answered.
---@param d? string|number how long; left out: until the client gives up
---@return Fault
function hang(d) end

---The connection of the provider call is closed without an answer.
---@return Fault
function drop() end

---The body of the answer is made unreadable.
---@return Fault
function garble() end

---The answer breaks off in the middle.
---@param share? number how much of the body arrives, between 0 and 1; left out: half
---@return Fault
function cut(share) end

---The values of the file's params. They can be turned while the file stays loaded.
---@type table
params = nil

---Declares a knob, at the top of a file. Config, command line and UI turn it; hooks read params.name. Inside a scenario param("script.name", value) turns one, until the scenario ends.
---@param name string 
---@param default number|string|boolean 
---@param doc? string what it turns
function param(name, default, doc) end

---What the engine's config shows to scripts.
---@type table
config = nil

---The node that the question is about. node.memo is small data that Go keeps: on_* hooks may write it, it survives reload and restart.
---@type Node
node = nil

---The pods that fit, sorted, read-only, all as of one moment. #list, list[i], ipairs(list), list:count(), list:ready() (how many are), list:names(), list:filter(function(pod) … end), list:sample(share) (one at least), list:pick(number). In scenarios the list has the verbs.
---@param selector? PodSelector labels, annotations, namespace, name (with *), node, owner, script, phase, ready
---@return PodList
function pods(selector) end

---The nodes that fit, like pods{}.
---@param selector? NodeSelector labels, annotations, name (with *), ready
---@return NodeList
function nodes(selector) end

---A copy that may be changed, all the way down. Objects become plain tables.
---@param x any an object, a table, anything
---@return any
function copy(x) end

---Declares a story, at the top of a file: moonlet scenario run tells it. All that it did to pods, nodes, calls and params ends with it.
---@param name string 
---@param story fun() what happens
function scenario(name, story) end

---Says, at the top of a file, which nodes and pods its scenarios meet on a held clock (moonlet scenario run --speed). Elsewhere they meet those that there are.
---@param world Given nodes and pods
function given(world) end

---Waits. It works everywhere in a scenario, inside pcall, sort and iterators too.
---@param d Duration how long
function wait(d) end

---Waits until a time of day, or until so long after the begin. What is over is not waited for.
---@param t string|number "09:00" (UTC), or a duration since the scenario began
function at(t) end

---Calls f at once and then every interval, until it returns false.
---@param interval Duration 
---@param f? fun(turn: number): false return false to end the loop
function loop_every(interval, f) end

---Calls f at once and then every interval, for so long.
---@param lasts Duration 
---@param interval Duration 
---@param f? fun(turn: number): false return false to end the loop
function loop_for(lasts, interval, f) end

---Does several things side by side, and goes on when all are done. Where one breaks the others end, too.
---@param ... fun() what happens side by side
function parallel(...) end

---Expects something: now, or within a time. The verdict tells; the scenario goes on either way, and can ask what expect returned.
---@param what string in words, for the verdict
---@param f fun(): boolean, any whether it holds; a second value is shown with it
---@param when? Expect within: it must begin to hold in that time; holds_for: and then hold so long
---@return boolean
function expect(what, f, when) end

---The provider calls to come that fit, for verbs.
---@param selector? CallSelector calls (their names), namespace, name (with *), labels, node, owner, script, share
---@return CallList
function calls(selector) end

---Our own status writes to the API server that are to come, for verbs.
---@param selector? CallSelector namespace, name (with *), labels, node, owner, script, share
---@return WriteList
function writes(selector) end

---Is there a cluster to look at? In moonlet kubelet there is.
---@return boolean
function in_cluster() end

---The deployments of the cluster that fit, as the API server has them now: :available(), :ready(), :updated(), :replicas() are numbers of pods, :count(), :names(), list[i].
---@param selector? ClusterSelector namespace, name (with *), labels
---@return DeploymentList
function deployments(selector) end

---The endpoint slices of the services that fit, as the API server has them now: :ready() and :addresses() are numbers of endpoints, :count(), :names(), list[i].
---@param selector? ClusterSelector namespace, name of the service (with *), labels
---@return EndpointList
function endpoints(selector) end

---The nodes of the cluster, ours and others, as the API server has them now: :ready(), :count(), :names(), list[i]. A silent node of ours is not ready in nodes{} at once, and here some 40 seconds later.
---@param selector? ClusterSelector name (with *), labels
---@return ClusterNodeList
function cluster_nodes(selector) end

log = {}

---Writes a line to the engine's log.
---@param ... any printed with spaces between
function log.debug(...) end

---Writes a line to the engine's log.
---@param ... any printed with spaces between
function log.info(...) end

---Writes a line to the engine's log.
---@param ... any printed with spaces between
function log.warn(...) end

---Writes a line to the engine's log.
---@param ... any printed with spaces between
function log.error(...) end

---A log line as JSON.
---@param fields table what the line says; time (default now), level and msg come first
---@return string
function log_json(fields) end

---A log line as key=value pairs.
---@param fields table what the line says; time (default now), level and msg come first
---@return string
function logfmt(fields) end

---A line of an nginx access log, combined format.
---@param fields? table time, remote, user, method, path, status, bytes, referer, agent; what is missing is drawn
---@return string
function nginx(fields) end

---A line as Kubernetes components log.
---@param level string info, warning, error or fatal
---@param msg string 
---@param fields? table time, source ("main.go:42") and pairs that follow the message
---@return string
function klog(level, msg, fields) end

---A Java stack trace of several lines; the frames are drawn.
---@param exception string java.lang.IllegalStateException
---@param message? string 
---@param depth? integer frames, default 8, at most 60
---@return string
function java_trace(exception, message, depth) end

json = {}

---JSON. Keys keep their order; an empty table is {}.
---@param v any a table, an object, text, a number
---@return string
function json.encode(v) end

---The value of a JSON text; null is nil.
---@param text string 
---@return any
function json.decode(text) end

---A CPU quantity in cores.
---@param quantity string|number 
---@return number
function cpu(quantity) end

---A memory or storage quantity in bytes.
---@param quantity string|number 
---@return number
function bytes(quantity) end

regexp = {}

---The groups of the first match, or all of it; nil when there is none. Takes linear time.
---@param s string 
---@param pattern string RE2 syntax, as in Go
---@return string?
function regexp.match(s, pattern) end

---Where the first match begins and ends.
---@param s string 
---@param pattern string RE2 syntax, as in Go
---@return integer?, integer?
function regexp.find(s, pattern) end

---s with all matches replaced.
---@param s string 
---@param pattern string RE2 syntax, as in Go
---@param with string $1 is the first group; a group sees the match alone
---@return string
function regexp.replace(s, pattern, with) end

---Is part somewhere in s?
---@param s string 
---@param part string plain text, not a pattern
---@return boolean
function contains(s, part) end

---Does s begin with start?
---@param s string 
---@param start string plain text
---@return boolean
function starts_with(s, start) end

---Does s end with ending?
---@param s string 
---@param ending string plain text
---@return boolean
function ends_with(s, ending) end

---The parts of s between separators.
---@param s string 
---@param separator? string plain text; left out: white space
---@return string[]
function split(s, separator) end

---s without white space around it.
---@param s string 
---@return string
function trim(s) end

---Raises unless v is true.
---@param v any 
---@param message? string 
---@return any
function assert(v, message) end

---Raises.
---@param message any 
---@param level? integer 
function error(message, level) end

---The metatable of one of the script's own tables.
---@param t table 
---@return table?
function getmetatable(t) end

---Goes through a list.
---@param list any[] 
---@return function
function ipairs(list) end

---The key after key, and its value.
---@param t table 
---@param key? any 
---@return any, any
function next(t, key) end

---Goes through a table: own tables in the order their keys were first set, objects in the order of their fields, labels sorted.
---@param t table 
---@return function
function pairs(t) end

---Calls f and catches what it raises. Limits cannot be caught.
---@param f function 
---@param ... any 
---@return boolean, any
function pcall(f, ...) end

---Writes a line to the engine's log, as log.info.
---@param ... any 
function print(...) end

---The arguments from the nth on, or with "#" how many there are.
---@param n integer|string 
---@param ... any 
---@return any
function select(n, ...) end

---Gives one of the script's own tables a metatable.
---@param t table 
---@param meta? table 
---@return table
function setmetatable(t, meta) end

---A number from text; nil when it is none.
---@param v any 
---@param base? integer 
---@return number?
function tonumber(v, base) end

---Text from anything; objects as JSON.
---@param v any 
---@return string
function tostring(v) end

---nil, boolean, number, string, table or function.
---@param v any 
---@return string
function type(v) end

---The elements of a list, at most 200.
---@param list any[] 
---@param from? integer 
---@param to? integer 
---@return any
function unpack(list, from, to) end

---Calls f; handler gets what it raises.
---@param f function 
---@param handler function 
---@return boolean, any
function xpcall(f, handler) end

---What another file of the scripts folder returns, or its globals. Files are run once, each in an environment of its own.
---@param name string "name" or "folder.name", in quotes
---@return any
function require(name) end

string = {}

---The bytes of s from i to j, at most 200.
---@param s string 
---@param i? integer 
---@param j? integer 
---@return integer
function string.byte(s, i, j) end

---Text of bytes.
---@param ... integer 
---@return string
function string.char(...) end

---Where the pattern first matches. Long texts with several repetitions are refused: use plain, contains, split or regexp.
---@param s string 
---@param pattern string a Lua pattern
---@param init? integer 
---@param plain? boolean plain text instead of a pattern
---@return integer?, integer?, string?
function string.find(s, pattern, init, plain) end

---Text after a template.
---@param template string 
---@param ... any 
---@return string
function string.format(template, ...) end

---Goes through the matches of a pattern.
---@param s string 
---@param pattern string a Lua pattern
---@return function
function string.gmatch(s, pattern) end

---Replaces the matches of a pattern by text, a table's values or a function's results.
---@param s string 
---@param pattern string a Lua pattern
---@param with string|table|function 
---@param n? integer at most so many
---@return string, integer
function string.gsub(s, pattern, with, n) end

---Number of bytes.
---@param s string 
---@return integer
function string.len(s) end

---In small letters.
---@param s string 
---@return string
function string.lower(s) end

---The captures of the first match, or all of it.
---@param s string 
---@param pattern string a Lua pattern
---@param init? integer 
---@return string?
function string.match(s, pattern, init) end

---s n times.
---@param s string 
---@param n integer 
---@param separator? string 
---@return string
function string.rep(s, n, separator) end

---Back to front.
---@param s string 
---@return string
function string.reverse(s) end

---From byte i to j; negative ones count from the end.
---@param s string 
---@param i integer 
---@param j? integer 
---@return string
function string.sub(s, i, j) end

---In capitals.
---@param s string 
---@return string
function string.upper(s) end

table = {}

---The elements in one text.
---@param list any[] 
---@param separator? string 
---@param from? integer 
---@param to? integer 
---@return string
function table.concat(list, separator, from, to) end

---Adds an element, at the end or before position at.
---@param list any[] 
---@param at? integer 
---@param value any 
function table.insert(list, at, value) end

---Takes an element out, the last one if at is left out.
---@param list any[] 
---@param at? integer 
---@return any
function table.remove(list, at) end

---Sorts in place.
---@param list any[] 
---@param less? (fun(a: any, b: any): boolean) 
function table.sort(list, less) end

math = {}

---Without its sign.
---@param x number 
---@return number
function math.abs(x) end

---Rounded up.
---@param x number 
---@return number
function math.ceil(x) end

---Rounded down.
---@param x number 
---@return number
function math.floor(x) end

---Square root.
---@param x number 
---@return number
function math.sqrt(x) end

---e to the power of x.
---@param x number 
---@return number
function math.exp(x) end

---Natural logarithm.
---@param x number 
---@return number
function math.log(x) end

---Decimal logarithm.
---@param x number 
---@return number
function math.log10(x) end

---Sine; for load that swings: math.sin(now() / 600).
---@param x number 
---@return number
function math.sin(x) end

---Cosine.
---@param x number 
---@return number
function math.cos(x) end

---Tangent.
---@param x number 
---@return number
function math.tan(x) end

---Arc sine.
---@param x number 
---@return number
function math.asin(x) end

---Arc cosine.
---@param x number 
---@return number
function math.acos(x) end

---Arc tangent.
---@param x number 
---@return number
function math.atan(x) end

---Arc tangent of x/y in the right quadrant.
---@param x number 
---@param y number 
---@return number
function math.atan2(x, y) end

---Remainder with the sign of x.
---@param x number 
---@param y number 
---@return number
function math.fmod(x, y) end

---x to the power of y.
---@param x number 
---@param y number 
---@return number
function math.pow(x, y) end

---The largest.
---@param x number 
---@param ... number 
---@return number
function math.max(x, ...) end

---The smallest.
---@param x number 
---@param ... number 
---@return number
function math.min(x, ...) end

---Whole part and fraction.
---@param x number 
---@return number, number
function math.modf(x) end

---3.14159…
---@type number
math.pi = nil

---Larger than any number.
---@type number
math.huge = nil

---@class TestPodWish what pod{ … } takes: a short form, or a manifest
---@field name? string left out: pod-1, pod-2 …
---@field namespace? string left out: default
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field script? string whose pod it is, whatever the matches say
---@field owner? string "ReplicaSet/web-5d9c", or the name of a ReplicaSet
---@field node? string where it is bound to
---@field image? string of its only container, which is named app
---@field restart? string Always, OnFailure or Never
---@field grace? Duration how long it may take to end
---@field init? string[] names of init containers
---@field cpu? string request and limit
---@field memory? string request and limit
---@field metadata? ObjectMeta with spec: a whole manifest
---@field spec? PodSpec in place of the one container

---@class TestGiven the world a test begins with
---@field nodes? GivenNodes[]
---@field pods? GivenPods[] ready when the test begins, if they can be
---@field config? table
---@field params? table<string, any> "script.name" and value
---@field admission? boolean nodes refuse pods as a kubelet would

---@class TestPod: Pod a pod of a test, as it is whenever it is looked at
---@field row fun(self: TestPod): string What kubectl get pods prints: READY STATUS RESTARTS.
---@field ready fun(self: TestPod): boolean Whether the pod is ready.
---@field restarts fun(self: TestPod): number The restarts of all its containers.
---@field gone fun(self: TestPod): boolean Whether the pod is no more.
---@field logs fun(self: TestPod, options?: table): string The log of its only container, or of the one named.
---@field exec fun(self: TestPod, ...: string): table Runs a command as kubectl exec does: stdout, stderr, exit.
---@field usage fun(self: TestPod, container?: string): table? What a container uses now: cpu (cores), memory (bytes). nil: it does not run.
---@field http fun(self: TestPod, path: string): table Sends a request through a forwarded port: status, body, headers.
---@field journal fun(self: TestPod): string What happened to the pod, and why, a line each.
---@field delete fun(self: TestPod, grace?: Duration) Deletes the pod. It is gone once it has ended.
---@field update fun(self: TestPod, change: fun(object: Pod)) Sends a changed object, as kubectl apply does.
---@field crash fun(self: TestPod, code?: number|table, container?: string|table, options?: VerbOptions): string[] The running containers end with an error; back-off and restarts follow, as the restart policy says.
---@field exit fun(self: TestPod, code: number|table, container?: string|table, options?: VerbOptions): string[] The running containers end with that exit code.
---@field oom fun(self: TestPod, container?: string|table, options?: VerbOptions): string[] The running containers are killed as the kernel kills them for want of memory: 137, OOMKilled.
---@field finish fun(self: TestPod, container?: string|table, options?: VerbOptions): string[] The running containers end well, with exit code 0. Under restart policy Always they start again.
---@field evict fun(self: TestPod, reason?: string|table, message?: string|table, options?: VerbOptions): string[] The node throws the pods out as a kubelet does under pressure: Failed, Evicted, with DisruptionTarget.
---@field unready fun(self: TestPod, lasts?: Duration|table, options?: VerbOptions): string[] The readiness probes fail while it lasts; the containers go on running.
---@field stop fun(self: TestPod, phase?: string|table, reason?: string|table, message?: string|table, options?: VerbOptions): string[] The pods are over for good, with that phase, as the lab's Stop Pod does it.
---@field freeze fun(self: TestPod, lasts?: Duration|table, options?: VerbOptions): string[] Their status stops changing while it lasts: what they go on doing is not told. Afterwards it shows at once.
---@field hang_delete fun(self: TestPod, lasts?: Duration|table, options?: VerbOptions): string[] Deleted, they stay Terminating while it lasts, whatever their grace period says.
---@field log_burst fun(self: TestPod, rate?: number|table, text?: string|table, container?: string|table, lasts?: Duration|table, options?: VerbOptions): string[] Their logs get that many lines a second more while it lasts.

---@class Expectation what expect(value) returns
---@field is fun(self: Expectation, want: any) The value is that: the same text, number, true or false, nil, or a table with the same in it.
---@field is_not fun(self: Expectation, other: any) The value is anything but that.
---@field contains fun(self: Expectation, part: any) The text has that part, or the list that element.
---@field matches fun(self: Expectation, pattern: string) The text matches a pattern.
---@field at_least fun(self: Expectation, low: number) The number is that or more.
---@field at_most fun(self: Expectation, high: number) The number is that or less.
---@field between fun(self: Expectation, low: number, high: number) The number is one of the two, or between them.
---@field fails fun(self: Expectation, with?: string) The function raises an error.

---Groups tests. Groups may be nested.
---@param what string what is tested
---@param tests fun() declares them
function describe(what, tests) end

---Declares a test. Each is played in a world of its own, with the folder's scripts, on a clock that only advance and wait move.
---@param does string what it should do
---@param given TestGiven|fun() nodes, config, params, admission; may be left out
---@param test? fun() the test
function it(does, given, test) end

---Runs a function before each test of the group it stands in.
---@param prepare fun() 
function before_each(prepare) end

---Creates a pod, as the scheduler would have it created. It raises if the pod is refused. What it returns shows the pod as it is whenever it is looked at.
---@param manifest TestPodWish|string a short form, a whole manifest, or the name of a file beside the test
---@return TestPod
function pod(manifest) end

---Lets time pass, with all that falls due on the way. It costs no time.
---@param d Duration 
function advance(d) end

---Expects something of a value: expect(x):is(1). With a function it is expect of scenarios: it must hold now, or within a time. The test ends where an expectation fails.
---@overload fun(value: any): Expectation
function expect(what, f, when) end

---A node as it shows itself now: capacity, conditions (by type), addresses, pods.
---@param name? string left out: the first
---@return table
function node_status(name) end

---Whether the node renews its lease, which is due now.
---@param name? string left out: the first
---@return boolean
function heartbeat(name) end

---What on_request makes of a provider call: the fault as a table, or nil.
---@param call string createPod, getPodStatus …
---@param about? table namespace, pod, container
---@return table?
function request(call, about) end

---Asked when: createPod, or a pod bound to our node.
---May answer nothing: the pod is let in; `reject(code, why)`: the call fails and nothing is stored; `delay(d)`: stored and listed at once, Pending that long; the name of an admission refusal (`"OutOfcpu"`, with a message as second value): stored as Failed, as a kubelet refuses; what keeps it from its sandbox (`"FailedMount"`, `"FailedAttachVolume"`, `"FailedCreatePodSandBox"`, `"NetworkNotReady"`, with a message as second value): Pending for good, or for a while: `delay(d, "FailedMount")`.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@return nil|Reject|Delay|string
function on_create(pod) end

---Asked when: an image is wanted: before the first start, before every start under imagePullPolicy Always, and on every retry.
---May answer how long the pull takes (`"3s"`), or `{ after = "1s", error = "manifest unknown", reason = "ErrImagePull" }`, or a reason and its text: `return "ErrImagePull", "manifest unknown"`.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param container Container the container's spec
---@return nil|string|number|PullAnswer
function on_pull(pod, container) end

---Asked when: a container run begins.
---May answer what this run will do: `started` (a duration, or false: the startup probe never passes), `ready` (a duration, false, or `flap(up, down)`), `liveness_fails` (a duration: from then on, until the kubelet kills the container), `exit`, `after`, `reason`, `message`, `signal`, `start_error`, `terminate` (a duration, or false: only the kill at the end of the grace ends it). An init container without `exit` exits 0 once ready.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param container Container the container's spec
---@param run Run which run this is: number (from 1), init, sidecar, previous (how the run before ended)
---@return nil|Outcome
function on_start(pod, container, run) end

---Asked when: the derived status, memo, params or generation changed, or the time the hook itself named has come.
---May answer nil: the status stands; a table: merged into it; `replace(table)`: a whole PodStatus; a word (`"Running"`, `"CrashLoopBackOff"`): that shape. Second value: when to ask again (0: on every call). A terminal phase latches and ends the runs.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param status PodStatus the status a kubelet would report now
---@return nil|string|PodStatus|Replace, number|string|nil
function status(pod, status) end

---Asked when: getContainerLogs, kubectl logs.
---May answer text, a list of lines, or `every(interval, function(n, t) … end)`: line n is due at the run's start + n × interval.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param container Container the container's spec
---@param opts LogOptions what was asked: tail, previous, and the run: run, started, finished
---@return nil|string|string[]|Every
function logs(pod, container, opts) end

---Asked when: kubectl exec; and kubectl attach -i, which joins the container's own process: io.attach is true then (attach without -i shows the log from now on).
---May answer the output and the exit code: `return "hello\n"`, `return "no such file\n", 1`, `return 127`, `return { stdout = "", stderr = "no\n", exit = 1 }`. What `io:write(…)` wrote goes before it. `io:read()` waits for a line, as long as it takes, and is nil at the end of the input.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param container Container the container's spec
---@param argv string[] the command and its arguments; of attach the container's own, or its name where the image decides
---@param io IO the client: io:read(), io:write(…)
---@return nil|string|number|ExecAnswer, number|nil
function exec(pod, container, argv, io) end

---Asked when: an HTTP request comes through kubectl port-forward.
---May answer the body of a 200, or `{ status = 404, headers = { … }, body = "…" }`, or `reject(code, why)`; `false`: nothing listens on that port; nothing: a short page that names pod and port, if the port is one the pod has.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param port number the port of the pod
---@param request HTTPRequest method, path, query, headers (names in lower case), body, host
---@return nil|string|HTTPAnswer|Reject|false
function http(pod, port, request) end

---Asked when: a connection is made through kubectl port-forward; where a script has this hook, http is not asked.
---May answer text that goes out last, or nothing: the connection is closed when the hook ends; `false` before anything was written: nothing listens on that port.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param port number the port of the pod
---@param io IO the client: io:read(), io:write(…)
---@return nil|string|false
function port_forward(pod, port, io) end

---Asked when: kubectl top and metrics: every five seconds of a container's run, while somebody looks; and at the beginning of each run of a container with a memory limit.
---May answer cores and memory: `{ cpu = "250m", memory = "64Mi" }`, or `return 0.25, "64Mi"`. What is left out is a share of the container's requests that stays the same for a run. With `oom = true` the container is looked at every five seconds, and killed once it uses more than its memory limit: OOMKilled.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param container Container the container's spec
---@param run UsageRun which run of the container: number (from 1), started
---@return nil|number|string|UsageAnswer, number|string|nil
function usage(pod, container, run) end

---Asked when: updatePod, when metadata or spec changed.
---May answer nothing: taken; `reject(code, why)`: the call fails and the pod stays as it was; `delay(d)`: stored and listed at once, its containers follow after d.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@param old Pod the pod before
---@return nil|Reject|Delay
function on_update(pod, old) end

---Asked when: deletePod.
---May answer nothing: the containers end as their runs say; a duration (or `delay(d)`): termination takes that long, though no longer than the grace; `false`: never, the pod hangs Terminating; `reject(code, why)`: the call fails.
---@param pod Pod the pod, read-only; `pod.memo` is ours
---@return nil|Reject|Delay|string|number|false
function on_delete(pod) end

---Asked when: capacity, and the node status.
---May answer resource names and quantities; they are laid over what config says.
---@param node Node the node as config describes it; `node.memo` is ours
---@return nil|table<string, string|number>
function capacity(node) end

---Asked when: nodeConditions, and the node status.
---May answer a list of conditions; each replaces the one of its type, the others stay. Heartbeat and transition times are kept for you.
---@param node Node the node as config describes it; `node.memo` is ours
---@return nil|NodeCondition[]
function conditions(node) end

---Asked when: nodeAddresses, and the node status.
---May answer a list of addresses; they replace those of the same type.
---@param node Node the node as config describes it; `node.memo` is ours
---@return nil|NodeAddress[]
function addresses(node) end

---Asked when: the lease of a node is due.
---May answer `false`: the node falls silent, as a machine does that died: no lease, no status, no word of its pods, until it is asked again and answers otherwise. Anything else: it lives.
---@param node Node the node as config describes it; `node.memo` is ours
---@return boolean|nil
function heartbeat(node) end

---Asked when: before each provider call that the file's `match = { calls = {…} }` names.
---May answer a fault: `latency(d)`, `reject(code, why)`, `hang()`, `drop()`, `garble()`, `cut(share)`, or a table of several: `{ latency = "2s", error = 503, message = "busy" }`. Files are asked in name order; the first fault wins, latencies add up.
---@param call Call the provider call: name, namespace, pod, container, number (from 1, of that name)
---@return nil|Fault
function on_request(call) end

---@class Pod
---@field kind? string
---@field apiVersion? string
---@field metadata? ObjectMeta
---@field spec? PodSpec
---@field status? PodStatus
---@field memo table what scripts remember of it; writable in on_* hooks

---@class ObjectMeta
---@field name? string
---@field generateName? string
---@field namespace? string
---@field selfLink? string
---@field uid? string
---@field resourceVersion? string
---@field generation? number
---@field creationTimestamp? string
---@field deletionTimestamp? string
---@field deletionGracePeriodSeconds? number
---@field labels? table<string, string>
---@field annotations? table<string, string>
---@field ownerReferences? OwnerReference[]
---@field finalizers? string[]
---@field managedFields? ManagedFieldsEntry[]

---@class OwnerReference
---@field apiVersion string
---@field kind string
---@field name string
---@field uid string
---@field controller? boolean
---@field blockOwnerDeletion? boolean

---@class ManagedFieldsEntry
---@field manager? string
---@field operation? string
---@field apiVersion? string
---@field time? string
---@field fieldsType? string
---@field fieldsV1? table
---@field subresource? string

---@class PodSpec
---@field volumes? Volume[]
---@field initContainers? Container[]
---@field containers Container[]
---@field ephemeralContainers? EphemeralContainer[]
---@field restartPolicy? string
---@field terminationGracePeriodSeconds? number
---@field activeDeadlineSeconds? number
---@field dnsPolicy? string
---@field nodeSelector? table<string, string>
---@field serviceAccountName? string
---@field serviceAccount? string
---@field automountServiceAccountToken? boolean
---@field nodeName? string
---@field hostNetwork? boolean
---@field hostPID? boolean
---@field hostIPC? boolean
---@field shareProcessNamespace? boolean
---@field securityContext? PodSecurityContext
---@field imagePullSecrets? LocalObjectReference[]
---@field hostname? string
---@field subdomain? string
---@field affinity? Affinity
---@field schedulerName? string
---@field tolerations? Toleration[]
---@field hostAliases? HostAlias[]
---@field priorityClassName? string
---@field priority? number
---@field dnsConfig? PodDNSConfig
---@field readinessGates? PodReadinessGate[]
---@field runtimeClassName? string
---@field enableServiceLinks? boolean
---@field preemptionPolicy? string
---@field overhead? table<string, string>
---@field topologySpreadConstraints? TopologySpreadConstraint[]
---@field setHostnameAsFQDN? boolean
---@field os? PodOS
---@field hostUsers? boolean
---@field schedulingGates? PodSchedulingGate[]
---@field resourceClaims? PodResourceClaim[]
---@field resources? ResourceRequirements
---@field hostnameOverride? string
---@field schedulingGroup? PodSchedulingGroup
---@field evictionResponders? EvictionResponder[]

---@class Volume
---@field name string
---@field hostPath? HostPathVolumeSource
---@field emptyDir? EmptyDirVolumeSource
---@field gcePersistentDisk? GCEPersistentDiskVolumeSource
---@field awsElasticBlockStore? AWSElasticBlockStoreVolumeSource
---@field gitRepo? GitRepoVolumeSource
---@field secret? SecretVolumeSource
---@field nfs? NFSVolumeSource
---@field iscsi? ISCSIVolumeSource
---@field glusterfs? GlusterfsVolumeSource
---@field persistentVolumeClaim? PersistentVolumeClaimVolumeSource
---@field rbd? RBDVolumeSource
---@field flexVolume? FlexVolumeSource
---@field cinder? CinderVolumeSource
---@field cephfs? CephFSVolumeSource
---@field flocker? FlockerVolumeSource
---@field downwardAPI? DownwardAPIVolumeSource
---@field fc? FCVolumeSource
---@field azureFile? AzureFileVolumeSource
---@field configMap? ConfigMapVolumeSource
---@field vsphereVolume? VsphereVirtualDiskVolumeSource
---@field quobyte? QuobyteVolumeSource
---@field azureDisk? AzureDiskVolumeSource
---@field photonPersistentDisk? PhotonPersistentDiskVolumeSource
---@field projected? ProjectedVolumeSource
---@field portworxVolume? PortworxVolumeSource
---@field scaleIO? ScaleIOVolumeSource
---@field storageos? StorageOSVolumeSource
---@field csi? CSIVolumeSource
---@field ephemeral? EphemeralVolumeSource
---@field image? ImageVolumeSource

---@class HostPathVolumeSource
---@field path string
---@field type? string

---@class EmptyDirVolumeSource
---@field medium? string
---@field sizeLimit? string
---@field mode? number

---@class GCEPersistentDiskVolumeSource
---@field pdName string
---@field fsType? string
---@field partition? number
---@field readOnly? boolean

---@class AWSElasticBlockStoreVolumeSource
---@field volumeID string
---@field fsType? string
---@field partition? number
---@field readOnly? boolean

---@class GitRepoVolumeSource
---@field repository string
---@field revision? string
---@field directory? string

---@class SecretVolumeSource
---@field secretName? string
---@field items? KeyToPath[]
---@field defaultMode? number
---@field optional? boolean
---@field defaultUser? number

---@class KeyToPath
---@field key string
---@field path string
---@field mode? number
---@field user? number

---@class NFSVolumeSource
---@field server string
---@field path string
---@field readOnly? boolean

---@class ISCSIVolumeSource
---@field targetPortal string
---@field iqn string
---@field lun number
---@field iscsiInterface? string
---@field fsType? string
---@field readOnly? boolean
---@field portals? string[]
---@field chapAuthDiscovery? boolean
---@field chapAuthSession? boolean
---@field secretRef? LocalObjectReference
---@field initiatorName? string

---@class LocalObjectReference
---@field name? string

---@class GlusterfsVolumeSource
---@field endpoints string
---@field path string
---@field readOnly? boolean

---@class PersistentVolumeClaimVolumeSource
---@field claimName string
---@field readOnly? boolean

---@class RBDVolumeSource
---@field monitors string[]
---@field image string
---@field fsType? string
---@field pool? string
---@field user? string
---@field keyring? string
---@field secretRef? LocalObjectReference
---@field readOnly? boolean

---@class FlexVolumeSource
---@field driver string
---@field fsType? string
---@field secretRef? LocalObjectReference
---@field readOnly? boolean
---@field options? table<string, string>

---@class CinderVolumeSource
---@field volumeID string
---@field fsType? string
---@field readOnly? boolean
---@field secretRef? LocalObjectReference

---@class CephFSVolumeSource
---@field monitors string[]
---@field path? string
---@field user? string
---@field secretFile? string
---@field secretRef? LocalObjectReference
---@field readOnly? boolean

---@class FlockerVolumeSource
---@field datasetName? string
---@field datasetUUID? string

---@class DownwardAPIVolumeSource
---@field items? DownwardAPIVolumeFile[]
---@field defaultMode? number
---@field defaultUser? number

---@class DownwardAPIVolumeFile
---@field path string
---@field fieldRef? ObjectFieldSelector
---@field resourceFieldRef? ResourceFieldSelector
---@field mode? number
---@field user? number

---@class ObjectFieldSelector
---@field apiVersion? string
---@field fieldPath string

---@class ResourceFieldSelector
---@field containerName? string
---@field resource string
---@field divisor? string

---@class FCVolumeSource
---@field targetWWNs? string[]
---@field lun? number
---@field fsType? string
---@field readOnly? boolean
---@field wwids? string[]

---@class AzureFileVolumeSource
---@field secretName string
---@field shareName string
---@field readOnly? boolean

---@class ConfigMapVolumeSource
---@field name? string
---@field items? KeyToPath[]
---@field defaultMode? number
---@field optional? boolean
---@field defaultUser? number

---@class VsphereVirtualDiskVolumeSource
---@field volumePath string
---@field fsType? string
---@field storagePolicyName? string
---@field storagePolicyID? string

---@class QuobyteVolumeSource
---@field registry string
---@field volume string
---@field readOnly? boolean
---@field user? string
---@field group? string
---@field tenant? string

---@class AzureDiskVolumeSource
---@field diskName string
---@field diskURI string
---@field cachingMode? string
---@field fsType? string
---@field readOnly? boolean
---@field kind? string

---@class PhotonPersistentDiskVolumeSource
---@field pdID string
---@field fsType? string

---@class ProjectedVolumeSource
---@field sources VolumeProjection[]
---@field defaultMode? number
---@field defaultUser? number

---@class VolumeProjection
---@field secret? SecretProjection
---@field downwardAPI? DownwardAPIProjection
---@field configMap? ConfigMapProjection
---@field serviceAccountToken? ServiceAccountTokenProjection
---@field clusterTrustBundle? ClusterTrustBundleProjection
---@field podCertificate? PodCertificateProjection

---@class SecretProjection
---@field name? string
---@field items? KeyToPath[]
---@field optional? boolean

---@class DownwardAPIProjection
---@field items? DownwardAPIVolumeFile[]

---@class ConfigMapProjection
---@field name? string
---@field items? KeyToPath[]
---@field optional? boolean

---@class ServiceAccountTokenProjection
---@field audience? string
---@field expirationSeconds? number
---@field path string
---@field user? number

---@class ClusterTrustBundleProjection
---@field name? string
---@field signerName? string
---@field labelSelector? LabelSelector
---@field optional? boolean
---@field path string
---@field user? number

---@class LabelSelector
---@field matchLabels? table<string, string>
---@field matchExpressions? LabelSelectorRequirement[]

---@class LabelSelectorRequirement
---@field key string
---@field operator string
---@field values? string[]

---@class PodCertificateProjection
---@field signerName? string
---@field keyType? string
---@field maxExpirationSeconds? number
---@field credentialBundlePath? string
---@field keyPath? string
---@field certificateChainPath? string
---@field userAnnotations? table<string, string>
---@field user? number

---@class PortworxVolumeSource
---@field volumeID string
---@field fsType? string
---@field readOnly? boolean

---@class ScaleIOVolumeSource
---@field gateway string
---@field system string
---@field secretRef? LocalObjectReference
---@field sslEnabled? boolean
---@field protectionDomain? string
---@field storagePool? string
---@field storageMode? string
---@field volumeName? string
---@field fsType? string
---@field readOnly? boolean

---@class StorageOSVolumeSource
---@field volumeName? string
---@field volumeNamespace? string
---@field fsType? string
---@field readOnly? boolean
---@field secretRef? LocalObjectReference

---@class CSIVolumeSource
---@field driver string
---@field readOnly? boolean
---@field fsType? string
---@field volumeAttributes? table<string, string>
---@field nodePublishSecretRef? LocalObjectReference

---@class EphemeralVolumeSource
---@field volumeClaimTemplate? PersistentVolumeClaimTemplate

---@class PersistentVolumeClaimTemplate
---@field metadata? ObjectMeta
---@field spec PersistentVolumeClaimSpec

---@class PersistentVolumeClaimSpec
---@field accessModes? string[]
---@field selector? LabelSelector
---@field resources? VolumeResourceRequirements
---@field volumeName? string
---@field storageClassName? string
---@field volumeMode? string
---@field dataSource? TypedLocalObjectReference
---@field dataSourceRef? TypedObjectReference
---@field volumeAttributesClassName? string

---@class VolumeResourceRequirements
---@field limits? table<string, string>
---@field requests? table<string, string>

---@class TypedLocalObjectReference
---@field apiGroup? string
---@field kind string
---@field name string

---@class TypedObjectReference
---@field apiGroup? string
---@field kind string
---@field name string
---@field namespace? string

---@class ImageVolumeSource
---@field reference? string
---@field pullPolicy? string

---@class Container
---@field name string
---@field image? string
---@field command? string[]
---@field args? string[]
---@field workingDir? string
---@field ports? ContainerPort[]
---@field envFrom? EnvFromSource[]
---@field env? EnvVar[]
---@field resources? ResourceRequirements
---@field resizePolicy? ContainerResizePolicy[]
---@field restartPolicy? string
---@field restartPolicyRules? ContainerRestartRule[]
---@field volumeMounts? VolumeMount[]
---@field volumeDevices? VolumeDevice[]
---@field livenessProbe? Probe
---@field readinessProbe? Probe
---@field startupProbe? Probe
---@field lifecycle? Lifecycle
---@field terminationMessagePath? string
---@field terminationMessagePolicy? string
---@field imagePullPolicy? string
---@field securityContext? SecurityContext
---@field stdin? boolean
---@field stdinOnce? boolean
---@field tty? boolean

---@class ContainerPort
---@field name? string
---@field hostPort? number
---@field containerPort number
---@field protocol? string
---@field hostIP? string

---@class EnvFromSource
---@field prefix? string
---@field configMapRef? ConfigMapEnvSource
---@field secretRef? SecretEnvSource

---@class ConfigMapEnvSource
---@field name? string
---@field optional? boolean

---@class SecretEnvSource
---@field name? string
---@field optional? boolean

---@class EnvVar
---@field name string
---@field value? string
---@field valueFrom? EnvVarSource

---@class EnvVarSource
---@field fieldRef? ObjectFieldSelector
---@field resourceFieldRef? ResourceFieldSelector
---@field configMapKeyRef? ConfigMapKeySelector
---@field secretKeyRef? SecretKeySelector
---@field fileKeyRef? FileKeySelector

---@class ConfigMapKeySelector
---@field name? string
---@field key string
---@field optional? boolean

---@class SecretKeySelector
---@field name? string
---@field key string
---@field optional? boolean

---@class FileKeySelector
---@field volumeName string
---@field path string
---@field key string
---@field optional? boolean

---@class ResourceRequirements
---@field limits? table<string, string>
---@field requests? table<string, string>
---@field claims? ResourceClaim[]

---@class ResourceClaim
---@field name string
---@field request? string

---@class ContainerResizePolicy
---@field resourceName string
---@field restartPolicy string

---@class ContainerRestartRule
---@field action? string
---@field exitCodes? ContainerRestartRuleOnExitCodes

---@class ContainerRestartRuleOnExitCodes
---@field operator? string
---@field values? number[]

---@class VolumeMount
---@field name string
---@field readOnly? boolean
---@field recursiveReadOnly? string
---@field mountPath string
---@field subPath? string
---@field mountPropagation? string
---@field subPathExpr? string
---@field bindMountOptions? string[]

---@class VolumeDevice
---@field name string
---@field devicePath string

---@class Probe
---@field exec? ExecAction
---@field httpGet? HTTPGetAction
---@field tcpSocket? TCPSocketAction
---@field grpc? GRPCAction
---@field initialDelaySeconds? number
---@field timeoutSeconds? number
---@field periodSeconds? number
---@field successThreshold? number
---@field failureThreshold? number
---@field terminationGracePeriodSeconds? number

---@class ExecAction
---@field command? string[]

---@class HTTPGetAction
---@field path? string
---@field port string|number
---@field host? string
---@field scheme? string
---@field httpHeaders? HTTPHeader[]
---@field protocol? string

---@class HTTPHeader
---@field name string
---@field value string

---@class TCPSocketAction
---@field port string|number
---@field host? string

---@class GRPCAction
---@field port number
---@field service? string
---@field mode? string

---@class Lifecycle
---@field postStart? LifecycleHandler
---@field preStop? LifecycleHandler
---@field stopSignal? string

---@class LifecycleHandler
---@field exec? ExecAction
---@field httpGet? HTTPGetAction
---@field tcpSocket? TCPSocketAction
---@field sleep? SleepAction

---@class SleepAction
---@field seconds number

---@class SecurityContext
---@field capabilities? Capabilities
---@field privileged? boolean
---@field seLinuxOptions? SELinuxOptions
---@field windowsOptions? WindowsSecurityContextOptions
---@field runAsUser? number
---@field runAsGroup? number
---@field runAsNonRoot? boolean
---@field readOnlyRootFilesystem? boolean
---@field allowPrivilegeEscalation? boolean
---@field procMount? string
---@field seccompProfile? SeccompProfile
---@field appArmorProfile? AppArmorProfile

---@class Capabilities
---@field add? string[]
---@field drop? string[]

---@class SELinuxOptions
---@field user? string
---@field role? string
---@field type? string
---@field level? string

---@class WindowsSecurityContextOptions
---@field gmsaCredentialSpecName? string
---@field gmsaCredentialSpec? string
---@field runAsUserName? string
---@field hostProcess? boolean

---@class SeccompProfile
---@field type string
---@field localhostProfile? string

---@class AppArmorProfile
---@field type string
---@field localhostProfile? string

---@class EphemeralContainer
---@field name string
---@field image? string
---@field command? string[]
---@field args? string[]
---@field workingDir? string
---@field ports? ContainerPort[]
---@field envFrom? EnvFromSource[]
---@field env? EnvVar[]
---@field resources? ResourceRequirements
---@field resizePolicy? ContainerResizePolicy[]
---@field restartPolicy? string
---@field restartPolicyRules? ContainerRestartRule[]
---@field volumeMounts? VolumeMount[]
---@field volumeDevices? VolumeDevice[]
---@field livenessProbe? Probe
---@field readinessProbe? Probe
---@field startupProbe? Probe
---@field lifecycle? Lifecycle
---@field terminationMessagePath? string
---@field terminationMessagePolicy? string
---@field imagePullPolicy? string
---@field securityContext? SecurityContext
---@field stdin? boolean
---@field stdinOnce? boolean
---@field tty? boolean
---@field targetContainerName? string

---@class PodSecurityContext
---@field seLinuxOptions? SELinuxOptions
---@field windowsOptions? WindowsSecurityContextOptions
---@field runAsUser? number
---@field runAsGroup? number
---@field runAsNonRoot? boolean
---@field supplementalGroups? number[]
---@field supplementalGroupsPolicy? string
---@field fsGroup? number
---@field sysctls? Sysctl[]
---@field fsGroupChangePolicy? string
---@field seccompProfile? SeccompProfile
---@field appArmorProfile? AppArmorProfile
---@field seLinuxChangePolicy? string

---@class Sysctl
---@field name string
---@field value string

---@class Affinity
---@field nodeAffinity? NodeAffinity
---@field podAffinity? PodAffinity
---@field podAntiAffinity? PodAntiAffinity

---@class NodeAffinity
---@field requiredDuringSchedulingIgnoredDuringExecution? NodeSelector
---@field preferredDuringSchedulingIgnoredDuringExecution? PreferredSchedulingTerm[]

---@class NodeSelector
---@field nodeSelectorTerms NodeSelectorTerm[]

---@class NodeSelectorTerm
---@field matchExpressions? NodeSelectorRequirement[]
---@field matchFields? NodeSelectorRequirement[]

---@class NodeSelectorRequirement
---@field key string
---@field operator string
---@field values? string[]

---@class PreferredSchedulingTerm
---@field weight number
---@field preference NodeSelectorTerm

---@class PodAffinity
---@field requiredDuringSchedulingIgnoredDuringExecution? PodAffinityTerm[]
---@field preferredDuringSchedulingIgnoredDuringExecution? WeightedPodAffinityTerm[]

---@class PodAffinityTerm
---@field labelSelector? LabelSelector
---@field namespaces? string[]
---@field topologyKey string
---@field namespaceSelector? LabelSelector
---@field matchLabelKeys? string[]
---@field mismatchLabelKeys? string[]

---@class WeightedPodAffinityTerm
---@field weight number
---@field podAffinityTerm PodAffinityTerm

---@class PodAntiAffinity
---@field requiredDuringSchedulingIgnoredDuringExecution? PodAffinityTerm[]
---@field preferredDuringSchedulingIgnoredDuringExecution? WeightedPodAffinityTerm[]

---@class Toleration
---@field key? string
---@field operator? string
---@field value? string
---@field effect? string
---@field tolerationSeconds? number

---@class HostAlias
---@field ip string
---@field hostnames? string[]

---@class PodDNSConfig
---@field nameservers? string[]
---@field searches? string[]
---@field options? PodDNSConfigOption[]

---@class PodDNSConfigOption
---@field name? string
---@field value? string

---@class PodReadinessGate
---@field conditionType string

---@class TopologySpreadConstraint
---@field maxSkew number
---@field topologyKey string
---@field whenUnsatisfiable string
---@field labelSelector? LabelSelector
---@field minDomains? number
---@field nodeAffinityPolicy? string
---@field nodeTaintsPolicy? string
---@field matchLabelKeys? string[]

---@class PodOS
---@field name string

---@class PodSchedulingGate
---@field name string

---@class PodResourceClaim
---@field name string
---@field resourceClaimName? string
---@field resourceClaimTemplateName? string

---@class PodSchedulingGroup
---@field podGroupName? string

---@class EvictionResponder
---@field name string
---@field priority? number

---@class PodStatus
---@field observedGeneration? number
---@field phase? string
---@field conditions? PodCondition[]
---@field message? string
---@field reason? string
---@field nominatedNodeName? string
---@field hostIP? string
---@field hostIPs? HostIP[]
---@field podIP? string
---@field podIPs? PodIP[]
---@field startTime? string
---@field initContainerStatuses? ContainerStatus[]
---@field containerStatuses? ContainerStatus[]
---@field qosClass? string
---@field ephemeralContainerStatuses? ContainerStatus[]
---@field resize? string
---@field resourceClaimStatuses? PodResourceClaimStatus[]
---@field extendedResourceClaimStatus? PodExtendedResourceClaimStatus
---@field allocatedResources? table<string, string>
---@field resources? ResourceRequirements
---@field nodeAllocatableResourceClaimStatuses? NodeAllocatableResourceClaimStatus[]
---@field volumeHealth? PodVolumeHealth[]

---@class PodCondition
---@field type string
---@field observedGeneration? number
---@field status string
---@field lastProbeTime? string
---@field lastTransitionTime? string
---@field reason? string
---@field message? string

---@class HostIP
---@field ip string

---@class PodIP
---@field ip string

---@class ContainerStatus
---@field name string
---@field state? ContainerState
---@field lastState? ContainerState
---@field ready boolean
---@field restartCount number
---@field image string
---@field imageID string
---@field containerID? string
---@field started? boolean
---@field allocatedResources? table<string, string>
---@field resources? ResourceRequirements
---@field volumeMounts? VolumeMountStatus[]
---@field user? ContainerUser
---@field allocatedResourcesStatus? ResourceStatus[]
---@field stopSignal? string

---@class ContainerState
---@field waiting? ContainerStateWaiting
---@field running? ContainerStateRunning
---@field terminated? ContainerStateTerminated

---@class ContainerStateWaiting
---@field reason? string
---@field message? string

---@class ContainerStateRunning
---@field startedAt? string

---@class ContainerStateTerminated
---@field exitCode number
---@field signal? number
---@field reason? string
---@field message? string
---@field startedAt? string
---@field finishedAt? string
---@field containerID? string

---@class VolumeMountStatus
---@field name string
---@field mountPath string
---@field readOnly? boolean
---@field recursiveReadOnly? string
---@field volumeStatus? VolumeStatus

---@class VolumeStatus
---@field image? ImageVolumeStatus

---@class ImageVolumeStatus
---@field imageRef? string

---@class ContainerUser
---@field linux? LinuxContainerUser

---@class LinuxContainerUser
---@field uid number
---@field gid number
---@field supplementalGroups? number[]

---@class ResourceStatus
---@field name string
---@field resources? ResourceHealth[]

---@class ResourceHealth
---@field resourceID string
---@field health? string
---@field message? string

---@class PodResourceClaimStatus
---@field name string
---@field resourceClaimName? string

---@class PodExtendedResourceClaimStatus
---@field requestMappings ContainerExtendedResourceRequest[]
---@field resourceClaimName string

---@class ContainerExtendedResourceRequest
---@field containerName string
---@field resourceName string
---@field requestName string

---@class NodeAllocatableResourceClaimStatus
---@field resourceClaimName string
---@field containers? string[]
---@field mapping? NodeAllocatableMappedResources[]
---@field overhead? NodeAllocatableOverheadResources[]

---@class NodeAllocatableMappedResources
---@field name string
---@field quantity? string

---@class NodeAllocatableOverheadResources
---@field name string
---@field perPod? string
---@field perContainer? string

---@class PodVolumeHealth
---@field name string
---@field healthConditions? VolumeHealthCondition[]
---@field lastTransitionTime? string

---@class VolumeHealthCondition
---@field status string
---@field reason string
---@field message? string

---@class Node
---@field kind? string
---@field apiVersion? string
---@field metadata? ObjectMeta
---@field spec? NodeSpec
---@field status? NodeStatus
---@field memo table what scripts remember of it; writable in on_* hooks

---@class NodeSpec
---@field podCIDR? string
---@field podCIDRs? string[]
---@field providerID? string
---@field unschedulable? boolean
---@field taints? Taint[]
---@field configSource? NodeConfigSource
---@field externalID? string
---@field podPreemptionPolicy? NodePodPreemptionPolicy

---@class Taint
---@field key string
---@field value? string
---@field effect string
---@field timeAdded? string

---@class NodeConfigSource
---@field configMap? ConfigMapNodeConfigSource

---@class ConfigMapNodeConfigSource
---@field namespace string
---@field name string
---@field uid? string
---@field resourceVersion? string
---@field kubeletConfigKey string

---@class NodePodPreemptionPolicy
---@field disableResizePreemption? string[]

---@class NodeStatus
---@field capacity? table<string, string>
---@field allocatable? table<string, string>
---@field phase? string
---@field conditions? NodeCondition[]
---@field addresses? NodeAddress[]
---@field daemonEndpoints? NodeDaemonEndpoints
---@field nodeInfo? NodeSystemInfo
---@field images? ContainerImage[]
---@field volumesInUse? string[]
---@field volumesAttached? AttachedVolume[]
---@field config? NodeConfigStatus
---@field runtimeHandlers? NodeRuntimeHandler[]
---@field features? NodeFeatures
---@field declaredFeatures? string[]

---@class NodeCondition
---@field type string
---@field status string
---@field lastHeartbeatTime? string
---@field lastTransitionTime? string
---@field reason? string
---@field message? string

---@class NodeAddress
---@field type string
---@field address string

---@class NodeDaemonEndpoints
---@field kubeletEndpoint? DaemonEndpoint

---@class DaemonEndpoint
---@field Port number

---@class NodeSystemInfo
---@field machineID string
---@field systemUUID string
---@field bootID string
---@field kernelVersion string
---@field osImage string
---@field containerRuntimeVersion string
---@field kubeletVersion string
---@field kubeProxyVersion string
---@field operatingSystem string
---@field architecture string
---@field swap? NodeSwapStatus
---@field runningInUserNamespace? boolean

---@class NodeSwapStatus
---@field capacity? number

---@class ContainerImage
---@field names string[]
---@field sizeBytes? number

---@class AttachedVolume
---@field name string
---@field devicePath string

---@class NodeConfigStatus
---@field assigned? NodeConfigSource
---@field active? NodeConfigSource
---@field lastKnownGood? NodeConfigSource
---@field error? string

---@class NodeRuntimeHandler
---@field name string
---@field features? NodeRuntimeHandlerFeatures

---@class NodeRuntimeHandlerFeatures
---@field recursiveReadOnlyMounts? boolean
---@field userNamespaces? boolean

---@class NodeFeatures
---@field supplementalGroupsPolicy? boolean

---@class Deployment
---@field kind? string
---@field apiVersion? string
---@field metadata? ObjectMeta
---@field spec? DeploymentSpec
---@field status? DeploymentStatus

---@class DeploymentSpec
---@field replicas? number
---@field selector? LabelSelector
---@field template PodTemplateSpec
---@field strategy? DeploymentStrategy
---@field minReadySeconds? number
---@field revisionHistoryLimit? number
---@field paused? boolean
---@field progressDeadlineSeconds? number

---@class PodTemplateSpec
---@field metadata? ObjectMeta
---@field spec? PodSpec

---@class DeploymentStrategy
---@field type? string
---@field rollingUpdate? RollingUpdateDeployment

---@class RollingUpdateDeployment
---@field maxUnavailable? string|number
---@field maxSurge? string|number

---@class DeploymentStatus
---@field observedGeneration? number
---@field replicas? number
---@field updatedReplicas? number
---@field readyReplicas? number
---@field availableReplicas? number
---@field unavailableReplicas? number
---@field terminatingReplicas? number
---@field conditions? DeploymentCondition[]
---@field collisionCount? number

---@class DeploymentCondition
---@field type string
---@field status string
---@field lastUpdateTime? string
---@field lastTransitionTime? string
---@field reason? string
---@field message? string

---@class EndpointSlice
---@field kind? string
---@field apiVersion? string
---@field metadata? ObjectMeta
---@field addressType string
---@field endpoints Endpoint[]
---@field ports EndpointPort[]

---@class Endpoint
---@field addresses string[]
---@field conditions? EndpointConditions
---@field hostname? string
---@field targetRef? ObjectReference
---@field deprecatedTopology? table<string, string>
---@field nodeName? string
---@field zone? string
---@field hints? EndpointHints

---@class EndpointConditions
---@field ready? boolean
---@field serving? boolean
---@field terminating? boolean

---@class ObjectReference
---@field kind? string
---@field namespace? string
---@field name? string
---@field uid? string
---@field apiVersion? string
---@field resourceVersion? string
---@field fieldPath? string

---@class EndpointHints
---@field forZones? ForZone[]
---@field forNodes? ForNode[]

---@class ForZone
---@field name string

---@class ForNode
---@field name string

---@class EndpointPort
---@field name? string
---@field protocol? string
---@field port? number
---@field appProtocol? string
