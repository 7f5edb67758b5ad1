/** Dead letters of a stream as the server tells of them, and what can be done with them. */
import { address, http, segment } from "./http";

export type LetterState = "open" | "replaying" | "replayed" | "discarded";

/** What says which letter is meant: the epoch that refused it, its number there, and the incarnation of the stream. */
export interface LetterKey {
  readonly incarnation: string;
  readonly epoch: number;
  readonly number: number;
}

/** Letters of one node whose reasons are alike. */
export interface LetterGroup extends Readonly<Record<LetterState, number>> {
  readonly id: string;
  readonly node: string;
  readonly pattern: string;
  readonly reason: string;
  readonly field: string | null;
  readonly value: unknown;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly bars: readonly number[];
}

export interface LetterGroups {
  readonly items: readonly LetterGroup[];
  readonly bytes: number;
  readonly today: { readonly replay: number; readonly discard: number };
}

export interface LetterRow extends LetterKey {
  readonly node: string;
  readonly reason: string;
  readonly position: Readonly<Record<string, unknown>>;
  readonly state: LetterState;
  readonly at: string;
  readonly raw: string;
  readonly edited: boolean;
}

export interface LetterAct {
  readonly verb: "edit" | "restore" | "replay" | "discard" | "reopen" | "entered";
  readonly actor: string | null;
  readonly why: string;
  readonly at: string | null;
  readonly epoch: number | null;
}

export interface Letter extends LetterKey {
  readonly node: string;
  readonly reason: string;
  readonly position: Readonly<Record<string, unknown>>;
  readonly state: LetterState;
  readonly at: string;
  /** Base64. */
  readonly raw: string;
  readonly text: string;
  readonly bytes: number;
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly field: string | null;
  /** Where the field at fault stands in the bytes. */
  readonly span: readonly [number, number] | null;
  readonly edited: { readonly raw: string; readonly text: string } | null;
  readonly history: readonly LetterAct[];
}

/** Letters that are meant: all open ones of a group, or some. */
export type Meant = { readonly group: string } | { readonly letters: readonly LetterKey[] };

interface Listed {
  readonly items: readonly LetterRow[];
  readonly next: string | null;
}

interface Substituted {
  readonly changed: number;
  readonly examples: readonly { readonly before: string; readonly after: string }[];
}

export const keyOf = ({ incarnation, epoch, number }: LetterKey): LetterKey => ({ incarnation, epoch, number });

const at = (name: string, { incarnation, epoch, number }: LetterKey) =>
  `/streams/${segment(name)}/letters/${segment(incarnation)}/${epoch}/${number}`;

export const letters = {
  groups: (name: string) => http.get<LetterGroups>(`/streams/${segment(name)}/letters/groups`),
  list: (name: string, group: string, state: string, cursor: string | null, limit: number) =>
    http.get<Listed>(`/streams/${segment(name)}/letters`, { query: { group, state, cursor, limit } }),
  show: (name: string, key: LetterKey) => http.get<Letter>(at(name, key)),
  edit: (name: string, key: LetterKey, text: string) =>
    http.put<{ edited: boolean }>(`${at(name, key)}/edit`, { text }),
  /** The bytes as they came are the record again. */
  restore: (name: string, letter: Letter) =>
    http.put<{ edited: boolean }>(`${at(name, letter)}/edit`, { raw: letter.raw }),
  substitute: (name: string, meant: Meant, find: string, by: string, dry: boolean) =>
    http.post<Substituted>(`/streams/${segment(name)}/letters/substitute`, { ...meant, find, by, dry }),
  replay: (name: string, meant: Meant) =>
    http.post<{ letters: number; runs: boolean }>(`/streams/${segment(name)}/letters/replay`, meant),
  discard: (name: string, meant: Meant, reason: string) =>
    http.post<{ discarded: number }>(`/streams/${segment(name)}/letters/discard`, { ...meant, reason }),
  reopen: (name: string, meant: Meant) =>
    http.post<{ reopened: number }>(`/streams/${segment(name)}/letters/reopen`, meant),
  /** Where the letters are downloaded whole, one JSON object a line. */
  exportAddress: (name: string, group?: string) => address(`/streams/${segment(name)}/letters/export`, { group }),
};
