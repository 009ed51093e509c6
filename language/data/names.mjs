// SPDX-License-Identifier: Apache-2.0
//
// Makes the names of States and languages from the CLDR packages (cldr-localenames-full), whose folder is the argument:
//   node names.mjs node_modules
// The States and their English names are those of treaty/status. Where the United Nations writes a name otherwise than
// CLDR, "ours" says so: in its official languages the short names of UNTERM, in Vietnamese and Thai what the foreign
// ministries write. These were written by hand and reviewed by nobody.
import fs from 'node:fs';

const root = process.argv[2];
const here = new URL('.', import.meta.url).pathname;
const states = JSON.parse(fs.readFileSync(`${here}../../treaty/status/data/states.json`)).states;
const read = (tag, file) => JSON.parse(fs.readFileSync(`${root}/cldr-localenames-full/main/${tag}/${file}.json`)).main[tag].localeDisplayNames[file];

const ours = {
	ar: {AG: 'أنتيغوا وبربودا', BA: 'البوسنة والهرسك', BJ: 'بنن', BN: 'بروني دار السلام', BO: 'بوليفيا (دولة - المتعددة القوميات)', CD: 'جمهورية الكونغو الديمقراطية', CG: 'الكونغو', CI: 'كوت ديفوار', CL: 'شيلي', CV: 'كابو فيردي', CZ: 'تشيكيا', DO: 'الجمهورية الدومينيكية', EC: 'إكوادور', FM: 'ميكرونيزيا (ولايات - الموحدة)', GA: 'غابون', GB: 'المملكة المتحدة لبريطانيا العظمى وأيرلندا الشمالية', GW: 'غينيا - بيساو', IR: 'إيران (جمهورية - الإسلامية)', KI: 'كيريباس', KN: 'سانت كيتس ونيفس', KP: 'جمهورية كوريا الشعبية الديمقراطية', KR: 'جمهورية كوريا', LA: 'جمهورية لاو الديمقراطية الشعبية', LC: 'سانت لوسيا', LK: 'سري لانكا', LR: 'ليبريا', LU: 'لكسمبرغ', LY: 'ليبيا', MD: 'جمهورية مولدوفا', MK: 'مقدونيا الشمالية', MM: 'ميانمار', MT: 'مالطة', MV: 'ملديف', NL: 'هولندا (مملكة -)', OM: 'عمان', PS: 'دولة فلسطين', RU: 'الاتحاد الروسي', SC: 'سيشيل', ST: 'سان تومي وبرينسيبي', SY: 'الجمهورية العربية السورية', SZ: 'إسواتيني', TH: 'تايلند', TL: 'تيمور - ليشتي', TR: 'تركيا', TT: 'ترينيداد وتوباغو', TZ: 'جمهورية تنزانيا المتحدة', US: 'الولايات المتحدة الأمريكية', UY: 'أوروغواي', VA: 'الكرسي الرسولي', VC: 'سانت فنسنت وجزر غرينادين', VE: 'فنزويلا (جمهورية - البوليفارية)', VN: 'فييت نام', ZW: 'زمبابوي'},
	zh: {BN: '文莱达鲁萨兰国', BO: '多民族玻利维亚国', CD: '刚果民主共和国', CG: '刚果', CI: '科特迪瓦', CV: '佛得角', CZ: '捷克', EU: '欧洲联盟', FM: '密克罗尼西亚联邦', GB: '大不列颠及北爱尔兰联合王国', IR: '伊朗伊斯兰共和国', KP: '朝鲜民主主义人民共和国', KR: '大韩民国', LA: '老挝人民民主共和国', MD: '摩尔多瓦共和国', MM: '缅甸', NL: '荷兰王国', PS: '巴勒斯坦国', RU: '俄罗斯联邦', SY: '阿拉伯叙利亚共和国', TR: '土耳其', TZ: '坦桑尼亚联合共和国', US: '美利坚合众国', VA: '教廷', VE: '委内瑞拉玻利瓦尔共和国', VN: '越南'},
	fr: {BN: 'Brunéi Darussalam', BO: 'Bolivie (État plurinational de)', BY: 'Bélarus', CD: 'République démocratique du Congo', CG: 'Congo', CI: 'Côte d’Ivoire', CV: 'Cabo Verde', CZ: 'Tchéquie', FM: 'Micronésie (États fédérés de)', GB: 'Royaume-Uni de Grande-Bretagne et d’Irlande du Nord', IQ: 'Iraq', IR: 'Iran (République islamique d’)', KG: 'Kirghizistan', KN: 'Saint-Kitts-et-Nevis', KP: 'République populaire démocratique de Corée', KR: 'République de Corée', LA: 'République démocratique populaire lao', LR: 'Libéria', MD: 'République de Moldova', MM: 'Myanmar', NG: 'Nigéria', NL: 'Pays-Bas (Royaume des)', NU: 'Nioué', PS: 'État de Palestine', RU: 'Fédération de Russie', ST: 'Sao Tomé-et-Principe', SV: 'El Salvador', SY: 'République arabe syrienne', TL: 'Timor-Leste', TR: 'Türkiye', TZ: 'République-Unie de Tanzanie', US: 'États-Unis d’Amérique', VA: 'Saint-Siège', VC: 'Saint-Vincent-et-les Grenadines', VE: 'Venezuela (République bolivarienne du)', VN: 'Viet Nam'},
	ru: {AE: 'Объединенные Арабские Эмираты', BN: 'Бруней-Даруссалам', BO: 'Боливия (Многонациональное Государство)', BS: 'Багамские Острова', CD: 'Демократическая Республика Конго', CF: 'Центральноафриканская Республика', CG: 'Конго', CI: 'Кот-д’Ивуар', CK: 'Острова Кука', CV: 'Кабо-Верде', CZ: 'Чехия', FM: 'Микронезия (Федеративные Штаты)', GB: 'Соединенное Королевство Великобритании и Северной Ирландии', IR: 'Иран (Исламская Республика)', KG: 'Кыргызстан', KM: 'Коморские Острова', KP: 'Корейская Народно-Демократическая Республика', KR: 'Республика Корея', LA: 'Лаосская Народно-Демократическая Республика', MD: 'Республика Молдова', MH: 'Маршалловы Острова', MM: 'Мьянма', MV: 'Мальдивские Острова', NL: 'Нидерланды (Королевство)', PS: 'Государство Палестина', RU: 'Российская Федерация', SB: 'Соломоновы Острова', SC: 'Сейшельские Острова', ST: 'Сан-Томе и Принсипи', SY: 'Сирийская Арабская Республика', TL: 'Тимор-Лешти', TR: 'Турция', TZ: 'Объединенная Республика Танзания', US: 'Соединенные Штаты Америки', VA: 'Святой Престол', VE: 'Венесуэла (Боливарианская Республика)', VN: 'Вьетнам', ZA: 'Южная Африка'},
	es: {BD: 'Bangladesh', BH: 'Bahrein', BJ: 'Benin', BN: 'Brunei Darussalam', BO: 'Bolivia (Estado Plurinacional de)', BT: 'Bhután', BW: 'Botswana', BY: 'Belarús', CD: 'República Democrática del Congo', CG: 'Congo', CI: 'Côte d’Ivoire', CV: 'Cabo Verde', CZ: 'Chequia', DJ: 'Djibouti', FJ: 'Fiji', FM: 'Micronesia (Estados Federados de)', GB: 'Reino Unido de Gran Bretaña e Irlanda del Norte', GW: 'Guinea-Bissau', IQ: 'Iraq', IR: 'Irán (República Islámica del)', KE: 'Kenya', KN: 'Saint Kitts y Nevis', KP: 'República Popular Democrática de Corea', KR: 'República de Corea', LA: 'República Democrática Popular Lao', LS: 'Lesotho', MD: 'República de Moldova', ML: 'Malí', MM: 'Myanmar', MW: 'Malawi', NL: 'Países Bajos (Reino de los)', NZ: 'Nueva Zelandia', PG: 'Papua Nueva Guinea', PS: 'Estado de Palestina', PW: 'Palau', QA: 'Qatar', RO: 'Rumania', RU: 'Federación de Rusia', RW: 'Rwanda', SA: 'Arabia Saudita', SR: 'Suriname', ST: 'Santo Tomé y Príncipe', SY: 'República Árabe Siria', SZ: 'Eswatini', TL: 'Timor-Leste', TR: 'Türkiye', TT: 'Trinidad y Tabago', TZ: 'República Unida de Tanzanía', US: 'Estados Unidos de América', VA: 'Santa Sede', VE: 'Venezuela (República Bolivariana de)', VN: 'Viet Nam', ZW: 'Zimbabwe'},
	vi: {AE: 'Các Tiểu vương quốc Ả Rập Thống nhất', AG: 'Antigua và Barbuda', AU: 'Australia', BA: 'Bosnia và Herzegovina', BN: 'Brunei Darussalam', BO: 'Bolivia (Nhà nước Đa dân tộc)', CD: 'Cộng hòa Dân chủ Congo', CG: 'Congo', CI: 'Côte d’Ivoire', CV: 'Cabo Verde', DO: 'Cộng hòa Dominicana', EU: 'Liên minh châu Âu', FM: 'Micronesia (Liên bang)', GB: 'Vương quốc Liên hiệp Anh và Bắc Ireland', IR: 'Iran (Cộng hòa Hồi giáo)', IT: 'Italia', KN: 'Saint Kitts và Nevis', KP: 'Cộng hòa Dân chủ Nhân dân Triều Tiên', KR: 'Hàn Quốc', LA: 'Cộng hòa Dân chủ Nhân dân Lào', LC: 'Saint Lucia', MD: 'Cộng hòa Moldova', MM: 'Myanmar', NL: 'Hà Lan (Vương quốc)', PS: 'Nhà nước Palestine', RU: 'Liên bang Nga', ST: 'São Tomé và Príncipe', SY: 'Cộng hòa Ả Rập Syria', TL: 'Timor-Leste', TR: 'Thổ Nhĩ Kỳ', TT: 'Trinidad và Tobago', TZ: 'Cộng hòa Thống nhất Tanzania', US: 'Hợp chúng quốc Hoa Kỳ', VA: 'Tòa Thánh', VC: 'Saint Vincent và Grenadines', VE: 'Venezuela (Cộng hòa Bolivar)', VN: 'Việt Nam'},
	th: {AG: 'แอนติกาและบาร์บิวดา', BA: 'บอสเนียและเฮอร์เซโกวีนา', BN: 'บรูไนดารุสซาลาม', BO: 'โบลิเวีย (รัฐพหุชนชาติ)', CD: 'สาธารณรัฐประชาธิปไตยคองโก', CG: 'คองโก', CI: 'โกตดิวัวร์', CV: 'กาบูเวร์ดี', CZ: 'เช็กเกีย', FM: 'ไมโครนีเซีย (สหพันธรัฐ)', GB: 'สหราชอาณาจักรบริเตนใหญ่และไอร์แลนด์เหนือ', IR: 'อิหร่าน (สาธารณรัฐอิสลาม)', KP: 'สาธารณรัฐประชาธิปไตยประชาชนเกาหลี', KR: 'สาธารณรัฐเกาหลี', LA: 'สาธารณรัฐประชาธิปไตยประชาชนลาว', MD: 'สาธารณรัฐมอลโดวา', MM: 'เมียนมา', NL: 'เนเธอร์แลนด์ (ราชอาณาจักร)', PS: 'รัฐปาเลสไตน์', RU: 'สหพันธรัฐรัสเซีย', SY: 'สาธารณรัฐอาหรับซีเรีย', SZ: 'เอสวาตินี', TR: 'ตุรกี', TZ: 'สหสาธารณรัฐแทนซาเนีย', US: 'สหรัฐอเมริกา', VA: 'สันตะสำนัก', VE: 'เวเนซุเอลา (สาธารณรัฐโบลีวาร์)', VN: 'เวียดนาม'},
	en: {},
};
// Names of languages where CLDR names another language or a State, or has another form than its other names, or Latin
// letters.
const spoken = {
	ar: {cu: 'السلافية الكنسية', cv: 'التشوفاشية', mg: 'الملغاشية', nr: 'النديبيل الجنوبية'},
	zh: {ie: '西方国际语'},
	ru: {kj: 'Кваньяма'},
	vi: {af: 'Tiếng Afrikaans'},
	th: {lg: 'ลูกันดา', rn: 'กิรุนดี', rw: 'กิญญาร์วันดา'},
};
// The exercise States of the demonstration and the school.
const fiction = {
	en: ['Aurelia', 'Borealia', 'Cascadia'], ar: ['أوريليا', 'بورياليا', 'كاسكاديا'], zh: ['奥雷利亚', '博雷利亚', '卡斯卡迪亚'], fr: ['Aurélie', 'Boréalie', 'Cascadie'],
	ru: ['Аурелия', 'Бореалия', 'Каскадия'], es: ['Aurelia', 'Borealia', 'Cascadia'], vi: ['Aurelia', 'Borealia', 'Cascadia'], th: ['ออเรเลีย', 'บอเรเลีย', 'แคสเคเดีย'],
};
// The codes of ISO 639-1.
const tags = 'aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu'.split(' ');
const capital = (s, tag) => s.charAt(0).toLocaleUpperCase(tag) + s.slice(1);
const named = (name, what) => {
	if (!name) throw new Error(`${what} has no name`);
	return name;
};
const version = JSON.parse(fs.readFileSync(`${root}/cldr-localenames-full/package.json`)).version;
const wanted = JSON.parse(fs.readFileSync(`${here}cldr.json`)).cldr;
if (version !== wanted) throw new Error(`cldr.json is of CLDR ${wanted}, these packages are of ${version}`);
for (const tag of Object.keys(ours)) {
	const from = tag === 'en' ? 'en-GB' : tag;
	const territories = read(from, 'territories');
	const languages = read(from, 'languages');
	const texts = {};
	for (const s of states) texts[`state.${s.code}`] = tag === 'en' ? s.name : named(ours[tag][s.code] || territories[s.code], `${tag} ${s.code}`);
	fiction[tag].forEach((name, i) => { texts[`state.X${'ABC'[i]}`] = name; });
	for (const l of tags) texts[`language.${l}`] = capital(named(spoken[tag]?.[l] || languages[l], `${tag} ${l}`), tag);
	for (const k of Object.keys(texts)) texts[k] = texts[k].normalize('NFC').replace(/[\u200e\u200f\u061c]/g, '');
	fs.writeFileSync(`${here}${tag}/names.json`, JSON.stringify({reviewed: false, texts}, null, 1) + '\n');
}
