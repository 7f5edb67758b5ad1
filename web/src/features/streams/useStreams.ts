/** Streams of the list and of a page: read once, then kept fresh by what their processes tell. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Problem } from "../../api/http";
import { hear } from "../../api/live";
import {
  isLiving,
  type StreamDetail,
  type StreamRow,
  type StreamTold,
  type StreamVerb,
  streams,
  withTold,
} from "../../api/streams";
import { toast } from "../../ui/Toast";
import { words } from "./words";

interface Listed {
  items: StreamRow[];
}

const AGAIN = new Set([
  "stream.started",
  "stream.ended",
  "stream.restarted",
  "stream.edges",
  "stream.blocked",
  "stream.unblocked",
  "reset",
]);

/** Every stream, with rates that move. */
export function useStreamList() {
  const cache = useQueryClient();
  useEffect(
    () =>
      hear("stream", (event) => {
        if (AGAIN.has(event.type) || event.type === "stream.deleted")
          void cache.invalidateQueries({ queryKey: ["streams"] });
        if (event.type !== "stream.status") return;
        const told = event.data as unknown as StreamTold;
        cache.setQueryData<Listed>(["streams"], (known) => {
          if (!known) return known;
          return { items: known.items.map((row) => (row.name === told.name ? withTold(row, told) : row)) };
        });
      }),
    [cache],
  );
  // What runs elsewhere (from the command line) tells nobody here: it is read now and then.
  return useQuery({ queryKey: ["streams"], queryFn: streams.list, refetchInterval: 5_000 });
}

/** One stream with everything of its page. */
export function useStreamDetail(name: string) {
  const cache = useQueryClient();
  useEffect(
    () =>
      hear(`stream:${name}`, (event) => {
        if (AGAIN.has(event.type)) void cache.invalidateQueries({ queryKey: ["stream", name] });
        if (event.type !== "stream.status") return;
        cache.setQueryData<StreamDetail>(["stream", name], (known) =>
          known ? withTold(known, event.data as unknown as StreamTold) : known,
        );
      }),
    [cache, name],
  );
  return useQuery({
    queryKey: ["stream", name],
    queryFn: () => streams.show(name),
    refetchInterval: 5_000,
    retry: (tries, error) => !(error instanceof Problem && error.status === 404) && tries < 3,
  });
}

export const useSavepoints = (name: string) =>
  useQuery({ queryKey: ["stream-savepoints", name], queryFn: () => streams.savepoints(name) });

/** What can be asked of a stream, and what was asked and has not happened yet. */
export function useStreamActions(row: StreamRow) {
  const cache = useQueryClient();
  const settled = () => {
    void cache.invalidateQueries({ queryKey: ["streams"] });
    void cache.invalidateQueries({ queryKey: ["stream", row.name] });
  };
  const onError = (error: Error) => {
    const problem = error instanceof Problem ? error : null;
    toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || error.message });
  };
  const wish = useMutation({
    mutationFn: (verb: StreamVerb) => streams.wish(row.name, verb),
    onSettled: settled,
    onError,
  });
  const start = useMutation({
    mutationFn: () => streams.startVersion(row.name, row.version),
    onSettled: settled,
    onError,
  });
  const edge = useMutation({
    mutationFn: ({ text, verb }: { text: string; verb: "pause" | "resume" }) =>
      streams.wishForEdge(row.name, text, verb),
    onSettled: settled,
    onError,
  });
  const isLeaving = isLiving(row.status) && (row.wanted === "stopped" || row.wanted === "drained");
  return { wish, start, edge, isBusy: wish.isPending || start.isPending || isLeaving };
}
