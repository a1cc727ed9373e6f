// Host names in the letters of their owners: `xn--mnchen-3ya.example` as `münchen.example`, where nobody can be deceived by it.

/** Each label is of one of these alone: letters of several look like another name. */
const SCRIPTS = [
  /^[\p{Script=Latin}\d-]+$/u,
  /^[\p{Script=Greek}\d-]+$/u,
  /^[\p{Script=Cyrillic}\d-]+$/u,
  /^[\p{Script=Arabic}\p{Nd}-]+$/u,
  /^[\p{Script=Hebrew}\d-]+$/u,
  /^[\p{Script=Devanagari}\p{Nd}-]+$/u,
  /^[\p{Script=Thai}\p{Nd}-]+$/u,
  /^[\p{Script=Hangul}\d-]+$/u,
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー\d-]+$/u,
];

/** Cyrillic and Greek letters that look like Latin ones: a label of these alone is another name to the eye. */
const LOOKALIKES = /^[асԁеһіјӏорԛѕԝхүοαυνρικ\d-]+$/u;

/** As it is stored, where another form is not safe or not known. */
export function unicodeHost(host: string): string {
  return host.split('.').map(unicodeLabel).join('.');
}

function unicodeLabel(label: string): string {
  if (!label.startsWith('xn--')) return label;
  const text = decoded(label.slice('xn--'.length));
  if (text === null || LOOKALIKES.test(text) || !SCRIPTS.some((script) => script.test(text))) return label;
  return isSame(text, label) ? text : label;
}

/** A browser that is led to the one comes to the other. */
function isSame(text: string, label: string): boolean {
  return URL.canParse(`http://${text}.test`) && new URL(`http://${text}.test`).hostname === `${label}.test`;
}

/** RFC 3492 §5 and §6.2. Null for what is none. */
const [BASE, T_MIN, T_MAX, SKEW, DAMP, FIRST_BIAS, FIRST_POINT] = [36, 1, 26, 38, 700, 72, 0x80];
const LAST_POINT = 0x10ffff;

function decoded(text: string): string | null {
  const end = Math.max(0, text.lastIndexOf('-'));
  const points = Array.from(text.slice(0, end), (letter) => letter.charCodeAt(0));
  let [point, place, bias] = [FIRST_POINT, 0, FIRST_BIAS];
  for (let at = end === 0 ? 0 : end + 1; at < text.length;) {
    const before = place;
    for (let weight = 1, k = BASE; ; k += BASE, at += 1) {
      const digit = '0123456789'.includes(text.charAt(at))
        ? Number(text.charAt(at)) + 26
        : letterAt(text, at);
      if (at >= text.length || digit < 0 || place > LAST_POINT * BASE * BASE) return null;
      place += digit * weight;
      const threshold = Math.min(T_MAX, Math.max(T_MIN, k - bias));
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    at += 1;
    const count = points.length + 1;
    bias = adapted(place - before, count, before === 0);
    point += Math.floor(place / count);
    if (point > LAST_POINT) return null;
    place %= count;
    points.splice(place, 0, point);
    place += 1;
  }
  return String.fromCodePoint(...points);
}

function letterAt(text: string, at: number): number {
  return 'abcdefghijklmnopqrstuvwxyz'.indexOf(text.charAt(at) || '-');
}

function adapted(delta: number, count: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2));
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
