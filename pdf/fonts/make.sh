#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the fonts of this folder again, from Debian 12's packages fonts-noto-core 20201225-1 and
# fonts-droid-fallback 1:6.0.1r16-1.1, with pyftsubset of its fonttools 4.38. Same packages, same bytes.
# Noto Sans keeps Latin, Greek, Cyrillic and signs; Droid Sans Fallback keeps Chinese; the rest is whole.
set -eu
cd "$(dirname "$0")"
export SOURCE_DATE_EPOCH=0
noto=/usr/share/fonts/truetype/noto
droid=/usr/share/fonts-droid-fallback/truetype
european='U+0020-052F,U+1E00-1EFF,U+2000-206F,U+2070-209F,U+20A0-20C0,U+2100-214F,U+2190-21FF,U+2212,U+25A0-25FF,U+FB00-FB04,U+FFFD'
chinese='U+2E80-2FFF,U+3000-30FF,U+3100-312F,U+31C0-31EF,U+3200-9FFF,U+F900-FAFF,U+FE30-FE4F,U+FF00-FFEF'
cut() { # source unicodes features
	name=$(basename "$1")
	pyftsubset "$1" --unicodes="$2" --layout-features="$3" --no-hinting --no-recalc-timestamp --drop-tables+=DSIG,vhea,vmtx,gasp --output-file="$name"
	gzip -9nf "$name"
}
for weight in Regular Bold; do
	cut $noto/NotoSans-$weight.ttf "$european" '*'
	cut $noto/NotoNaskhArabic-$weight.ttf '*' '*'
	cut $noto/NotoSansThai-$weight.ttf '*' '*'
done
cut $droid/DroidSansFallback.ttf "$chinese" ''
sha256sum ./*.ttf.gz
