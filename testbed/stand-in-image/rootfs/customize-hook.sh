#!/bin/sh
# mmdebstrap runs this with the new root as $1, after the packages: one locale, then everything that a server without
# JIT and without Debian's own cluster tools does not need.
set -eu
root=$1
chroot "$root" localedef -i en_US -f UTF-8 en_US.UTF-8

lib=$(echo "$root"/usr/lib/*-linux-gnu)
rm -rf "$lib"/libLLVM* "$lib"/libz3.so* "$root"/usr/lib/llvm-* "$lib"/perl "$lib"/perl-base \
  "$lib"/libperl.so* "$root"/usr/share/perl "$root"/usr/bin/perl*
rm -rf "$root"/usr/lib/postgresql/*/lib/llvmjit* "$root"/usr/lib/postgresql/*/lib/bitcode "$root"/usr/lib/postgresql/*/lib/pgxs
rm -rf "$root"/usr/share/i18n "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale "$root"/usr/share/info \
  "$root"/usr/share/lintian "$root"/usr/share/postgresql-common "$root"/usr/share/postgresql/*/man \
  "$root"/usr/share/perl5 "$root"/usr/lib/postgresql-common
rm -rf "$root"/var/cache/debconf "$root"/var/cache/ldconfig "$root"/var/log/* "$root"/var/lib/dpkg/info
rm -f "$root"/etc/ssl/private/*.key "$root"/etc/ssl/certs/ssl-cert-snakeoil.pem
# Nothing of this machine's way to its mirror goes into the image.
rm -f "$root"/etc/apt/apt.conf.d/99mmdebstrap
: >"$root"/etc/apt/sources.list

# Debian's wrappers in /usr/bin are Perl programs; the real ones stand first in the image's PATH.
grep -lsI '^#!.*perl' "$root"/usr/bin/* "$root"/usr/sbin/* | xargs -r rm -f
find "$root"/usr/bin "$root"/usr/sbin -xtype l -delete

install -d -o 999 -g 999 -m 1777 "$root"/var/lib/postgresql "$root"/var/lib/postgresql/data
install -d -o 999 -g 999 -m 3775 "$root"/run/postgresql

# Every new cluster starts with the stand-in's settings; the file comes with the image's own layer.
for sample in "$root"/usr/share/postgresql/*/postgresql.conf.sample; do
  sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" "$sample"
  grep -q "^listen_addresses = '\*'" "$sample"
  echo "include_if_exists = '${sample#"$root"}'" | sed 's/postgresql.conf.sample/citus-settings.conf/' >>"$sample"
done
# PostgreSQL preloads a library of this name. Any that does nothing by itself will do, so no compiler is needed.
for library in "$root"/usr/lib/postgresql/*/lib/tsm_system_rows.so; do
  cp "$library" "$(dirname "$library")/citus.so"
done
