#!/usr/bin/env bash
# Fetches the headers of a newer Boost than the system's into build/deps, for the contender asio.
# Nothing is installed: where libboost-dev is too old (Debian 12 has 1.74), its newer sibling would
# replace it, and whoever needs it. CMake looks into build/deps first.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly target=build/deps
readonly package=libboost1.81-dev

if [[ -e $target/usr/include/boost/asio.hpp ]]; then
  echo "Boost is in $target already"
  exit 0
fi
if ! command -v apt-get >/dev/null || ! apt-cache show "$package" >/dev/null 2>&1; then
  echo "there is no package $package here; install Boost 1.81 or newer (libboost-dev, boost-devel)" >&2
  exit 1
fi
mkdir -p "$target"
cd "$target"
apt-get download "$package"
dpkg -x "$package"_*.deb .
rm -f "$package"_*.deb
echo "Boost is in $target"
