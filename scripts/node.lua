-- node.lua: what the node says of itself. Config gives the values; what is answered here is laid over them.

param("gpus", 0, "GPUs the node has on top of what config says")
param("ready", true, "false takes the node NotReady, as if its runtime were down")
param("pressure", "", "memory, disk or pid: that pressure condition is True")

local function pressed(type, reason, message)
  return { type = type, status = "True", reason = reason, message = message }
end

local PRESSURE = {
  memory = pressed("MemoryPressure", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
  disk = pressed("DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure"),
  pid = pressed("PIDPressure", "KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
}

function capacity(node)
  if params.gpus > 0 then return { ["nvidia.com/gpu"] = params.gpus } end
end

function conditions(node)
  local list = {}
  if PRESSURE[params.pressure] then list[#list + 1] = PRESSURE[params.pressure] end
  if not params.ready then
    list[#list + 1] = { type = "Ready", status = "False", reason = "KubeletNotReady", message = "container runtime is down" }
  end
  return list
end
