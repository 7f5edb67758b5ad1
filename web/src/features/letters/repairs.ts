/** Repairs of one field that are offered at a click: what a record would be with them. */
import { bytesOf, isText, markedText } from "./bytes";

export interface Repair {
  readonly id: "null" | "number" | "comma" | "trim";
  readonly text: string;
}

interface Faulty {
  readonly raw: string;
  readonly field: string | null;
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly span: readonly [number, number] | null;
}

/** 2.311,7 → 2311.7; null for anything but a number with a decimal comma. */
export function withoutComma(text: string): string | null {
  if (!/^-?\d{1,3}(\.\d{3})*,\d+$|^-?\d+,\d+$/.test(text.trim())) return null;
  return text.trim().replaceAll(".", "").replace(",", ".");
}

/** The repairs that fit the value at fault, the likeliest first. */
export function repairs({ raw, field, fields, span }: Faulty): Repair[] {
  const bytes = bytesOf(raw);
  if (span === null || field === null || fields === null || !isText(bytes)) return [];
  const [before, , after] = markedText(bytes, span);
  const value = fields[field];
  const made: Repair[] = [];
  const offer = (id: Repair["id"], text: string) => made.push({ id, text: `${before}${text}${after}` });
  if (typeof value === "string") {
    const number = withoutComma(value);
    if (number !== null) offer("comma", number);
    else if (/^\s*-?\d+(\.\d+)?\s*$/.test(value)) offer("number", value.trim());
    if (value !== value.trim()) offer("trim", JSON.stringify(value.trim()));
  }
  if (value !== null) offer("null", "null");
  return made;
}
