/** Dead letters as people read them. */

/** What was refused, as text: the bytes of a record, which come in base64, or a row as JSON. */
export function refusedText({ raw, row }: { readonly raw?: string; readonly row?: unknown }): string {
  if (raw === undefined) return JSON.stringify(row);
  const bytes = Uint8Array.from(atob(raw), (letter) => letter.charCodeAt(0));
  return new TextDecoder().decode(bytes).trimEnd();
}
