/** Source records as people read them, and as a file has them. */
import type { SourceRecord } from "../api/traces";

const LINE = 90;
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON in one line where it is short, else laid out; every digit stays. Other text is returned as it is. */
export function laidOut(text: string): string {
  if (!isStructured(text)) return text;
  const tokens = text.match(TOKENS) ?? [];
  if (tokens.join("").length <= LINE) return tokens.map((token) => SPACED[token] ?? token).join("");
  let depth = 0;
  const fresh = () => `\n${"  ".repeat(depth)}`;
  return tokens
    .map((token, place) => {
      if (isStart(token)) {
        depth += 1;
        return isEnd(tokens[place + 1]) ? token : token + fresh();
      }
      if (isEnd(token)) {
        depth -= 1;
        return isStart(tokens[place - 1]) ? token : fresh() + token;
      }
      return token === "," ? token + fresh() : (SPACED[token] ?? token);
    })
    .join("");
}

const SPACED: Readonly<Record<string, string>> = { ",": ", ", ":": ": " };
const isStart = (token: string | undefined): boolean => token === "{" || token === "[";
const isEnd = (token: string | undefined): boolean => token === "}" || token === "]";

function isStructured(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What a record holds, for reading. */
export function recordText(record: SourceRecord): string {
  if (record.columns !== undefined) return laidOut(JSON.stringify(record.columns));
  return record.base64 ?? laidOut(record.value ?? "");
}

/** Records one a line, each with where it stands. */
export const asNdjson = (records: readonly SourceRecord[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");
