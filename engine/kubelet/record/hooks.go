package record

import (
	"slices"
	"strings"
)

// needs is which functions a story's lives need.
type needs struct {
	names   bool // some names are made up
	turns   bool // some roles have several lives
	places  bool // and some of these have them by age
	nth     bool // the scenario is about one of several
	creates bool
	pulls   bool
	starts  bool
}

func (s *Story) needs() needs {
	var n needs
	for _, r := range s.Roles {
		n.names = n.names || strings.Contains(r.Name, "*")
		n.turns = n.turns || len(r.Lives) > 1
		n.places = n.places || len(r.Lives) > 1 && r.ByAge()
		for _, l := range r.Lives {
			n.creates = n.creates || l.Refused != nil || l.Delay > 0
			n.pulls = n.pulls || slices.ContainsFunc(l.Containers, func(c Container) bool { return len(c.Pulls) > 0 })
			n.starts = n.starts || slices.ContainsFunc(l.Containers, func(c Container) bool { return len(c.Starts) > 0 })
		}
	}
	for _, a := range s.Acts {
		n.nth = n.nth || a.Verb != "" && a.byNumber()
	}
	return n
}

// byNumber says that the act is about one pod of a role.
func (a Act) byNumber() bool { return a.Role != nil && (a.Nth > 0 || a.Role.Node != "") }

// hooks writes the functions that read the lives: only those that are needed.
func (s *Story) hooks(w *writer) {
	if len(s.Roles) == 0 {
		return
	}
	n := s.needs()
	add := func(wanted bool, lua string) {
		if wanted {
			w.b.WriteString("\n" + lua)
		}
	}
	add(n.names, luaRoleMadeUp)
	add(!n.names, luaRole)
	add(n.nth || n.turns, luaAge)
	add(n.turns, luaTurn)
	add(n.turns, luaLifeInTurn)
	add(!n.turns, luaLife)
	add(n.nth, luaOf)
	add(true, luaMatch)
	switch {
	case n.turns:
		add(true, luaOnCreateInTurn)
	case n.creates:
		add(true, luaOnCreate)
	}
	switch {
	case n.places:
		add(true, luaOnPullInTurn)
	case n.pulls:
		add(true, luaOnPull)
	}
	add(n.starts, luaOnStart)
}

const luaRole = `-- role is whose lives a pod lives.
local function role(pod)
  return pod.metadata.namespace .. "/" .. pod.metadata.name
end
`

const luaRoleMadeUp = `-- role is whose lives a pod lives: its own, or those of all pods whose names are made up like its name.
local function role(pod)
  local m = pod.metadata
  local key = m.namespace .. "/" .. m.name
  if lives[key] then return key end
  local hash, stem = m.labels["pod-template-hash"], m.generateName
  local from = hash and m.name:find(hash .. "-", 1, true)
  if from then stem = m.name:sub(1, from - 1) end -- of a ReplicaSet; the Deployment counts
  if not stem then return key end
  key = m.namespace .. "/" .. stem .. "*"
  local here = key .. " on " .. (pod.spec.nodeName or "")
  return lives[here] and here or key
end
`

const luaAge = `-- age is the place of a pod among others, the oldest first.
local function age(pod, others)
  local function born(p) return (p.metadata.creationTimestamp or "") .. " " .. p.metadata.name end
  local n = 1
  for _, other in ipairs(others) do
    if born(other) < born(pod) then n = n + 1 end
  end
  return n
end
`

const luaTurn = `-- turn is which of its role's lives a pod lives: by age, and where pods of one name follow each other, by their number.
local function turn(pod)
  local mine = role(pod)
  if mine:sub(-1) == "*" then
    return age(pod, pods{ namespace = pod.metadata.namespace }:filter(function(p) return role(p) == mine end))
  end
  local n = (node.memo[mine] or 0) + 1
  node.memo[mine] = n
  return n
end
`

const luaLife = `local function life(pod) return lives[role(pod)] or {} end
`

const luaLifeInTurn = `local function life(pod)
  local mine = lives[role(pod)] or {}
  if not mine[1] then return mine end
  return mine[((pod.memo.turn or 1) - 1) % #mine + 1]
end
`

const luaOf = `-- of is the nth pod of a role, by age.
local function of(key, n)
  local all = pods{}:filter(function(pod) return role(pod) == key end)
  return all:filter(function(pod) return age(pod, all) == math.min(n, #all) end)
end
`

const luaMatch = `match = function(pod) return lives[role(pod)] ~= nil end
`

const luaOnCreate = `function on_create(pod)
  local l = life(pod)
  if l.refused then return l.refused[1], l.refused[2] end
  if l.delay then return delay(l.delay) end
end
`

const luaOnCreateInTurn = `function on_create(pod)
  if (lives[role(pod)] or {})[1] then pod.memo.turn = turn(pod) end
  local l = life(pod)
  if l.refused then return l.refused[1], l.refused[2] end
  if l.delay then return delay(l.delay) end
end
`

const luaOnPull = `function on_pull(pod, container)
  local pulls = life(pod).pulls
  pulls = pulls and pulls[container.name]
  if not pulls then return end
  local key = "pulls of " .. container.name
  local n = (pod.memo[key] or 0) + 1
  pod.memo[key] = n
  return pulls[math.min(n, #pulls)]
end
`

const luaOnPullInTurn = `function on_pull(pod, container)
  local least -- pods that come at once see each other a second later, and only then have their places
  if (lives[role(pod)] or {})[1] and role(pod):sub(-1) == "*" then
    pod.memo.turn = turn(pod)
    least = { after = "1s" }
  end
  local pulls = life(pod).pulls
  pulls = pulls and pulls[container.name]
  if not pulls then return least end
  local key = "pulls of " .. container.name
  local n = (pod.memo[key] or 0) + 1
  pod.memo[key] = n
  return pulls[math.min(n, #pulls)]
end
`

const luaOnStart = `function on_start(pod, container, run)
  local starts = life(pod).starts
  starts = starts and starts[container.name]
  return starts and starts[math.min(run.number, #starts)]
end
`
