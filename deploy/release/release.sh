#!/bin/sh
# Makes a release: a person runs it, in a clean checkout of main. README.md beside this.
#
#   deploy/release/release.sh VERSION          everything, up to a signed tag on this machine
#   deploy/release/release.sh VERSION --try    the same into dist/, without commit, tag or signature
#
# Nothing leaves this machine: the last lines say what to push and to upload.
set -eu

say() {
    echo "release.sh: $*" >&2
    exit 2
}

[ $# -ge 1 ] && [ $# -le 2 ] || say "expected a version, such as 0.2.0, and perhaps --try"
version=$1 try=${2:-}
[ -z "$try" ] || [ "$try" = --try ] || say "expected --try, got $try"
echo "$version" | grep -Eq '^[0-9]+\.[0-9]+\.[0-9]+(rc[0-9]+)?$' ||
    say "expected a version such as 0.2.0 or 0.2.0rc1, got $version"

cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
[ -x "$python" ] || say "$python: no such program: run make check first"
[ -z "$(git status --porcelain)" ] || say "there are changes that are not committed: commit or remove them"
if [ -z "$try" ]; then
    branch=$(git symbolic-ref --quiet --short HEAD || true)
    [ "$branch" = main ] || say "expected branch main, this is ${branch:-no branch}"
    git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null && say "v$version exists already"
    [ "$(git config gpg.format || echo openpgp)" = openpgp ] ||
        say "git signs with $(git config gpg.format): git config gpg.format openpgp"
    key=$(git config user.signingkey) || say "git knows no key to sign with: git config user.signingkey"
    command -v gpg >/dev/null || say "gpg is not installed: apt install gnupg"
fi
"$python" deploy/release/changelog.py --check CHANGELOG.md "$version" || exit 2

now=$(sed -n 's/^__version__ = "\([^"]*\)".*/\1/p' venuewatch/__init__.py)
[ -n "$now" ] || say "venuewatch/__init__.py: expected a line __version__ = \"…\""
restore() {
    git checkout --quiet -- venuewatch/__init__.py CHANGELOG.md
}
trap restore EXIT
trap "exit 130" HUP INT TERM
# The same bytes from the same commit: times in archives are that of the commit of the release, which
# is made with this time below.
if [ -n "$try" ]; then
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
else
    SOURCE_DATE_EPOCH=$(date +%s)
fi
export SOURCE_DATE_EPOCH
sed -i "s/^__version__ = \"$now\"/__version__ = \"$version\"/" venuewatch/__init__.py
"$python" deploy/release/changelog.py CHANGELOG.md "$version"

rm -rf dist
mkdir dist
"$python" -m hatchling build -d dist -t wheel -t sdist
for role in agent aggregator; do
    locked=agent
    [ "$role" = agent ] || locked=venue # the aggregator and the authority
    "$python" deploy/release/sbom.py "$role" "$version" "requirements/$locked.txt" \
        >"dist/venuewatch-$version-$role.cdx.json"
done
(cd dist && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)

if [ -n "$try" ]; then
    echo "made, and not released: dist/"
    exit 0
fi
# Before the commit: without a signature nothing is left behind.
gpg --armor --local-user "$key" --detach-sign --output dist/SHA256SUMS.asc dist/SHA256SUMS
GIT_COMMITTER_DATE="@$SOURCE_DATE_EPOCH +0000" \
    git commit --quiet --message "Release $version" -- venuewatch/__init__.py CHANGELOG.md
trap - EXIT HUP INT TERM
git tag --sign --message "venuewatch $version" "v$version"
cat <<END
released on this machine: v$version
next: git push origin main v$version
next: upload all of dist/, and say the SHA-256 of SHA256SUMS by another way:
  $(sha256sum dist/SHA256SUMS | cut -d' ' -f1)
END
