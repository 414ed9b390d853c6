#!/usr/bin/env bash
# The Virtual Kubelet workshop's flow with curl: create a pod, see its status and its log, stop it as the workshop's
# page does, delete it. Needs a running `make run`; another address can be given as first argument.
set -euo pipefail
url=${1:-http://127.0.0.1:3000}
here=$(dirname "$0")
ask() { curl --fail-with-body -sS "$@"; echo; }

echo "# what the node offers"
ask "$url/capacity"
ask "$url/nodeConditions"
ask "$url/nodeAddresses"

echo "# create"
ask --data-binary @"$here/lab-pod.json" "$url/createPod"

echo "# status, once it is running"
for _ in $(seq 100); do
  status=$(ask "$url/getPodStatus?namespace=default&name=lab")
  case $status in *'"phase":"Running"'*) break ;; esac
  sleep 0.2
done
echo "$status"

echo "# the last lines of its log"
ask "$url/getContainerLogs?namespace=default&podName=lab&containerName=lab&tail=3"

echo "# Stop Pod: the workshop's page puts the pod back with phase Failed"
ask -X PUT --data-binary @"$here/lab-stop.json" "$url/updatePod"
ask "$url/getPodStatus?namespace=default&name=lab"

echo "# delete"
ask -X DELETE --data-binary @"$here/lab-pod.json" "$url/deletePod"
ask "$url/getPods"
