#!/bin/sh
# Builds a Debian package of the agent or of the aggregator. README.md beside this.
#
#   deploy/deb/build.sh agent|aggregator VERSION WHEELS FOLDER
#
# WHEELS is a folder with our wheel, and those of requirements/agent.txt or requirements/venue.txt for
# this machine's python3: where the aggregator is, "venuewatch venue" and the authority are.
# No index is asked. The package is for this Debian's Python and this architecture.
set -eu

say() {
    echo "build.sh: $*" >&2
    exit 2
}

[ $# -eq 4 ] || say "expected agent or aggregator, a version, a folder of wheels and a target folder"
role=$1 version=$2 wheels=$3 target=$4
case $role in
agent) locked=agent ;;
aggregator) locked=venue ;;
*) say "expected agent or aggregator, got $role" ;;
esac
# A "0.2.0rc1" would be newer than 0.2.0 to Debian; "~" makes it older.
version=$(echo "$version" | sed 's/\(rc\|a\|b\|\.dev\)\([0-9]*\)$/~\1\2/')
echo "$version" | grep -Eq '^[0-9][0-9A-Za-z.+~]*$' || say "$version is no version of a Debian package"
[ -d "$wheels" ] || say "$wheels: no such folder of wheels"
ours=
for file in "$wheels"/venuewatch-*.whl; do
    [ -e "$file" ] || say "$wheels: expected a file venuewatch-VERSION-py3-none-any.whl"
    [ -z "$ours" ] || say "$wheels: expected one wheel of venuewatch, found two"
    ours=$file
done
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=/usr/bin/python3
own=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
next=$("$python" -c 'import sys; print("%d.%d" % (sys.version_info[0], sys.version_info[1] + 1))')
name=venuewatch-$role
architecture=$(dpkg --print-architecture)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
umask 022
opt=$folder/opt/venuewatch
site=$opt/lib/python$own/site-packages
mkdir -p "$opt/bin" "$site" "$folder/DEBIAN"

# A virtual environment is this file, a link to the system's Python, and the packages: made in its
# own place only later, so the tool "venv", which writes the present place into scripts, is no help.
printf '%s\n' "home = /usr/bin" "include-system-site-packages = false" \
    "version = $("$python" -c 'import platform; print(platform.python_version())')" >"$opt/pyvenv.cfg"
ln -s /usr/bin/python3 "$opt/bin/python"
"$python" -m venv "$folder/pip"
PIP_CONFIG_FILE=/dev/null "$folder/pip/bin/pip" install --quiet --isolated --no-index --no-compile \
    --disable-pip-version-check --find-links "$wheels" --require-hashes --target "$site" \
    --requirement "$root/requirements/$locked.txt"
rm -rf "$site/bin" # else pip warns of it
PIP_CONFIG_FILE=/dev/null "$folder/pip/bin/pip" install --quiet --isolated --no-index --no-compile \
    --disable-pip-version-check --no-deps --target "$site" "$ours"
rm -rf "$folder/pip" "$site/bin"
cat >"$opt/bin/venuewatch" <<'SCRIPT'
#!/opt/venuewatch/bin/python -I
import sys

from venuewatch.cli import main

sys.exit(main())
SCRIPT
chmod 755 "$opt/bin/venuewatch"
# Compiled files that hold no time: the program's user may not write them later.
"$python" -m compileall -q -s "$folder" -p / --invalidation-mode unchecked-hash "$site" >/dev/null

units=$folder/usr/lib/systemd/system
mkdir -p "$units" "$folder/usr/lib/sysusers.d" "$folder/usr/bin" "$folder/usr/share/doc/$name"
install -m 644 "$root/deploy/systemd/$name.service" "$units/"
grep "^#\|$name " "$root/deploy/systemd/venuewatch.sysusers" >"$folder/usr/lib/sysusers.d/$name.conf"
ln -s /opt/venuewatch/bin/venuewatch "$folder/usr/bin/venuewatch"
install -m 644 "$root/LICENSE" "$folder/usr/share/doc/$name/copyright"
install -d -m 755 "$folder/etc/venuewatch"

other=venuewatch-agent
[ "$role" = agent ] && other=venuewatch-aggregator
sed -e "s/@NAME@/$name/; s/@OTHER@/$other/; s/@VERSION@/$version/; s/@PYTHON@/$own/; s/@NEXT@/$next/" \
    -e "s/@ARCHITECTURE@/$architecture/; s/@ROLE@/$role/" \
    -e "s/@SIZE@/$(du -sk "$folder" | cut -f1)/" "$here/control" >"$folder/DEBIAN/control"
for script in preinst postinst prerm postrm; do
    sed "s/@NAME@/$name/g" "$here/$script" >"$folder/DEBIAN/$script"
    chmod 755 "$folder/DEBIAN/$script"
done
mkdir -p "$target"
dpkg-deb --root-owner-group --build "$folder" "$target/${name}_${version}_$architecture.deb" >/dev/null
echo "$target/${name}_${version}_$architecture.deb"
