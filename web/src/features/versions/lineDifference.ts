/** The lines in which two texts differ, with three lines around each change (longest common subsequence). */

const AROUND = 3;
const MAX_CELLS = 4_000_000;

type Line = readonly [sign: " " | "+" | "-", text: string];

export function lineDifference(before: string, after: string): string {
  if (before === after) return "";
  const a = before.split("\n");
  const b = after.split("\n");
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const lines: Line[] = [
    ...a.slice(0, start).map((text): Line => [" ", text]),
    ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map((text): Line => [" ", text]),
  ];
  return shown(lines);
}

/** Lengths of the longest common subsequences of all ends: row `i`, column `j`. */
function common(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  return at;
}

function middle(a: readonly string[], b: readonly string[]): Line[] {
  const gone = (text: string): Line => ["-", text];
  const come = (text: string): Line => ["+", text];
  if (a.length * b.length > MAX_CELLS) return [...a.map(gone), ...b.map(come)];
  const length = common(a, b);
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i] as string, b[j] as string];
    if (left === right) {
      lines.push([" ", left]);
      [i, j] = [i + 1, j + 1];
    } else if (length(i + 1, j) >= length(i, j + 1)) {
      lines.push(gone(left));
      i += 1;
    } else {
      lines.push(come(right));
      j += 1;
    }
  }
  return [...lines, ...a.slice(i).map(gone), ...b.slice(j).map(come)];
}

function shown(lines: readonly Line[]): string {
  const near = new Set<number>();
  lines.forEach(([sign], place) => {
    if (sign === " ") return;
    for (let one = place - AROUND; one <= place + AROUND; one += 1) near.add(one);
  });
  const out: string[] = [];
  let gap = false;
  lines.forEach(([sign, text], place) => {
    if (near.has(place)) {
      if (gap) out.push("@@");
      out.push(sign + text);
    }
    gap = !near.has(place);
  });
  return out.join("\n");
}
