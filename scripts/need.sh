#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes sure that the programs which the tests use are there: installs Debian's packages when run as
# root, and otherwise says what to install.
set -eu
packages=
command -v openssl >/dev/null 2>&1 || packages="$packages openssl"
command -v unzip >/dev/null 2>&1 || packages="$packages unzip"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages="$packages postgresql"
command -v chromium >/dev/null 2>&1 || packages="$packages chromium fonts-noto-core"
command -v pdftotext >/dev/null 2>&1 || packages="$packages poppler-utils"
command -v qpdf >/dev/null 2>&1 || packages="$packages qpdf"
[ -z "$packages" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing for the tests:$packages"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >/dev/null
	# The tests start their own server; Debian's default cluster is not wanted.
	mkdir -p /etc/postgresql-common/createcluster.d
	echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/rogatory-tests.conf
	# shellcheck disable=SC2086
	apt-get install -y -qq --no-install-recommends $packages >/dev/null || {
		# An unpacking that broke off is mended, and the same is tried once more.
		apt-get install -y -qq --fix-broken >/dev/null
		# shellcheck disable=SC2086
		apt-get install -y -qq --no-install-recommends $packages >/dev/null
	}
	exit 0
fi
echo "the tests need these packages:$packages" >&2
echo "install them, for example with: sudo apt-get install$packages" >&2
exit 1
