#!/usr/bin/env bash
# re2_source.sh DIRECTORY: the sources of the RE2 that is installed, from the distribution's own
# archive and checked by apt, for PENNON_RE2_SOURCE. Prints where they are. Changes no setting of apt.
set -euo pipefail
directory=${1:?usage: scripts/re2_source.sh DIRECTORY}
version=$(dpkg-query -W -f='${source:Version}' libre2-dev)
mkdir -p "$directory"
directory=$(readlink -f "$directory")
found=$(find "$directory" -maxdepth 1 -type d -name 're2-*' | head -n 1)
if [ -z "$found" ]; then
  mkdir -p "$directory/lists/partial"
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sort -u >"$directory/sources.list"
  options=(-q -o "Dir::Etc::SourceList=$directory/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$directory/lists")
  {
    apt-get "${options[@]}" update
    (cd "$directory" && apt-get "${options[@]}" source --download-only "re2=$version" && apt-get -q download unicode-data)
    dpkg -x "$directory"/unicode-data_*.deb "$directory/unicode"
    tar -xf "$directory"/re2_*.orig.tar.* -C "$directory"
  } >&2
  rm -rf "$directory/lists"
  found=$(find "$directory" -maxdepth 1 -type d -name 're2-*' | head -n 1)
  # Debian's archive is without the tables that are made of Unicode's data.
  sed -i "s|^_UNICODE_DIR = .*|_UNICODE_DIR = '$directory/unicode/usr/share/unicode'|" "$found/re2/unicode.py"
  (
    cd "$found"
    perl re2/make_perl_groups.pl >re2/perl_groups.cc
    for table in casefold groups; do python3 "re2/make_unicode_$table.py" >"re2/unicode_$table.cc"; done
  )
fi
[ -s "$found/re2/unicode_groups.cc" ] || { echo "re2_source.sh: no RE2 in $directory: delete it and try again" >&2; exit 1; }
echo "$found"
