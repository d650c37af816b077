# shellcheck shell=bash
# What Regatta needs of a machine, how to see whether it is there, and how to get it.
# Sourced after common.sh. What is there is asked of tools and headers, never of the package manager:
# whoever built a library by hand, or has it from elsewhere, has it.

# need | for whom | Debian and Ubuntu | Fedora | why
# A package with %CLANG% is found by version: see apt_clang().
# %BOOST% stands for what apt_boost() says. For whom: run, test; with a ? it is wanted, but nothing stops without it.
readonly needs_table='
compiler      run    g++                                    gcc-c++              g++ 12 or newer
cmake         run    cmake                                  cmake                cmake 3.22 or newer
ninja         run    ninja-build                            ninja-build          ninja
git           run    git                                    git                  git
benchmark     run    libbenchmark-dev                       google-benchmark-devel  <benchmark/benchmark.h>
json          run    nlohmann-json3-dev                     json-devel           <nlohmann/json.hpp>
fmt           run    libfmt-dev                             fmt-devel            <fmt/format.h>
cli           run    libcli11-dev                           cli11-devel          <CLI/CLI.hpp>
boost_math    run    libboost-dev                           boost-devel          Boost.Math, for the statistics
charts        run    python3-matplotlib,python3-jinja2,python3-numpy  python3-matplotlib,python3-jinja2,python3-numpy  Python 3.10 with matplotlib, jinja2 and numpy
ccache        run?   ccache                                 ccache               ccache
boost         run?   %BOOST%                                boost-devel          Boost.Asio of Boost 1.81 or newer, for the contenders asio and asio_native
libuv         run?   libuv1-dev                             libuv-devel          <uv.h>, for the contender libuv
liburing      run?   liburing-dev                           liburing-devel       <liburing.h>, for the contenders io_uring and asio/io_uring
simdjson      run?   libsimdjson-dev                        simdjson-devel       <simdjson.h>, to summarise large runs several times as fast
httplib       run?   libcpp-httplib-dev                     cpp-httplib-devel    <httplib.h>, for the metrics of regatta-proxy
strace        run?   strace                                 strace               strace, to count the system calls of contenders
gtest         test   libgtest-dev                           gtest-devel          <gtest/gtest.h>
gmock         test   libgmock-dev                           gmock-devel          <gmock/gmock.h>
pytest        test   python3-pytest                         python3-pytest       pytest, for the same Python
clang         test?  clang-%CLANG%,libclang-rt-%CLANG%-dev  clang,compiler-rt    clang 17 or newer with its sanitizers
clang-format  test?  clang-format-19                        clang-tools-extra    clang-format 19
nginx         test?  nginx,libnginx-mod-stream              nginx,nginx-mod-stream  nginx with its stream module, for the row path/nginx
haproxy       test?  haproxy                                haproxy              HAProxy, for the row path/haproxy
chromium      test?  chromium                               chromium             a Chromium, to look at the pages of reports
'

# needs_field NEED COLUMN
needs_field() {
  awk -v need="$1" -v column="$2" '$1 == need {
    if (column < 5) print $column
    else { $1 = $2 = $3 = $4 = ""; sub(/^ +/, ""); print }
  }' <<<"$needs_table"
}

# needs_for PURPOSE…: the names of all needs for these purposes (run, run?, test, test?).
needs_for() {
  local purpose
  for purpose in "$@"; do
    awk -v purpose="$purpose" '$2 == purpose {print $1}' <<<"$needs_table"
  done
}

# Whether the compiler finds the header $1.
header_is_there() {
  local compiler
  compiler=$(find_compiler) || return 1
  printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$1" |
    "$compiler" -std=c++20 -E -x c++ - >/dev/null 2>&1
}

# Whether the compiler finds a Boost that is new enough: the system's, or what unpack_boost() has brought.
boost_is_there() {
  local compiler
  compiler=$(find_compiler) || return 1
  printf '#include <boost/version.hpp>\n#if BOOST_VERSION < 108100 || !__has_include(<boost/asio.hpp>)\n#error\n#endif\n' |
    "$compiler" -std=c++20 -I"$root/build/deps/usr/include" -E -x c++ - >/dev/null 2>&1
}

# The path of a program that may lie where only root looks; status 1 where there is none.
system_program() { PATH=$PATH:/usr/sbin:/usr/local/sbin:/sbin command -v "$1"; }

# Whether nginx is here, with the module that relays TCP: built in, or as a file.
nginx_is_there() {
  local nginx answer
  nginx=$(system_program nginx) && answer=$("$nginx" -V 2>&1) || return 1
  case " $answer " in
    *' --with-stream '*) return 0 ;;
    *' --with-stream=dynamic '*)
      [ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || [ -e /usr/lib64/nginx/modules/ngx_stream_module.so ] ||
        [ -e /usr/share/nginx/modules/ngx_stream_module.so ]
      ;;
    *) return 1 ;;
  esac
}

# Whether a Chromium is here under one of its names; $REGATTA_CHROMIUM names another.
chromium_is_there() {
  local name
  for name in ${REGATTA_CHROMIUM:-chromium chromium-browser google-chrome chrome}; do
    command -v "$name" >/dev/null 2>&1 && return 0
  done
  return 1
}

# is_there NEED
is_there() {
  local clang
  case $1 in
    compiler) find_compiler >/dev/null ;;
    cmake) version_at_least 3.22 "$(cmake --version 2>/dev/null | sed -n 's/^cmake version \([0-9.]*\).*/\1/p')" ;;
    ninja | git | ccache | strace) command -v "$1" >/dev/null 2>&1 ;;
    benchmark) header_is_there benchmark/benchmark.h ;;
    json) header_is_there nlohmann/json.hpp ;;
    fmt) header_is_there fmt/format.h ;;
    cli) header_is_there CLI/CLI.hpp ;;
    boost) boost_is_there ;;
    boost_math) header_is_there boost/math/distributions/binomial.hpp || boost_is_there ;;
    libuv) header_is_there uv.h ;;
    liburing) header_is_there liburing.h ;;
    simdjson) header_is_there simdjson.h ;;
    httplib) header_is_there httplib.h ;;
    gtest) header_is_there gtest/gtest.h ;;
    gmock) header_is_there gmock/gmock.h ;;
    charts) "$root/scripts/find_python" numpy >/dev/null 2>&1 ;;
    pytest) "$root/scripts/find_python" numpy pytest >/dev/null 2>&1 ;;
    clang) clang=$(find_clang) && sanitizer_works "$clang" address,undefined ;;
    clang-format) "$root/scripts/check_format" --which >/dev/null ;;
    nginx) nginx_is_there ;;
    haproxy) system_program haproxy >/dev/null ;;
    chromium) chromium_is_there ;;
    *) die "$failed_status" "needs.sh knows no need '$1'" ;;
  esac
}

# missing NEED…: those that are not there.
missing() {
  local need
  for need in "$@"; do
    is_there "$need" || printf '%s\n' "$need"
  done
}

# The package manager of this machine: apt-get, dnf or nothing.
package_manager() {
  local manager
  for manager in apt-get dnf; do
    if command -v "$manager" >/dev/null 2>&1; then
      printf '%s\n' "$manager"
      return 0
    fi
  done
}

# Whether apt knows the package $1 (from the lists that it has).
apt_knows() {
  local answer
  answer=$(apt-cache policy "$1" 2>/dev/null) && [[ $answer =~ Candidate:\ [^\(] ]]
}

# Whether apt has fetched its lists at all: a fresh container has none.
apt_has_lists() { apt_knows cmake; }

# The clang that apt offers, 19 first. Where apt cannot say, 19.
apt_clang() {
  local version
  for version in 19 22 21 20 18 17; do
    if apt_knows "clang-$version" && apt_knows "libclang-rt-$version-dev"; then
      printf '%s\n' "$version"
      return 0
    fi
  done
  apt_has_lists || printf '19\n'
}

# The package that brings a Boost of 1.81 or newer; nothing where apt has none. Debian 12 has two that exclude
# each other: where the older is installed, or comes for Boost.Math, the newer is no package to install but one to
# unpack.
apt_boost() {
  local version
  version=$(apt-cache policy libboost-dev 2>/dev/null | sed -n 's/ *Candidate: *\([0-9]*\.[0-9]*\).*/\1/p')
  if version_at_least 1.81 "$version"; then
    printf 'libboost-dev\n'
  elif apt_knows libboost1.81-dev && ! older_boost_is_there; then
    printf 'libboost1.81-dev\n'
  fi
}

# Whether the older is installed, or will be: Boost.Math is asked for where no Boost is.
older_boost_is_there() { older_boost_is_installed || ! is_there boost_math; }

older_boost_is_installed() {
  dpkg-query -W -f '${db:Status-Abbrev}\n' 'libboost1.*-dev' libboost-dev 2>/dev/null | grep -q '^ii'
}

# Unpacks the headers of Debian's newer Boost into build/deps, beside the older one that is installed. Asio needs no
# more than headers. Needs no root. Status 1 where apt has none.
unpack_boost() {
  local folder=$root/build/deps
  apt_has_lists || [ "$(id -u)" -ne 0 ] || update_lists apt-get ""
  older_boost_is_installed && apt_knows libboost1.81-dev || return 1
  say "unpacking Debian's Boost 1.81 into build/deps, because another Boost is installed (only headers, some 180 MB)"
  mkdir -p "$folder"
  (
    cd "$folder"
    logged install apt-get -qq download libboost1.81-dev && dpkg-deb -x libboost1.81-dev_*.deb . && rm libboost1.81-dev_*.deb
  )
}

# packages_of MANAGER NEED…: the packages that bring these needs, on one line.
packages_of() {
  local manager=$1 column=3 need package packages="" clang
  shift
  [ "$manager" != dnf ] || column=4
  for need in "$@"; do
    package=$(needs_field "$need" "$column" | tr ',' ' ')
    case $package in
      *%CLANG%*)
        clang=$(apt_clang)
        [ -n "$clang" ] || continue
        package=${package//%CLANG%/$clang}
        ;;
      *%BOOST%*) package=$(apt_boost) ;;
      g++)
        # The g++ of Ubuntu 22.04 is 11.
        if grep -qs '^VERSION_CODENAME=jammy\|^UBUNTU_CODENAME=jammy' /etc/os-release; then
          package=g++-12
        fi
        ;;
    esac
    packages="$packages $package"
  done
  printf '%s\n' "${packages# }"
}

# install_command MANAGER PREFIX PACKAGE…: the one command to give by hand; PREFIX is "sudo " or "".
install_command() {
  local manager=$1 prefix=$2
  shift 2
  case $manager in
    apt-get) printf '%sapt-get update && %sapt-get install -y --no-install-recommends %s\n' "$prefix" "$prefix" "$*" ;;
    dnf) printf '%sdnf install -y %s\n' "$prefix" "$*" ;;
  esac
}

# become_root MAY_ASK: how to become root: "" as root, "sudo" where it works (with MAY_ASK true it may
# ask for a password on a terminal); status 1 where there is no way.
become_root() {
  if [ "$(id -u)" -eq 0 ]; then
    printf '\n'
  elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || { $1 && [ -t 0 ]; }; }; then
    printf 'sudo\n'
  else
    return 1
  fi
}

# update_lists MANAGER SUDO
update_lists() {
  case $1 in
    apt-get) logged install $2 env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq update ;;
    dnf) ;;  # dnf fetches its lists when it needs them.
  esac
}

# install_packages MANAGER SUDO PACKAGE…
install_packages() {
  local manager=$1 as_root=$2
  shift 2
  case $manager in
    apt-get)
      # Never at the price of what is there.
      logged install $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Use-Pty=0 install -y -qq --no-install-recommends --no-remove "$@"
      ;;
    dnf) logged install $as_root dnf install -y --setopt=install_weak_deps=False "$@" ;;
  esac
}

# Debian starts what it installs, and again at each boot. Of nginx and HAProxy only the programs are wanted:
# forbid_services SUDO before installing, permit_services SUDO SERVER… after, with those that were not there before.
# A policy that is there already stays.
readonly policy=/usr/sbin/policy-rc.d
forbid_services() {
  [ ! -e "$policy" ] || return 0
  # However this ends, the machine is as it was.
  # shellcheck disable=SC2064  # As root as it is now.
  trap "permit_services '$1'" EXIT
  $1 sh -c "printf '#!/bin/sh\n# Of regatta: nothing is started while it installs.\nexit 101\n' >$policy && chmod 755 $policy"
}
permit_services() {
  local as_root=$1
  shift
  if grep -qs 'Of regatta' "$policy"; then
    $as_root rm -f "$policy"
  fi
  trap - EXIT
  if [ -d /run/systemd/system ] && [ $# -gt 0 ]; then
    $as_root systemctl disable --quiet "$@" 2>/dev/null || true
  fi
}

# Lists the needs, one a line, with what was looked for.
describe_needs() {
  local need
  for need in "$@"; do
    say "$(printf '%-13s %s' "$need" "$(needs_field "$need" 5)")"
  done
}

# Those of the packages $2… that the manager $1 can have; all of them where it cannot say.
known_packages() {
  local manager=$1 package known=()
  shift
  for package in "$@"; do
    if [ "$manager" != apt-get ] || ! apt_has_lists || apt_knows "$package"; then
      known+=("$package")
    fi
  done
  printf '%s\n' "${known[*]-}"
}

# install_needs PURPOSE USER_PREFIX DRY_RUN: brings this machine to where PURPOSE (run or test) works.
# USER_PREFIX true: Python modules come with pip. DRY_RUN true: only says what it would do.
# Ends the script with $missing_status where something is missing and may not be installed.
install_needs() {
  local purpose=$1 user_prefix=$2 dry_run=$3
  local required=(run) optional=('run?') needs modules=() lacking=() wanted=() manager as_root command
  local need packages extras may_ask=true
  if [ "$purpose" = test ]; then
    required+=(test)
    optional+=('test?')
  fi
  mapfile -t needs < <(needs_for "${required[@]}")
  mapfile -t lacking < <(missing "${needs[@]}")
  mapfile -t needs < <(needs_for "${optional[@]}")
  mapfile -t wanted < <(missing "${needs[@]}")
  if [ $((${#lacking[@]} + ${#wanted[@]})) -eq 0 ]; then
    say "everything is there"
    return 0
  fi

  if $user_prefix; then
    needs=(${lacking[@]+"${lacking[@]}"})
    lacking=()
    for need in ${needs[@]+"${needs[@]}"}; do
      case $need in
        charts) modules+=(numpy) ;;
        pytest) modules+=(numpy pytest) ;;
        *) lacking+=("$need") ;;
      esac
    done
  fi

  if [ ${#lacking[@]} -gt 0 ]; then
    say "missing:"
    describe_needs "${lacking[@]}"
  fi
  if [ ${#wanted[@]} -gt 0 ]; then
    say "missing, but it goes without:"
    describe_needs "${wanted[@]}"
  fi

  manager=$(package_manager)
  if [ -z "$manager" ] && [ ${#lacking[@]} -gt 0 ]; then
    die "$missing_status" "neither apt-get nor dnf is here: install what is listed above by other means, then come again"
  fi
  read -r -a packages <<<"$(packages_of "$manager" ${lacking[@]+"${lacking[@]}"})"
  # shellcheck disable=SC2046  # Package names are words.
  extras=$(known_packages "$manager" $(packages_of "$manager" ${wanted[@]+"${wanted[@]}"}))

  # Nobody is asked for a password for what it goes without.
  [ ${#packages[@]} -gt 0 ] || may_ask=false
  if $dry_run || ! as_root=$(become_root "$may_ask"); then
    command=$(install_command "$manager" "$([ "$(id -u)" -eq 0 ] || echo 'sudo ')" \
      ${packages[@]+"${packages[@]}"} ${extras:+$extras})
    if [ ${#packages[@]} -gt 0 ] || [ -n "$extras" ]; then
      say "to install it:"
      say "  $command"
    fi
    if $dry_run; then
      if [[ " ${wanted[*]-} " == *" boost "* ]] && [ -z "$(apt_boost)" ] && apt_knows libboost1.81-dev; then
        say "a newer Boost would be unpacked into build/deps, beside the one that is installed"
      fi
      [ ${#lacking[@]} -eq 0 ] || exit "$missing_status"
      return 0
    fi
    if [ ${#lacking[@]} -gt 0 ]; then
      die "$missing_status" "something is missing, and neither root nor sudo is at hand: run the command above, then come again"
    fi
  elif [ ${#packages[@]} -gt 0 ] || [ -n "$extras" ]; then
    say "installing (the log is build/install.log): ${packages[*]-} $extras"
    # One broken source among many need not matter: whether the packages come is what counts.
    update_lists "$manager" "$as_root" || say "some lists of packages could not be fetched (see above)"
    if [ ${#packages[@]} -gt 0 ]; then
      install_packages "$manager" "$as_root" "${packages[@]}" ||
        die "$failed_status" "the installation failed (see above)"
    fi
    # Only now: fresh lists may know more than the ones before, and what has just been installed may have brought
    # what a wish excludes (Debian's matplotlib stands on the older Boost).
    # shellcheck disable=SC2046
    extras=$(known_packages "$manager" $(packages_of "$manager" ${wanted[@]+"${wanted[@]}"}))
    local server servers=()
    for server in nginx haproxy; do
      if [[ " $extras " == *" $server "* ]] && ! system_program "$server" >/dev/null; then servers+=("$server"); fi
    done
    [ "$manager" = apt-get ] || servers=()
    [ ${#servers[@]} -eq 0 ] || forbid_services "$as_root"
    # shellcheck disable=SC2086  # Package names are words.
    [ -z "$extras" ] || install_packages "$manager" "$as_root" $extras ||
      say "not installed (see above), going without: $extras"
    [ ${#servers[@]} -eq 0 ] || permit_services "$as_root" "${servers[@]}"
  fi

  if [[ " ${wanted[*]-} " == *" boost "* ]] && [ "$manager" = apt-get ] && ! is_there boost; then
    unpack_boost || say "this system has no Boost that is new enough, going without"
  fi

  if [ ${#modules[@]} -gt 0 ]; then
    "$root/scripts/find_python" --make "${modules[@]}" >/dev/null ||
      die "$failed_status" "the Python modules could not be installed with pip (see above)"
  fi

  mapfile -t lacking < <(missing ${lacking[@]+"${lacking[@]}"})
  if [ ${#lacking[@]} -gt 0 ]; then
    say "still missing:"
    describe_needs "${lacking[@]}"
    die "$failed_status" "the packages were installed, but do not bring what is listed above"
  fi
}
