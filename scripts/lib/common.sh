# shellcheck shell=bash
# What the scripts share: how they speak, which compiler they take, how many jobs they start.
# Sourced, never run. Needs `set -euo pipefail`, $program, the name to speak under, and $root, the
# repository's folder. No pipe here ends in `head` or `grep -q`: they leave early, and with pipefail
# whoever still writes to them fails now and then.

# Exit statuses of the scripts.
readonly failed_status=1 usage_status=2 missing_status=3

if [ -t 1 ] && [ -z "${NO_COLOR-}" ]; then
  readonly bold=$'\e[1m' plain=$'\e[0m'
else
  readonly bold="" plain=""
fi

# step NUMBER/COUNT SENTENCE
step() { printf '\n%s==> %s  %s%s\n' "$bold" "$1" "$2" "$plain"; }

say() { printf '    %s\n' "$*"; }

# die STATUS SENTENCE…: one sentence on stderr, and the end.
die() {
  local status=$1
  shift
  printf '%s: %s\n' "$program" "$*" >&2
  exit "$status"
}

# usage_error SENTENCE
usage_error() { die "$usage_status" "$*; try $program --help"; }

# What was compiled in one clone serves in another.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-1}

# version_at_least WANTED FOUND, for dotted numbers.
version_at_least() { printf '%s\n%s\n' "$1" "$2" | sort -C -V; }

# The major version of a compiler that is clang, or nothing.
clang_major() {
  "$1" --version 2>/dev/null | sed -n 's/.*clang version \([0-9]*\)\..*/\1/p' || true
}

# Whether $1 is a compiler that builds Regatta: g++ 12, clang 17, or newer.
compiler_is_new_enough() {
  local major
  command -v "$1" >/dev/null 2>&1 || return 1
  major=$(clang_major "$1")
  if [ -n "$major" ]; then
    [ "$major" -ge 17 ]
  else
    major=$("$1" -dumpversion 2>/dev/null | cut -d. -f1)
    [ "${major:-0}" -ge 12 ] 2>/dev/null
  fi
}

# The C++ compiler to build with: $CXX if it is set, else the system's g++, else the newest that will do.
find_compiler() {
  local candidate
  if [ -n "${CXX-}" ]; then
    # Only the first word: CXX="ccache g++" names a launcher, and CMake brings its own.
    for candidate in $CXX; do :; done
    compiler_is_new_enough "$candidate" || return 1
    printf '%s\n' "$candidate"
    return 0
  fi
  for candidate in g++ g++-15 g++-14 g++-13 g++-12; do
    if compiler_is_new_enough "$candidate"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# Whether the clang $1 can build and run a program under the sanitizers $2 (a list for -fsanitize=).
sanitizer_works() {
  local folder status=0
  folder=$(mktemp -d)
  printf 'int main() {}\n' >"$folder/empty.cpp"
  "$1" "-fsanitize=$2" "$folder/empty.cpp" -o "$folder/empty" >/dev/null 2>&1 &&
    "$folder/empty" >/dev/null 2>&1 || status=1
  rm -rf "$folder"
  return "$status"
}

# The clang for sanitizer builds: $REGATTA_CLANG if it is set, else clang 19, which the sources are
# kept clean for, else the newest from 17 on.
find_clang() {
  local candidate
  for candidate in ${REGATTA_CLANG:-clang++-19 clang++-22 clang++-21 clang++-20 clang++-18 clang++-17 clang++}; do
    if [ -n "$(clang_major "$candidate")" ] && compiler_is_new_enough "$candidate"; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# How many compilers may run at once: one a core, as long as each has 1.5 GiB of memory.
# REGATTA_JOBS overrides it.
build_jobs() {
  local jobs memory_mib limit quota period
  if [ -n "${REGATTA_JOBS-}" ]; then
    [[ $REGATTA_JOBS =~ ^[1-9][0-9]*$ ]] ||
      die "$usage_status" "REGATTA_JOBS is '$REGATTA_JOBS', expected a number from 1, as in REGATTA_JOBS=2"
    printf '%s\n' "$REGATTA_JOBS"
    return 0
  fi
  jobs=$(nproc)
  memory_mib=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  # A container sees the whole machine's cores and memory, but may not have them.
  if read -r quota period 2>/dev/null </sys/fs/cgroup/cpu.max && [ "$quota" != max ]; then
    limit=$(((quota + period - 1) / period))
    [ "$limit" -ge "$jobs" ] || jobs=$limit
  fi
  if read -r limit 2>/dev/null </sys/fs/cgroup/memory.max && [ "$limit" != max ]; then
    limit=$((limit / 1024 / 1024))
    [ "$limit" -ge "$memory_mib" ] || memory_mib=$limit
  fi
  [ $((memory_mib / 1536)) -ge "$jobs" ] || jobs=$((memory_mib / 1536))
  [ "$jobs" -ge 1 ] || jobs=1
  printf '%s\n' "$jobs"
}

# logged NAME COMMAND…: its output goes to build/NAME.log, and to the terminal only if it fails.
logged() {
  local log="$root/build/$1.log" status=0
  shift
  mkdir -p "$root/build"
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || tail -n 30 "$log" >&2
  return "$status"
}

# configure PRESET [CMAKE OPTION…]: options count only the first time, so that whoever changes the
# tree by hand keeps the change.
configure() {
  local preset=$1 tree="$root/build/$1"
  shift
  if [ -e "$tree/CMakeCache.txt" ]; then
    set --
  fi
  (cd "$root" && logged "configure.$preset" cmake --preset "$preset" "$@")
}

# build PRESET [TARGET…]
build() {
  local preset=$1 jobs
  shift
  jobs=$(build_jobs)
  cmake --build "$root/build/$preset" --parallel "$jobs" ${1+--target "$@"}
}
