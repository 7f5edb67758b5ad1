/** The words of an expression, with their places. */

export type TokenKind = "name" | "quoted" | "text" | "number" | "parameter" | "sign";

export interface Token {
  readonly kind: TokenKind;
  /** As it is written. */
  readonly raw: string;
  readonly from: number;
  readonly to: number;
}

const PARTS =
  /\s+|(?<parameter>\$\{[^}]*\})|(?<text>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")*")|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<sign><>|<=|>=|!=|==|\|\||::|[-+*/%(),.<>=[\]{}:])/y;

/** Cut a text into tokens; null where something is no token. */
export function tokens(text: string): Token[] | null {
  const made: Token[] = [];
  PARTS.lastIndex = 0;
  while (PARTS.lastIndex < text.length) {
    const from = PARTS.lastIndex;
    const found = PARTS.exec(text);
    if (!found) return null;
    const [kind] = Object.entries(found.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (kind) made.push({ kind: kind as TokenKind, raw: found[0], from, to: PARTS.lastIndex });
  }
  return made;
}

/** The place of the word that begins at a character, for underlining. */
export function wordAt(text: string, at: number): { from: number; to: number } {
  const token = tokens(text)?.find((one) => one.from <= at && at < one.to);
  if (token) return { from: token.from, to: token.to };
  const rest = /^[\p{L}\p{N}_]+|^./u.exec(text.slice(at))?.[0] ?? "";
  return { from: Math.min(at, text.length), to: Math.min(text.length, at + Math.max(1, rest.length)) };
}
