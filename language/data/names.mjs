// SPDX-License-Identifier: Apache-2.0
//
// Makes the names of States and languages from the CLDR packages (cldr-localenames-full), whose folder is the argument:
//   node names.mjs node_modules
// The States and their English names are those of treaty/status. Where the United Nations writes a name otherwise than
// CLDR, "ours" says so; these were written by hand and reviewed by nobody.
import fs from 'node:fs';

const root = process.argv[2];
const here = new URL('.', import.meta.url).pathname;
const states = JSON.parse(fs.readFileSync(`${here}../../treaty/status/data/states.json`)).states;
const read = (tag, file) => JSON.parse(fs.readFileSync(`${root}/cldr-localenames-full/main/${tag}/${file}.json`)).main[tag].localeDisplayNames[file];

const ours = {
	ar: {AG: 'أنتيغوا وبربودا', BA: 'البوسنة والهرسك', BN: 'بروني دار السلام', BO: 'بوليفيا (دولة - المتعددة القوميات)', CD: 'جمهورية الكونغو الديمقراطية', CG: 'الكونغو', CI: 'كوت ديفوار', CV: 'كابو فيردي', CZ: 'تشيكيا', FM: 'ميكرونيزيا (ولايات - الموحدة)', GB: 'المملكة المتحدة لبريطانيا العظمى وأيرلندا الشمالية', IR: 'إيران (جمهورية - الإسلامية)', KN: 'سانت كيتس ونيفس', KP: 'جمهورية كوريا الشعبية الديمقراطية', KR: 'جمهورية كوريا', LA: 'جمهورية لاو الديمقراطية الشعبية', LC: 'سانت لوسيا', LY: 'ليبيا', MD: 'جمهورية مولدوفا', MK: 'مقدونيا الشمالية', MM: 'ميانمار', NL: 'هولندا (مملكة -)', PS: 'دولة فلسطين', RU: 'الاتحاد الروسي', ST: 'سان تومي وبرينسيبي', SY: 'الجمهورية العربية السورية', SZ: 'إسواتيني', TL: 'تيمور - ليشتي', TR: 'تركيا', TT: 'ترينيداد وتوباغو', TZ: 'جمهورية تنزانيا المتحدة', US: 'الولايات المتحدة الأمريكية', VA: 'الكرسي الرسولي', VC: 'سانت فنسنت وجزر غرينادين', VE: 'فنزويلا (جمهورية - البوليفارية)', VN: 'فييت نام'},
	zh: {BN: '文莱达鲁萨兰国', BO: '多民族玻利维亚国', CD: '刚果民主共和国', CG: '刚果', CI: '科特迪瓦', CV: '佛得角', CZ: '捷克', FM: '密克罗尼西亚联邦', GB: '大不列颠及北爱尔兰联合王国', IR: '伊朗伊斯兰共和国', KP: '朝鲜民主主义人民共和国', KR: '大韩民国', LA: '老挝人民民主共和国', MD: '摩尔多瓦共和国', MM: '缅甸', NL: '荷兰王国', PS: '巴勒斯坦国', RU: '俄罗斯联邦', SY: '阿拉伯叙利亚共和国', TR: '土耳其', TZ: '坦桑尼亚联合共和国', US: '美利坚合众国', VA: '教廷', VE: '委内瑞拉玻利瓦尔共和国', VN: '越南'},
	fr: {BN: 'Brunéi Darussalam', BO: 'Bolivie (État plurinational de)', BY: 'Bélarus', CD: 'République démocratique du Congo', CG: 'Congo', CI: 'Côte d’Ivoire', CV: 'Cabo Verde', CZ: 'Tchéquie', FM: 'Micronésie (États fédérés de)', GB: 'Royaume-Uni de Grande-Bretagne et d’Irlande du Nord', IR: 'Iran (République islamique d’)', KN: 'Saint-Kitts-et-Nevis', KP: 'République populaire démocratique de Corée', KR: 'République de Corée', LA: 'République démocratique populaire lao', MD: 'République de Moldova', MM: 'Myanmar', NL: 'Pays-Bas (Royaume des)', PS: 'État de Palestine', RU: 'Fédération de Russie', ST: 'Sao Tomé-et-Principe', SY: 'République arabe syrienne', TR: 'Türkiye', TZ: 'République-Unie de Tanzanie', US: 'États-Unis d’Amérique', VA: 'Saint-Siège', VC: 'Saint-Vincent-et-les Grenadines', VE: 'Venezuela (République bolivarienne du)', VN: 'Viet Nam'},
	ru: {BN: 'Бруней-Даруссалам', BO: 'Боливия (Многонациональное Государство)', CD: 'Демократическая Республика Конго', CG: 'Конго', CI: 'Кот-д’Ивуар', CV: 'Кабо-Верде', CZ: 'Чехия', FM: 'Микронезия (Федеративные Штаты)', GB: 'Соединенное Королевство Великобритании и Северной Ирландии', IR: 'Иран (Исламская Республика)', KP: 'Корейская Народно-Демократическая Республика', KR: 'Республика Корея', LA: 'Лаосская Народно-Демократическая Республика', MD: 'Республика Молдова', MM: 'Мьянма', NL: 'Нидерланды (Королевство)', PS: 'Государство Палестина', RU: 'Российская Федерация', ST: 'Сан-Томе и Принсипи', SY: 'Сирийская Арабская Республика', TR: 'Турция', TZ: 'Объединенная Республика Танзания', US: 'Соединенные Штаты Америки', VA: 'Святой Престол', VE: 'Венесуэла (Боливарианская Республика)', VN: 'Вьетнам'},
	es: {BN: 'Brunei Darussalam', BO: 'Bolivia (Estado Plurinacional de)', BW: 'Botswana', CD: 'República Democrática del Congo', CG: 'Congo', CI: 'Côte d’Ivoire', CV: 'Cabo Verde', CZ: 'Chequia', FM: 'Micronesia (Estados Federados de)', GB: 'Reino Unido de Gran Bretaña e Irlanda del Norte', IR: 'Irán (República Islámica del)', KP: 'República Popular Democrática de Corea', KR: 'República de Corea', LA: 'República Democrática Popular Lao', MD: 'República de Moldova', MM: 'Myanmar', MW: 'Malawi', NL: 'Países Bajos (Reino de los)', PS: 'Estado de Palestina', RU: 'Federación de Rusia', ST: 'Santo Tomé y Príncipe', SY: 'República Árabe Siria', TL: 'Timor-Leste', TR: 'Türkiye', TT: 'Trinidad y Tabago', TZ: 'República Unida de Tanzanía', US: 'Estados Unidos de América', VA: 'Santa Sede', VE: 'Venezuela (República Bolivariana de)', VN: 'Viet Nam', ZW: 'Zimbabwe'},
	vi: {AG: 'Antigua và Barbuda', BA: 'Bosnia và Herzegovina', BN: 'Bru-nây Đa-ru-xa-lam', BO: 'Bolivia (Nhà nước Đa dân tộc)', CD: 'Cộng hòa Dân chủ Congo', CG: 'Congo', CI: 'Côte d’Ivoire', CV: 'Cabo Verde', FM: 'Micronesia (Liên bang)', GB: 'Vương quốc Liên hiệp Anh và Bắc Ireland', IR: 'Iran (Cộng hòa Hồi giáo)', KN: 'Saint Kitts và Nevis', KP: 'Cộng hòa Dân chủ Nhân dân Triều Tiên', KR: 'Hàn Quốc', LA: 'Cộng hòa Dân chủ Nhân dân Lào', LC: 'Saint Lucia', MD: 'Cộng hòa Moldova', MM: 'Myanmar', NL: 'Hà Lan (Vương quốc)', PS: 'Nhà nước Palestine', RU: 'Liên bang Nga', ST: 'São Tomé và Príncipe', SY: 'Cộng hòa Ả Rập Syria', TL: 'Timor-Leste', TR: 'Thổ Nhĩ Kỳ', TT: 'Trinidad và Tobago', TZ: 'Cộng hòa Thống nhất Tanzania', US: 'Hợp chúng quốc Hoa Kỳ', VA: 'Tòa thánh', VC: 'Saint Vincent và Grenadines', VE: 'Venezuela (Cộng hòa Bolivar)', VN: 'Việt Nam'},
	th: {BA: 'บอสเนียและเฮอร์เซโกวีนา', BN: 'บรูไนดารุสซาลาม', BO: 'โบลิเวีย (รัฐพหุชนชาติ)', CD: 'สาธารณรัฐประชาธิปไตยคองโก', CG: 'คองโก', CI: 'โกตดิวัวร์', CV: 'กาบูเวร์ดี', FM: 'ไมโครนีเซีย (สหพันธรัฐ)', GB: 'สหราชอาณาจักรบริเตนใหญ่และไอร์แลนด์เหนือ', IR: 'อิหร่าน (สาธารณรัฐอิสลาม)', KP: 'สาธารณรัฐประชาธิปไตยประชาชนเกาหลี', KR: 'สาธารณรัฐเกาหลี', LA: 'สาธารณรัฐประชาธิปไตยประชาชนลาว', MD: 'สาธารณรัฐมอลโดวา', MM: 'เมียนมา', NL: 'เนเธอร์แลนด์ (ราชอาณาจักร)', PS: 'รัฐปาเลสไตน์', RU: 'สหพันธรัฐรัสเซีย', SY: 'สาธารณรัฐอาหรับซีเรีย', TR: 'ตุรกี', TZ: 'สหสาธารณรัฐแทนซาเนีย', US: 'สหรัฐอเมริกา', VA: 'สันตะสำนัก', VE: 'เวเนซุเอลา (สาธารณรัฐโบลีวาร์)', VN: 'เวียดนาม'},
	en: {},
};
// The exercise States of the demonstration and the school.
const fiction = {
	en: ['Aurelia', 'Borealia', 'Cascadia'], ar: ['أوريليا', 'بورياليا', 'كاسكاديا'], zh: ['奥雷利亚', '博雷利亚', '卡斯卡迪亚'], fr: ['Aurélie', 'Boréalie', 'Cascadie'],
	ru: ['Аурелия', 'Бореалия', 'Каскадия'], es: ['Aurelia', 'Borealia', 'Cascadia'], vi: ['Aurelia', 'Borealia', 'Cascadia'], th: ['ออเรเลีย', 'บอเรเลีย', 'แคสเคเดีย'],
};
const tags = 'aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu'.split(' ');
const capital = s => s.charAt(0).toLocaleUpperCase() + s.slice(1);
for (const tag of Object.keys(ours)) {
	const from = tag === 'en' ? 'en-GB' : tag;
	const territories = read(from, 'territories');
	const languages = read(from, 'languages');
	const english = read('en-GB', 'languages');
	const texts = {};
	for (const s of states) texts[`state.${s.code}`] = tag === 'en' ? s.name : (ours[tag][s.code] || territories[s.code]);
	fiction[tag].forEach((name, i) => { texts[`state.X${'ABC'[i]}`] = name; });
	for (const l of tags) if (english[l]) texts[`language.${l}`] = capital(languages[l] || english[l]);
	for (const k of Object.keys(texts)) texts[k] = texts[k].normalize('NFC').replace(/[\u200e\u200f\u061c]/g, '');
	fs.writeFileSync(`${here}${tag}/names.json`, JSON.stringify({reviewed: false, texts}, null, 1) + '\n');
}
