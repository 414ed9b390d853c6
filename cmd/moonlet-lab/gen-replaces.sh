#!/usr/bin/env bash
# Writes into this module's go.mod the Kubernetes version to build, and the pins
# of its staging modules: Kubernetes' own go.mod replaces them by folders of its
# repository, which a module that depends on Kubernetes must replace by versions.
set -euo pipefail

version=${1:-}
if ! [[ $version =~ ^v1\.([0-9]+\.[0-9]+.*)$ ]]; then
	echo "usage: $0 VERSION   # of Kubernetes, such as v1.37.1" >&2
	exit 2
fi
staging=v0.${BASH_REMATCH[1]}
cd "$(dirname "$0")"

# Asked outside this module: its old pins must not take part in the answer.
if ! answer=$(cd / && go mod download -json "k8s.io/kubernetes@$version"); then
	echo "read go.mod of k8s.io/kubernetes $version: $(sed -n 's/^\t"Error": //p' <<<"$answer")" >&2
	exit 1
fi
published=$(sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p' <<<"$answer")
mapfile -t modules < <(sed -n 's|^\t\(k8s\.io/[^ ]*\) => \./staging/.*|\1|p' "$published")

# All old pins go: a name that Kubernetes no longer has would pin a module nobody publishes.
old=$(go mod edit -print)
{
	awk '/^replace \($/ { skip = 1 } !skip && !/^replace k8s\.io/ { print } /^\)$/ { skip = 0 }' <<<"$old"
	echo 'replace ('
	for module in "${modules[@]}"; do echo "$module => $module $staging"; done
	echo ')'
} >go.mod
go mod edit -fmt -require="k8s.io/kubernetes@$version"
echo "go.mod: Kubernetes $version and ${#modules[@]} staging modules at $staging; next: go mod tidy" >&2
