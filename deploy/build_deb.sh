#!/bin/sh
# Builds dist/suxin_VERSION_ARCHITECTURE.deb with Debian's own tools: debhelper and dh-virtualenv.
set -eu
cd "$(dirname "$0")/.."
for tool in dpkg-buildpackage dh_virtualenv; do
    command -v "$tool" > /dev/null || { echo "apt-get install debhelper dh-virtualenv python3-venv" >&2; exit 1; }
done
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
tree=build/deb/suxin
rm -rf build/deb
mkdir -p "$tree" dist
git ls-files -z -- . ':!tests' ':!bench' ':!.ci' | xargs -0 cp --parents -t "$tree"
cp -r deploy/debian "$tree/debian"
cat > "$tree/debian/changelog" <<END
suxin ($version) bookworm; urgency=medium

  * CHANGELOG.md says what has changed.

 -- Suxin <suxin@suxin.example>  $(git log -1 --format=%cD)
END
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign --no-check-builddeps > ../build.log 2>&1) || {
    tail -40 build/deb/build.log >&2
    exit 1
}
mv build/deb/suxin_*.deb dist/
ls dist/suxin_"$version"_*.deb
