-- image-pull.lua: pods labelled behaviour=image-pull cannot get their image for a while: ErrImagePull, then
-- ImagePullBackOff with the kubelet's back-off, until the registry is back. behaviour=image-missing never gets it.
match = function(pod)
  local labels = pod.metadata.labels
  return labels ~= nil and (labels.behaviour == "image-pull" or labels.behaviour == "image-missing")
end

param("outage", "1m", "from the creation of the pod until the registry answers again")
param("pull_time", "3s", "how long a pull takes then")

function on_pull(pod, container)
  if pod.metadata.labels.behaviour == "image-missing" then
    return { after = "500ms", error = ("failed to pull and unpack image %q: not found"):format(container.image) }
  end
  if since(pod.metadata.creationTimestamp) < seconds(params.outage) then
    return { after = "2s", error = ("failed to pull image %q: dial tcp: i/o timeout"):format(container.image) }
  end
  return params.pull_time
end
