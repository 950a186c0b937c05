# Sourced by ./run, ./test and bench/run: installs what is missing on Debian and Ubuntu, and builds.
# shellcheck shell=bash

readonly BUILD_PACKAGES=(
  ccache cmake g++ git libboost1.81-dev libcli11-dev libcurl4-openssl-dev libexpected-dev libfmt-dev
  libpq-dev libre2-dev libsodium-dev libspdlog-dev libsqlite3-dev libssl-dev libyaml-cpp-dev mold ninja-build pkg-config
  prometheus-cpp-dev rapidjson-dev zlib1g-dev)
readonly TRY_PACKAGES=(curl python3)
readonly TEST_PACKAGES=(clang-14 clang-format-14 clang-tidy-14 doctest-dev postgresql python3-jsonschema sqlite3 strace)
readonly UI_TEST_PACKAGES=(chromium)
readonly DOCS_PACKAGES=(doctest-dev lowdown)
readonly FUZZ_PACKAGES=(clang-14 libclang-rt-14-dev llvm-14)

say() { if [ -t 1 ]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# install_packages NAME…: says what it will install, and installs it.
install_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "needs these Debian packages, and there is no apt-get: ${missing[*]}"
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "run as root, or install sudo, to install: ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing with apt-get: ${missing[*]}"
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# Node, unless there is one: it builds the admin UI.
install_node() {
  command -v node >/dev/null && command -v npm >/dev/null || install_packages nodejs npm
}

# install_references [FOLDER]: from npm, what pennon is compared with or tested by.
install_references() {
  install_node
  local folder=${1:-tests/conformance}
  cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" && return
  say "installing with npm: the references of $folder/package.json"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error ||
    fail "npm cannot install $folder/package.json: is the registry $(npm config get registry 2>/dev/null) within reach?"
  cp "$folder/package-lock.json" "$folder/node_modules/.installed"
}

# install_python PACKAGE==VERSION…: from PyPI, into build/venv.
install_python() {
  [ -x build/venv/bin/pip ] || python3 -m venv build/venv
  build/venv/bin/pip install --quiet --disable-pip-version-check "$@" ||
    fail "pip cannot install $*: is the package index within reach?"
}

# build PRESET [TARGET…]: configures once, then builds with progress.
build() {
  local preset=$1
  shift
  install_node
  if [ ! -f "build/$preset/build.ninja" ]; then
    say "configuring build/$preset"
    mkdir -p "build/$preset"
    cmake --preset "$preset" >"build/$preset/configure.log" 2>&1 ||
      { tail -n 30 "build/$preset/configure.log" >&2; fail "cmake failed"; }
  fi
  say "building $preset${*:+: $*}"
  NINJA_STATUS='[%f/%t %es] ' ninja -C "build/$preset" "$@" || fail "the build failed"
}

# build_release TARGET…: the optimised programs; configures without tests, unless that was done with them.
build_release() {
  install_node
  if [ ! -f build/release/build.ninja ]; then
    mkdir -p build/release
    cmake --preset release -DPENNON_TESTS=OFF -DPENNON_BENCH=OFF >build/release/configure.log 2>&1 ||
      { tail -n 30 build/release/configure.log >&2; fail "cmake failed"; }
  fi
  build release "$@"
}
