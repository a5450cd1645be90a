// A strict reader of the part of TOML v1.0 that a policy file may use (spec 13 §2): keys, texts, integers,
// booleans, arrays,
// tables. What else TOML has (dates, floats) reads as a value of the type `other`: no key takes it.

/** A text is no TOML, at this line from 1. */
export class TomlError extends Error {
  override readonly name = "TomlError";

  constructor(
    readonly line: number,
    reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}

/** A value and the line on which it begins. */
export interface Item {
  readonly line: number;
  readonly value: TomlValue;
}

/** A value: `other` for the types that a policy has no use for. */
export type TomlValue = string | bigint | boolean | Other | readonly Item[] | Table;

/** A date, a time or a float. */
export class Other {
  constructor(readonly text: string) {}
}

/** A table. */
export class Table {
  readonly items = new Map<string, Item>();
  /** Whether a header or an inline table made it: nothing may be added by another header. */
  closed = false;
  /** Whether dotted keys made it. */
  dotted = false;
  /** Whether it is inline: nothing may be added at all. */
  inline = false;
}

const BARE = /^[A-Za-z0-9_-]+/;
const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  '"': '"',
  "\\": "\\",
};
const INTEGER = /^[+-]?(0|[1-9](_?[0-9])*)$/;
const PREFIXED = /^0(x[0-9A-Fa-f](_?[0-9A-Fa-f])*|o[0-7](_?[0-7])*|b[01](_?[01])*)$/;
const FLOAT = /^[+-]?((0|[1-9](_?[0-9])*)(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9](_?[0-9])*)?|inf|nan)$/;
const DATE = /^(\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?)?|\d\d:\d\d:\d\d(\.\d+)?)$/;
const SPACED_DATE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?/;
/** The depth of nesting that is read; a policy needs two. */
const DEPTH = 32;

/** Parses a document. Throws `TomlError`. */
export function parseToml(text: string): Table {
  return new Parser(text).document();
}

class Parser {
  #at = 0;
  #line = 1;
  /** The arrays that `[[…]]` made: they grow, others do not. */
  readonly #growing = new Set<TomlValue>();

  constructor(private readonly text: string) {}

  #fail(reason: string): never {
    throw new TomlError(this.#line, reason);
  }

  #peek(): string {
    return this.text[this.#at] ?? "";
  }

  #starts(prefix: string): boolean {
    return this.text.startsWith(prefix, this.#at);
  }

  #next(): string {
    const character = this.#peek();
    this.#at += 1;
    if (character === "\n") this.#line += 1;
    return character;
  }

  #expect(token: string): void {
    if (!this.#starts(token)) this.#fail(`\`${token}\` is missing`);
    for (const _ of token) this.#next();
  }

  #blank(): void {
    while (this.#peek() === " " || this.#peek() === "\t") this.#next();
  }

  #comment(): void {
    if (this.#peek() !== "#") return;
    while (this.#at < this.text.length && !this.#newlineIsNext()) this.#plain();
  }

  #newlineIsNext(): boolean {
    return this.#starts("\n") || this.#starts("\r\n");
  }

  #newline(): void {
    if (this.#starts("\r\n")) this.#next();
    this.#expect("\n");
  }

  /** The next character of a comment or text: no control character but a tab. */
  #plain(): string {
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(this.#peek())) this.#fail("a control character");
    return this.#next();
  }

  document(): Table {
    const root = new Table();
    let table = root;
    while (this.#at < this.text.length) {
      this.#blank();
      if (this.#starts("[[")) table = this.#arrayHeader(root);
      else if (this.#peek() === "[") table = this.#header(root);
      else if (!this.#newlineIsNext() && this.#peek() !== "#" && this.#peek() !== "") this.#pair(table, 0);
      this.#blank();
      this.#comment();
      if (this.#at < this.text.length) this.#newline();
    }
    return root;
  }

  #header(root: Table): Table {
    this.#expect("[");
    const line = this.#line;
    const keys = this.#key();
    this.#expect("]");
    const table = keys.reduce((inside, key) => this.#descend(inside, key, line), root);
    if (table.closed || table.dotted || table.inline) this.#fail("a table that stands twice");
    table.closed = true;
    return table;
  }

  #arrayHeader(root: Table): Table {
    this.#expect("[[");
    const line = this.#line;
    const keys = this.#key();
    this.#expect("]]");
    const last = keys.pop() ?? "";
    const inside = keys.reduce((table, key) => this.#descend(table, key, line), root);
    const there = inside.items.get(last)?.value;
    const item: Item = { line, value: closed(new Table()) };
    if (there === undefined) {
      const array = [item];
      this.#growing.add(array);
      inside.items.set(last, { line, value: array });
    } else if (Array.isArray(there) && this.#growing.has(there as readonly Item[])) {
      (there as Item[]).push(item);
    } else this.#fail("a key that stands twice");
    return item.value as Table;
  }

  #descend(table: Table, key: string, line: number): Table {
    const there = table.items.get(key)?.value;
    if (there instanceof Table && !there.inline) return there;
    if (Array.isArray(there) && this.#growing.has(there as readonly Item[]))
      return (there as readonly Item[]).at(-1)?.value as Table;
    if (there !== undefined) this.#fail("a key that stands twice");
    const made = new Table();
    table.items.set(key, { line, value: made });
    return made;
  }

  #pair(table: Table, depth: number): void {
    const line = this.#line;
    const keys = this.#key();
    this.#expect("=");
    this.#blank();
    const last = keys.pop() ?? "";
    let inside = table;
    for (const key of keys) {
      const before = inside.items.has(key);
      inside = this.#descend(inside, key, line);
      if (before && !inside.dotted) this.#fail("a table that stands elsewhere");
      inside.dotted = true;
    }
    if (inside.items.has(last)) this.#fail("a key that stands twice");
    inside.items.set(last, { line, value: this.#value(depth + 1) });
  }

  #key(): string[] {
    const keys: string[] = [];
    do {
      if (keys.length > 0) this.#next();
      this.#blank();
      keys.push(this.#simpleKey());
      this.#blank();
    } while (this.#peek() === ".");
    return keys;
  }

  #simpleKey(): string {
    if (this.#peek() === '"') return this.#basic();
    if (this.#peek() === "'") return this.#literal();
    const bare = BARE.exec(this.text.slice(this.#at, this.#at + 4096))?.[0] ?? this.#fail("no key");
    this.#at += bare.length;
    return bare;
  }

  #value(depth: number): TomlValue {
    if (depth > DEPTH) this.#fail("nested too deep");
    if (this.#starts('"""')) return this.#multiline('"""');
    if (this.#starts("'''")) return this.#multiline("'''");
    const first = this.#peek();
    if (first === '"') return this.#basic();
    if (first === "'") return this.#literal();
    if (first === "[") return this.#array(depth);
    if (first === "{") return this.#inlineTable(depth);
    return this.#scalar();
  }

  #scalar(): TomlValue {
    const rest = this.text.slice(this.#at, this.#at + 4096);
    const text = SPACED_DATE.exec(rest)?.[0] ?? /^[^\s,\]}#=]*/.exec(rest)?.[0] ?? "";
    const value = scalar(text) ?? this.#fail("no value");
    this.#at += text.length;
    return value;
  }

  #basic(): string {
    this.#expect('"');
    let text = "";
    while (this.#peek() !== '"') text += this.#character();
    this.#next();
    return text;
  }

  #character(): string {
    if (this.#at >= this.text.length) this.#fail("a text without end");
    if (this.#peek() !== "\\") return this.#plain();
    this.#next();
    const letter = this.#next();
    if (letter === "u" || letter === "U") return this.#unicode(letter === "u" ? 4 : 8);
    return ESCAPES[letter] ?? this.#fail("an unknown escape");
  }

  #unicode(digits: number): string {
    const text = this.text.slice(this.#at, this.#at + digits);
    if (text.length !== digits || !/^[0-9A-Fa-f]*$/.test(text)) this.#fail("a bad escape");
    const code = Number.parseInt(text, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) this.#fail("no character");
    this.#at += digits;
    return String.fromCodePoint(code);
  }

  #literal(): string {
    this.#expect("'");
    let text = "";
    while (this.#peek() !== "'")
      text += this.#at < this.text.length ? this.#plain() : this.#fail("a text without end");
    this.#next();
    return text;
  }

  #multiline(quotes: string): string {
    this.#expect(quotes);
    if (this.#newlineIsNext()) this.#newline();
    let text = "";
    while (!this.#starts(quotes)) {
      if (this.#newlineIsNext()) {
        this.#newline();
        text += "\n";
      } else if (quotes === '"""' && /^\\[ \t]*\r?\n/.test(this.text.slice(this.#at, this.#at + 4096))) {
        this.#next();
        while (/^[ \t\r\n]/.test(this.#peek())) this.#peek() === "\r" ? this.#newline() : this.#next();
      } else if (quotes === '"""') text += this.#character();
      else text += this.#at < this.text.length ? this.#plain() : this.#fail("a text without end");
    }
    this.#expect(quotes);
    // One or two quotes may stand right before the end.
    for (let more = 0; more < 2 && this.#peek() === quotes[0]; more++) text += this.#next();
    return text;
  }

  #array(depth: number): Item[] {
    this.#expect("[");
    const items: Item[] = [];
    for (;;) {
      this.#space();
      if (this.#peek() === "]") break;
      items.push({ line: this.#line, value: this.#value(depth + 1) });
      this.#space();
      if (this.#peek() !== ",") break;
      this.#next();
    }
    this.#expect("]");
    return items;
  }

  #space(): void {
    for (;;) {
      this.#blank();
      this.#comment();
      if (!this.#newlineIsNext()) return;
      this.#newline();
    }
  }

  #inlineTable(depth: number): Table {
    this.#expect("{");
    const table = new Table();
    this.#blank();
    while (this.#peek() !== "}") {
      this.#pair(table, depth);
      this.#blank();
      if (this.#peek() !== ",") break;
      this.#next();
      this.#blank();
      if (this.#peek() === "}") this.#fail("a comma too many");
    }
    this.#expect("}");
    table.inline = true;
    return table;
  }
}

function closed(table: Table): Table {
  table.closed = true;
  return table;
}

function scalar(text: string): TomlValue | undefined {
  if (text === "true" || text === "false") return text === "true";
  if (INTEGER.test(text)) return BigInt(text.replaceAll("_", "").replace("+", ""));
  if (PREFIXED.test(text)) return BigInt(text.replaceAll("_", ""));
  return FLOAT.test(text) || DATE.test(text) ? new Other(text) : undefined;
}
