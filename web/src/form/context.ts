/** What a form knows of the node whose settings it shows. */
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import type { Finding, Fix } from "../api/types";
import { type DataColumn, looking, type Place, type Preview, type ProfiledColumn } from "../data/looking";
import type { Cell } from "../data/values";
import type { Json, JsonMap } from "../document/types";

/** One input: the node and port that feed it, and their columns as the compiler knows them before any run. */
export interface FormInput {
  readonly port: string;
  readonly source: { readonly node: string; readonly port: string } | null;
  readonly title: string;
  readonly columns: readonly DataColumn[];
  /** Changes when the input's content may change. */
  readonly key: string | null;
}

export interface FormPort {
  readonly place: Place;
  readonly node: string;
  readonly kind: string;
  readonly config: JsonMap;
  readonly inputs: readonly FormInput[];
  readonly findings: readonly Finding[];
  readonly params: readonly string[];
  /** The folder of the pipeline below the project: paths are written as seen from it. */
  readonly folder: string;
  readonly readOnly: boolean;
  readonly applyFix: (fix: Fix) => void;
  /** Change other settings together with one: `undefined` removes. */
  readonly setMany: (values: Readonly<Record<string, Json | undefined>>, label: string) => void;
  /** What the look at the node's file decided. */
  readonly notes: readonly string[];
}

const Context = createContext<FormPort | null>(null);
export const FormProvider = Context.Provider;

export function useForm(): FormPort {
  const form = useContext(Context);
  if (!form) throw new Error("a widget stands outside of a form");
  return form;
}

const NONE: FormInput = { port: "", source: null, title: "", columns: [], key: null };

/** The input whose columns a field names; the first without a name. */
export function useInput(port?: string): FormInput {
  const { inputs } = useForm();
  return inputs.find((input) => input.port === port) ?? inputs[0] ?? NONE;
}

export interface ColumnFacts {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, ProfiledColumn>;
}

/** Nulls, frequent values and extremes of an input's columns; asked for only when somebody looks. */
export function useInputFacts(input: FormInput, wanted: boolean): ColumnFacts | null {
  const { place } = useForm();
  const { data } = useQuery({
    queryKey: ["profile", place.path, input.source?.node, input.source?.port, input.key],
    enabled: wanted && input.source !== null && input.key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      looking.profile(place, { node: input.source?.node ?? "", port: input.source?.port }, signal),
    select: (profile): ColumnFacts => ({
      rows: profile.rows,
      columns: new Map(profile.columns.map((column) => [column.name, column])),
    }),
  });
  return data ?? null;
}

/** The first row of an input, for samples beside column names. */
export function useFirstRow(input: FormInput): ReadonlyMap<string, Cell> {
  const { place } = useForm();
  const { data } = useQuery<Preview>({
    queryKey: ["first-row", place.path, input.source?.node, input.source?.port, input.key],
    enabled: input.source !== null && input.key !== null,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      looking.preview(place, { node: input.source?.node ?? "", port: input.source?.port, limit: 1 }, signal),
  });
  const row = data?.rows[0];
  return new Map(data && row ? data.columns.map((column, index) => [column.name, row[index] ?? null]) : []);
}
