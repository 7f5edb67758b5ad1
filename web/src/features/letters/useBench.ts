/** The dead letters of a stream, read once and again after each act; what is done with them can be taken back. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Problem } from "../../api/http";
import { type Letter, type LetterKey, letters, type Meant } from "../../api/letters";
import { streams } from "../../api/streams";
import { count } from "../../ui/format";
import { toast } from "../../ui/Toast";
import { words } from "./words";

const PAGE = 100;

export const useFlow = (name: string) =>
  useQuery({
    queryKey: ["stream", name],
    queryFn: () => streams.show(name),
    refetchInterval: 5_000,
    retry: (tries, error) => !(error instanceof Problem && error.status === 404) && tries < 3,
  });

export const useGroups = (name: string) =>
  useQuery({ queryKey: ["letter-groups", name], queryFn: () => letters.groups(name), refetchInterval: 5_000 });

export function useLetters(name: string, group: string | undefined, state: string) {
  return useInfiniteQuery({
    queryKey: ["letter-list", name, group, state],
    enabled: group !== undefined,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => letters.list(name, group ?? "", state === "all" ? "" : state, pageParam, PAGE),
    getNextPageParam: (last) => last.next,
    refetchInterval: (query) => (query.state.data?.pages[0]?.items.length ? false : 3_000),
  });
}

export const useLetter = (name: string, key: LetterKey | null) =>
  useQuery({
    queryKey: ["letter", name, key],
    enabled: key !== null,
    queryFn: () => letters.show(name, key as LetterKey),
    refetchInterval: (query) => (query.state.data?.state === "replaying" ? 700 : false),
  });

export function useBenchActions(name: string) {
  const cache = useQueryClient();
  const settled = () => {
    for (const key of ["letter-groups", "letter-list", "letter"])
      void cache.invalidateQueries({ queryKey: [key, name] });
  };
  const onError = (error: Error) => {
    const problem = error instanceof Problem ? error : null;
    toast({ tone: "error", title: problem?.what ?? words.told.failed, detail: problem?.hint || error.message });
  };
  const hooks = { onSettled: settled, onError };
  const reopen = useMutation({
    mutationFn: (meant: Meant) => letters.reopen(name, meant),
    onSuccess: ({ reopened }) =>
      toast({ tone: "ok", title: words.told.reopened(count(reopened), reopened === 1), topic: "letters" }),
    ...hooks,
  });
  const undo = (meant: Meant) => ({ label: words.told.undo, run: () => reopen.mutate(meant) });
  const replay = useMutation({
    mutationFn: async ({
      meant,
      edit,
    }: {
      meant: Meant;
      back: Meant | null;
      edit?: { letter: Letter; text: string };
    }) => {
      if (edit) await letters.edit(name, edit.letter, edit.text);
      return letters.replay(name, meant);
    },
    onSuccess: (made, { back }) =>
      toast({
        tone: "ok",
        title: words.told.replayed(count(made.letters), made.letters === 1),
        topic: "letters",
        ...(made.runs ? {} : { detail: words.told.whenStarted, ...(back ? { action: undo(back) } : {}) }),
      }),
    ...hooks,
  });
  const discard = useMutation({
    mutationFn: ({ meant, reason }: { meant: Meant; reason: string; back: Meant | null }) =>
      letters.discard(name, meant, reason),
    onSuccess: ({ discarded }, { back }) =>
      toast({
        tone: "ok",
        title: words.told.discarded(count(discarded), discarded === 1),
        topic: "letters",
        ...(back ? { action: undo(back) } : {}),
      }),
    ...hooks,
  });
  const edit = useMutation({
    mutationFn: ({ letter, text }: { letter: Letter; text: string | null }) =>
      text === null ? letters.restore(name, letter) : letters.edit(name, letter, text),
    ...hooks,
  });
  const substitute = useMutation({
    mutationFn: ({ meant, find, by }: { meant: Meant; find: string; by: string }) =>
      letters.substitute(name, meant, find, by, false),
    onSuccess: ({ changed }) =>
      toast({ tone: "ok", title: words.told.edited(count(changed), changed === 1), topic: "letters" }),
    ...hooks,
  });
  const isBusy = [reopen, replay, discard, edit, substitute].some((one) => one.isPending);
  return { reopen, replay, discard, edit, substitute, isBusy };
}

export type BenchActions = ReturnType<typeof useBenchActions>;
