/** Fast ranking of a few thousand entries per key press. */

export interface Entry {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly detail?: string;
  readonly icon?: string;
  readonly keys?: string;
  /** Further words by which it is found. */
  readonly words?: string;
  readonly run: () => void;
}

export interface Prepared {
  readonly entry: Entry;
  readonly label: string;
  readonly text: string;
}

export function prepare(entries: readonly Entry[]): Prepared[] {
  return entries.map((entry) => {
    const label = entry.label.toLowerCase();
    return {
      entry,
      label,
      text: `${label} ${(entry.detail ?? "").toLowerCase()} ${(entry.words ?? "").toLowerCase()}`,
    };
  });
}

function score({ label, text }: Prepared, parts: readonly string[]): number {
  let sum = 0;
  for (const part of parts) {
    if (label.startsWith(part)) sum += 12;
    else if (label.includes(` ${part}`)) sum += 9;
    else if (label.includes(part)) sum += 6;
    else if (text.includes(` ${part}`)) sum += 4;
    else if (text.includes(part)) sum += 2;
    else return 0;
  }
  return sum + Math.max(0, 6 - label.length / 10);
}

/** The best entries for a phrase; for an empty phrase the first of each group. */
export function rank(prepared: readonly Prepared[], phrase: string, most = 60): Entry[] {
  const parts = phrase.toLowerCase().split(/\s+/).filter(Boolean);
  if (parts.length === 0) return prepared.slice(0, most).map(({ entry }) => entry);
  const found: { entry: Entry; score: number }[] = [];
  for (const one of prepared) {
    const points = score(one, parts);
    if (points > 0) found.push({ entry: one.entry, score: points });
  }
  return found
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
    .map(({ entry }) => entry);
}
