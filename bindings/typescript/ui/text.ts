// Text of somebody else, so that nothing in it goes unseen, and so that what looks alike is found alike.

/**
 * What is not seen, or turns or moves what stands around it: controls, marks of direction, what a font leaves out,
 * blanks other than one space between two words.
 */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{DI}\u2800]|(?! )\p{Zs}|^ +| +$| (?= )/gu;
/** All blanks, and what is not seen. */
const BLANK = /[\p{C}\p{Z}\p{DI}\u2800]/gu;

/** A text with what is not seen in it written out, as in `\u{202e}`. */
export function visible(text: string): string {
  const escaped = (found: string): string =>
    [...found].map((each) => `\\u{${(each.codePointAt(0) ?? 0).toString(16)}}`).join("");
  return text.replace(UNSEEN, escaped);
}

/** Small letters of other scripts that look like these Latin ones. */
const ALIKE: Readonly<Record<string, string>> = {
  a: "аɑα",
  b: "вβ",
  c: "сϲ",
  d: "ԁ",
  e: "еєε",
  h: "һн",
  i: "іιɩ",
  j: "ј",
  k: "кκ",
  l: "ӏ",
  m: "м",
  n: "ոпη",
  o: "оοօ",
  p: "рρ",
  q: "ԛ",
  s: "ѕ",
  t: "тτ",
  u: "υս",
  v: "νѵ",
  w: "ѡԝ",
  x: "хχ",
  y: "уγʏ",
};
const LATIN = new Map(
  Object.entries(ALIKE).flatMap(([latin, others]) => [...others].map((other) => [other, latin] as const)),
);

/** What two names have in common that look alike: compatible forms, case, blanks and letters of other scripts apart. */
export function folded(name: string): string {
  const plain = name.normalize("NFKC").replace(BLANK, "").toUpperCase().toLowerCase().normalize("NFKC");
  return [...plain].map((letter) => LATIN.get(letter) ?? letter).join("");
}
