#!/bin/sh
# Unpack the PgBouncer of a newer Debian into a directory, with its libraries, beside what is installed: DIRECTORY/pgbouncer
# runs it. It comes from the mirror that this machine uses already.
set -eu
place=$(mkdir -p "$1" && cd "$1" && pwd)
release=${2:-trixie}
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian$')
mkdir -p "$place/lists/partial" "$place/cache/archives/partial"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" > "$place/sources.list"
apt() {
    apt-get -q -o Dir::Etc::sourcelist="$place/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$place/lists" -o Dir::Cache="$place/cache" -o APT::Sandbox::User=root "$@"
}
apt update
cd "$place"
apt download "pgbouncer/$release" "libevent-2.1-7t64/$release" "libcares2/$release" "libc6/$release" "libssl3t64/$release"
for package in ./*.deb; do dpkg-deb -x "$package" root; done
libraries=$(dirname "$(find "$place/root" -name 'libc.so.6' | head -n 1)")
loader=$(find "$place/root" -name 'ld-linux-*' -type f | head -n 1)
cat > pgbouncer <<EOF
#!/bin/sh
exec $loader --library-path $libraries:/lib/$(basename "$libraries"):/usr/lib/$(basename "$libraries") $place/root/usr/sbin/pgbouncer "\$@"
EOF
chmod 755 pgbouncer
./pgbouncer --version | head -n 1
