#!/usr/bin/env bash
# build.sh: moonlet-lab, built once for each state of its sources and kept outside the checkout. The last line on standard
# output is the binary's path; what goes on meanwhile is told on standard error.
set -euo pipefail
cd "$(dirname "$0")"

# Without cgo no C compiler is needed. No -trimpath: tests, vet and lint then share what is compiled here, which is minutes.
export CGO_ENABLED=0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/moonlet/moonlet-lab
keep=3 # binaries of 150 MB each

say() { echo "moonlet-lab: $*" >&2; }

sha256() { if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# The key: whatever the binary is made from. Tests are not, and a change in them must not cost a build.
key() {
	{
		go env GOVERSION GOOS GOARCH
		find . -type f \( -name '*.go' -o -name go.mod -o -name go.sum -o -name build.sh \) \
			! -name '*_test.go' ! -path './e2e/*' | LC_ALL=C sort | while read -r file; do sha256 "$file"; done
	} | sha256 | cut -c 1-16
}

# Reads the names of packages as they are compiled, and says how far that is.
show_progress() {
	local of=$1 done=0 shown=-1 percent
	while read -r; do
		done=$((done + 1))
		percent=$((done * 100 / of))
		if [ -t 2 ]; then
			printf '\r  %d of %d packages (%d %%), %d s ' "$done" "$of" "$percent" "$SECONDS" >&2
		elif [ $((percent / 10)) -ne "$shown" ]; then
			shown=$((percent / 10))
			say "$done of $of packages ($percent %), $SECONDS s"
		fi
	done
	if [ -t 2 ]; then printf '\r\033[K' >&2; fi
}

build() {
	local version=$1 binary=$2 log=$3 of minor k8s=k8s.io/component-base/version
	minor=${version#v1.}
	# On a fresh machine this fetches the modules, and Go says which.
	of=$(go list -deps -f '{{if .Stale}}{{.ImportPath}}{{end}}' . | grep -c . || true)
	if [ "$of" -gt 100 ]; then
		say "building Kubernetes $version, $of packages to compile: this first build takes minutes, later ones seconds"
	else
		say "building"
	fi
	# -p 2: the compiler of some packages, and the linker, take 3 GiB of memory each.
	{ go build -v -p 2 -buildvcs=false -o "$binary" -ldflags "-s -w \
		-X github.com/moonlet-dev/moonlet/cmd/moonlet-lab/internal/cli.stampedBuild=$key \
		-X $k8s.gitVersion=$version -X $k8s.gitMajor=1 -X $k8s.gitMinor=${minor%%.*} -X $k8s.gitTreeState=clean" . 2>&1 ||
		echo "FAILED: go build" ; } | tee "$log" | grep --line-buffered -E '^[A-Za-z0-9._~/-]+$' | show_progress "$((of > 0 ? of : 1))"
	if grep -q '^FAILED' "$log"; then
		grep -vE '^([A-Za-z0-9._~/-]+|FAILED.*)$' "$log" >&2
		exit 1
	fi
}

key=$(key)
binary=$cache/$key/moonlet-lab
if ! [ -x "$binary" ]; then
	version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
	mkdir -p "$cache"
	unfinished=$(mktemp -d "$cache/.building.XXXXXX")
	trap 'rm -rf "$unfinished"' EXIT
	build "$version" "$unfinished/moonlet-lab" "$unfinished/log"
	mkdir -p "$cache/$key"
	mv "$unfinished/moonlet-lab" "$binary"
	say "built in $SECONDS s"
fi
touch "$cache/$key"
ls -1t "$cache" | tail -n +$((keep + 1)) | while read -r old; do rm -rf "${cache:?}/$old"; done
find "$cache" -maxdepth 1 -name '.building.*' -mtime +1 -exec rm -rf {} + # of builds that were killed
echo "$binary"
