// SPDX-License-Identifier: Apache-2.0
//
// Makes cldr.json from the CLDR packages (cldr-*-full of one version), whose folder is the argument:
//   node cldr.mjs node_modules > cldr.json
// Where we write otherwise than CLDR, "differs" says so.
import fs from 'node:fs';

const root = process.argv[2];
const read = (pack, tag, file, ...members) => members.reduce((v, m) => v[m],
	JSON.parse(fs.readFileSync(`${root}/${pack}/main/${tag}/${file}.json`)).main[tag]);

const ours = {
	ar: {
		quotes: ['«', '»'],
		sizes: ['{0} كيلوبايت', '{0} ميغابايت', '{0} غيغابايت', '{0} تيرابايت', '{0} بيتابايت'],
		differs: 'quotation marks that turn with the direction; all units of size in full, where CLDR shortens some',
	},
	en: {differs: 'en-GB, as the United Nations writes English: no comma before "and", day before month'},
	fr: {first_day: '1er', differs: 'the first day of a month is 1er'},
	vi: {day: '{d} {month} năm {y}', moment: '{time}, {day}', differs: 'the date as in official documents'},
	th: {day: '{d} {month} พ.ศ. {be} (ค.ศ. {y})', differs: 'the Buddhist year is followed by the common one'},
};
const languages = {};
for (const tag of ['ar', 'zh', 'en', 'fr', 'ru', 'es', 'vi', 'th']) {
	const from = tag === 'en' ? 'en-GB' : tag;
	const symbols = read('cldr-numbers-full', from, 'numbers', 'numbers', 'symbols-numberSystem-latn');
	const calendar = read('cldr-dates-full', from, 'ca-gregorian', 'dates', 'calendars', 'gregorian');
	const list = read('cldr-misc-full', from, 'listPatterns', 'listPatterns', 'listPattern-type-standard');
	const marks = read('cldr-misc-full', from, 'delimiters', 'delimiters');
	const units = read('cldr-units-full', from, 'units', 'units', 'short');
	const literal = s => s.replace(/'([^']*)'/g, (_, l) => `\u0000${l}\u0000`);
	const day = literal(calendar.dateFormats.long).split('\u0000').map((s, i) => i % 2 ? s :
		s.replace(/MMMM|M|d|y/g, m => ({MMMM: '{month}', M: '{m}', d: '{d}', y: '{y}'})[m])).join('');
	languages[tag] = {
		decimal: symbols.decimal, group: symbols.group,
		min_grouping: Number(read('cldr-numbers-full', from, 'numbers', 'numbers', 'minimumGroupingDigits')),
		months: Object.values(calendar.months.format.wide),
		day, first_day: '',
		moment: calendar.dateTimeFormats.medium.replace(/'/g, '').replace('{1}', '{day}').replace('{0}', '{time}'),
		quotes: [marks.quotationStart, marks.quotationEnd].map((q, i) =>
			tag === 'fr' ? (i ? `\u202f${q}` : `${q}\u202f`) : q),
		list: {two: list['2'], start: list.start, middle: list.middle, end: list.end},
		sizes: ['kilo', 'mega', 'giga', 'tera', 'peta'].map(p => units[`digital-${p}byte`]['unitPattern-count-other']),
		...ours[tag],
	};
}
const version = JSON.parse(fs.readFileSync(`${root}/cldr-core/package.json`)).version;
console.log(JSON.stringify({cldr: version, source: 'Unicode CLDR, licence Unicode-3.0, © Unicode, Inc.', languages}, null, 2));
