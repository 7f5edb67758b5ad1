import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { looking, type Place, type Profile, type ProfiledColumn } from "../../data/looking";
import { useSettled } from "../../data/settled";

export interface Facts {
  readonly rows: number;
  readonly seconds: number | undefined;
  readonly columns: ReadonlyMap<string, ProfiledColumn>;
  readonly waiting: boolean;
}

const NONE: ReadonlyMap<string, ProfiledColumn> = new Map();

/** Facts of every column of a port over all its rows; the old ones stay until the new ones are there. */
export function useProfile(place: Place, node: string | null, port: string | undefined, key: string | null): Facts {
  const settled = useSettled(key);
  const { data, isFetching } = useQuery<Profile>({
    queryKey: ["profile", place.path, node, port, key],
    enabled: node !== null && key !== null && settled,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) => looking.profile(place, { node: node ?? "", port }, signal),
  });
  return useMemo(
    () => ({
      rows: data?.rows ?? 0,
      seconds: data?.seconds,
      columns: data ? new Map(data.columns.map((column) => [column.name, column])) : NONE,
      waiting: isFetching || (key !== null && !settled),
    }),
    [data, isFetching, key, settled],
  );
}
