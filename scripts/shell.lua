-- shell.lua: pods labelled behaviour=shell answer kubectl exec: a few commands, and with `kubectl exec -it POD -- sh` a
-- shell to type them into. kubectl attach -it joins the same shell. Nothing here is real; the files are written below.
match = { labels = { behaviour = "shell" } }

local FILES = {
  ["/etc/os-release"] = "NAME=Moonlet\nID=moonlet\n",
  ["/etc/motd"] = "Welcome. Nothing here is real.\n",
  ["/app/config.json"] = '{"port": 8080}\n',
}

local COMMANDS = {} -- each returns output and, if it is not 0, an exit code

function COMMANDS.echo(pod, container, args) return table.concat(args, " ") .. "\n" end
function COMMANDS.hostname(pod) return pod.metadata.name .. "\n" end
function COMMANDS.date() return rfc3339() .. "\n" end
COMMANDS["true"] = function() return "" end
COMMANDS["false"] = function() return "", 1 end

function COMMANDS.env(pod, container)
  local lines = { "HOSTNAME=" .. pod.metadata.name }
  for _, e in ipairs(container.env) do lines[#lines + 1] = e.name .. "=" .. (e.value or "") end
  return table.concat(lines, "\n") .. "\n"
end

function COMMANDS.ls(pod, container, args)
  local names = {}
  for path in pairs(FILES) do
    if starts_with(path, args[1] or "/") then names[#names + 1] = path end
  end
  table.sort(names)
  return table.concat(names, "\n") .. "\n"
end

function COMMANDS.cat(pod, container, args, io)
  if #args == 0 then return io:read("a") end
  local text = ""
  for _, path in ipairs(args) do
    if not FILES[path] then return text .. "cat: " .. path .. ": No such file or directory\n", 1 end
    text = text .. FILES[path]
  end
  return text
end

local function run(pod, container, words, io)
  local command = COMMANDS[words[1]]
  if not command then return ("sh: %s: not found\n"):format(words[1]), 127 end
  local args = {}
  for i = 2, #words do args[#args + 1] = words[i] end
  return command(pod, container, args, io)
end

local function shell(pod, container, io)
  local code = 0
  if io.tty then io:write(FILES["/etc/motd"]) end
  while true do
    if io.tty then io:write(pod.metadata.name, ":/# ") end
    local line = io:read() -- waits, as long as it takes
    if not line or trim(line) == "exit" then return nil, code end
    local words = split(line)
    if #words > 0 then
      local output
      output, code = run(pod, container, words, io)
      io:write(output)
    end
  end
end

function exec(pod, container, argv, io)
  local name = argv[1]
  if io.attach or name == "sh" or name == "bash" or name == "/bin/sh" then
    if argv[2] ~= "-c" then return shell(pod, container, io) end
    return run(pod, container, split(argv[3] or ""), io)
  end
  return run(pod, container, argv, io)
end
