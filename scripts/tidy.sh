#!/usr/bin/env bash
# clang-tidy over every source of ours (naming rules as errors), one file at a time on all cores. A file
# whose text and whose headers' text are as they were when it passed is passed over.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-dev}
cache=build/tidy
mkdir -p "$cache"

# Everything that a verdict can depend on, beside the file itself.
common=$(git ls-files -z '*.h' .clang-tidy cmake | xargs -0 cat | sha256sum | cut -d' ' -f1)
export common cache preset

check() {
  local stamp
  stamp=$cache/$(printf '%s %s' "$common" "$(sha256sum "$1")" | sha256sum | cut -d' ' -f1)
  [ -e "$stamp" ] && return
  if clang-tidy-14 --quiet -p "build/$preset" --extra-arg=-Wno-unknown-warning-option "$1" >"$stamp.log" 2>/dev/null; then
    mv "$stamp.log" "$stamp"
  else
    echo "clang-tidy: $1" && cat "$stamp.log" && rm -f "$stamp.log" && return 1
  fi
}
export -f check

git ls-files 'base/*.cpp' 'model/*.cpp' 'engine/*.cpp' 'wire/*.cpp' 'net/*.cpp' 'serving/*.cpp' \
  'client/*.cpp' 'cli/*.cpp' 'daemon/*.cpp' 'store/*.cpp' |
  xargs -n 1 -P "$(nproc)" bash -c 'check "$0"'
