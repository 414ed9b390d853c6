#!/usr/bin/env bash
# What a Deployment of three does, with curl: three pods of one template, by POST /createPod. Needs a running
# `make run`; another address can be given as first argument.
set -euo pipefail
url=${1:-http://127.0.0.1:3000}
here=$(dirname "$0")
for n in 1 2 3; do
  printf 'web-%s: ' "$n"
  sed "s/NAME/web-$n/" "$here/deployment-pod.json" | curl --fail-with-body -sS --data-binary @- "$url/createPod"
done
echo "See them start: curl '$url/api/v1/pods?labels=app%3Dweb'"
