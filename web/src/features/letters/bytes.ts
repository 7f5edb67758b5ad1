/** Bytes of a record as people read them: rows of sixteen, the offending ones marked; and edits as changes of fields. */

export interface HexRow {
  readonly offset: string;
  readonly cells: readonly { readonly hex: string; readonly letter: string; readonly marked: boolean }[];
}

const WIDTH = 16;

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Tell whether bytes are text, so that they can be edited as such. */
export function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Rows of sixteen bytes, at most so many of them. */
export function hexRows(bytes: Uint8Array, span: readonly [number, number] | null, most = 4_096): HexRow[] {
  const shown = bytes.subarray(0, most);
  const rows: HexRow[] = [];
  for (let at = 0; at < shown.length; at += WIDTH) {
    rows.push({
      offset: at.toString(16).padStart(4, "0"),
      cells: Array.from(shown.subarray(at, at + WIDTH), (byte, place) => ({
        hex: byte.toString(16).padStart(2, "0"),
        letter: byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·",
        marked: span !== null && at + place >= span[0] && at + place < span[1],
      })),
    });
  }
  return rows;
}

/** The text before, within and after the offending bytes. */
export function markedText(bytes: Uint8Array, span: readonly [number, number] | null): [string, string, string] {
  const read = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
  if (span === null) return [read(0, bytes.length), "", ""];
  return [read(0, span[0]), read(span[0], span[1]), read(span[1], bytes.length)];
}

/** The fields of a record that is a JSON object; null for any other. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== "object" || read === null || Array.isArray(read)) return null;
    return Object.fromEntries(Object.entries(read).filter(([name]) => !name.startsWith("_")));
  } catch {
    return null;
  }
}

export interface FieldChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly changed: boolean;
}

/** What an edit makes of each field: the one at fault first, then those that change, then the others. */
export function fieldChanges(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  field: string | null,
): FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const text = (record: Readonly<Record<string, unknown>>, name: string) =>
    name in record ? JSON.stringify(record[name]) : "";
  const changes = names.map((name) => {
    const [was, is] = [text(before, name), text(after, name)];
    return { name, before: was, after: is, changed: was !== is };
  });
  const weight = (one: FieldChange) => (one.name === field ? 0 : one.changed ? 1 : 2);
  return changes.sort((one, other) => weight(one) - weight(other));
}
