#!/usr/bin/env bash
# The Virtual Kubelet workshop's flow with curl: create a pod, see its status and its log, stop it as the workshop's
# page does, delete it. Needs a running `make run`; another address can be given as first argument.
set -euo pipefail
url=${1:-http://127.0.0.1:3000}
here=$(dirname "$0")

# ask sends a request and breaks the answer into lines a person can read.
ask() {
  curl --fail-with-body -sS "$@" | awk '{
    gsub(/[}],[{]/, "},\n   {")
    gsub(/"(conditions|hostIP|podIP|startTime|containerStatuses|qosClass)":/, "\n  &")
    print
  }'
}

echo "# what the node offers"
ask "$url/capacity"
ask "$url/nodeConditions"
ask "$url/nodeAddresses"

echo "# create"
ask --data-binary @"$here/lab-pod.json" "$url/createPod"

# wait_for asks until the answer has a pattern in it, for at most half a minute, and prints it.
wait_for() {
  local answer=
  for _ in $(seq 150); do
    answer=$(ask "$2")
    # shellcheck disable=SC2053 # a pattern
    [[ $answer = *$1* ]] && break
    sleep 0.2
  done
  echo "$answer"
}

echo "# status, once it is ready"
wait_for '"ready":true' "$url/getPodStatus?namespace=default&name=lab"

echo "# the last lines of its log, once there are three"
wait_for $'\n'*$'\n' "$url/getContainerLogs?namespace=default&podName=lab&containerName=lab&tail=3"

echo "# Stop Pod: the workshop's page puts the pod back with phase Failed"
ask -X PUT --data-binary @"$here/lab-stop.json" "$url/updatePod"
ask "$url/getPodStatus?namespace=default&name=lab"

echo "# delete"
ask -X DELETE --data-binary @"$here/lab-pod.json" "$url/deletePod"
echo "# what is left"
ask "$url/getPods"
