/** What a rewind asks and says of its targets. */
import type { Outlook, TargetChoice } from "../../api/streams";
import { count } from "../../ui/format";
import { words } from "./words";

export type Sink = Outlook["sinks"][number];

export interface Chosen {
  readonly choice: TargetChoice;
  readonly place: string;
}

/** What becomes of a target unless somebody chooses: what its mode says. */
export function drawn(sink: Sink): Chosen {
  const mode = sink.choices.find((choice) => choice === sink.mode);
  return { choice: mode ?? sink.choices[0] ?? "append", place: "" };
}

/** What a choice does to the rows that stand there, and whether it deserves a second look. */
export function consequence(sink: Sink, choice: TargetChoice): { text: string; grave: boolean } {
  if (choice === "replace") return { text: words.rewind.replace, grave: true };
  if (choice === "new") return { text: words.rewind.new, grave: false };
  if (sink.keyed) return { text: words.rewind.keyed, grave: false };
  if (sink.rows === null) return { text: words.rewind.appendUnknown, grave: true };
  return sink.rows === 0
    ? { text: words.rewind.appendNone, grave: false }
    : { text: words.rewind.append(count(sink.rows)), grave: true };
}

/** The choices that differ from what is drawn, as the server takes them; null while a new target has no name. */
export function given(
  sinks: readonly Sink[],
  chosen: Readonly<Record<string, Chosen>>,
): Record<string, { choice: TargetChoice; place?: string }> | null {
  const made: Record<string, { choice: TargetChoice; place?: string }> = {};
  for (const sink of sinks) {
    const { choice, place } = chosen[sink.node] ?? drawn(sink);
    if (choice === "new") {
      if (!place.trim() || place.trim() === sink.place) return null;
      made[sink.node] = { choice, place: place.trim() };
    } else if (choice !== drawn(sink).choice) made[sink.node] = { choice };
  }
  return made;
}
