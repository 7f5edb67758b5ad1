import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { Problem } from "../../api/http";
import { toast } from "../../ui/Toast";
import { words } from "./words";

/** A change on the server: says that it worked or why not, and refreshes what it touched. */
export function useSaving<Given, Made>(work: (given: Given) => Promise<Made>, refresh: QueryKey, done?: string) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: () => {
      void cache.invalidateQueries({ queryKey: refresh });
      if (done !== "") toast({ tone: "ok", title: done ?? words.saved });
    },
    onError: (error) => {
      const problem = error instanceof Problem ? error : null;
      toast({ tone: "error", title: problem?.what ?? words.failed, detail: problem?.hint || undefined });
    },
  });
}
